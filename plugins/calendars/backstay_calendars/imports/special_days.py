"""Importing closing days and days with hours of their own; what is there already is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    BackstayError,
    ImportColumn,
    ImportKind,
    Invalid,
    Outcome,
    Problem,
    StagedRow,
    Validation,
    authorize,
    company_of,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_calendars.imports.icalendar import ICALENDAR
from backstay_calendars.models import Calendar, SpecialDay, SpecialDayKind
from backstay_calendars.permissions import SPECIAL_DAY_EDIT
from backstay_calendars.services.special_days import AddSpecialDay, add_special_day, checked

KINDS: Final = {
    "": None,
    "closed": SpecialDayKind.CLOSED,
    "worked": SpecialDayKind.HOURS,
    "hours": SpecialDayKind.HOURS,
}
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class _Plan:
    problems: tuple[Problem, ...]
    new: tuple[AddSpecialDay, ...]
    present: int


def validate(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing the days would do."""
    authorize(session, SPECIAL_DAY_EDIT)
    plan = _plan(session, rows)
    return Validation(plan.problems, len(plan.new), plan.present)


def commit(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Enter the days that are not there yet.

    Raises:
        Invalid: lists every row that can't be imported.
    """
    authorize(session, SPECIAL_DAY_EDIT)
    plan = _plan(session, rows)
    if plan.problems:
        raise Invalid(_("The days can't be imported."), problems=plan.problems)
    made = [add_special_day(session, command) for command in plan.new]
    return Outcome(len(made), plan.present, references=tuple(str(one.id) for one in made))


def undo(session: Session, references: Sequence[str]) -> str:
    """Delete the days that an import entered, as far as they are still there."""
    authorize(session, SPECIAL_DAY_EDIT)
    gone = 0
    for start in range(0, len(references), _MOST):
        ids = [int(one) for one in references[start : start + _MOST]]
        belonging = select(SpecialDay).where(
            SpecialDay.company_id == company_of(session).id, SpecialDay.id.in_(ids)
        )
        for row in session.scalars(belonging).all():
            session.delete(row)
            gone += 1
    session.flush()
    return ngettext("%(n)s special day was deleted.", "%(n)s special days were deleted.", gone)


def _plan(session: Session, rows: Sequence[StagedRow]) -> _Plan:
    company = company_of(session).id
    calendars = {
        row.code: row.id
        for row in session.execute(
            select(Calendar.code, Calendar.id).where(Calendar.company_id == company)
        )
    }
    known = {
        _key(row)
        for row in session.scalars(select(SpecialDay).where(SpecialDay.company_id == company))
    }
    problems: list[Problem] = []
    new: list[AddSpecialDay] = []
    present = 0
    for row in rows:
        try:
            command = checked(_read(row, calendars))
        except BackstayError as refused:
            problems += [Problem(one.message, one.field, row.number) for one in refused.problems]
            continue
        if (key := _key(command)) in known:
            present += 1
            continue
        known.add(key)
        new.append(command)
    return _Plan(tuple(problems), tuple(new), present)


def _key(day: SpecialDay | AddSpecialDay) -> tuple[object, ...]:
    return day.calendar_id, day.starts_on, day.ends_on, day.kind, day.name, day.hours


def _read(row: StagedRow, calendars: dict[str, int]) -> AddSpecialDay:
    values = {name: value.strip() for name, value in row.values.items()}
    hours = values.get("hours", "")
    word = values.get("kind", "").casefold()
    if word not in KINDS:
        raise Invalid(_("“%(kind)s” is neither closed nor worked.", kind=word[:40]), field="kind")
    code = values.get("calendar", "")
    if code and code not in calendars:
        raise Invalid(_("There is no calendar “%(code)s”.", code=code[:40]), field="calendar")
    starts_on = _date(values.get("starts_on", ""), "starts_on")
    ends_on = values.get("ends_on", "")
    return AddSpecialDay(
        name=values.get("name", ""),
        kind=KINDS[word] or (SpecialDayKind.HOURS if hours else SpecialDayKind.CLOSED),
        starts_on=starts_on,
        ends_on=_date(ends_on, "ends_on") if ends_on else starts_on,
        hours=hours,
        calendar_id=calendars.get(code),
    )


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            _("“%(text)s” is not a date such as 2026-12-24.", text=text[:20]), field=field
        ) from None


SPECIAL_DAYS: Final = ImportKind(
    name="calendars.special_day",
    label=lazy("Special days"),
    noun=lazy("special day"),
    noun_many=lazy("special days"),
    permission=SPECIAL_DAY_EDIT,
    columns=(
        ImportColumn(
            "starts_on",
            lazy("First day"),
            example="2026-12-24",
            aliases=("date", "day", "from", "start", "first day"),
            is_date=True,
        ),
        ImportColumn(
            "name", lazy("Name"), example="Company holidays", aliases=("title", "summary")
        ),
        ImportColumn(
            "ends_on",
            lazy("Last day"),
            required=False,
            help=lazy("Included; empty for one day."),
            example="2026-12-31",
            aliases=("to", "until", "end", "last day"),
            is_date=True,
        ),
        ImportColumn(
            "kind", lazy("Kind"), required=False, help=lazy("closed or worked"), example="closed"
        ),
        ImportColumn(
            "hours",
            lazy("Hours"),
            required=False,
            help=lazy("Of days that are worked."),
            example="",
        ),
        ImportColumn(
            "calendar",
            lazy("Calendar"),
            required=False,
            help=lazy("Code; empty for all calendars."),
            example="",
        ),
    ),
    validate=validate,
    commit=commit,
    undo=undo,
    sample=(
        "starts_on,ends_on,name,kind,hours,calendar\n"
        "2026-12-24,2026-12-31,Company holidays,closed,,\n"
        "2026-07-11,,Open day,worked,10:00-16:00,\n"
    ),
    icon="star",
    formats=(ICALENDAR,),
    help=lazy("Closing days, extra working days and short days; also whole days of an .ics file."),
    opens="calendars.special_day.list",
)
