"""``backstay theme list|use|tokens|revert``."""

from __future__ import annotations

from pathlib import Path

import click

from backstay.access.core_permissions import THEME_EDIT
from backstay.cli_environment import command_environment
from backstay.cli_output import echo_rows, json_option
from backstay.db.context import authorize
from backstay.i18n import gettext as _
from backstay.themes.services import (
    ApplyTokens,
    ChooseTheme,
    RevertTokens,
    applied_tokens,
    apply_tokens,
    choose_theme,
    keep_tokens,
    list_themes,
    revert_tokens,
)


@click.group()
def theme() -> None:
    """List the installed themes, choose one, put tokens of your own over it."""


@theme.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List what is installed, with the one in force."""
    with command_environment() as session:
        current, found = list_themes(session)
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "in_force": one.name == current,
            "version": one.version,
            "problem": one.problem,
        }
        for one in found
    ]
    echo_rows(("name", "title", "in_force", "version", "problem"), rows, as_json=as_json)


@theme.command("use")
@click.argument("name")
def use(name: str) -> None:
    """Let everybody see the theme NAME from their next page on; nothing is restarted."""
    with command_environment(write=True) as session:
        title = choose_theme(session, ChooseTheme(name=name))
    click.echo(_("%(theme)s is in force.", theme=title))


@theme.command("tokens")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
def tokens(file: Path) -> None:
    """Check the token FILE and put it over the theme, for everybody.

    Colours that could not be told apart (WCAG 2.2, AA) are refused, each pair with its contrast.
    """
    with command_environment(write=True) as session:
        authorize(session, THEME_EDIT)
        row = keep_tokens(session, file.read_bytes())
        apply_tokens(session, ApplyTokens(id=row.id))
        name = row.name
    click.echo(_("“%(name)s” is in force.", name=name))


@theme.command("revert")
def revert() -> None:
    """Show the theme as it was made, without tokens."""
    with command_environment(write=True) as session:
        authorize(session, THEME_EDIT)
        row = applied_tokens(session)
        if row is not None:
            revert_tokens(session, RevertTokens(id=row.id))
    click.echo(_("The theme is shown as it was made."))


COMMANDS = (theme,)
