"""Making what is due of plans: at the close cockpit, by a program and on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import func, select

from backstay.spi import (
    Conflict,
    DateField,
    Forbidden,
    Invalid,
    authorize,
    company_of,
    lazy,
    today,
)
from backstay_ledger.closing.services.plans import due, make
from backstay_ledger.models import Entry, Period
from backstay_ledger.permissions import ENTRY_POST

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDue:
    """Days whose recurring entries, releases and reversals are to be made.

    Arguments:
        up_to: the last of them; None for today. What is due after the last period is left alone.
        since: the first of them; None for the beginning.
    """

    up_to: Annotated[
        date | None, DateField(label=lazy("Up to"), help=lazy("Left out, up to today."))
    ] = None
    since: Annotated[
        date | None, DateField(label=lazy("From"), help=lazy("Left out, from the beginning."))
    ] = None


@dataclass(frozen=True, slots=True)
class MadeEntry:
    """An entry that was made.

    Arguments:
        day: on which it was due.
        label: of its plan.
        entry: its id.
        number: None while it is a draft or waits for approval.
        state: of the entry.
    """

    day: date
    label: str
    entry: str
    number: str | None
    state: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was refused: its day, its plan and why."""

    day: date
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class DueMade:
    """What was made, oldest first, and what was refused meanwhile and stays due."""

    made: tuple[MadeEntry, ...]
    left_out: tuple[LeftOut, ...]


def make_due(session: Session, command: MakeDue) -> DueMade:
    """Make what plans should have made; what was made before is not made again.

    One that is refused, because its period is closed for example, holds up no other.

    Raises:
        Forbidden: the person may not post.
    """
    authorize(session, ENTRY_POST)
    made: list[tuple[date, str, int]] = []
    left_out: list[LeftOut] = []
    for one in due(session, _last_day(session, command.up_to), command.since or date.min):
        try:
            with session.begin_nested():
                entry = make(session, one)
        except (Invalid, Conflict, Forbidden) as error:
            left_out.append(LeftOut(one.day, one.label, str(error)))
            continue
        if entry is not None:
            made.append((one.day, one.label, entry))
    session.flush()
    found = {
        row.id: row
        for row in session.execute(
            select(Entry.id, Entry.number_text, Entry.state).where(
                Entry.company_id == company_of(session).id,
                Entry.id.in_([entry for _day, _label, entry in made]),
            )
        )
    }
    return DueMade(
        tuple(
            MadeEntry(day, label, str(entry), found[entry].number_text, found[entry].state.value)
            for day, label, entry in made
        ),
        tuple(left_out),
    )


def _last_day(session: Session, wanted: date | None) -> date:
    company = company_of(session)
    now = today(company.time_zone)
    if wanted is None or wanted <= now:
        return wanted or now
    last = session.scalar(select(func.max(Period.ends_on)).where(Period.company_id == company.id))
    return max(now, min(wanted, last or now))
