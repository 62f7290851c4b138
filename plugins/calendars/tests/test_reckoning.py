"""Business days, due dates and working time, for all days and in all zones that misbehave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backstay.contracts.calendars import (
    CalendarDay,
    CalendarRef,
    DayCount,
    DayKind,
    NotCovered,
    Roll,
    Term,
    TermUnit,
)
from backstay.errors import Invalid
from backstay_calendars.day_counts import year_fraction
from backstay_calendars.hours import read_hours
from backstay_calendars.public_holidays import holidays_of
from backstay_calendars.reckoning import LoadedCalendar, Week
from backstay_calendars.time_of_day import instant_at

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
OFFICE = ("09:00-12:30, 13:00-17:30",) * 5 + ("", "")
ALWAYS = ("00:00-24:00",) * 7
NIGHT = ("00:00-06:00, 22:00-24:00",) * 7
HOLIDAYS = {
    day: name for year in range(2024, 2030) for day, name in holidays_of("DE", "BY", year).items()
}
CLOSED = {
    date(2026, 12, number): CalendarDay(date(2026, 12, number), DayKind.CLOSED, "Between")
    for number in range(28, 32)
}


def calendar(zone: str = "Europe/Berlin", week: tuple[str, ...] = OFFICE) -> LoadedCalendar:
    return LoadedCalendar(
        ref=CalendarRef("X", "X", zone, is_default=True),
        first_day=date(2024, 1, 1),
        last_day=date(2029, 12, 31),
        weeks=(Week(date(1900, 1, 1), tuple(read_hours(text, "hours") for text in week)),),
        holidays=HOLIDAYS,
        special=CLOSED,
    )


WORK = calendar()
days = st.dates(date(2025, 1, 1), date(2028, 12, 31))
counts = st.integers(-200, 200).filter(bool)
instants = st.datetimes(datetime(2025, 2, 1), datetime(2028, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001
durations = st.timedeltas(timedelta(0), timedelta(hours=400))
worlds = st.sampled_from(
    [calendar(zone, week) for zone in ZONES for week in (OFFICE, ALWAYS, NIGHT)]
)


# --- business days ---------------------------------------------------------------------------


@given(days, counts)
@example(date(2026, 12, 31), 1)
@example(date(2027, 1, 1), -1)
def test_what_was_added_lies_that_many_business_days_on(day: date, count: int) -> None:
    moved = WORK.add_business_days(day, count)
    assert WORK.is_business_day(moved)
    assert WORK.business_days_between(day, moved) == count


@given(days, counts)
def test_adding_and_then_subtracting_leads_back(day: date, count: int) -> None:
    day = WORK.roll(day, Roll.FOLLOWING)
    assert WORK.add_business_days(WORK.add_business_days(day, count), -count) == day


@given(days, st.integers(1, 100), st.integers(1, 100))
def test_two_steps_are_one_long_one(day: date, first: int, second: int) -> None:
    by_two = WORK.add_business_days(WORK.add_business_days(day, first), second)
    assert by_two == WORK.add_business_days(day, first + second)


@given(days, days)
def test_between_reversed_counts_the_same_business_days(start: date, end: date) -> None:
    both = [WORK.roll(day, Roll.FOLLOWING) for day in (start, end)]
    assert WORK.business_days_between(*both) == -WORK.business_days_between(*reversed(both))


@given(days, st.sampled_from(Roll))
def test_a_rolled_day_is_a_business_day_and_a_modified_one_stays_in_its_month(
    day: date, convention: Roll
) -> None:
    rolled = WORK.roll(day, convention)
    if convention is Roll.NONE or WORK.is_business_day(day):
        assert rolled == day
        return
    assert WORK.is_business_day(rolled)
    if convention in {Roll.MODIFIED_FOLLOWING, Roll.MODIFIED_PRECEDING}:
        assert (rolled.year, rolled.month) == (day.year, day.month)


def test_zero_business_days_are_the_day_itself_or_the_next() -> None:
    assert WORK.add_business_days(date(2026, 6, 3), 0) == date(2026, 6, 3)
    assert WORK.add_business_days(date(2026, 6, 4), 0) == date(2026, 6, 5)


def test_the_conventions_on_known_dates() -> None:
    saturday = date(2026, 10, 31)
    rolled = {convention: WORK.roll(saturday, convention) for convention in Roll}
    assert rolled == {
        Roll.NONE: saturday,
        Roll.FOLLOWING: date(2026, 11, 2),
        Roll.MODIFIED_FOLLOWING: date(2026, 10, 30),
        Roll.PRECEDING: date(2026, 10, 30),
        Roll.MODIFIED_PRECEDING: date(2026, 10, 30),
    }
    assert WORK.roll(date(2026, 8, 1), Roll.MODIFIED_PRECEDING) == date(2026, 8, 3)


def test_the_year_border_with_closing_days_and_a_holiday() -> None:
    assert WORK.add_business_days(date(2026, 12, 23), 1) == date(2026, 12, 24)
    assert WORK.add_business_days(date(2026, 12, 24), 1) == date(2027, 1, 4)
    assert WORK.add_business_days(date(2027, 1, 4), -1) == date(2026, 12, 24)


def test_positions_in_a_month() -> None:
    assert WORK.business_day_of_month(2026, 12, 1) == date(2026, 12, 1)
    assert WORK.business_day_of_month(2026, 12, -1) == date(2026, 12, 24)
    assert WORK.business_day_of_month(2026, 5, 2) == date(2026, 5, 5)
    for position in (0, 24, -24):
        with pytest.raises(Invalid):
            WORK.business_day_of_month(2026, 12, position)


@pytest.mark.parametrize(
    ("start", "term", "due"),
    [
        (date(2026, 5, 5), Term(30), date(2026, 6, 5)),
        (date(2026, 6, 9), Term(-3, TermUnit.BUSINESS_DAYS), date(2026, 6, 3)),
        (date(2026, 1, 31), Term(1, TermUnit.MONTHS), date(2026, 3, 2)),
        (date(2026, 1, 31), Term(1, TermUnit.MONTHS, Roll.MODIFIED_FOLLOWING), date(2026, 2, 27)),
        (date(2026, 1, 31), Term(1, TermUnit.MONTHS, Roll.NONE), date(2026, 2, 28)),
        (date(2026, 3, 10), Term(14, end_of_month=True), date(2026, 3, 31)),
        (date(2026, 2, 20), Term(14, end_of_month=True, roll=Roll.PRECEDING), date(2026, 3, 31)),
    ],
)
def test_terms_on_known_dates(start: date, term: Term, due: date) -> None:
    assert WORK.due(start, term) == due


@pytest.mark.parametrize("count", [10**6, -(10**6), 10**12])
def test_a_term_beyond_the_calendar_is_refused(count: int) -> None:
    for unit in TermUnit:
        with pytest.raises(NotCovered, match="Add years"):
            WORK.due(date(2026, 1, 31), Term(count, unit))


# --- working time ----------------------------------------------------------------------------


@given(worlds, instants, durations)
def test_what_was_added_passes_as_working_time(
    work: LoadedCalendar, start: datetime, duration: timedelta
) -> None:
    due = work.add_working_time(start, duration)
    assert due.tzinfo is UTC
    assert work.working_time_between(start, due) == duration
    back = work.add_working_time(start, -duration)
    assert work.working_time_between(back, start) == duration


@given(worlds, instants, durations)
def test_working_time_that_was_added_and_taken_away_leads_back(
    work: LoadedCalendar, start: datetime, duration: timedelta
) -> None:
    start = work.add_working_time(start, timedelta(0))
    back = work.add_working_time(work.add_working_time(start, duration), -duration)
    # The end of one span and the beginning of the next are one point of working time.
    assert work.working_time_between(min(back, start), max(back, start)) == timedelta(0)


@given(worlds, instants, instants, instants)
def test_working_time_adds_up(
    work: LoadedCalendar, first: datetime, second: datetime, third: datetime
) -> None:
    between = work.working_time_between
    assert between(first, second) + between(second, third) == between(first, third)


@given(st.sampled_from(ZONES), days, st.integers(0, 1439), st.integers(1, 60))
def test_later_on_the_clock_is_never_earlier(zone: str, day: date, minutes: int, more: int) -> None:
    later = min(minutes + more, 1440)
    assert instant_at(ZoneInfo(zone), day, minutes) <= instant_at(ZoneInfo(zone), day, later)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23.0),
        ("Europe/Berlin", date(2026, 10, 25), 25.0),
        ("America/New_York", date(2026, 3, 8), 23.0),
        ("America/New_York", date(2026, 11, 1), 25.0),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Kolkata", date(2026, 3, 29), 24.0),
    ],
)
def test_a_day_has_as_many_hours_as_really_pass(zone: str, day: date, hours: float) -> None:
    midnight = instant_at(ZoneInfo(zone), day, 0)
    work = replace(calendar(zone, ALWAYS), holidays={})
    next_midnight = instant_at(ZoneInfo(zone), day, 1440)
    assert work.working_time_between(midnight, next_midnight) == timedelta(hours=hours)


def test_a_span_in_the_hour_that_is_skipped_is_no_time() -> None:
    work = calendar(week=("02:00-03:00",) * 7)
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert work.add_working_time(start, timedelta(minutes=1)) == datetime(
        2026, 3, 30, 0, 1, tzinfo=UTC
    )


def test_half_past_two_in_the_skipped_hour_is_three_o_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert instant_at(berlin, date(2026, 3, 29), 150) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-06-03T09:00+02:00", 8, "2026-06-03T17:30+02:00"),
        ("2026-06-03T09:30+02:00", 8, "2026-06-05T09:30+02:00"),
        ("2026-06-03T12:45+02:00", 1, "2026-06-03T14:00+02:00"),
        ("2026-06-06T12:00+02:00", 8, "2026-06-08T17:30+02:00"),
        ("2026-06-08T09:00+02:00", -8, "2026-06-05T09:00+02:00"),
        ("2026-10-23T17:00+02:00", 1, "2026-10-26T09:30+01:00"),
        ("2026-06-04T12:00+02:00", 0, "2026-06-05T09:00+02:00"),
    ],
)
def test_working_hours_on_known_dates(start: str, hours: int, due: str) -> None:
    found = WORK.add_working_time(datetime.fromisoformat(start), timedelta(hours=hours))
    assert found == datetime.fromisoformat(due)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        WORK.add_working_time(datetime(2026, 6, 3, 9), timedelta(hours=1))  # noqa: DTZ001


# --- hours as they are written ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("9-17", [(540, 1020)]),
        ("9:30 – 12, 13.15-17h", []),  # noqa: RUF001
        ("09:00-12:30, 13:00-17:00", [(540, 750), (780, 1020)]),
        ("22:00-24:00", [(1320, 1440)]),
        ("", []),
        ("-", []),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: list[tuple[int, int]]) -> None:
    if text.endswith("17h"):
        with pytest.raises(Invalid):
            read_hours(text, "monday")
        return
    assert [(span.starts, span.ends) for span in read_hours(text, "monday")] == spans


@pytest.mark.parametrize(
    "text", ["17-9", "22-6", "9-25", "9:60-10", "9-12, 11-13", "13-17, 9-12", "soon", "9-"]
)
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_hours(text, "monday")
    assert refused.value.problems[0].field == "monday"


# --- day counts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "start", "end", "fraction"),
    [
        (DayCount.ACTUAL_360, date(2026, 1, 31), date(2026, 2, 28), Fraction(28, 360)),
        (DayCount.ACTUAL_365, date(2028, 1, 1), date(2029, 1, 1), Fraction(366, 365)),
        # ISDA's own example of 2003-11-01 to 2004-05-01: 61/365 + 121/366.
        (
            DayCount.ACTUAL_ACTUAL,
            date(2003, 11, 1),
            date(2004, 5, 1),
            Fraction(61, 365) + Fraction(121, 366),
        ),
        (DayCount.THIRTY_360, date(2026, 1, 31), date(2026, 3, 31), Fraction(60, 360)),
        (DayCount.THIRTY_360, date(2026, 1, 30), date(2026, 3, 31), Fraction(60, 360)),
        (DayCount.THIRTY_360, date(2026, 1, 15), date(2026, 3, 31), Fraction(76, 360)),
        (DayCount.THIRTY_E_360, date(2026, 1, 15), date(2026, 3, 31), Fraction(75, 360)),
        (DayCount.THIRTY_E_360, date(2026, 2, 28), date(2026, 3, 31), Fraction(32, 360)),
    ],
)
def test_day_counts_on_known_dates(
    basis: DayCount, start: date, end: date, fraction: Fraction
) -> None:
    assert year_fraction(start, end, basis) == fraction
    assert year_fraction(end, start, basis) == -fraction


@given(days, days, days)
def test_actual_day_counts_add_up(first: date, second: date, third: date) -> None:
    for basis in (DayCount.ACTUAL_360, DayCount.ACTUAL_365, DayCount.ACTUAL_ACTUAL):
        both = year_fraction(first, second, basis) + year_fraction(second, third, basis)
        assert both == year_fraction(first, third, basis)
