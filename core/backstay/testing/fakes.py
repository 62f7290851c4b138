"""Stand-ins for other plugins behind their contracts, which check what they are asked.

A plugin that posts to the ledger is so tested without the ledger, and yet refused what the ledger
would refuse. A test of Backstay asks each fake and the real thing the same, and compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay.contracts.ledger import (
    Allocated,
    OpenItem,
    Pair,
    Posted,
    Posting,
    PostingLine,
    Source,
)
from backstay.db.context import CompanyRef, company_of
from backstay.errors import Conflict, Invalid, NotFound, Problem
from backstay.testing.fake_calendars import FakeCalendars
from backstay.testing.fake_items import EXCHANGE, FakeItems

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_LONGEST: Final = {"memo": 500, "reference": 100, "key": 120}
_FEWEST_LINES: Final = 2


@dataclass
class FakeLedger:
    """A ledger in memory, for ``provide(Ledger, FakeLedger())``; one company is enough for it.

    It checks all that needs no books: journal, accounts, amounts, decimals, balance, lengths and
    idempotency keys. It knows no fiscal years and takes every date.

    Arguments:
        accounts: codes of the chart; left out, every code is one.
        journals: codes of the journals.
        closed: no entry may be dated on or before this day.
        open_item_accounts: codes of the accounts that are managed by open items.
        exchange_account: takes realised gains and losses alike.
    """

    accounts: frozenset[str] = frozenset()
    journals: frozenset[str] = frozenset({"GEN", "SAL", "PUR", "BANK"})
    closed: date | None = None
    open_item_accounts: frozenset[str] = frozenset()
    exchange_account: str = "7000"
    entries: dict[int, Posting] = field(default_factory=dict)
    """What was posted, by the number that was given."""
    items: FakeItems = field(default_factory=FakeItems)
    """The open items, their allocations and the claims of sub-ledgers."""
    _keys: dict[str, int] = field(default_factory=dict)
    _reversed: set[int] = field(default_factory=set)

    def post(self, session: Session, posting: Posting) -> Posted:
        """Post one entry.

        Raises:
            Invalid, Conflict: as the ledger does.
        """
        return self.post_many(session, [posting])[0]

    def post_many(self, session: Session, postings: Sequence[Posting]) -> list[Posted]:
        """Post many entries, all or none.

        Raises:
            Invalid, Conflict: lists every problem of every entry, with its row.
        """
        self._check(session, postings)
        return [self._keep(one) for one in postings]

    def preview(self, session: Session, posting: Posting) -> list[PostingLine]:
        """Check an entry without keeping it.

        Raises:
            Invalid, Conflict: as :meth:`post`.
        """
        self._check(session, [posting])
        return list(posting.lines)

    def reverse(self, session: Session, entry_id: int, on: date, reason: str, key: str) -> Posted:
        """Post the mirror image of an entry, once.

        Raises:
            Conflict: there is no such entry, or it was reversed before.
        """
        if key in self._keys:
            return self._posted(self._keys[key], existed=True)
        entry = self.entries.get(entry_id)
        if entry is None or entry_id in self._reversed:
            raise Conflict("Only a posted entry can be reversed, and only once.")
        if not reason.strip():
            raise Invalid("Say why it is reversed.", field="reason")
        mirrored = tuple(
            replace(
                line,
                amount=-line.amount,
                amount_currency=None if line.amount_currency is None else -line.amount_currency,
            )
            for line in entry.lines
        )
        made = self.post(session, replace(entry, key=key, date=on, lines=mirrored, memo=reason))
        self._reversed.add(entry_id)
        return made

    def open_items(
        self, session: Session, as_of: date, *, account: str = "", party: str = ""
    ) -> list[OpenItem]:
        """The items that are open at the end of a day, oldest first.

        Raises:
            NotFound: the chart has no such account.
        """
        if account:
            self.balance(session, account, as_of)
        return [
            one
            for one in self.items.open(as_of)
            if account in ("", one.account) and party in ("", one.party)
        ]

    def allocate(
        self, session: Session, pairs: Sequence[Pair], on: date | None, key: str
    ) -> list[Allocated]:
        """Let open items settle each other, all pairs or none.

        Raises:
            Invalid, Conflict: as the ledger does.
        """
        if (done := self.items.done(key, (tuple(pairs), on))) is not None:
            return done
        step = Decimal(1).scaleb(-company_of(session).minor_units)
        made = [replace(one, entry=self._book(one)) for one in self.items.allocate(pairs, on, step)]
        return self.items.keep(key, (tuple(pairs), on), made)

    def undo_allocation(
        self, session: Session, allocation_id: int, on: date, key: str
    ) -> Allocated:
        """Take an allocation back, once.

        Raises:
            Invalid, Conflict, NotFound: as the ledger does.
        """
        if (done := self.items.done(key, allocation_id)) is not None:
            return done[0]
        made = self.items.undo(allocation_id, on)
        entry = self.items.made[allocation_id].entry
        if entry is not None:
            made = replace(
                made, entry=self.reverse(session, entry.id, on, "The allocation was undone.", "")
            )
        return self.items.keep(key, allocation_id, [made])[0]

    def claim_control_account(self, session: Session, account: str, sub_ledger: str) -> None:
        """Let lines get to an account only through a sub-ledger.

        Raises:
            Conflict: another sub-ledger has it, or lines without open items stand on it.
            NotFound: the chart has no such account.
        """
        stands = self.balance(session, account, date.max)
        managed = account in self.open_item_accounts
        if self.items.claims.get(account, sub_ledger) != sub_ledger or (stands and not managed):
            raise Conflict(f"{account} can't be claimed by {sub_ledger}.")
        self.open_item_accounts |= {account}
        self.items.claims[account] = sub_ledger

    def balance(self, session: Session, account: str, as_of: date) -> Decimal:
        """The balance of an account at the end of a day, debit positive.

        Raises:
            NotFound: the chart has no such account.
        """
        company_of(session)
        if self.accounts and account not in self.accounts:
            raise NotFound(f"There is no account “{account}” in the chart.")
        return sum(
            (
                line.amount
                for entry in self.entries.values()
                if entry.date <= as_of
                for line in entry.lines
                if line.account == account
            ),
            Decimal(0),
        )

    def _keep(self, posting: Posting) -> Posted:
        if posting.key and posting.key in self._keys:
            return self._posted(self._keys[posting.key], existed=True)
        number = len(self.entries) + 1
        self.entries[number] = posting
        if posting.source is None or posting.source.type != EXCHANGE:
            posted = self._posted(number)
            self.items.add(posted, posting, self.open_item_accounts)
        if posting.key:
            self._keys[posting.key] = number
        return self._posted(number)

    def _posted(self, number: int, *, existed: bool = False) -> Posted:
        entry = self.entries[number]
        return Posted(number, f"{entry.journal}-{entry.date.year}-{number:06d}", existed=existed)

    def _book(self, made: Allocated) -> Posted | None:
        """The entry of what an allocation realised."""
        if not made.gain:
            return None
        account = self.items.originals[made.debit].account
        lines = (PostingLine(account, made.gain), PostingLine(self.exchange_account, -made.gain))
        source = Source("ledger", EXCHANGE, str(made.id))
        return self._keep(Posting("", "GEN", made.on, lines, "Allocation", source=source))

    def _check(self, session: Session, postings: Sequence[Posting]) -> None:
        company = company_of(session)
        problems: list[Problem] = []
        conflicts = 0
        seen: set[str] = set()
        for posting in postings:
            if posting.key and posting.key in self._keys:
                if _content(self.entries[self._keys[posting.key]]) != _content(posting):
                    conflicts += 1
                    said = f"“{posting.key}” was posted before with other content."
                    problems.append(Problem(said, "key", posting.row))
                continue
            if posting.key and posting.key in seen:
                said = f"The key “{posting.key}” is used twice in this batch."
                problems.append(Problem(said, "key", posting.row))
            seen.add(posting.key)
            found = [*self._problems(posting, company)]
            if not found and self.closed is not None and posting.date <= self.closed:
                conflicts += 1
                found.append(("The period is closed.", "date"))
            problems += [Problem(said, place, posting.row) for said, place in found]
        if problems:
            error = Conflict if conflicts == len(problems) else Invalid
            raise error(problems[0].message, problems=tuple(problems))

    def _problems(self, posting: Posting, company: CompanyRef) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if posting.journal not in self.journals:
            found.append((f"There is no journal “{posting.journal}”.", "journal"))
        for number, line in enumerate(posting.lines):
            found += [(said, f"lines.{number}.{name}") for said, name in self._of(line, company)]
            managed = line.account in self.open_item_accounts
            found += [
                (said, f"lines.{number}.{name}")
                for said, name in self.items.problems(line, posting, managed=managed)
            ]
        for name, most in _LONGEST.items():
            if len(getattr(posting, name)) > most:
                found.append((f"It is too long: {most} characters at most.", name))
        if not found:
            found += [(said, "lines") for said in _unbalanced(posting.lines)]
        return found

    def _of(self, line: PostingLine, company: CompanyRef) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if not line.account or (self.accounts and line.account not in self.accounts):
            found.append((f"There is no account “{line.account}” in the chart.", "account"))
        if not isinstance(line.amount, Decimal):
            raise TypeError(f"amounts are Decimal, not {type(line.amount).__name__}")
        step = Decimal(1).scaleb(-company.minor_units)
        if not line.amount.is_finite() or line.amount != line.amount.quantize(step):
            found.append((f"{line.amount} has more decimals than {company.currency}.", "amount"))
        elif line.amount == 0:
            found.append(("The amount is missing.", "amount"))
        if (line.currency is None) != (line.amount_currency is None):
            said = "Give the foreign currency and the amount in it, or neither."
            found.append((said, "amount_currency"))
        elif line.currency == company.currency:
            found.append((f"“{line.currency}” is not a foreign currency.", "currency"))
        elif line.amount_currency is not None and line.amount_currency * line.amount <= 0:
            said = "Both amounts of a line are debits or both are credits."
            found.append((said, "amount_currency"))
        return found


def _unbalanced(lines: Sequence[PostingLine]) -> list[str]:
    if len(lines) < _FEWEST_LINES:
        return ["An entry needs at least two lines."]
    out = sum((line.amount for line in lines), Decimal(0))
    return [f"The entry is out by {abs(out)}."] if out else []


def _content(posting: Posting) -> Posting:
    return replace(posting, row=None)


__all__ = ["FakeCalendars", "FakeLedger"]
