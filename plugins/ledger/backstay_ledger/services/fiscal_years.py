"""Fiscal years with their twelve months, and closing and reopening a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    DateField,
    Invalid,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
    give_reason,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.models import YearClosing
from backstay_ledger.closing.services.checklist import refuse_pending
from backstay_ledger.models import (
    IS_DRAFT,
    IS_WAITING,
    Entry,
    FiscalYear,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.permissions import FISCAL_YEAR_CREATE, PERIOD_CLOSE, PERIOD_REOPEN

MONTHS: Final = 12
FARTHEST: Final = 20
"""How many years a date may be from the books and from every other date: more is mistyped."""
YEARS: Final = range(1800, 3000)
"""Years that a date of the books can lie in; others are mistyped, and the calendar ends at 9999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFiscalYear:
    """A fiscal year of twelve months, next to those that exist."""

    starts_on: Annotated[
        date,
        DateField(
            label=lazy("First day"),
            help=lazy("The first of a month. Twelve monthly periods are made."),
        ),
    ]
    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("Part of every number in this year; left empty, it is made from the dates."),
            example="2026",
            max_length=10,
            pattern=r"[0-9A-Za-z\-]{0,10}",
            pattern_help=lazy("Up to 10 letters, digits and hyphens."),
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePeriod:
    """A period that nothing more may be posted in."""

    id: int
    version: int | None = None
    reason: Annotated[
        str,
        TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."), max_length=500),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenPeriod:
    """A closed period that has to be posted in once more."""

    id: int
    version: int | None = None
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Why reported figures may have to change. Kept in the audit trail."),
            min_length=1,
            max_length=500,
        ),
    ]


class FarFromBooks(Invalid):
    """A date would need more new fiscal years than anybody means."""

    def __init__(self, day: date) -> None:
        super().__init__(
            _(
                "The date %(day)s is more than %(years)s years from the books: is the year right?",
                day=day,
                years=FARTHEST,
            ),
            field="date",
        )
        self.day = day


def create_fiscal_year(session: Session, command: CreateFiscalYear) -> FiscalYear:
    """Create a fiscal year and its twelve monthly periods.

    Raises:
        Invalid: it does not begin on the first of a month, overlaps a year or leaves a gap, or
            its code is taken.
    """
    authorize(session, FISCAL_YEAR_CREATE)
    starts_on = command.starts_on
    if starts_on.day != 1:
        raise Invalid(
            _("A fiscal year begins on the first of a month, not on %(day)s.", day=starts_on),
            field="starts_on",
        )
    if starts_on.year not in YEARS:
        raise Invalid(_("The year %(year)s is mistyped.", year=starts_on.year), field="starts_on")
    years = list_fiscal_years(session)
    ends_on = add_months(starts_on, MONTHS) - timedelta(days=1)
    for year in years:
        if year.starts_on <= ends_on and year.ends_on >= starts_on:
            raise Invalid(
                _(
                    "It would overlap fiscal year %(code)s (%(start)s to %(end)s).",
                    code=year.code,
                    start=year.starts_on,
                    end=year.ends_on,
                ),
                field="starts_on",
            )
    if years and not _adjoins(years, starts_on, ends_on):
        raise Invalid(
            _(
                "It would leave a gap: the years reach from %(start)s to %(end)s, so the next one"
                " begins on %(next)s.",
                start=years[0].starts_on,
                end=years[-1].ends_on,
                next=years[-1].ends_on + timedelta(days=1),
            ),
            field="starts_on",
        )
    code = command.code or year_code(starts_on)
    if any(year.code == code for year in years):
        raise Invalid(_("There is a fiscal year “%(code)s” already.", code=code), field="code")
    return _add_year(session, starts_on, code)


def missing_fiscal_years(session: Session, dates: Iterable[date]) -> list[date]:
    """First days of the fiscal years that have to be made so that every date lies in one.

    Raises:
        FarFromBooks: a date is so far from the books, and from all other dates, that it must be
            mistyped.
    """
    wanted = sorted(set(dates))
    if not wanted:
        return []
    for day in (wanted[0], wanted[-1]):
        if day.year not in YEARS:
            raise FarFromBooks(day)
    company = company_of(session)
    years = list_fiscal_years(session)
    if years:
        first, after = years[0].starts_on, years[-1].ends_on + timedelta(days=1)
    else:
        first = after = year_start(wanted[0], company.fiscal_year_start)
    starts: list[date] = []
    # Outwards from the books: each date has to be near them or near the one before.
    outwards = [day for day in wanted if day >= first]
    outwards += [day for day in reversed(wanted) if day < first]
    for day in outwards:
        made = 0
        while not first <= day < after:
            if day < first:
                first = add_months(first, -MONTHS)
                starts.append(first)
            else:
                starts.append(after)
                after = add_months(after, MONTHS)
            made += 1
            if made > FARTHEST:
                raise FarFromBooks(day)
    return sorted(starts)


def ensure_fiscal_years(session: Session, dates: Iterable[date]) -> list[FiscalYear]:
    """Create the fiscal years that dates need, adjoining those that exist.

    Part of a larger use case (an import, a company's setup), which has checked its permission.

    Returns:
        the years that were made, oldest first.
    """
    return [
        _add_year(session, start, year_code(start))
        for start in missing_fiscal_years(session, dates)
    ]


