"""``backstay search``: compare the index of the search with the records, or make it anew."""

from __future__ import annotations

import click

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.cli_environment import environment
from backstay.cli_output import echo_rows, json_option
from backstay.errors import Conflict, Forbidden
from backstay.i18n import gettext as _
from backstay.search.rebuild import Comparison, check_index, rebuild_index


@click.group()
def search() -> None:
    """Check the index of the search, or make it anew."""


@search.command("check")
@json_option
def check(*, as_json: bool) -> None:
    """Compare the index with the records; exits with 1 when they differ."""
    _permit()
    here = environment()
    found = check_index(here.database, here.suite)
    _tell(found, as_json=as_json)
    if not all(one.equal for one in found):
        raise Conflict(
            _("The index of the search differs from the records: run “backstay search rebuild”.")
        )


@search.command("rebuild")
@json_option
def rebuild(*, as_json: bool) -> None:
    """Bring the index in line with the records; people can go on working meanwhile."""
    _permit()
    here = environment()

    def tell(entity: str, records: int) -> None:
        click.echo(f"{entity}: {records:,}", err=True)

    _tell(rebuild_index(here.database, here.suite, tell), as_json=as_json)


def _permit() -> None:
    if not environment().context().may(PLUGIN_MANAGE):
        raise Forbidden(
            _("You may not do this: it needs the permission “%(name)s”.", name=PLUGIN_MANAGE.label)
        )


def _tell(found: list[Comparison], *, as_json: bool) -> None:
    rows = [
        {
            "table": one.entity,
            "records": one.records,
            "stale": one.stale,
            "surplus": one.surplus,
        }
        for one in found
    ]
    echo_rows(("table", "records", "stale", "surplus"), rows, as_json=as_json)


COMMANDS = (search,)
