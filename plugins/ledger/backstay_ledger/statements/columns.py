"""The columns of a statement: the days asked for, and the earlier ones that they stand beside."""

from __future__ import annotations

import calendar
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import Invalid, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import FiscalYear
from backstay_ledger.services.fiscal_years import period_on, year_start

MOST_COLUMNS: Final = 12
"""So many fit on a sheet of paper laid across: the months of a year."""
_TENTH: Final = Decimal("0.1")


class Compare(enum.Enum):
    """What a statement is compared with."""

    PRIOR_PERIOD = "prior-period"
    """As many months (or days) before; of a balance sheet the end of the month before."""
    PRIOR_YEAR = "prior-year"
    """The same days of the years before."""


@dataclass(frozen=True, slots=True)
class Column:
    """Days that a column covers, both included.

    Arguments:
        start: of a balance sheet the first day of the fiscal year, for the result of the year.
        name: of a column of a value of a dimension what it says; empty for one of days.
        chosen: how a URL names that value, such as ``("cost_centre", "100")``; None for the whole.
        opens: a URL can name what it is the sum of.
    """

    start: date
    end: date
    name: str = ""
    chosen: tuple[str, str] | None = None
    opens: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the days asked for are compared with, and how many times further back."""

    compare: Compare
    times: int = 1

    @classmethod
    def parse(cls, text: str) -> Comparison:
        """Read ``prior-year`` or ``prior-period:3``.

        Raises:
            Invalid: says how it is written.
        """
        name, _colon, times = text.strip().partition(":")
        try:
            return cls(Compare(name), int(times or "1"))
        except ValueError:
            raise Invalid(
                _(
                    "“%(text)s” can't be compared with: write prior-period or prior-year, and how"
                    " many of them, such as prior-year:3.",
                    text=text[:40],
                ),
                field="compare",
            ) from None


def read_comparisons(text: str) -> tuple[Comparison, ...]:
    """Comparisons divided by commas: ``prior-period,prior-year:3``.

    Raises:
        Invalid: says how they are written.
    """
    return tuple(Comparison.parse(one) for one in text.split(",") if one.strip())


def fiscal_start(session: Session, day: date) -> date:
    """The first day of the fiscal year that a day lies in, whether or not it was created."""
    period = period_on(session, day)
    if period is not None:
        year = session.get(FiscalYear, period.fiscal_year_id)
        if year is not None:
            return year.starts_on
    return year_start(day, company_of(session).fiscal_year_start)


def balance_columns(
    session: Session, as_of: date, comparisons: tuple[Comparison, ...] = ()
) -> tuple[Column, ...]:
    """The day of a balance sheet, and those that it is compared with.

    Raises:
        Invalid: more than twelve columns, or days before the calendar begins.
    """
    _check(comparisons)
    days = [as_of]
    for comparison in comparisons:
        months = 1 if comparison.compare is Compare.PRIOR_PERIOD else 12
        days += [_months_before(as_of, months * n) for n in range(1, comparison.times + 1)]
    return tuple(Column(fiscal_start(session, day), day) for day in days)


def span_columns(
    start: date, end: date, comparisons: tuple[Comparison, ...] = ()
) -> tuple[Column, ...]:
    """The days of a statement over a span, and those that it is compared with.

    Raises:
        Invalid: the first day is after the last, more than twelve columns, or days before the
            calendar begins.
    """
    if start > end:
        raise Invalid(_("The first day is after the last."), field="from")
    _check(comparisons)
    found = [Column(start, end)]
    for comparison in comparisons:
        found += [
            _before(start, end, comparison.compare, n) for n in range(1, comparison.times + 1)
        ]
    return tuple(found)


def are_compared(columns: Sequence[Column]) -> bool:
    """Whether the second column is of other days, so that the change to the first is shown."""
    return len(columns) > 1 and not columns[0].name


def months_until(day: date, count: int) -> tuple[Column, ...]:
    """Whole months in their order, the last one that of a day.

    Raises:
        Invalid: the calendar does not begin so early.
    """
    last = date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])
    first = last.replace(day=1)
    return tuple(
        Column(_months_before(first, back), _months_before(last, back))
        for back in range(count - 1, -1, -1)
    )


def percent(now: Decimal, then: Decimal) -> Decimal | None:
    """By how many per cent a figure changed, to a tenth; None where there was none before."""
    if then == 0:
        return None
    return ((now - then) * 100 / abs(then)).quantize(_TENTH, ROUND_HALF_UP)


def is_month(column: Column) -> bool:
    """Whether a column is exactly one month."""
    first, last = column.start, column.end
    same = (first.year, first.month) == (last.year, last.month)
    return same and first.day == 1 and _is_month_end(last)


def _check(comparisons: tuple[Comparison, ...]) -> None:
    if any(one.times < 1 for one in comparisons):
        raise Invalid(_("Compare with at least one."), field="compare")
    if 1 + sum(one.times for one in comparisons) > MOST_COLUMNS:
        raise Invalid(_("A statement has %(n)s columns at most.", n=MOST_COLUMNS), field="compare")


def _before(start: date, end: date, compare: Compare, n: int) -> Column:
    if compare is Compare.PRIOR_YEAR:
        return Column(_months_before(start, 12 * n), _months_before(end, 12 * n))
    if start.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month + 1
        return Column(_months_before(start, months * n), _months_before(end, months * n))
    days = (end - start).days + 1
    if (start - date.min).days < days * n:
        raise _too_early()
    back = timedelta(days=days * n)
    return Column(start - back, end - back)


def _months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last of a month stays a last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < date.min.year:
        raise _too_early()
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, last if _is_month_end(day) else min(day.day, last))


def _is_month_end(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


def _too_early() -> Invalid:
    return Invalid(_("There are no days so early to compare with."), field="compare")
