"""What follows an entry by a plan: the reversal of a revaluation, the releases of a deferral.

An entry over a limit waits for a second person. What follows it begins once it is posted, and goes
where it goes when it is deleted instead.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.contracts.ledger import Posted
from backstay.spi import Conflict
from backstay.spi import gettext as _
from backstay_ledger.closing.plan_models import DEFERRAL, Deferral, PlannedEntry
from backstay_ledger.models import EntryKind
from backstay_ledger.services.resting import Resting
from backstay_ledger.services.reversal import ReverseEntry, reverse_entries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.services.content import EntryRow
    from backstay_ledger.services.stored import StoredEntry


def reverse_on(session: Session, company_id: int, entry_id: int, day: date) -> None:
    """Plan the reversal of an entry that waits, for a day after its own."""
    session.add(PlannedEntry(company_id=company_id, reverses_id=entry_id, due_on=day))
    session.flush()


def reverse_planned(session: Session, planned: PlannedEntry) -> Posted:
    """Post a planned reversal; the caller has checked the permission and locked its row.

    Raises:
        Conflict: the entry is not posted, was reversed before, or the period is closed.
    """
    command = ReverseEntry(
        id=planned.reverses_id or 0,
        on=planned.due_on,
        reason=_("automatic reversal"),
        key=f"reversal-{planned.id}",
    )
    return reverse_entries(session, [command])[0]


def follow(session: Session, row: EntryRow) -> Posted | None:
    """Make at once what an entry that was approved just now is followed by, if anything is."""
    if row.kind is not EntryKind.EXCHANGE:
        return None
    planned = session.scalars(
        select(PlannedEntry)
        .where(PlannedEntry.reverses_id == row.id, PlannedEntry.entry_id.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if planned is None:
        return None
    posted = reverse_planned(session, planned)
    planned.entry_id = posted.id
    session.flush()
    return posted


def _forget_reversal(session: Session, draft: StoredEntry) -> None:
    """Take away the planned reversal of a revaluation that is deleted."""
    for planned in session.scalars(
        select(PlannedEntry).where(PlannedEntry.reverses_id == draft.row.id)
    ):
        session.delete(planned)
    session.flush()


def _refuse_edit(_session: Session, _draft: StoredEntry) -> None:
    raise Conflict(_("It belongs to a deferral: post it as it is, or delete it."))


def _forget_deferral(session: Session, draft: StoredEntry) -> None:
    """Take away the deferral whose first entry is deleted, with its releases.

    Raises:
        Conflict: it releases a deferral, which would then never be released.
    """
    deferral = session.get_one(Deferral, int(draft.row.source_id or 0))
    if deferral.entry_id != draft.row.id:
        raise Conflict(
            _(
                "It releases the deferral “%(name)s”. Post it, or cancel the deferral.",
                name=deferral.name,
            )
        )
    for planned in session.scalars(
        select(PlannedEntry).where(PlannedEntry.deferral_id == deferral.id)
    ):
        session.delete(planned)
    session.flush()
    session.delete(deferral)
    session.flush()


REVALUATIONS: Final = Resting(
    concerns=lambda row: row.kind is EntryKind.EXCHANGE,
    on_removal=_forget_reversal,
)
DEFERRALS: Final = Resting(
    concerns=lambda row: row.source_type == DEFERRAL,
    on_change=_refuse_edit,
    on_removal=_forget_deferral,
)
