"""Special days out of files; each test runs on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from backstay.errors import Invalid
from backstay.spi import StagedRow
from backstay_calendars.imports.icalendar import ICALENDAR, read
from backstay_calendars.imports.special_days import commit, undo, validate
from backstay_calendars.models import SpecialDay, SpecialDayKind

from .conftest import Office

ICS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20261224\r
DTEND;VALUE=DATE:20270101\r
SUMMARY:Company holidays\\, all\r
  offices\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20260515\r
SUMMARY:Bridge day\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART:20260515T090000Z\r
SUMMARY:A meeting\r
END:VEVENT\r
END:VCALENDAR\r
"""


def row(number: int = 2, **values: str) -> StagedRow:
    return StagedRow(number, {"starts_on": "2026-12-24", "name": "Closed", **values})


def test_days_are_entered_once_however_often_they_are_imported(office: Office) -> None:
    munich = office.add("MUNICH")
    rows = [
        row(ends_on="2026-12-31", name="Company holidays"),
        row(3, starts_on="2026-07-11", name="Open day", hours="10-16", calendar="MUNICH"),
        row(4, starts_on="2026-07-11", name="Open day", hours="10:00-16:00", calendar="MUNICH"),
    ]
    with office.write() as session:
        assert (validate(session, rows).new, validate(session, rows).present) == (2, 1)
        outcome = commit(session, rows)
    with office.read() as session:
        closed, worked = session.scalars(select(SpecialDay).order_by(SpecialDay.id))
        assert (closed.kind, closed.ends_on) == (SpecialDayKind.CLOSED, date(2026, 12, 31))
        assert (worked.kind, worked.hours) == (SpecialDayKind.HOURS, "10:00-16:00")
        assert (closed.calendar_id, worked.calendar_id) == (None, munich.id)
    with office.write() as session:
        assert commit(session, rows).new == 0
    with office.write() as session:
        assert "2 special days were deleted" in undo(session, outcome.references)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"starts_on": "24.12."}, "starts_on"),
        ({"ends_on": "2026-12-01"}, "ends_on"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"kind": "maybe"}, "kind"),
        ({"kind": "closed", "hours": "9-12"}, "hours"),
        ({"hours": "noon"}, "hours"),
        ({"calendar": "PARIS"}, "calendar"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(
    office: Office, values: dict[str, str], field: str
) -> None:
    with office.write() as session:
        found = validate(session, [row(7, **values)]).problems
        assert [(one.row, one.field) for one in found] == [(7, field)]
        with pytest.raises(Invalid):
            commit(session, [row(7, **values)])


def test_an_icalendar_file_gives_its_whole_days(office: Office) -> None:
    assert ICALENDAR.recognises(ICS)
    assert not ICALENDAR.recognises("starts_on,name\n")
    with office.read() as session:
        reading = read(session, ICS)
        rows = list(reading.rows())
    assert [one.values for one in rows] == [
        {
            "starts_on": "2026-12-24",
            "ends_on": "2026-12-31",
            "name": "Company holidays, all offices",
        },
        {"starts_on": "2026-05-15", "ends_on": "2026-05-15", "name": "Bridge day"},
    ]
    assert reading.problems == []
    assert "1 event with a time of day" in reading.notes[0]


@pytest.mark.parametrize("line", ["RRULE:FREQ=YEARLY", "DTSTART;VALUE=DATE:20261399"])
def test_what_can_t_be_read_of_an_icalendar_file_keeps_it_out(office: Office, line: str) -> None:
    start = "" if line.startswith("DTSTART") else "DTSTART;VALUE=DATE:20260515\n"
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{start}{line}\nSUMMARY:X\nEND:VEVENT\nEND:VCALENDAR\n"
    with office.read() as session:
        reading = read(session, text)
        assert list(reading.rows()) == []
    assert [one.row for one in reading.problems] == [2]
