"""What is asked to be posted, before and after it was checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backstay.contracts.ledger import Posting
from backstay_ledger.closing.services.late import Late
from backstay_ledger.models import EntryKind, PeriodKind
from backstay_ledger.services.content import LineRow
from backstay_ledger.services.lookups import Existing, JournalRef, PeriodRef
from backstay_ledger.tax.rows import TaxRow

if TYPE_CHECKING:
    from backstay_ledger.determination.resolve import RoleRow


@dataclass(frozen=True, slots=True)
class Order:
    """A posting with what the contract does not show.

    Arguments:
        draft_id: the draft that is to be posted, whose rows exist already.
        taxes: what the entry says of tax; its lines of tax are among the posting's.
        roles: why lines are on their accounts.
        by_allocation: an allocation posts it, or undoing one; nobody else may.
        approved: a second person has approved it; the database holds who.
        in_closing: it is posted in the closing period of its year: a closing entry or its reversal.
        carried: its dimensions were valid on the day of another entry, which it follows; a value
            that has ended since does not stop it.
    """

    posting: Posting
    kind: EntryKind = EntryKind.NORMAL
    reverses_id: int | None = None
    draft_id: int | None = None
    taxes: tuple[TaxRow, ...] = ()
    roles: tuple[RoleRow, ...] = ()
    approved: bool = False
    by_allocation: bool = False
    in_closing: bool = False
    carried: bool = False

    @property
    def period_kind(self) -> PeriodKind:
        """The kind of period that it is posted in."""
        if self.in_closing:
            return PeriodKind.CLOSING
        return PeriodKind.ADJUSTMENT if self.posting.adjustment else PeriodKind.MONTH


def order_of(posting: Posting) -> Order:
    """What somebody asks to be posted, as an order of its own kind."""
    return Order(posting, EntryKind.EXCHANGE if posting.exchange else EntryKind.NORMAL)


@dataclass(frozen=True, slots=True)
class Checked:
    """An order that may be written, with everything it refers to.

    Arguments:
        period: None for a draft dated where no fiscal year is yet.
        existing: the entry that was posted before under the same key with the same content.
        late: by what right it is posted in a period that is not open to everybody.
        waits: it is over a limit of the company, so a second person has to approve it.
    """

    order: Order
    journal: JournalRef
    period: PeriodRef | None
    lines: tuple[LineRow, ...]
    payload_hash: str
    existing: Existing | None = None
    late: Late | None = None
    waits: bool = False
