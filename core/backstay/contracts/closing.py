"""Closing a period: what plugins find that has to be in order first.

A plugin declares its tasks with the hook ``backstay_close_tasks``; the close cockpit of the general
ledger asks each of them about a period and lists what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from sqlalchemy.orm import Session

    from backstay.i18n import Text


@dataclass(frozen=True, slots=True)
class ClosingPeriod:
    """The period that is to be closed, in the company that the session works in.

    Arguments:
        id: the ledger's period.
        label: how people write it, such as 2026-03.
        starts_on: its first day.
        ends_on: its last day.
    """

    id: int
    label: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that is not in order.

    Arguments:
        text: what it is, named as people know it.
        resource: whose record has to be put in order, such as ``ledger.entry``; empty for none.
        record: the record's id.
        key: what tells it from the others that its task finds, the same in every language; a waiver
            holds for it by this key. Left empty, by text and record.
    """

    text: str
    resource: str = ""
    record: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class CloseTask:
    """Something that the machine looks into before a period is closed.

    Arguments:
        name: ``<plugin>.<noun>``, unique among all plugins.
        label: what people read.
        find: what is not in order in the period. The first so many are enough where people only
            look at it; all of it where it blocks and can be waived, since a waiver holds for what
            was found when it was asked for.
        blocks: the period can't be closed while something is found, unless a second person waives
            it; False for what people should look at.
        can_be_waived: False where the books would be wrong.
    """

    name: str
    label: Text
    find: Callable[[Session, ClosingPeriod], Sequence[Blocker]]
    blocks: bool = True
    can_be_waived: bool = True
