"""The year and the due date as somebody at a browser sees them; each test on both databases."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from backstay.testing.web import Browser, make_user
from backstay_calendars.models import SpecialDayKind
from backstay_calendars.permissions import CALENDAR_VIEW, PERMISSIONS
from backstay_calendars.services.special_days import AddSpecialDay, add_special_day

from .conftest import Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

HOME = "/c/ALPHA/calendars"
FORM = {
    "code": "VIENNA",
    "name": "Vienna",
    "country": "AT",
    "region": "",
    "time_zone": "Europe/Vienna",
    "monday": "9-17",
    "tuesday": "9-12, 13-17",
}


@pytest.fixture
def keeper(web_app: Flask, office: Office) -> Browser:
    """Somebody who may do everything with the calendars of ALPHA."""
    make_user(office.database, "keeper", PERMISSIONS, office.company)
    return Browser.for_user(web_app, office.database, "keeper")


@pytest.fixture
def reader(web_app: Flask, office: Office) -> Browser:
    """Somebody who may look."""
    make_user(office.database, "reader", [CALENDAR_VIEW], office.company)
    return Browser.for_user(web_app, office.database, "reader")


def day_in_grid(html: str, number: int, month: int) -> str:
    """The cell of a day, as it is sent."""
    table = html.split('<table class="month">')[month]
    cells = re.findall(r"<td class=.*?</td>", table, re.DOTALL)
    return next(cell for cell in cells if re.search(rf">{number}<", cell))


def test_before_there_is_a_calendar_the_year_offers_to_make_one(
    keeper: Browser, reader: Browser
) -> None:
    assert "New calendar" in keeper.get(f"{HOME}/year").text
    assert "No calendar yet" in reader.get(f"{HOME}/year").text
    assert "calendars/calendars/new" not in reader.get(f"{HOME}/year").text
    assert "No calendar yet" in reader.get(f"{HOME}/due").text


def test_a_calendar_is_made_in_the_form_and_its_year_looked_at(keeper: Browser) -> None:
    keeper.get(f"{HOME}/calendars/new")
    made = keeper.post(f"{HOME}/calendars/new", FORM)
    assert made.status_code == 303, made.text
    record = keeper.get(str(made.location)).text
    assert "VIENNA Vienna" in record
    year = keeper.get(f"{HOME}/year?year=2026").text
    assert "Nationalfeiertag" in year
    assert 'class="holiday' in day_in_grid(year, 26, 10)


def test_a_region_that_there_is_not_is_said_at_its_field(keeper: Browser) -> None:
    keeper.get(f"{HOME}/calendars/new")
    refused = keeper.post(f"{HOME}/calendars/new", {**FORM, "region": "Bavaria"})
    assert refused.status_code == 422
    assert "is not a region of AT" in refused.text


def test_the_grid_shows_what_each_day_is_and_leads_to_special_days(
    office: Office, keeper: Browser
) -> None:
    office.add("MUNICH", country="DE", region="BY")
    with office.write() as session:
        for command in (
            AddSpecialDay(name="Move", starts_on=date(2026, 7, 6), ends_on=date(2026, 7, 7)),
            AddSpecialDay(
                name="Fair",
                kind=SpecialDayKind.HOURS,
                starts_on=date(2026, 7, 11),
                hours="10-16",
            ),
        ):
            add_special_day(session, command)
    year = keeper.get(f"{HOME}/year?year=2026").text
    assert 'class="plain' in day_in_grid(year, 3, 6)
    assert 'title="Fronleichnam"' in day_in_grid(year, 4, 6)
    assert 'class="free' in day_in_grid(year, 6, 6)
    assert "Closed: Move" in day_in_grid(year, 7, 7)
    assert "/special-days/" in day_in_grid(year, 7, 7)
    assert "Worked 10:00-16:00: Fair" in day_in_grid(year, 11, 7)
    july = year.split('<table class="month">')[7]
    assert "22 business days" in july


def test_a_year_that_is_not_stored_says_how_to_add_it(office: Office, reader: Browser) -> None:
    office.add("MUNICH", country="DE", region="BY")
    page = reader.get(f"{HOME}/year?year=2045")
    assert page.status_code == 200
    assert "Add years" in page.text
    assert '<table class="month">' not in page.text


@pytest.mark.parametrize("query", ["year=x", "year=99999", "calendar=NONE", "year=²"])
def test_an_address_that_makes_no_sense_is_answered_all_the_same(
    office: Office, reader: Browser, query: str
) -> None:
    office.add("MUNICH", country="DE", region="BY")
    page = reader.get(f"{HOME}/year?{query}")
    assert page.status_code == 200
    assert "business day" in page.text


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("from=2026-06-03&count=3&unit=business_days", "Tuesday, 9 June 2026"),
        ("from=2026-06-09&count=-3&unit=business_days", "Wednesday, 3 June 2026"),
        ("from=2026-05-05&count=30&unit=days", "Friday, 5 June 2026"),
        (
            "from=2026-01-31&count=1&unit=months&roll=modified_following",
            "Friday, 27 February 2026",
        ),
        ("from=2026-02-01&count=14&unit=days&end_of_month=1", "Monday, 2 March 2026"),
        (
            "from=2026-06-03&count=8&unit=working_hours&time=10:00",
            "Friday, 5 June 2026, 10:00 (Europe/Berlin)",
        ),
    ],
)
def test_a_due_date_is_reckoned(office: Office, reader: Browser, query: str, answer: str) -> None:
    office.add("MUNICH", country="DE", region="BY")
    page = reader.get(f"{HOME}/due?{query}").text
    assert f"<strong>{answer}</strong>" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("count=many", "is not a whole number"),
        ("count=1000000", "more than can be reckoned"),
        ("count=90000", "Add years"),
        ("from=tomorrow", "is not a date"),
        ("unit=working_hours&time=noon", "be read as hours"),
    ],
)
def test_what_can_t_be_reckoned_is_said(
    office: Office, reader: Browser, query: str, said: str
) -> None:
    office.add("MUNICH", country="DE", region="BY")
    page = reader.get(f"{HOME}/due?{query}")
    assert page.status_code == 200
    assert said in page.text


def test_the_way_to_a_new_special_day_is_for_those_who_may(
    office: Office, keeper: Browser, reader: Browser
) -> None:
    office.add("MUNICH")
    assert "special-days/new" in keeper.get(f"{HOME}/year").text
    assert "special-days/new" not in reader.get(f"{HOME}/year").text
    assert reader.get(f"{HOME}/special-days/new").status_code == 403


def test_the_job_brings_all_calendars_of_the_company_up_to_date(
    office: Office, run_jobs: Callable[[], int]
) -> None:
    from backstay.jobs.queue import enqueue
    from backstay_calendars.jobs import UPDATE
    from backstay_calendars.models import Calendar, PublicHoliday

    made = office.add("MUNICH", country="DE", region="BY")
    with office.write() as session:
        calendar = session.get_one(Calendar, made.id)
        last = calendar.last_year
        assert last is not None
        for row in session.query(PublicHoliday).where(PublicHoliday.day >= date(last, 1, 1)):
            session.delete(row)
        calendar.last_year = last - 1
        enqueue(session, UPDATE, {})
    assert run_jobs() == 1
    assert office.load().last_day == date(last, 12, 31)


def test_the_schedule_brings_the_calendars_of_all_companies_up_to_date(
    office: Office, other_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backstay.db.context import operator_context
    from backstay_calendars.jobs import SCHEDULES, UPDATE
    from backstay_calendars.services import years

    assert [one.job for one in SCHEDULES] == [UPDATE]
    for one in (office, other_office):
        one.add("MUNICH", country="DE", region="BY")
    last = office.load().last_day.year
    monkeypatch.setattr(years, "today", lambda _zone: date(last - 4, 1, 2))
    with office.database.write(operator_context("system:schedule"), office.suite) as session:
        assert len(years.update_all(session)) == 2
    for one in (office, other_office):
        assert one.load().last_day == date(last + 1, 12, 31)