def close_period(session: Session, command: ClosePeriod) -> Period:
    """Close a period: nothing is posted in it afterwards, but by an approved exception.

    Raises:
        Conflict: it is closed or locked already, or drafts dated inside it remain (names the
            first ten), or other tasks of closing are pending (names them).
        Stale: somebody else changed it in the meantime.
    """
    authorize(session, PERIOD_CLOSE)
    period = held_period(session, command.id)
    check_version(period, command.version)
    if period.state not in {PeriodState.OPEN, PeriodState.SOFT_CLOSED}:
        raise Conflict(_("%(period)s is closed already.", period=period.label))
    _refuse_drafts(session, period)
    if period.kind is PeriodKind.MONTH:
        refuse_pending(session, period)
    give_reason(session, command.reason)
    period.state = PeriodState.CLOSED
    session.flush()
    return period


def reopen_period(session: Session, command: ReopenPeriod) -> Period:
    """Reopen a soft-closed or closed period.

    Raises:
        Invalid: no reason is given.
        Conflict: it is open already, locked for good, or its fiscal year is closed.
        Stale: somebody else changed it in the meantime.
    """
    authorize(session, PERIOD_REOPEN)
    if not command.reason.strip():
        raise Invalid(_("Say why the period has to be reopened."), field="reason")
    period = held_period(session, command.id)
    check_version(period, command.version)
    if period.state is PeriodState.OPEN:
        raise Conflict(_("%(period)s is open already.", period=period.label))
    if period.state is PeriodState.LOCKED:
        raise Conflict(
            _("%(period)s is locked for good: correct it in a later period.", period=period.label)
        )
    if period.kind is PeriodKind.CLOSING:
        raise Conflict(_("Cancel the closing of the year instead: it opens this period by itself."))
    if year_is_closed(session, period.fiscal_year_id):
        raise Conflict(
            _(
                "The fiscal year of %(period)s is closed: cancel its closing first.",
                period=period.label,
            )
        )
    give_reason(session, command.reason)
    period.state = PeriodState.OPEN
    session.flush()
    return period


def list_fiscal_years(session: Session) -> list[FiscalYear]:
    """The company's fiscal years, oldest first."""
    return list(
        session.scalars(
            select(FiscalYear)
            .where(FiscalYear.company_id == company_of(session).id)
            .order_by(FiscalYear.starts_on)
        )
    )


def period_on(session: Session, day: date) -> Period | None:
    """The month that a day lies in, if any."""
    return session.scalars(
        select(Period).where(
            Period.kind == PeriodKind.MONTH,
            Period.company_id == company_of(session).id,
            Period.starts_on <= day,
            Period.ends_on >= day,
        )
    ).one_or_none()


def add_months(day: date, months: int) -> date:
    """The first of a month so many months later."""
    count = day.year * MONTHS + day.month - 1 + months
    return date(count // MONTHS, count % MONTHS + 1, 1)


def year_start(day: date, first_month: int) -> date:
    """The first day of the fiscal year that a day lies in."""
    return date(day.year if day.month >= first_month else day.year - 1, first_month, 1)


def year_code(starts_on: date) -> str:
    """2026 for a calendar year, 2026-27 for one that spans two."""
    if starts_on.month == 1:
        return f"{starts_on.year}"
    return f"{starts_on.year}-{(starts_on.year + 1) % 100:02d}"


def _adjoins(years: list[FiscalYear], starts_on: date, ends_on: date) -> bool:
    return starts_on == years[-1].ends_on + timedelta(days=1) or ends_on == years[
        0
    ].starts_on - timedelta(days=1)


def _add_year(session: Session, starts_on: date, code: str) -> FiscalYear:
    company = company_of(session)
    following = add_months(starts_on, MONTHS)
    year = FiscalYear(
        company_id=company.id,
        code=code,
        starts_on=starts_on,
        ends_on=following - timedelta(days=1),
    )
    session.add(year)
    session.flush()
    session.add_all(
        Period(
            company_id=company.id,
            fiscal_year_id=year.id,
            number=number + 1,
            starts_on=add_months(starts_on, number),
            ends_on=add_months(starts_on, number + 1) - timedelta(days=1),
            state=PeriodState.OPEN,
        )
        for number in range(MONTHS)
    )
    session.flush()
    return year


def year_is_closed(session: Session, fiscal_year_id: int) -> bool:
    """Whether a closing of a fiscal year is in force."""
    found = select(YearClosing.id).where(
        YearClosing.fiscal_year_id == fiscal_year_id, YearClosing.cancelled_at.is_(None)
    )
    return session.scalar(found.limit(1)) is not None


def held_period(session: Session, period_id: int) -> Period:
    """Load a period with the lock that posting in it waits for."""
    period = session.scalars(
        select(Period)
        .where(Period.id == period_id, Period.company_id == company_of(session).id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if period is None:
        raise NotFound(_("There is no such period in this company."))
    return period


def _refuse_drafts(session: Session, period: Period) -> None:
    if period.kind is not PeriodKind.MONTH:
        return  # drafts are dated in months
    inside = (
        Entry.company_id == period.company_id,
        or_(IS_DRAFT, IS_WAITING),
        Entry.date.between(period.starts_on, period.ends_on),
    )
    count = session.scalar(select(func.count()).select_from(Entry).where(*inside)) or 0
    if count:
        named = session.execute(
            select(Entry.date, Entry.memo).where(*inside).order_by(Entry.date, Entry.id).limit(10)
        )
        raise Conflict(
            ngettext(
                "%(n)s draft is dated in %(period)s; post or delete it first: %(drafts)s",
                "%(n)s drafts are dated in %(period)s; post or delete them first: %(drafts)s",
                count,
                period=period.label,
                drafts="; ".join(f"{draft.date} {draft.memo}".strip() for draft in named),
            )
        )
