"""``backstay company``; creating one has further options for the plugins that are switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from backstay.access.core_permissions import COMPANY_VIEW
from backstay.cli_environment import Environment, command_environment
from backstay.cli_output import echo_rows, json_option
from backstay.companies.declare import SetupChoice, SetupDetail
from backstay.companies.models import Company
from backstay.companies.services import (
    ArchiveCompany,
    CreateCompany,
    archive_company,
    company_by_code,
    create_company,
    setup_choices,
)
from backstay.db.context import authorize
from backstay.errors import BackstayError
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator


class CompanyCreation(click.Command):
    """A command with one more option for each question that a running plugin asks."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Core's options and the plugins'."""
        own = super().get_params(ctx)
        taken = {name for param in own for name in param.opts}
        return [
            *own,
            *(
                _option(choice)
                for choice in _asked(ctx)
                if f"--{choice.name.replace('_', '-')}" not in taken
            ),
        ]


def _questions(ctx: click.Context) -> tuple[SetupChoice, ...]:
    try:
        return setup_choices(ctx.ensure_object(Environment).suite)
    except (BackstayError, SQLAlchemyError, OSError):
        return ()  # Without a database yet, the help still has to print.


def _asked(ctx: click.Context) -> Iterator[SetupChoice | SetupDetail]:
    for choice in _questions(ctx):
        yield choice
        yield from choice.details


def _option(asked: SetupChoice | SetupDetail) -> click.Option:
    return click.Option(
        [f"--{asked.name.replace('_', '-')}", f"setup_{asked.name}"],
        metavar="NAME" if isinstance(asked, SetupChoice) else "TEXT",
        help=f"{asked.label}: {_known(asked)}.",
    )


def _known(asked: SetupChoice | SetupDetail) -> str:
    if isinstance(asked, SetupDetail):
        return asked.example or str(asked.help).rstrip(".")
    if callable(asked.choices):
        return _("a code; the form of a new company lists them")
    return ", ".join(one.value for one in asked.choices)


@click.group()
def company() -> None:
    """Create and list companies."""


@company.command("create", cls=CompanyCreation)
@click.argument("code")
@click.option("--name", required=True, help="The legal name.")
@click.option("--currency", required=True, metavar="CODE", help="ISO 4217, such as EUR.")
@click.option(
    "--fiscal-year-start", type=int, default=1, metavar="MONTH", help="1 to 12, by default 1."
)
@click.option("--time-zone", default="UTC", metavar="ZONE", help="Such as Europe/Zurich.")
def create(
    code: str,
    *,
    name: str,
    currency: str,
    fiscal_year_start: int,
    time_zone: str,
    **setup: Any,
) -> None:
    """Create the company CODE."""
    answers = tuple(
        (key.removeprefix("setup_"), value) for key, value in setup.items() if value is not None
    )
    with command_environment(write=True) as session:
        made = create_company(
            session,
            CreateCompany(
                code=code,
                name=name,
                currency=currency,
                fiscal_year_start=str(fiscal_year_start),
                time_zone=time_zone,
                setup=answers,
            ),
        )
    click.echo(_("Company %(code)s was created.", code=made.code))


@company.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List companies."""
    with command_environment() as session:
        authorize(session, COMPANY_VIEW)
        rows = [
            {
                "code": one.code,
                "name": one.name,
                "currency": one.currency,
                "minor_units": one.minor_units,
                "fiscal_year_start": one.fiscal_year_start,
                "time_zone": one.time_zone,
                "state": one.state.value,
            }
            for one in session.scalars(select(Company).order_by(Company.code))
        ]
    echo_rows(("code", "name", "currency", "state"), rows, as_json=as_json)


@company.command("archive")
@click.argument("code")
def archive(code: str) -> None:
    """Keep the company CODE for reading only."""
    with command_environment(write=True) as session:
        archive_company(session, ArchiveCompany(id=company_by_code(session, code).id))
    click.echo(_("Company %(code)s is archived.", code=code))


COMMANDS = (company,)
