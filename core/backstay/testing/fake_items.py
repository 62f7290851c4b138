"""Open items in memory, for the ledger that stands in for the real one (backstay.testing.fakes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from backstay.contracts.ledger import Allocated, OpenItem, Pair, Posted, Posting, PostingLine
from backstay.errors import Conflict, Invalid, NotFound, Problem

EXCHANGE: Final = "ledger.allocation"
_LONGEST_PARTY: Final = 80
_NOTHING: Final = Decimal(0)


@dataclass
class FakeItems:
    """What stands open, what settled it, and which accounts sub-ledgers have claimed."""

    originals: dict[int, OpenItem] = field(default_factory=dict)
    made: dict[int, Allocated] = field(default_factory=dict)
    """Allocations by their ids."""
    undone: dict[int, int] = field(default_factory=dict)
    """Allocations that were undone, with those that undo them."""
    claims: dict[str, str] = field(default_factory=dict)
    """Sub-ledgers by the codes of their control accounts."""
    held: set[int] = field(default_factory=set)
    """Ids of items that are blocked or disputed."""
    _bases: dict[int, tuple[Decimal, Decimal]] = field(default_factory=dict)
    _keys: dict[str, tuple[Any, list[Allocated]]] = field(default_factory=dict)

    def add(self, posted: Posted, posting: Posting, accounts: frozenset[str]) -> None:
        """Make items of the lines on managed accounts."""
        for line in posting.lines:
            if line.account in accounts:
                amount = line.amount if line.amount_currency is None else line.amount_currency
                number = len(self.originals) + 1
                self.originals[number] = OpenItem(
                    number,
                    posted.id,
                    posted.number,
                    line.account,
                    line.party,
                    line.due_date or posting.date,
                    posting.date,
                    line.currency,
                    amount,
                    amount,
                    line.amount,
                    posting.reference,
                    line.text or posting.memo,
                )

    def problems(
        self, line: PostingLine, posting: Posting, *, managed: bool
    ) -> list[tuple[str, str]]:
        """What is wrong with a line as an item, each with its field."""
        if len(line.party) > _LONGEST_PARTY:
            return [("The party is too long.", "party")]
        if not managed:
            if line.party or line.due_date is not None:
                said = f"Account {line.account} is not managed by open items."
                return [(said, "party" if line.party else "due_date")]
            return []
        claimed = self.claims.get(line.account)
        if claimed is None:
            return []
        plugin = posting.source.plugin if posting.source else ""
        if plugin not in (claimed.partition(".")[0], "ledger"):
            return [(f"{line.account} is the control account of {claimed}.", "account")]
        return [] if line.party or plugin == "ledger" else [("Say whom it is owed by.", "party")]

    def open(self, as_of: date) -> list[OpenItem]:
        """What is open at the end of a day."""
        left = [self._left(item, as_of) for item in self.originals.values() if item.date <= as_of]
        return sorted((one for one in left if one.residual), key=lambda one: (one.due_date, one.id))

    def allocate(self, pairs: Sequence[Pair], on: date | None, step: Decimal) -> list[Allocated]:
        """Let items settle each other, all pairs or none."""
        if not pairs:
            raise Invalid("Choose a debit and a credit.", field="pairs")
        before = dict(self.made)
        made: list[Allocated] = []
        problems: list[Problem] = []
        conflicts = 0
        for place, pair in enumerate(pairs):
            debit, credit = (self._now(one) for one in (pair.debit, pair.credit))
            if (wrong := self._wrong(pair, debit, credit, on)) is not None:
                said, name = wrong
                conflicts += name == "hold"
                problems.append(Problem(said, f"pairs.{place}.{name}"))
                continue
            assert debit is not None and credit is not None  # noqa: PT018
            amount = pair.amount or min(debit.residual, -credit.residual)
            bases = (_part(debit, amount, step), _part(credit, amount, step))
            day = on or max(debit.date, credit.date)
            made.append(self._keep(pair, amount, day, bases))
        if problems:
            self.made = before
            error = Conflict if conflicts == len(problems) else Invalid
            raise error(problems[0].message, problems=tuple(problems))
        return made

    def undo(self, allocation_id: int, on: date) -> Allocated:
        """Take an allocation back by its opposite."""
        one = self.made.get(allocation_id)
        if one is None:
            raise NotFound("There is no such allocation.")
        if allocation_id in self.undone or one.amount < 0:
            raise Conflict("It was undone already, or undoes another.")
        if on < one.on:
            raise Invalid("An allocation is not undone before its own day.", field="on")
        debit, credit = self._bases[allocation_id]
        undoing = self._keep(Pair(one.debit, one.credit), -one.amount, on, (-debit, -credit))
        self.undone[allocation_id] = undoing.id
        return undoing

    def done(self, key: str, asked: Any) -> list[Allocated] | None:
        """What was made under a key, None for nothing."""
        if not key or key not in self._keys:
            return None
        before, made = self._keys[key]
        if before != asked:
            raise Conflict(f"The key “{key}” was used before.", field="key")
        return [replace(one, existed=True) for one in made]

    def keep(self, key: str, asked: Any, made: list[Allocated]) -> list[Allocated]:
        """Remember what was made under a key, with the entries that it posted."""
        self.made.update({one.id: one for one in made})
        if key:
            self._keys[key] = (asked, made)
        return made

    def _keep(
        self, pair: Pair, amount: Decimal, on: date, bases: tuple[Decimal, Decimal]
    ) -> Allocated:
        gain = bases[1] - bases[0]
        one = Allocated(len(self.made) + 1, pair.debit, pair.credit, amount, on, gain)
        self.made[one.id] = one
        self._bases[one.id] = bases
        return one

    def _now(self, item_id: int) -> OpenItem | None:
        item = self.originals.get(item_id)
        return None if item is None else self._left(item, date.max)

    def _left(self, item: OpenItem, as_of: date) -> OpenItem:
        amount, base = item.residual, item.residual_base
        for one in self.made.values():
            if one.on <= as_of and item.id in (one.debit, one.credit):
                sign = -1 if item.id == one.debit else 1
                amount += sign * one.amount
                base += sign * self._bases[one.id][sign == 1]
        return replace(item, residual=amount, residual_base=base, held=item.id in self.held)

    def _wrong(  # noqa: PLR0911 - one reason after the other
        self, pair: Pair, debit: OpenItem | None, credit: OpenItem | None, on: date | None
    ) -> tuple[str, str] | None:
        if debit is None or credit is None:
            return "There is no such open item.", "debit" if debit is None else "credit"
        if debit.amount < 0 or credit.amount > 0:
            return "A debit and a credit settle each other.", "debit"
        group = self.claims.get(debit.account, debit.account)
        if (debit.party, debit.currency, group) != (
            credit.party,
            credit.currency,
            self.claims.get(credit.account, credit.account),
        ):
            return "The items differ in party, currency or account.", "credit"
        if debit.held or credit.held:
            return "An item on hold can't be allocated.", "hold"
        if on is not None and on < max(debit.date, credit.date):
            return "An allocation is not dated before its items.", "on"
        least = min(debit.residual, -credit.residual)
        if least == 0 or (pair.amount is not None and not _NOTHING < pair.amount <= least):
            return "An item has not so much left.", "amount"
        return None


def _part(item: OpenItem, amount: Decimal, step: Decimal) -> Decimal:
    if amount == abs(item.residual):
        return abs(item.residual_base)
    share = abs(item.residual_base) * amount / abs(item.residual)
    return share.quantize(step, ROUND_HALF_UP)
