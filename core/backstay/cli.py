"""The command line: the same services as the browser, for scripts and administrators.

Errors go to standard error with exit status 1 and name the row or field; nothing is half done.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import click

from backstay import __version__
from backstay.cli_environment import Environment
from backstay.errors import BackstayError, ConfigurationError
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LINES = 40
CORE: Final = {
    "backstay.kernel.commands": ("plugin",),
    "backstay.access.commands": ("user", "role", "session"),
    "backstay.access.token_commands": ("token",),
    "backstay.companies.commands": ("company",),
    "backstay.audit.commands": ("audit",),
    "backstay.themes.commands": ("theme",),
    "backstay.search.commands": ("search",),
    "backstay.files.commands": ("files",),
    "backstay.backup.commands": ("backup",),
    "backstay.serve.commands": ("start", "serve", "migrate", "runner"),
    "backstay.jobs.commands": ("job", "scheduler"),
    "backstay.jobs.rq.commands": ("worker",),
}
"""Where core's commands are: a command must not wait for the modules of all the others."""


class Commands(click.Group):
    """Core's commands, and those of the running plugins, loaded only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, core's first."""
        own = sorted(name for names in CORE.values() for name in names)
        try:
            theirs = set(self._of_plugins(ctx))
        except (BackstayError, OSError):
            # The help is shown on a machine without a database too.
            theirs = set()
        return [*own, *sorted(theirs - set(own))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name; plugins are loaded only for a name that core does not have."""
        for module, names in CORE.items():
            if cmd_name in names:
                return next(one for one in _declared(module) if one.name == cmd_name)
        command = self._of_plugins(ctx).get(cmd_name)
        if command is None and (why := ctx.ensure_object(Environment).suite.failed.get(cmd_name)):
            raise ConfigurationError(
                _("The plugin “%(name)s” failed: %(why)s", name=cmd_name, why=why)
            )
        return command

    def _of_plugins(self, ctx: click.Context) -> dict[str, click.Command]:
        environment = ctx.ensure_object(Environment)
        # The group's own options are parsed before a name is looked up, but not yet acted on.
        environment.home_path = environment.home_path or ctx.params.get("home")
        suite = environment.suite
        return {str(command.name): command for part in suite.parts for command in part.commands}


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Backstay, a self-hosted back-office suite.",
)
@click.option("--home", metavar="DIR", help="The data folder (default: $BACKSTAY_HOME, else var).")
@click.option("--as", "acting_as", metavar="LOGIN", default="", help="Act as this user.")
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in the audit trail.")
@click.version_option(__version__, prog_name="backstay")
@click.pass_context
def backstay(ctx: click.Context, home: str | None, acting_as: str, reason: str) -> None:
    """Remember where to work and as whom."""
    environment = ctx.ensure_object(Environment)
    environment.home_path = home
    environment.acting_as = acting_as
    environment.reason = reason
    ctx.call_on_close(environment.close)


def core_commands() -> list[click.Command]:
    """Core's own, each area in its order."""
    return [command for module in CORE for command in _declared(module)]


def _declared(module: str) -> Sequence[click.Command]:
    return cast("Sequence[click.Command]", import_module(module).COMMANDS)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its status: 0, or 1 with the reason on standard error."""
    given = _home_first(list(sys.argv[1:] if arguments is None else arguments))
    try:
        # What a command ends with by `ctx.exit` comes back as a number here.
        status = backstay.main(given, prog_name="backstay", standalone_mode=False)
    except BackstayError as error:
        _refuse(_shortened(error))
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        _refuse("interrupted")
    else:
        if status:
            sys.exit(status)


def _home_first(arguments: list[str]) -> list[str]:
    """Take ``--home DIR`` wherever it stands: scripts often put it behind the command."""
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--home" and position + 1 < len(arguments):
            rest = arguments[:position] + arguments[position + 2 :]
            return ["--home", arguments[position + 1], *rest]
        if argument.startswith("--home="):
            return [argument, *arguments[:position], *arguments[position + 1 :]]
    return arguments


def _shortened(error: BackstayError) -> str:
    """The message with its problems; of very many, those that come first."""
    lines = str(error).splitlines()
    more = len(lines) - _MOST_LINES
    if more <= 1:
        return "\n".join(lines)
    return "\n".join([*lines[:_MOST_LINES], _("... and %(count)s more", count=more)])


def _refuse(message: str) -> None:
    click.echo(f"backstay: {message}", err=True)
    sys.exit(1)
