"""The decimals of foreign currencies in a company, kept from the first use on.

ISO 4217 changes them now and then (the Icelandic króna lost its two). A company's currency keeps
what it began with until somebody edits it, and lines keep what they were made with.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backstay.spi import (
    Event,
    Invalid,
    MoneyField,
    NotFound,
    NumberField,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
    new_id,
    record_event,
)
from backstay.spi import gettext as _
from backstay_ledger.currencies.permissions import CURRENCY_EDIT
from backstay_ledger.models.currencies import CODE, CompanyCurrency
from backstay_ledger.services.currencies import amount_problem, minor_units_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCurrency:
    """A currency that the company deals in."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Currency"),
            help=lazy("Its code in ISO 4217."),
            example="CHF",
            min_length=3,
            max_length=3,
            pattern=CODE,
            pattern_help=lazy("Three capital letters, as in ISO 4217."),
        ),
    ]
    cash_unit: Annotated[
        Decimal | None,
        MoneyField(
            label=lazy("Smallest coin"),
            help=lazy("Cash amounts are rounded to multiples of it, such as 0.05. Empty: not."),
            any_currency=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCurrency:
    """A currency with other decimals or coins from now on; nothing that was booked changes."""

    id: int
    minor_units: Annotated[
        int,
        NumberField(
            label=lazy("Decimals"),
            help=lazy("For new lines. Lines that were written keep the decimals they have."),
            minimum=0,
            maximum=4,
        ),
    ]
    cash_unit: Annotated[
        Decimal | None,
        MoneyField(
            label=lazy("Smallest coin"),
            help=lazy("Cash amounts are rounded to multiples of it, such as 0.05. Empty: not."),
            any_currency=True,
        ),
    ] = None
    version: int | None = None


def add_currency(session: Session, command: AddCurrency) -> CompanyCurrency:
    """Add a currency before it is first used, with the decimals of ISO 4217.

    Raises:
        Invalid: there is no such currency, the company has it, or the coin does not fit it.
    """
    authorize(session, CURRENCY_EDIT)
    company = company_of(session)
    units = _iso_units(session, command.code)
    problems = _coin_problems(command.cash_unit, command.code, units or 0)
    if units is None:
        message = _("“%(currency)s” is not a currency (ISO 4217).", currency=command.code)
        problems = [Problem(message, "code")]
    elif _load(session, command.code) is not None:
        message = _("The company has %(currency)s already.", currency=command.code)
        problems = [Problem(message, "code"), *problems]
    if problems:
        raise Invalid(_("The currency can't be saved."), problems=tuple(problems))
    row = CompanyCurrency(
        company_id=company.id,
        code=command.code,
        minor_units=units,
        cash_unit=command.cash_unit,
    )
    session.add(row)
    session.flush()
    return row


def edit_currency(session: Session, command: EditCurrency) -> CompanyCurrency:
    """Change decimals and coin of a currency for what is written from now on.

    Raises:
        Invalid: the base currency would get other decimals, or the coin does not fit.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, CURRENCY_EDIT)
    company = company_of(session)
    row = session.scalars(
        select(CompanyCurrency).where(
            CompanyCurrency.id == command.id, CompanyCurrency.company_id == company.id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such currency in this company."))
    check_version(row, command.version)
    problems = _coin_problems(command.cash_unit, row.code, command.minor_units)
    if row.code == company.currency and command.minor_units != company.minor_units:
        message = _("The books are kept in %(currency)s; its decimals stay.", currency=row.code)
        problems.append(Problem(message, "minor_units"))
    if problems:
        raise Invalid(_("The currency can't be saved."), problems=tuple(problems))
    row.minor_units, row.cash_unit = command.minor_units, command.cash_unit
    session.flush()
    return row


def cash_unit_of(session: Session, code: str) -> Decimal | None:
    """The smallest coin of a currency in the company; None where cash is not rounded."""
    row = _load(session, code)
    return None if row is None else row.cash_unit


def has_coin(session: Session) -> bool:
    """Whether the company's currency has a smallest coin that cash is rounded to."""
    return cash_unit_of(session, company_of(session).currency) is not None


def stored_units(session: Session, codes: Collection[str]) -> dict[str, int]:
    """The decimals that the company keeps of some currencies; those it never used are left out."""
    rows = session.execute(
        select(CompanyCurrency.code, CompanyCurrency.minor_units).where(
            CompanyCurrency.company_id == company_of(session).id,
            CompanyCurrency.code.in_(sorted(codes)),
        )
    )
    return {row.code: row.minor_units for row in rows}


def keep_units(session: Session, units: dict[str, int]) -> None:
    """Keep the decimals of currencies that the company uses for the first time."""
    company = company_of(session)
    postgresql = session.get_bind().dialect.name == "postgresql"
    for code, minor_units in sorted(units.items()):
        row = {
            "id": new_id(),
            "company_id": company.id,
            "code": code,
            "minor_units": minor_units,
            "version": 1,
        }
        # Somebody else may use the same currency for the first time at this moment.
        insert = (postgresql_insert if postgresql else sqlite_insert)(CompanyCurrency)
        done = session.execute(
            insert.on_conflict_do_nothing(), [row], execution_options={"audited": True}
        )
        if getattr(done, "rowcount", 0):
            record_event(
                session,
                Event(
                    action="create",
                    entity="ledger_currency",
                    entity_id=str(row["id"]),
                    label=code,
                    plugin="ledger",
                    company_id=company.id,
                    after={"code": code, "minor_units": minor_units},
                ),
            )


def _load(session: Session, code: str) -> CompanyCurrency | None:
    return session.scalars(
        select(CompanyCurrency).where(
            CompanyCurrency.code == code, CompanyCurrency.company_id == company_of(session).id
        )
    ).one_or_none()


def _iso_units(session: Session, code: str) -> int | None:
    company = company_of(session)
    return company.minor_units if code == company.currency else minor_units_of(code)


def _coin_problems(coin: Decimal | None, code: str, units: int) -> list[Problem]:
    if coin is None:
        return []
    if problem := amount_problem(coin, code, units):
        return [Problem(problem, "cash_unit")]
    if coin <= 0:
        return [Problem(_("A coin is worth more than nothing."), "cash_unit")]
    return []
