"""A new company is asked for its holidays and hours; the demo company has a calendar."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.companies.models import Company
from backstay.companies.services import CreateCompany, create_company
from backstay.contracts.calendars import DayKind
from backstay.db.context import operator_context
from backstay.errors import Invalid, NotFound
from backstay.testing.fixtures import company_ref
from backstay.testing.web import Browser, make_user
from backstay_calendars.services.loading import load_calendar

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay_calendars.reckoning import LoadedCalendar

FIRST_OF_MAY = date(2026, 5, 1)


def create(database: Database, suite: Suite, **answers: str) -> None:
    command = CreateCompany(
        code="NEW",
        name="New Ltd",
        currency="EUR",
        time_zone="Europe/Berlin",
        setup=tuple(answers.items()),
    )
    with database.write(operator_context("cli:test"), suite) as session:
        create_company(session, command)


def calendar(database: Database, suite: Suite, code: str = "NEW") -> LoadedCalendar:
    context = operator_context("cli:test", company=company_ref(database, suite, code))
    with database.read(context, suite) as session:
        return load_calendar(session)


def test_country_region_and_hours_make_the_default_calendar(
    database: Database, suite: Suite
) -> None:
    hours = "08:00-12:00, 13:00-16:00"
    create(database, suite, holidays="DE", holiday_region="Bayern", working_hours=hours)
    made = calendar(database, suite)
    assert (made.ref.code, made.ref.is_default) == ("MAIN", True)
    assert made.ref.time_zone == "Europe/Berlin"
    assert made.on(FIRST_OF_MAY).kind is DayKind.HOLIDAY
    assert made.on(date(2026, 1, 6)).kind is DayKind.HOLIDAY  # Epiphany, in Bavaria only
    assert [span.starts for span in made.on(date(2026, 5, 4)).spans] == [8 * 60, 13 * 60]


def test_without_an_answer_there_is_no_calendar(database: Database, suite: Suite) -> None:
    create(database, suite)
    with pytest.raises(NotFound, match="no calendar yet"):
        calendar(database, suite)


def test_hours_alone_make_a_calendar_without_holidays(database: Database, suite: Suite) -> None:
    create(database, suite, working_hours="10:00-14:00")
    assert calendar(database, suite).on(FIRST_OF_MAY).is_business_day


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"holidays": "DE", "holiday_region": "Atlantis"}, "holiday_region"),
        ({"holiday_region": "BY"}, "holiday_region"),
        ({"working_hours": "nine to five"}, "working_hours"),
        ({"holidays": "XX"}, "holidays"),
    ],
)
def test_what_can_not_be_used_is_refused_at_its_question(
    database: Database, suite: Suite, answers: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        create(database, suite, **answers)
    assert [one.field for one in refused.value.problems] == [field]
    with database.read(operator_context("cli:test"), suite) as session:
        assert session.scalar(select(Company.id).where(Company.code == "NEW")) is None


def test_the_form_asks_and_says_what_is_wrong_where_it_was_typed(
    web_app: Flask, database: Database, suite: Suite
) -> None:
    make_user(database, "boss", list(suite.permissions))
    boss = Browser.for_user(web_app, database, "boss")
    boss.get("/admin/companies/new")
    typed = {"code": "NEW", "name": "New Ltd", "currency": "EUR", "time_zone": "UTC"}
    typed |= {"fiscal_year_start": "1", "holidays": "DE", "holiday_region": "Atlantis"}
    refused = boss.post("/admin/companies/new", typed)
    assert refused.status_code == 422
    assert 'id="holiday_region-error"' in refused.text
    assert boss.post("/admin/companies/new", typed | {"holiday_region": "BY"}).status_code == 303
    assert calendar(database, suite).on(FIRST_OF_MAY).kind is DayKind.HOLIDAY


def test_the_demo_company_has_a_calendar(database: Database, suite: Suite) -> None:
    context = operator_context("cli:test", company=company_ref(database, suite, "ALPHA"))
    with database.write(context, suite) as session:
        company = session.scalars(select(Company).where(Company.code == "ALPHA")).one()
        for demo in suite.part("calendars").demo:
            demo.fill(session, company)
    made = calendar(database, suite, "ALPHA")
    this_year = made.last_day.year - 5
    assert made.on(date(this_year, 12, 25)).kind is DayKind.HOLIDAY
    assert made.on(date(this_year, 12, 30)).kind in {DayKind.CLOSED, DayKind.WEEKEND}
