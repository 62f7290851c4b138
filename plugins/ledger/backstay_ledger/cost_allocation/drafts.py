"""The entry of a run that was sent back: a draft that is posted as it is, or deleted with its run.

It imports no service, because the services of drafts call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.spi import Conflict
from backstay.spi import gettext as _
from backstay_ledger.cost_allocation.models import AllocationRun
from backstay_ledger.services.resting import Resting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.services.content import EntryRow
    from backstay_ledger.services.stored import StoredEntry

RUN: Final = "allocation-rule:"
"""Begins the idempotency key of a run's entry: its draft is known by it without a statement."""


def _refuse_edit(session: Session, draft: StoredEntry) -> None:
    """Refuse to change a draft that a rule made: it would no longer be what the rule says."""
    if _run_of(session, draft.row) is not None:
        raise Conflict(_("It belongs to an allocation rule: post it as it is, or delete it."))


def _forget_run(session: Session, draft: StoredEntry) -> None:
    """Take away the run of a draft that is deleted, so that its rule can be run again."""
    run = _run_of(session, draft.row)
    if run is not None:
        session.delete(run)
        session.flush()


def _run_of(session: Session, draft: EntryRow) -> AllocationRun | None:
    return session.scalars(
        select(AllocationRun).where(
            AllocationRun.entry_id == draft.id, AllocationRun.company_id == draft.company_id
        )
    ).one_or_none()


ALLOCATION_RUNS: Final = Resting(
    concerns=lambda row: (row.idempotency_key or "").startswith(RUN),
    on_change=_refuse_edit,
    on_removal=_forget_run,
)
