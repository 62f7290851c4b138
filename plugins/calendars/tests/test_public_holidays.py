"""Well-known facts, as the library computes them; they must hold with every release of it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest

from backstay.errors import Invalid
from backstay_calendars.public_holidays import checked_place, holidays_of, places, regions


@pytest.mark.parametrize(
    ("country", "region", "day", "name"),
    [
        ("DE", "BY", date(2026, 6, 4), "Fronleichnam"),
        ("DE", "", date(2026, 10, 3), "Tag der Deutschen Einheit"),
        ("GB", "ENG", date(2026, 5, 4), "May Day"),
        ("US", "", date(2026, 11, 26), "Thanksgiving Day"),
        ("FR", "", date(2026, 7, 14), "Fête nationale"),
        ("XECB", "", date(2026, 4, 3), "Good Friday"),
    ],
)
def test_a_known_holiday(country: str, region: str, day: date, name: str) -> None:
    assert holidays_of(country, region, day.year)[day] == name


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [
        ("US", "", date(2026, 11, 27)),  # the day after Thanksgiving: a federal working day
        ("DE", "BE", date(2026, 6, 4)),  # Corpus Christi is none in Berlin
        ("DE", "", date(2026, 6, 4)),
        ("GB", "ENG", date(2026, 11, 30)),  # Saint Andrew's Day is Scotland's
    ],
)
def test_a_known_working_day(country: str, region: str, day: date) -> None:
    assert day not in holidays_of(country, region, day.year)


def test_a_day_off_in_lieu_is_one_too() -> None:
    # Boxing Day 2026 is a Saturday.
    assert date(2026, 12, 28) in holidays_of("GB", "ENG", 2026)


@pytest.mark.parametrize("place", [one.code for one in places("en")])
def test_every_country_and_market_has_a_year(place: str) -> None:
    assert checked_place(place, "") == (place, "")
    assert all(day.year == 2026 and name for day, name in holidays_of(place, "", 2026).items())


def test_countries_are_named_in_the_reader_s_language() -> None:
    german = {one.code: one.name for one in places("de")}
    assert german["CH"] == "Schweiz"
    assert german["XECB"] == "European Central Bank (TARGET)"


def test_the_names_of_holidays_do_not_depend_on_the_server_s_language() -> None:
    code = (
        "from backstay_calendars.public_holidays import holidays_of;"
        "print(sorted(holidays_of('DE', 'BY', 2026).values()))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "LANGUAGE": language, "LANG": f"{language}.UTF-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for language in ("en_US", "de_DE", "uk_UA")
    }
    assert len(said) == 1


def test_an_unknown_region_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(Invalid, match="BY") as refused:
        checked_place("DE", "ZZ")
    assert refused.value.problems[0].field == "region"
    assert {"BY", "BE"} <= regions("DE").keys()
