"""Cron text in a time zone, on days when the clock is put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.errors import Invalid
from backstay.jobs.cron import check_cron, next_time, times

PARIS = "Europe/Paris"


def local(text: str, zone: str = PARIS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shown(text: str, begin: str, count: int, zone: str = PARIS) -> list[str]:
    """The next planned times as a clock in the zone shows them."""
    at, found = local(begin, zone), []
    for _ in range(count):
        following = next_time(text, zone, at)
        assert following is not None
        at = following
        found.append(at.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %Z"))
    return found


def test_an_hour_that_the_clock_skips_is_made_up_for_when_it_goes_on() -> None:
    assert shown("30 2 * * *", "2026-03-28T00:00", 3) == [
        "28 02:30 CET",
        "29 03:00 CEST",
        "30 02:30 CEST",
    ]


def test_many_times_in_the_hour_that_is_skipped_are_one() -> None:
    assert shown("*/10 2 * * *", "2026-03-28T02:45", 3) == [
        "28 02:50 CET",
        "29 03:00 CEST",
        "30 02:00 CEST",
    ]


def test_an_hour_that_comes_twice_counts_once() -> None:
    assert shown("30 2 * * *", "2026-10-24T00:00", 3) == [
        "24 02:30 CEST",
        "25 02:30 CEST",
        "26 02:30 CET",
    ]


def test_what_runs_every_hour_has_neither_a_gap_nor_a_double() -> None:
    assert shown("0 * * * *", "2026-10-25T00:30", 4) == [
        "25 01:00 CEST",
        "25 02:00 CEST",
        "25 02:00 CET",
        "25 03:00 CET",
    ]
    assert shown("0 * * * *", "2026-03-29T00:30", 3) == [
        "29 01:00 CET",
        "29 03:00 CEST",
        "29 04:00 CEST",
    ]


def test_a_zone_may_move_by_half_an_hour() -> None:
    assert shown("15 */2 * * *", "2026-04-04T23:30", 3, "Australia/Lord_Howe") == [
        "05 00:15 +11",
        "05 02:15 +1030",
        "05 04:15 +1030",
    ]


def test_a_day_that_never_comes_has_no_time() -> None:
    assert next_time("0 0 30 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "text", ["", "every day", "* * * *", "* * * * * *", "60 * * * *", "* * * * mon-", "@daily"]
)
def test_what_is_no_cron_text_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no cron text"):
        check_cron(text)


ZONES = st.sampled_from(
    [PARIS, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"]
)
INSTANTS = st.integers(0, 5 * 10**6).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(minutes=st.sampled_from([1, 5, 15, 20, 30]), zone=ZONES, begin=INSTANTS)
def test_every_so_many_minutes_is_always_so_many_minutes(
    minutes: int, zone: str, begin: datetime
) -> None:
    found = list(times(f"*/{minutes} * * * *", zone, begin, begin + timedelta(hours=6)))
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=minutes)}


@given(hour=st.integers(0, 23), minute=st.integers(0, 59), zone=ZONES, begin=INSTANTS)
def test_a_daily_job_runs_once_on_each_day(
    hour: int, minute: int, zone: str, begin: datetime
) -> None:
    found = list(times(f"{minute} {hour} * * *", zone, begin, begin + timedelta(days=200)))
    days = [one.astimezone(ZoneInfo(zone)).date() for one in found]
    assert days == sorted(set(days))
    assert (days[-1] - days[0]).days == len(days) - 1
