"""The months of a year side by side, each day with what makes it special."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from backstay.i18n import Text

DayLook: TypeAlias = Literal["plain", "free", "holiday", "closed", "hours"]


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day; ``name`` says in words what ``look`` shows by colour and shape.

    Arguments:
        look: an ordinary day, one that is free by its weekday, a holiday, a closed one, or one
            with hours of its own.
        current: it is today.
    """

    number: str
    look: DayLook = "plain"
    name: Text = ""
    href: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    """A month; ``weeks`` hold seven places each, empty where the month has no such day."""

    title: Text
    weeks: tuple[tuple[MonthDay | None, ...], ...]
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Months:
    """Months under the same weekdays, which are given short and in full.

    Arguments:
        legend: the looks that occur, with their words.
    """

    weekdays: tuple[tuple[Text, Text], ...]
    months: tuple[Month, ...]
    legend: tuple[tuple[DayLook, Text], ...] = ()
