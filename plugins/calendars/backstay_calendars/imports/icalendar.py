"""Whole days out of an iCalendar file (RFC 5545), as calendars of schools and offices give them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import Problem, StagedRow, TextFormat, lazy, ngettext
from backstay.spi import gettext as _

_LINE: Final = re.compile(r"([A-Za-z-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)")
_DAY: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass
class CalendarReading:
    """A file that is being read: an event of whole days is a row."""

    text: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[StagedRow]:
        """The events in the order of the file; their numbers are lines of it."""
        timed = 0
        event: dict[str, str] | None = None
        begins = 0
        for number, name, value in _lines(self.text):
            if (name, value.upper()) == ("BEGIN", "VEVENT"):
                event, begins = {}, number
            elif (name, value.upper()) == ("END", "VEVENT") and event is not None:
                if not _DAY.fullmatch(event.get("DTSTART", "")):
                    timed += 1
                elif (row := self._row(event, begins)) is not None:
                    yield row
                event = None
            elif event is not None:
                event.setdefault(name, value)
        if timed:
            self.notes.append(
                ngettext(
                    "%(n)s event with a time of day was left aside.",
                    "%(n)s events with a time of day were left aside.",
                    timed,
                )
            )

    def _row(self, event: dict[str, str], number: int) -> StagedRow | None:
        if "RRULE" in event:
            message = _("This event is repeated by a rule: enter its days one by one.")
            self.problems.append(Problem(message, "starts_on", number))
            return None
        first = _day(event["DTSTART"])
        # The end is not part of the event; without one it lasts a day.
        after = _day(event.get("DTEND", ""))
        last = after - timedelta(days=1) if first and after and after > first else first
        if first is None or last is None:
            message = _("“%(day)s” is not a date.", day=event["DTSTART"][:20])
            self.problems.append(Problem(message, "starts_on", number))
            return None
        name = _ESCAPED.sub(lambda one: " " if one[1] in "nN" else one[1], event.get("SUMMARY", ""))
        return StagedRow(
            number,
            {"starts_on": first.isoformat(), "ends_on": last.isoformat(), "name": name.strip()},
        )


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Number, name and value of each content line; long ones are folded over several."""
    whole: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in {" ", "\t"} and whole:
            whole[-1] = (whole[-1][0], whole[-1][1] + line[1:])
        else:
            whole.append((number, line))
    for number, line in whole:
        if found := _LINE.fullmatch(line):
            yield number, found[1].upper(), found[3].strip()


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def read(_session: Session, text: str) -> CalendarReading:
    """Begin to read a file."""
    return CalendarReading(text)


ICALENDAR: Final = TextFormat(
    label=lazy("iCalendar (.ics)"),
    recognises=lambda text: text.lstrip("\ufeff \r\n").upper().startswith("BEGIN:VCALENDAR"),
    read=read,
)
