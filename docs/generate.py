"""Writes the reference pages that are made from the code; a test compares them with the files.

``python docs/generate.py`` writes them, ``--check`` only says which ones are out of date. What says
nothing of itself (a hook without a docstring, an option without help) is an error of both.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import pluggy
from declared import VALUES, classes_of, contract_modules, methods_of, said, undocumented

from backstay import hookspecs, spi
from backstay.cli import backstay, core_commands
from backstay.cli_environment import Environment
from backstay.db.base import guards_of
from backstay.kernel.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.kernel.suite import Suite

REFERENCE: Final = Path(__file__).parent / "reference"
OURS: Final = ("approvals", "auditfiles", "calendars", "ledger")
"""The plugins of this repository; whatever else is installed does not belong into these pages."""
_WIDTH: Final = 96
_STARS: Final[dict[Any, str]] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
_NOTE: Final = "<!-- Made by docs/generate.py from the code: change the code, then run it. -->"


def pages() -> dict[Path, str]:
    """The contents of every page that is generated."""
    suite = loaded()
    made = {
        "cli.md": _cli(suite),
        "contracts.md": _contracts(suite),
        "hooks.md": _hooks(),
        "interface.md": _interface(),
        "jobs.md": _jobs(suite),
        "permissions.md": _permissions(suite),
        "database.md": _database(suite),
    }
    return {REFERENCE / name: "\n".join(lines).rstrip() + "\n" for name, lines in made.items()}


def loaded() -> Suite:
    """Core with the plugins of this repository."""
    suite = load(OURS)
    if suite.failed:
        message = f"plugins could not be loaded: {suite.failed}"
        raise RuntimeError(message)
    return suite


def _contracts(suite: Suite) -> Iterator[str]:
    yield from (_NOTE, "", "# Contracts", "")
    yield (
        "What plugins ask of each other, in the same transaction: `require(session, Ledger)`"
        " where it has to\nbe there, `find(session, Ledger)` where it may be absent. A plugin"
        " provides one through the hook\n`backstay_services`, and imports no other plugin to use"
        " one. Tests put a fake behind it:\n"
        "[test your plugin](../how-to/test-your-plugin.md#without-the-other-plugin)."
    )
    providers = {contract: part.plugin for part in suite.parts for contract in part.services}
    for module in contract_modules():
        yield from ("", f"## backstay.contracts.{module.__name__.rpartition('.')[2]}", "")
        yield re.sub("::$", ":", _text(module.__doc__), flags=re.MULTILINE)
        for one in classes_of(module):
            yield from ("", f"### {one.__name__}", "")
            if one in providers:
                yield from (f"Provided by {_plugin_title(suite, providers[one])}.", "")
            yield from _described(one)


def _described(one: type[Any]) -> Iterator[str]:
    yield _with_lists(said(one))
    if issubclass(one, enum.Enum):
        yield from ("", ", ".join(f"`{member.name}`" for member in one) + ".")
    elif dataclasses.is_dataclass(one):
        yield from ("", "```python")
        for field in dataclasses.fields(one):
            default = "" if field.default is dataclasses.MISSING else f" = {_value(field.default)}"
            yield f"{field.name}: {field.type}{default}"
        yield "```"
    for name, method in methods_of(one):
        if isinstance(method, property):
            yield from ("", f"**`{name}`**", "", _with_lists(said(method)))
        else:
            signature = (
                str(inspect.signature(method)).replace("(self, ", "(").replace("(self)", "()")
            )
            yield from ("", f"**`{name}{signature}`**".replace("'", ""), "")
            yield _with_lists(said(method))


def _value(default: Any) -> str:
    if isinstance(default, str):
        return f'"{default}"'
    return str(default) if isinstance(default, enum.Enum) else repr(default)


def _with_lists(docstring: str) -> str:
    """A docstring as Markdown, its arguments and errors as lists."""
    lines = []
    for line in _text(docstring).splitlines():
        item = re.match(r" {4}(\w[\w, ]*): (.*)", line)
        lines.append(f"- `{item[1]}`: {item[2]}" if item else re.sub(r"^ {6,}", "  ", line))
    return re.sub(r"^(Arguments|Raises|Returns):$", r"\1:\n", "\n".join(lines), flags=re.MULTILINE)


def _jobs(suite: Suite) -> Iterator[str]:
    yield from (_NOTE, "", "# Events, jobs and schedules", "")
    yield (
        "An event is what a plugin announces: `emit(session, EntriesPosted(...))` adds a job for"
        " each subscriber\nto the transaction. A job is done in the background, by itself, and may"
        " run twice. A schedule starts a\njob at its times. They are seen and started again under"
        " *Administration, Jobs*."
    )
    for plugin, parts in groupby(suite.parts, lambda part: part.plugin):
        found = list(parts)
        events = [one for part in found for one in part.events]
        kinds = [one for part in found for one in part.job_kinds]
        schedules = [one for part in found for one in part.schedules]
        if not (events or kinds or schedules):
            continue
        yield from ("", f"## {_plugin_title(suite, plugin)}")
        for event in events:
            yield from ("", f"### Event `{event.name}`, version {event.version}", "")
            yield f"`{event.__module__}.{event.__name__}`"
            yield from ("", *_described(event))
        if kinds:
            yield from ("", "| job | what it does | attempts | urgency |", "|---|---|---|---|")
            for kind in sorted(kinds, key=lambda one: one.name):
                yield (
                    f"| `{kind.name}` | {_cell(kind.label)} | {kind.attempts} |"
                    f" {kind.queue.value} |"
                )
        if schedules:
            yield from (
                "",
                "| schedule | what for | job | times | clock of | missed times |",
                "|---|---|---|---|---|---|",
            )
            for one in schedules:
                yield (
                    f"| `{one.name}` | {_cell(one.label)} | `{one.job}` | `{one.cron}` |"
                    f" {one.time_zone} | {one.catch_up.value} |"
                )


def _cli(suite: Suite) -> Iterator[str]:
    yield from (_NOTE, "", "# Command line", "")
    yield (
        "`backstay COMMAND`; in a checkout `./run cli COMMAND`. The data folder is named by `--home"
        " DIR`\n(before or behind the command) or by `BACKSTAY_HOME`. Errors go to standard error"
        " with exit status 1.\nListings take `--json`. How to use it in scripts:"
        " [command line](../how-to/command-line.md)."
    )
    for command in core_commands():
        backstay.add_command(command)
    environment = Environment()
    environment.__dict__["suite"] = suite
    root = click.Context(
        backstay, info_name="backstay", obj=environment, **backstay.context_settings
    )
    root.terminal_width = root.max_content_width = _WIDTH
    yield from ("", "## Options of every command", "", "```text", backstay.get_help(root), "```")
    for name in backstay.list_commands(root):
        command = backstay.get_command(root, name)
        if command is not None:
            yield from _command(command, root, 2)


def _command(command: click.Command, parent: click.Context, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=command.name, parent=parent)
    yield from ("", f"{'#' * level} {context.command_path}", "")
    if not isinstance(command, click.Group):
        yield from ("```text", command.get_help(context), "```")
        return
    yield command.get_short_help_str(limit=400)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from _command(found, context, level + 1)


def _hooks() -> Iterator[str]:
    yield from (_NOTE, "", "# Hooks and the plugin interface", "")
    yield _text(hookspecs.__doc__)
    yield from (
        "",
        "A plugin that uses most of them: [Your first plugin](../tutorial/first-plugin.md).",
    )
    manager = pluggy.PluginManager("backstay")
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if manager.parse_hookspec_opts(hookspecs, name) is not None:
            answer = inspect.signature(hook).return_annotation
            yield from ("", f"## {name}", "", f"`{name}() -> {answer}`", "", _text(hook.__doc__))
    yield from ("", "## What plugins import from `backstay.spi`", "")
    yield _text(spi.__doc__)
    yield from ("", "What each of them takes: [with arguments](interface.md).")
    yield from ("", "| name | what it is |", "|---|---|")
    for name in sorted(spi.__all__, key=str.casefold):
        said = VALUES.get(name) or _first_line(getattr(spi, name))
        yield f"| `{name}` | {_cell(said)} |"


def _interface() -> Iterator[str]:
    yield from (_NOTE, "", "# What plugins import, with arguments", "")
    yield (
        "Every class and function of `backstay.spi` with what it takes, in the order of the"
        " alphabet;\n[hooks](hooks.md#what-plugins-import-from-backstayspi) has the same names in"
        " one table. `Text` is what `lazy`\nreturns, or a `str`."
    )
    for name in sorted(spi.__all__, key=str.casefold):
        one = getattr(spi, name)
        if name in VALUES or not (inspect.isclass(one) or inspect.isfunction(one)):
            continue
        yield from ("", f"## {name}", "", _with_lists(said(one)))
        if inspect.isclass(one) and issubclass(one, enum.Enum):
            yield from ("", ", ".join(f"`{member.name}`" for member in one) + ".")
        elif dataclasses.is_dataclass(one) or inspect.isfunction(one):
            yield from ("", "```python", *_call(name, one), "```")


def _call(name: str, one: Any) -> Iterator[str]:
    """How it is called, on one line where that is short enough."""
    signature = inspect.signature(one)
    answer = signature.return_annotation
    end = f" -> {answer}" if inspect.isfunction(one) and isinstance(answer, str) else ""
    taken = [_argument(one) for one in signature.parameters.values()]
    kinds = [one.kind for one in signature.parameters.values()]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        taken.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    if len(line := f"{name}({', '.join(taken)}){end}") <= _WIDTH:
        yield line
        return
    yield from (f"{name}(", *(f"    {each}," for each in taken), f"){end}")


def _argument(one: inspect.Parameter) -> str:
    annotation = one.annotation if isinstance(one.annotation, str) else ""
    text = f"{_STARS.get(one.kind, '')}{one.name}" + (f": {annotation}" if annotation else "")
    if one.default is inspect.Parameter.empty:
        return text
    plain = isinstance(one.default, str | int | bool | enum.Enum | None) or one.default == ()
    return f"{text} = {_value(one.default) if plain else '...'}"


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")


def _permissions(suite: Suite) -> Iterator[str]:
    yield from (_NOTE, "", "# Permissions and roles", "")
    yield (
        "A role is a set of permissions; a user gets a role for one company or for all, see"
        " [users and roles](../how-to/users-and-roles.md).\nThe risk says how much harm a misuse"
        " can do; a role that only reads can hold nothing but `read`."
    )
    for plugin, parts in groupby(suite.parts, lambda part: part.plugin):
        found = list(parts)
        yield from ("", f"## {_plugin_title(suite, plugin)}", "")
        yield from ("| permission | the holder may | risk | |", "|---|---|---|---|")
        for one in (permission for part in found for permission in part.permissions):
            yield (
                f"| `{one.name}` | {_cell(one.label)} | {one.risk.value} |"
                f" {_cell(one.explanation)} |"
            )
        groups = [group for part in found for group in part.field_groups]
        if groups:
            yield from (
                "",
                "| field group | fields | read with | written with |",
                "|---|---|---|---|",
            )
            for group in groups:
                yield (
                    f"| `{group.name}` | {_cell(group.label)} | `{group.read.name}` |"
                    f" `{group.write.name}` |"
                )
    yield from ("", "## Role templates", "")
    yield (
        "Made when their plugin is first switched on; after that they are the administrator's own."
        "\nTemplates with the same code become one role."
    )
    for part in suite.parts:
        for role in part.role_templates:
            yield from ("", f"### {role.code} ({_plugin_title(suite, part.plugin)})", "")
            yield f"{role.name}. {role.description}"
            traits = [
                *(["only reads, needs an end date"] if role.read_only else []),
                *(["for all companies only"] if role.global_only else []),
            ]
            yield from ("", *([f"Limits: {', '.join(traits)}.", ""] if traits else []))
            yield ", ".join(f"`{one.name}`" for one in role.permissions)


def _database(suite: Suite) -> Iterator[str]:
    yield from (_NOTE, "", "# Tables", "")
    yield (
        "Scope `company`: the session shows and writes rows of the companies in its context only."
        "\nAudit `full`: each change is an audit row; `by parent`: covered by the audit row of the"
        " record it\nbelongs to; `derived`: can be rebuilt, or is no business record. Guards are"
        " triggers on both databases:\n`audit_context` refuses connections that do not come from"
        " Backstay, `append_only` refuses every change,\n`frozen` changes of final rows; the others"
        " are described in the plugin's explanation.\nWhy they are made this way:"
        " [trust](../explanation/trust.md)."
    )
    for plugin, parts in groupby(suite.parts, lambda part: part.plugin):
        for part in parts:
            if part.base is None:
                continue
            base: Any = part.base
            yield from ("", f"## {_plugin_title(suite, plugin)}", "")
            yield from (
                "| table | what a row is | scope | audit | guards |",
                "|---|---|---|---|---|",
            )
            guards = guards_of(base.metadata)
            for mapper in sorted(base.registry.mappers, key=lambda one: one.class_.__tablename__):
                model = mapper.class_
                table = model.__tablename__
                names = sorted(guard.name for guard in guards if guard.table == table)
                yield (
                    f"| `{table}` | {_cell(_first_line(model))} | {model.__scope__.value} |"
                    f" {model.__audit__.value} | {', '.join(f'`{name}`' for name in names)} |"
                )


def _plugin_title(suite: Suite, plugin: str) -> str:
    return "Core" if plugin == "core" else suite.found[plugin].title


def _text(docstring: str | None) -> str:
    """A docstring as Markdown: double backticks become single ones."""
    plain = re.sub(r":[a-z]+:`([^`]+)`", r"`\1`", inspect.cleandoc(docstring or ""))
    return re.sub(r"``([^`]+)``", r"`\1`", plain)


def _cell(value: object) -> str:
    return _text(str(value)).replace("\n", " ").replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that differ."""
    if silent := undocumented(loaded()):
        print(f"say what these are: {', '.join(silent)}")
        return 1
    stale = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.name} is out of date: run python docs/generate.py")
        return 1 if stale else 0
    made = pages()
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
        print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
