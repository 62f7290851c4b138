"""``backstay plugin new``, ``revision`` and ``check``: what authors of plugins use."""

from __future__ import annotations

import sys
from collections import Counter
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backstay.cli_output import echo_json, json_option
from backstay.errors import Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.testing.conformance import Verdict


@click.command("new")
@click.argument("name")
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder of the new distribution: a new or an empty one.",
)
@click.option("--label", metavar="TEXT", default="", help="Its title for people.")
def new(name: str, folder: Path, label: str) -> None:
    """For authors: write a small working plugin called NAME, with tests, to begin with."""
    from backstay.authoring.new import NewPlugin, write_plugin

    written = write_plugin(NewPlugin(name=name, folder=folder, label=label))
    click.echo(_("Wrote %(count)s files into %(folder)s.", count=len(written), folder=folder))
    click.echo(_("What to do next stands in %(file)s.", file=folder / "README.md"))


@click.command("check")
@click.argument("plugin", metavar="NAME_OR_DIR")
@click.option("--rule", "rules", metavar="RULE", multiple=True, help="Try this rule only.")
@click.option("--record", is_flag=True, help="Keep the result, to be shown on the module's page.")
@json_option
def check(plugin: str, rules: tuple[str, ...], *, record: bool, as_json: bool) -> None:
    """For authors: try whether a plugin keeps every rule; exit status 1 if it breaks one.

    NAME is an installed plugin, DIR the folder of a distribution, tried from the wheel that it
    makes. It works on databases of its own, takes two to four minutes, and installs nothing. With
    --record the result of NAME is kept in this installation, that of DIR in its package.
    """
    if record and rules:
        raise Invalid(_("Only the result of all rules is kept: leave --rule out."), field="record")
    from backstay.authoring.check import verdicts_on

    verdicts = []
    for verdict in verdicts_on(plugin, rules):
        verdicts.append(verdict)
        if not as_json:
            _say(verdict)
    counts = Counter(verdict.outcome.value for verdict in verdicts)
    if record:
        _keep(plugin, verdicts)
    if as_json:
        echo_json(
            [
                {
                    "rule": verdict.rule,
                    "result": verdict.outcome.value,
                    "detail": verdict.detail,
                    "mend": verdict.mend,
                }
                for verdict in verdicts
            ]
        )
    else:
        click.echo(
            _(
                "%(passed)s passed, %(failed)s failed, %(rest)s not applicable.",
                passed=counts["pass"],
                failed=counts["fail"],
                rest=counts["not applicable"],
            )
        )
    if counts["fail"]:
        sys.exit(1)


def _keep(plugin: str, verdicts: Sequence[Verdict]) -> None:
    """Write the result down: for the module's page here, or into the package of a folder."""
    from backstay.cli_environment import command_environment
    from backstay.kernel.checks import Checked, record_check, write_check
    from backstay.kernel.discovery import discover

    kept = [Checked(one.rule, one.outcome.value, one.detail) for one in verdicts]
    found = discover().get(plugin)
    if found is not None:
        with command_environment(write=True) as session:
            record_check(session, plugin, found.version, kept)
        return
    folder = Path(plugin).expanduser()
    settings = ConfigParser(interpolation=None)
    settings.read(folder / "setup.cfg", encoding="utf-8")
    package = next(iter(sorted(folder.glob("*/plugin.toml")))).parent
    write_check(package, settings.get("metadata", "version", fallback=""), kept)


def _say(verdict: Verdict) -> None:
    """One line for a rule, and what to do where it is broken."""
    lines = verdict.detail.splitlines()
    failed = verdict.outcome.value == "fail"
    beside = "" if failed or not lines else lines[0]
    click.echo(f"{verdict.outcome.value:<16}{verdict.rule:<16}{beside}".rstrip())
    if failed:
        for line in lines:
            click.echo(f"    {line}")
        click.echo(_("    To mend it: %(mend)s", mend=verdict.mend))


@click.command("revision")
@click.argument("plugin", metavar="NAME")
@click.argument("message")
def revision(plugin: str, message: str) -> None:
    """For authors: write the migration that the models of NAME lack, called MESSAGE.

    It compares the models with what the migrations make so far, in a database of its own, and
    looks at the plugin's own tables only. NAME may be “core”.
    """
    from backstay.authoring.revision import write_revision

    click.echo(write_revision(plugin, message))
    click.echo(_("It is a proposal: read it before you commit it."))


COMMANDS = (new, revision, check)
