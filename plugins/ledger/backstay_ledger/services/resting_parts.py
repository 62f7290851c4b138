"""Every part of the ledger of which something rests on drafts, in the order they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay_ledger.closing.services.followers import DEFERRALS, REVALUATIONS
from backstay_ledger.cost_allocation.drafts import ALLOCATION_RUNS
from backstay_ledger.opening_wizard.drafts import OPENING_LISTS
from backstay_ledger.services.reversal_drafts import REVERSALS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.services.resting import Resting
    from backstay_ledger.services.stored import StoredEntry

RESTING: Final[tuple[Resting, ...]] = (
    REVERSALS,
    OPENING_LISTS,
    DEFERRALS,
    REVALUATIONS,
    ALLOCATION_RUNS,
)


def before_change(session: Session, draft: StoredEntry) -> None:
    """Ask everything that rests on a draft whether it may be edited.

    Raises:
        Conflict: it belongs to something that would no longer be what it says.
    """
    for one in RESTING:
        if one.on_change is not None and one.concerns(draft.row):
            one.on_change(session, draft)


def before_removal(session: Session, draft: StoredEntry) -> None:
    """Take away what rests on a draft that is deleted.

    Raises:
        Conflict: something needs it.
    """
    for one in RESTING:
        if one.on_removal is not None and one.concerns(draft.row):
            one.on_removal(session, draft)
