"""How commands print lists: columns for people, JSON for scripts; and how they read a password."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from backstay.errors import Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input; without it a one-time password is printed.",
)


def echo_json(value: object) -> None:
    """Print a value as JSON; dates in ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def echo_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print a list: JSON with everything in the rows, or the named columns aligned."""
    found = list(rows)
    if as_json:
        echo_json(found)
        return
    cells = [[name.upper() for name in columns]]
    cells += [[_cell(row.get(name)) for name in columns] for row in found]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for line in cells:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def password_from_stdin() -> str:
    """The first line of standard input.

    Raises:
        Invalid: there is none.
    """
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid(
            _("Standard input is empty: send the password on its first line."), field="password"
        )
    return password


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime() as at:
            return at.strftime("%Y-%m-%d %H:%M:%SZ")
        case bool():
            return _("yes") if value else _("no")
        case list() | tuple() as several:
            return ", ".join(_cell(one) for one in several)
    return str(value)
