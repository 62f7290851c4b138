"""Dates in the URLs of reports: read, defaulted, and never a reason for an error page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from backstay.spi import company_of, today
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.models import FiscalYear
from backstay_ledger.services.fiscal_years import period_on, year_start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a report covers, both included, and what was wrong with the ones asked for."""

    start: date
    end: date
    notes: tuple[ui.Note, ...] = ()

    @property
    def label(self) -> str:
        """The days as files write them."""
        return f"{self.start} – {self.end}"  # noqa: RUF001 - from one to the other


def company_today(session: Session) -> date:
    """The business date where the company is."""
    return today(company_of(session).time_zone)


def year_to_date(session: Session, day: date) -> date:
    """The first day of the fiscal year that a day lies in."""
    period = period_on(session, day)
    if period is not None:
        year = session.get(FiscalYear, period.fiscal_year_id)
        if year is not None:
            return year.starts_on
    return year_start(day, company_of(session).fiscal_year_start)


def read_day(values: Mapping[str, str], name: str, default: date) -> tuple[date, list[ui.Note]]:
    """A day from the URL, or the default with a note that says why."""
    text = values.get(name, "").strip()
    if not text:
        return default, []
    try:
        return date.fromisoformat(text), []
    except ValueError:
        message = _(
            "“%(text)s” is not a date (write it as 2026-03-31); %(day)s is shown instead.",
            text=text[:20],
            day=default.isoformat(),
        )
        return default, [ui.Note(message, "warn")]


def read_span(values: Mapping[str, str], start: date, end: date) -> Span:
    """Two days from the URL, put into order."""
    first, notes = read_day(values, "from", start)
    last, more = read_day(values, "to", end)
    notes += more
    if first > last:
        first, last = last, first
        notes.append(ui.Note(_("The first day was after the last: they were exchanged."), "info"))
    return Span(first, last, tuple(notes))


def day_control(name: str, label: str, day: date) -> ui.FilterControl:
    """The input for a day in a report's parameter bar."""
    return ui.FilterControl(name, label, "date", value=day.isoformat())
