"""Calendars are made, changed and retired; each test runs on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event, func, select

from backstay.audit.models import AuditEvent
from backstay.contracts.calendars import Calendars, DayKind, NotCovered, Term, TermUnit
from backstay.errors import Conflict, Forbidden, Invalid, NotFound
from backstay.kernel.suite import require
from backstay_calendars.models import Calendar, PublicHoliday, SpecialDayKind, WorkingWeek
from backstay_calendars.reckoning import LoadedCalendar
from backstay_calendars.services import calendars, special_days, weeks, years

from .conftest import Office


def problem(refused: pytest.ExceptionInfo[Invalid]) -> str | None:
    return refused.value.problems[0].field


def test_the_first_calendar_of_a_company_is_its_default(office: Office) -> None:
    assert office.add("MUNICH", country="DE", region="BY").is_default
    assert not office.add("LONDON", country="GB", region="ENG").is_default
    assert office.load().ref.code == "MUNICH"


def test_a_calendar_knows_the_holidays_of_its_region_by_their_own_names(
    munich: LoadedCalendar,
) -> None:
    corpus_christi = munich.on(date(2026, 6, 4))
    assert (corpus_christi.kind, corpus_christi.name) == (DayKind.HOLIDAY, "Fronleichnam")
    assert not corpus_christi.is_business_day


def test_a_region_may_be_given_by_its_name(office: Office) -> None:
    assert office.add("MUNICH", country="DE", region="bayern").region == "BY"
    assert office.add("LONDON", country="GB", region="England").region == "ENG"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "DE", "region": "Texas"}, "region"),
        ({"region": "BY"}, "region"),
        ({"country": "LI", "region": "BY"}, "region"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"monday": "noon"}, "monday"),
        ({"name": " "}, "name"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    office: Office, values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        office.add("X", **values)
    assert problem(refused) == field


def test_somebody_has_to_work_on_some_day(office: Office) -> None:
    with pytest.raises(Invalid, match="Somebody has to work"):
        office.add("X", monday="", tuesday="", wednesday="", thursday="", friday="")


def test_codes_and_sites_are_unique_in_a_company(office: Office, other_office: Office) -> None:
    office.add("MUNICH", site="MUC")
    for values in ({"code": "MUNICH"}, {"code": "M2", "site": "MUC"}):
        with pytest.raises(Invalid) as refused:
            office.add(**values)
        assert problem(refused) in {"code", "site"}
    assert other_office.add("MUNICH", site="MUC").is_default


def test_the_calendar_of_a_site_is_asked_before_the_default(office: Office) -> None:
    office.add("MUNICH")
    office.add("LONDON", site="LON")
    assert office.load(site="LON").ref.code == "LONDON"
    assert office.load(site="PARIS").ref.code == "MUNICH"


def test_another_company_s_calendar_is_not_found(office: Office, other_office: Office) -> None:
    office.add("MUNICH")
    with pytest.raises(NotFound):
        other_office.load("MUNICH")
    with pytest.raises(NotFound, match="no calendar yet"):
        other_office.load()


def test_there_is_one_default_at_a_time(office: Office) -> None:
    office.add("MUNICH")
    london = office.add("LONDON")
    with office.write() as session:
        calendars.make_default(session, calendars.MakeDefault(id=london.id))
    with office.read() as session:
        assert [ref.code for ref in require(session, Calendars).all(session)] == [
            "LONDON",
            "MUNICH",
        ]


def test_a_default_is_neither_retired_nor_deleted(office: Office) -> None:
    munich = office.add("MUNICH")
    for refused in (
        lambda session: calendars.retire_calendar(session, calendars.RetireCalendar(id=munich.id)),
        lambda session: calendars.delete_calendar(session, calendars.DeleteCalendar(id=munich.id)),
    ):
        with office.write() as session, pytest.raises(Conflict, match="default"):
            refused(session)


def test_a_retired_calendar_answers_by_its_code_but_is_not_offered(office: Office) -> None:
    office.add("MUNICH")
    london = office.add("LONDON", site="LON")
    with office.write() as session:
        calendars.retire_calendar(session, calendars.RetireCalendar(id=london.id))
    assert office.load("LONDON").ref.code == "LONDON"
    assert office.load(site="LON").ref.code == "MUNICH"
    with office.read() as session:
        assert [ref.code for ref in require(session, Calendars).all(session)] == ["MUNICH"]


def test_a_deleted_calendar_takes_its_parts_along(office: Office) -> None:
    office.add("MUNICH")
    london = office.add("LONDON", country="GB", region="ENG")
    with office.write() as session:
        special_days.add_special_day(
            session,
            special_days.AddSpecialDay(
                name="Move", starts_on=date(2026, 5, 4), calendar_id=london.id
            ),
        )
    with office.write() as session:
        calendars.delete_calendar(session, calendars.DeleteCalendar(id=london.id))
    with office.read() as session:
        for model in (Calendar, WorkingWeek, PublicHoliday):
            left = select(func.count()).select_from(model)
            assert session.scalar(left) == (0 if model is PublicHoliday else 1)


def test_without_the_permission_nothing_changes(office: Office) -> None:
    reader = replace(office.context, permissions=frozenset({"calendars.calendar.view"}))
    with office.database.write(reader, office.suite) as session, pytest.raises(Forbidden):
        calendars.create_calendar(session, calendars.CreateCalendar(code="X", name="X"))


def test_hours_change_from_a_day_on_and_not_before(office: Office) -> None:
    munich = office.add("MUNICH", friday="09:00-17:00")
    with office.write() as session:
        weeks.add_week(
            session,
            weeks.AddWeek(calendar_id=munich.id, valid_from=date(2026, 7, 1), friday=""),
        )
    work = office.load()
    assert work.is_business_day(date(2026, 6, 26))
    assert not work.is_business_day(date(2026, 7, 3))


def test_the_first_hours_stay_and_later_ones_may_go(office: Office) -> None:
    munich = office.add("MUNICH")
    with office.write() as session:
        first = session.scalars(select(WorkingWeek)).one()
        with pytest.raises(Conflict, match="first working hours"):
            weeks.delete_week(session, weeks.DeleteWeek(id=first.id))
        later = weeks.add_week(
            session, weeks.AddWeek(calendar_id=munich.id, valid_from=date(2026, 7, 1))
        )
        weeks.delete_week(session, weeks.DeleteWeek(id=later.id))


def test_worked_days_win_over_holidays_and_closings_leave_them(office: Office) -> None:
    munich = office.add("MUNICH", country="DE", region="BY")
    with office.write() as session:
        for command in (
            special_days.AddSpecialDay(
                name="Between the years", starts_on=date(2026, 12, 24), ends_on=date(2026, 12, 31)
            ),
            special_days.AddSpecialDay(
                name="Stocktaking",
                kind=SpecialDayKind.HOURS,
                starts_on=date(2026, 12, 28),
                hours="9-12",
                calendar_id=munich.id,
            ),
            special_days.AddSpecialDay(
                name="We work", kind=SpecialDayKind.HOURS, starts_on=date(2026, 6, 4), hours="10-14"
            ),
        ):
            special_days.add_special_day(session, command)
    work = office.ask()
    assert work.on(date(2026, 12, 30)).kind is DayKind.CLOSED
    assert work.on(date(2026, 12, 25)).kind is DayKind.HOLIDAY
    assert work.on(date(2026, 12, 27)).kind is DayKind.WEEKEND
    assert work.on(date(2026, 12, 28)).kind is DayKind.EXTRA
    assert work.is_business_day(date(2026, 6, 4))
    assert work.add_business_days(date(2026, 12, 23), 1) == date(2026, 12, 28)
    assert work.add_business_days(date(2026, 12, 28), 1) == date(2027, 1, 4)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ends_on": date(2026, 5, 3)}, "ends_on"),
        ({"ends_on": date(2036, 5, 3)}, "ends_on"),
        ({"kind": SpecialDayKind.HOURS}, "hours"),
        ({"hours": "9-12"}, "hours"),
    ],
)
def test_special_days_that_make_no_sense_are_refused(
    office: Office, values: dict[str, object], field: str
) -> None:
    with office.write() as session, pytest.raises(Invalid) as refused:
        special_days.add_special_day(
            session,
            special_days.AddSpecialDay(name="X", starts_on=date(2026, 5, 4), **values),  # type: ignore[arg-type]
        )
    assert problem(refused) == field


def test_a_thousand_due_dates_cost_the_queries_of_one(office: Office) -> None:
    office.add("MUNICH", country="DE", region="BY")
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        sent.append(statement)

    with office.read() as session:
        event.listen(office.database.engine, "before_cursor_execute", note)
        try:
            work = require(session, Calendars).load(session)
            for_one = len([one for one in sent if "calendars_" in one])
            start = date(2026, 1, 1).toordinal()
            due = [
                work.due(date.fromordinal(start + number % 700), Term(5, TermUnit.BUSINESS_DAYS))
                for number in range(1000)
            ]
        finally:
            event.remove(office.database.engine, "before_cursor_execute", note)
    assert len(due) == 1000
    assert for_one == len([one for one in sent if "calendars_" in one]) == 4


# --- years -----------------------------------------------------------------------------------


def test_days_outside_the_stored_years_are_refused_not_guessed(munich: LoadedCalendar) -> None:
    with pytest.raises(NotCovered, match="Add years"):
        munich.on(date(2045, 1, 3))
    with pytest.raises(NotCovered, match="Add years"):
        munich.add_business_days(munich.last_day, 1)


def test_years_are_added_up_to_the_ones_that_are_there(office: Office) -> None:
    made = office.add("MUNICH", country="DE", region="BY")
    with office.write() as session:
        years.add_years(session, years.AddYears(id=made.id, first_year=2019, last_year=2020))
    work = office.load()
    assert work.first_day == date(2019, 1, 1)
    assert work.on(date(2020, 6, 11)).name == "Fronleichnam"
    assert work.on(date(2022, 6, 16)).name == "Fronleichnam"


def test_an_update_changes_the_days_to_come_and_never_those_gone_by(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(years, "today", lambda _zone: date(2026, 6, 4))
    monkeypatch.setattr(calendars, "today", lambda _zone: date(2026, 6, 4))
    made = office.add("MUNICH", country="DE", region="BY")
    old, new = years.holidays_of, date(2027, 7, 1)

    def next_release(code: str, region: str, year: int) -> dict[date, str]:
        """It corrects the past and today, drops a coming holiday and knows a new one."""
        known = old(code, region, year)
        wrong = {date(2026, 1, 6), date(2026, 6, 4), date(2027, 1, 6)}
        kept = {day: name for day, name in known.items() if day not in wrong}
        return {**kept, new: "Neuer Feiertag"} if year == 2027 else kept

    monkeypatch.setattr(years, "holidays_of", next_release)
    with office.write() as session:
        years.update_holidays(session, years.UpdateHolidays(id=made.id))
    work = office.load()
    assert work.on(date(2026, 1, 6)).kind is DayKind.HOLIDAY
    assert work.on(date(2026, 6, 4)).kind is DayKind.HOLIDAY
    assert work.on(date(2027, 1, 6)).kind is DayKind.WORKING
    assert work.on(new).name == "Neuer Feiertag"
    with office.read() as session:
        said = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "update_holidays")
        ).one()
    assert said.after["added"] == "2027-07-01 Neuer Feiertag"
    assert said.after["removed"] == "2027-01-06 Heilige Drei Könige"


def test_the_yearly_update_adds_a_year_and_a_second_run_changes_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (years, calendars):
        monkeypatch.setattr(module, "today", lambda _zone: date(2026, 6, 4))
    office.add("MUNICH", country="DE", region="BY")
    office.add("PLAIN")
    assert office.load().last_day == date(2031, 12, 31)
    monkeypatch.setattr(years, "today", lambda _zone: date(2027, 1, 2))
    with office.write() as session:
        assert [one.code for one in years.update_all(session)] == ["MUNICH"]
    with office.write() as session:
        assert years.update_all(session) == []
    assert office.load().last_day == date(2032, 12, 31)


def test_a_calendar_without_a_country_has_no_years_to_add(office: Office) -> None:
    plain = office.add("PLAIN")
    assert office.load().is_business_day(date(2045, 1, 3))
    with office.write() as session, pytest.raises(Conflict, match="no public holidays"):
        years.update_holidays(session, years.UpdateHolidays(id=plain.id))
