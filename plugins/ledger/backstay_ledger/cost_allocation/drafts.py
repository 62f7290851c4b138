"""The entry of a run that was sent back: a draft that is posted as it is, or deleted with its run.

It imports no service, because the services of drafts call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.spi import Conflict
from backstay.spi import gettext as _
from backstay_ledger.cost_allocation.models import AllocationRun

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.services.content import EntryRow


def refuse_allocated(session: Session, draft: EntryRow) -> None:
    """Refuse to change a draft that a rule made: it would no longer be what the rule says.

    Raises:
        Conflict: it is the entry of a run.
    """
    if _run_of(session, draft) is not None:
        raise Conflict(_("It belongs to an allocation rule: post it as it is, or delete it."))


def forget_run(session: Session, draft: EntryRow) -> None:
    """Take away the run of a draft that is deleted, so that its rule can be run again."""
    run = _run_of(session, draft)
    if run is not None:
        session.delete(run)
        session.flush()


def _run_of(session: Session, draft: EntryRow) -> AllocationRun | None:
    if draft.idempotency_key is None:  # typed by hand
        return None
    return session.scalars(
        select(AllocationRun).where(
            AllocationRun.entry_id == draft.id, AllocationRun.company_id == draft.company_id
        )
    ).one_or_none()
