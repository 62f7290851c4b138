"""The hours of a week as commands carry them, shared by calendars and their later weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from backstay.spi import BackstayError, Invalid, Problem, TextField, lazy
from backstay.spi import gettext as _
from backstay_calendars.hours import checked_hours
from backstay_calendars.models import WEEKDAYS

USUAL: Final = "09:00-17:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekHours:
    """Working hours by weekday; empty where nobody works."""

    monday: Annotated[
        str,
        TextField(
            label=lazy("Monday"),
            help=lazy("With breaks: 09:00-12:30, 13:00-17:00. Empty where nobody works."),
            example="09:00-12:30, 13:00-17:00",
            max_length=200,
        ),
    ] = USUAL
    tuesday: Annotated[str, TextField(label=lazy("Tuesday"), max_length=200)] = USUAL
    wednesday: Annotated[str, TextField(label=lazy("Wednesday"), max_length=200)] = USUAL
    thursday: Annotated[str, TextField(label=lazy("Thursday"), max_length=200)] = USUAL
    friday: Annotated[str, TextField(label=lazy("Friday"), max_length=200)] = USUAL
    saturday: Annotated[str, TextField(label=lazy("Saturday"), max_length=200)] = ""
    sunday: Annotated[str, TextField(label=lazy("Sunday"), max_length=200)] = ""


def checked_week(hours: WeekHours) -> dict[str, str]:
    """The hours by the name of their weekday, in the form in which they are stored.

    Raises:
        Invalid: names every weekday that can't be read, or nobody works on any.
    """
    checked: dict[str, str] = {}
    problems: list[Problem] = []
    for weekday in WEEKDAYS:
        try:
            checked[weekday] = checked_hours(getattr(hours, weekday), weekday)
        except BackstayError as refused:
            problems += refused.problems
    if not problems and not any(checked.values()):
        problems.append(
            Problem(_("Somebody has to work on some day: give the hours of one."), "monday")
        )
    if problems:
        raise Invalid(_("The working hours can't be used."), problems=tuple(problems))
    return checked
