"""The calendars that authors test with reckon as the real ones do, and refuse what they refuse."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backstay.contracts.calendars import (
    Calendars,
    DayCount,
    DayKind,
    Roll,
    Term,
    TermUnit,
    WorkCalendar,
)
from backstay.errors import BackstayError
from backstay.kernel.suite import Suite, require
from backstay.testing.fakes import FakeCalendars

Writing = Callable[..., AbstractContextManager[Session]]
DAYS = [date(2026, 12, 21) + timedelta(days=number) for number in range(14)]
COUNTS = (-400, -30, -3, -1, 0, 1, 2, 5, 31, 600)
FAR = (-100_000, 100_000)
INSTANTS = [
    datetime(2026, 12, day, hour, 30, tzinfo=UTC)
    for day in (23, 25, 26, 31)
    for hour in (3, 10, 20)
]
HOURS = [timedelta(hours=hours) for hours in (-60, -8, -1, 0, 1, 8, 9, 60)]


@pytest.fixture
def real(writing: Writing, suite: Suite) -> WorkCalendar:
    """A calendar of ALPHA with the holidays of France."""
    create = suite.resources["calendars.calendar"].create
    assert create is not None
    command: Any = create.command
    with writing() as session:
        values = {"name": "Office", "country": "FR", "time_zone": "UTC"}
        create.service(session, command(code="OFFICE", **values))
        create.service(session, command(code="YARD", site="QUAY", **values))
    with writing() as session:
        return require(session, Calendars).load(session)


@pytest.fixture
def fake(real: WorkCalendar) -> FakeCalendars:
    """The same, without the plugin."""
    length = (real.last_day - real.first_day).days + 1
    seen = [real.on(real.first_day + timedelta(days=number)) for number in range(length)]
    return FakeCalendars(
        codes=("OFFICE", "YARD"),
        holidays={one.day: one.name for one in seen if one.kind is DayKind.HOLIDAY},
        sites={"QUAY": "YARD"},
        first_day=real.first_day,
        last_day=real.last_day,
    )


def answers(work: WorkCalendar) -> Iterator[tuple[Any, ...]]:
    """What a calendar says to many questions; a refusal by its kind and field."""
    terms = [
        Term(count, unit, roll, end)
        for count, unit, roll, end in product((*COUNTS, *FAR), TermUnit, Roll, (False, True))
    ]
    questions: list[tuple[Any, ...]] = [
        *((work.on, day) for day in (*DAYS, work.first_day, work.last_day + timedelta(days=1))),
        *((work.roll, day, roll) for day in DAYS for roll in Roll),
        *((work.add_business_days, day, count) for day in DAYS for count in COUNTS),
        *((work.business_days_between, one, other) for one in DAYS for other in DAYS),
        *((work.business_day_of_month, 2026, 12, number) for number in (-40, -1, 0, 1, 5, 40)),
        *((work.due, day, term) for day in DAYS[::5] for term in terms),
        *((work.add_working_time, at, hours) for at in INSTANTS for hours in HOURS),
        *((work.working_time_between, at, other) for at in INSTANTS for other in INSTANTS),
    ]
    for function, *values in questions:
        asked = (function.__name__, *values)
        try:
            yield (*asked, function(*values))
        except BackstayError as error:
            yield (*asked, type(error).__name__, error.problems[0].field)


def test_it_answers_every_question_as_the_calendars_do(
    real: WorkCalendar, fake: FakeCalendars, session: Session
) -> None:
    pairs = list(zip(answers(real), answers(fake.load(session)), strict=True))
    assert [pair for pair in pairs if pair[0] != pair[1]] == []
    assert {"NotCovered", "Invalid"} <= {one[-2] for one, _other in pairs}


def test_it_finds_calendars_as_they_do(
    real: WorkCalendar, fake: FakeCalendars, session: Session, provide: Callable[..., Any]
) -> None:
    def told() -> list[Any]:
        calendars = require(session, Calendars)
        found: list[Any] = [one.code for one in calendars.all(session)]
        for code, site in (("", ""), ("YARD", ""), ("", "QUAY"), ("", "NOWHERE"), ("YARD", "QUAY")):
            found.append(calendars.load(session, code, site=site).ref.code)
        with contextlib.suppress(BackstayError):
            found.append(calendars.load(session, "NONE"))
        return found

    before = told()
    provide(Calendars, fake)
    assert told() == before == ["OFFICE", "YARD", "OFFICE", "YARD", "YARD", "OFFICE", "YARD"]


def test_a_company_without_a_calendar_is_refused(session: Session, suite: Suite) -> None:
    for calendars in (require(session, Calendars), FakeCalendars(codes=())):
        with pytest.raises(BackstayError, match="no calendar"):
            calendars.load(session)


def test_fractions_of_years_are_the_same(session: Session) -> None:
    days = [
        date(year, month, day) for year in (2023, 2024) for month in (1, 2, 12) for day in (1, 28)
    ]
    days += [date(2023, 1, 31), date(2024, 2, 29), date(2024, 12, 31)]
    calendars, fake = require(session, Calendars), FakeCalendars()
    for start, end, basis in product(days, days, DayCount):
        said = calendars.year_fraction(start, end, basis)
        assert fake.year_fraction(start, end, basis) == said, (start, end, basis)
