"""Running plans: recurring entries, releases and automatic reversals whose day has come.

Each entry is made in a step of its own that locks its plan, so the job and a person at the close
cockpit never make it twice, and one that is refused (its period is closed) holds up no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from backstay.spi import (
    Conflict,
    DateField,
    Invalid,
    NotFound,
    authorize,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.plan_models import Deferral, PlannedEntry, PlanState, Recurring
from backstay_ledger.closing.services.deferrals import release
from backstay_ledger.closing.services.followers import reverse_planned
from backstay_ledger.closing.services.recurring import make_recurring, missing_days
from backstay_ledger.models import Entry, EntryState
from backstay_ledger.permissions import ENTRY_POST, ENTRY_REVERSE
from backstay_ledger.services.fiscal_years import add_months


@dataclass(frozen=True, slots=True)
class Due:
    """An entry that a plan should have made.

    Arguments:
        recurring_id: the plan; None for a release or a reversal.
        planned_id: the row of a release or a reversal; None for a recurring entry.
    """

    day: date
    label: str
    recurring_id: int | None = None
    planned_id: int | None = None
    deferral_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseLater:
    """A posted entry, such as an accrual, that is reversed by itself on a day to come."""

    id: int
    on: Annotated[
        date,
        DateField(
            label=lazy("Reversed on"), help=lazy("Usually the first day of the next period.")
        ),
    ]


def reverse_later(session: Session, command: ReverseLater) -> Entry:
    """Plan the automatic reversal of a posted entry.

    Raises:
        NotFound: the company has no such entry.
        Invalid: the day is not after the entry's.
        Conflict: it is a draft, was reversed, or its reversal is planned already.
    """
    authorize(session, ENTRY_REVERSE)
    entry = session.scalars(
        select(Entry).where(Entry.id == command.id, Entry.company_id == company_of(session).id)
    ).one_or_none()
    if entry is None:
        raise NotFound(_("There is no such entry in this company."))
    if entry.state is not EntryState.POSTED:
        raise Conflict(
            _("Only a posted entry can be reversed; this one is a draft: post it first.")
        )
    if problem := not_to_be_reversed_later(session, entry):
        raise Conflict(problem)
    if command.on <= entry.date:
        raise Invalid(_("The day is not after the entry's (%(day)s).", day=entry.date), field="on")
    session.add(PlannedEntry(company_id=entry.company_id, reverses_id=entry.id, due_on=command.on))
    session.flush()
    return entry


def not_to_be_reversed_later(session: Session, entry: Entry) -> str | None:
    """Why the reversal of an entry can't be planned, or None."""
    planned = session.scalars(
        select(PlannedEntry.due_on).where(PlannedEntry.reverses_id == entry.id)
    ).one_or_none()
    if planned is not None:
        return _("Its reversal is planned for %(day)s.", day=planned)
    if session.scalar(select(Entry.id).where(Entry.reverses_id == entry.id)) is not None:
        return _("It was reversed already.")
    return None


def first_of_the_next_month(_session: Session, entry: Entry) -> dict[str, date]:
    """When accruals are usually reversed."""
    return {"on": add_months(entry.date, 1)}


def due(session: Session, up_to: date, since: date = date.min) -> list[Due]:
    """What plans should have made from a day to a day and have not, oldest first.

    What follows an entry that waits for approval is due once that entry is posted.
    """
    company = company_of(session)
    found: list[Due] = []
    for recurring in session.scalars(
        select(Recurring).where(
            Recurring.company_id == company.id,
            Recurring.state == PlanState.ACTIVE,
            Recurring.starts_on <= up_to,
        )
    ):
        found += [
            Due(day, recurring.name, recurring_id=recurring.id)
            for day in missing_days(session, recurring, up_to)
            if day >= since
        ]
    first = aliased(Entry)
    waiting = session.execute(
        select(
            PlannedEntry.id,
            PlannedEntry.due_on,
            PlannedEntry.deferral_id,
            Deferral.name,
            Entry.number_text,
        )
        .outerjoin(Deferral, Deferral.id == PlannedEntry.deferral_id)
        .outerjoin(Entry, Entry.id == PlannedEntry.reverses_id)
        .outerjoin(first, first.id == Deferral.entry_id)
        .where(
            PlannedEntry.company_id == company.id,
            PlannedEntry.recurring_id.is_(None),
            PlannedEntry.entry_id.is_(None),
            PlannedEntry.cancelled.is_(False),
            PlannedEntry.due_on.between(since, up_to),
            or_(
                Entry.state == EntryState.POSTED,
                and_(Deferral.state == PlanState.ACTIVE, first.state == EntryState.POSTED),
            ),
        )
    )
    for planned_id, day, deferral_id, name, number in waiting:
        label = name if number is None else _("Reversal of %(number)s", number=number)
        found.append(Due(day, label, planned_id=planned_id, deferral_id=deferral_id))
    return sorted(found, key=lambda one: (one.day, one.label))


def make(session: Session, one: Due) -> int | None:
    """Make one entry that is due; returns its id, or None where somebody else just made it.

    Raises:
        Invalid, Conflict: as for posting; nothing was made.
    """
    authorize(session, ENTRY_POST)
    if one.recurring_id is not None:
        recurring = session.scalars(
            select(Recurring)
            .where(Recurring.id == one.recurring_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        if one.day not in missing_days(session, recurring, one.day):
            return None
        return make_recurring(session, recurring, one.day)
    planned = session.scalars(
        select(PlannedEntry)
        .where(PlannedEntry.id == one.planned_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if planned.entry_id is not None or planned.cancelled:
        return None
    if planned.reverses_id is None:
        planned.entry_id = release(session, planned).id
    else:
        authorize(session, ENTRY_REVERSE)
        planned.entry_id = reverse_planned(session, planned).id
    session.flush()
    return planned.entry_id
