"""Moves of periods beside closing and reopening: soft-closing, locking, the adjustment period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
    give_reason,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.models import FiscalYear, Period, PeriodKind, PeriodState
from backstay_ledger.permissions import FISCAL_YEAR_CREATE, PERIOD_CLOSE, PERIOD_LOCK
from backstay_ledger.services.fiscal_years import MONTHS, held_period, year_is_closed

ADJUSTMENT: Final = MONTHS + 1
"""Number of the adjustment period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftClosePeriod:
    """A period that only some may still post in."""

    id: int
    version: int | None = None
    reason: Annotated[
        str,
        TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."), max_length=500),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPeriod:
    """A closed period that nobody shall ever post in again."""

    id: int
    version: int | None = None
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Such as: audited, filed. Kept in the audit trail."),
            min_length=1,
            max_length=500,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAdjustmentPeriod:
    """A fiscal year that gets a thirteenth period for year-end adjustments."""

    id: int


def soft_close_period(session: Session, command: SoftClosePeriod) -> Period:
    """Soft-close an open period: only holders of the permission for it post there afterwards.

    Drafts dated inside it may remain, to be posted by those who still can.

    Raises:
        Conflict: it is not open.
        Stale: somebody else changed it in the meantime.
    """
    authorize(session, PERIOD_CLOSE)
    period = held_period(session, command.id)
    check_version(period, command.version)
    if period.state is not PeriodState.OPEN:
        raise Conflict(_("%(period)s is not open: reopen it first.", period=period.label))
    give_reason(session, command.reason)
    period.state = PeriodState.SOFT_CLOSED
    session.flush()
    return period


def lock_period(session: Session, command: LockPeriod) -> Period:
    """Lock a closed period for good: there is no exception from it and no reopening.

    Raises:
        Invalid: no reason is given.
        Conflict: it is not closed yet, or locked already.
        Stale: somebody else changed it in the meantime.
    """
    authorize(session, PERIOD_LOCK)
    if not command.reason.strip():
        raise Invalid(_("Say why the period is locked for good."), field="reason")
    period = held_period(session, command.id)
    check_version(period, command.version)
    if period.state is PeriodState.LOCKED:
        raise Conflict(_("%(period)s is locked already.", period=period.label))
    if period.state is not PeriodState.CLOSED:
        raise Conflict(_("%(period)s is not closed yet: close it first.", period=period.label))
    give_reason(session, command.reason)
    period.state = PeriodState.LOCKED
    session.flush()
    return period


def add_adjustment_period(session: Session, command: AddAdjustmentPeriod) -> Period:
    """Give a fiscal year its thirteenth period, on its last day.

    Entries are posted there only where that is chosen; dates alone lead to the months.

    Raises:
        NotFound: the company has no such fiscal year.
        Conflict: it has one already, or is closed.
    """
    authorize(session, FISCAL_YEAR_CREATE)
    year = session.scalars(
        select(FiscalYear)
        .where(FiscalYear.id == command.id, FiscalYear.company_id == company_of(session).id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if year is None:
        raise NotFound(_("There is no such fiscal year in this company."))
    if year_is_closed(session, year.id):
        raise Conflict(_("Fiscal year %(code)s is closed: reopen it first.", code=year.code))
    if adjustment_period(session, year) is not None:
        raise Conflict(_("Fiscal year %(code)s has an adjustment period.", code=year.code))
    return add_period(session, year, PeriodKind.ADJUSTMENT, ADJUSTMENT)


def adjustment_period(session: Session, year: FiscalYear) -> Period | None:
    """The adjustment period of a fiscal year, if it has one."""
    return session.scalars(
        select(Period).where(Period.fiscal_year_id == year.id, Period.kind == PeriodKind.ADJUSTMENT)
    ).one_or_none()


def add_period(session: Session, year: FiscalYear, kind: PeriodKind, number: int) -> Period:
    """Add a period that is no month; the caller has checked the permission."""
    period = Period(
        company_id=year.company_id,
        fiscal_year_id=year.id,
        number=number,
        starts_on=year.ends_on,
        ends_on=year.ends_on,
        kind=kind,
    )
    session.add(period)
    session.flush()
    return period
