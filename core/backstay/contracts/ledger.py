"""The posting contract: how other plugins and imports put entries into the general ledger.

Amounts are signed in the base currency of the company: debit positive, credit negative. The
provider checks the permission and the database checks balance, period and company once more when
an entry becomes posted (double-entry principle; see docs/explanation/ledger.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from sqlalchemy.orm import Session

    from backstay.i18n import Text


@dataclass(frozen=True, slots=True)
class AccountRole:
    """What an account is for, where the account itself is the company's own choice.

    Plugins declare theirs with the hook ``backstay_account_roles``; their postings name the role,
    and rules of the company lead from it to an account.

    Arguments:
        name: unique among all plugins, such as ``receivable`` or ``payroll.wages_payable``.
        label: what people read.
        help: which accounts are meant, in one sentence.
    """

    name: str
    label: Text
    help: Text = ""


@dataclass(frozen=True, slots=True)
class AccountContext:
    """What the rules that choose an account may look at; empty where it is not known.

    Arguments:
        item_group: of what is sold, bought or moved, as the company calls its groups.
        party_group: of the customer, vendor or employee.
        country: ISO 3166-1 alpha-2, where the supply is taxed.
    """

    item_group: str = ""
    party_group: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One line of an entry.

    Arguments:
        account: the account's code in the company's chart; empty where ``role`` is given.
        amount: base currency, debit > 0, credit < 0, at the currency's minor unit; never 0.
        text: what the line says; the entry's memo stands when it is empty.
        currency: ISO 4217 code when the line was made in another currency, else None.
        amount_currency: the amount in that currency, same sign; None with ``currency`` None. Zero
            in an exchange of currencies where only the value of a foreign amount changes.
        tax_code: the code of the tax on this line, or several with ``+`` between them, in the order
            in which they are computed. The lines of tax are added by the provider.
        tax_included: whether the amounts contain the tax; None as the code says. A line that
            contains tax is posted net.
        tax_line: this is a line of tax itself, as the document has it: the sum of tax ``tax_code``
            on this account. It may differ from what is computed by one unit a taxed line.
        role: the account's role, in place of ``account``; rules of the company choose the account.
        context: what those rules look at.
        party: who owes it or is owed it, where the account is managed by open items; at most 80
            characters, compared as they are.
        due_date: when it is to be paid; None for the entry's own date.
        dimensions: codes of dimensions and of their values: ``(("cost_centre", "100"),)``.
    """

    account: str
    amount: Decimal
    text: str = ""
    currency: str | None = None
    amount_currency: Decimal | None = None
    tax_code: str = ""
    tax_included: bool | None = None
    tax_line: bool = False
    role: str = ""
    context: AccountContext | None = None
    party: str = ""
    due_date: date | None = None
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The document that an entry comes from, for drill-down.

    Arguments:
        plugin: the name of the plugin that owns the document.
        type: the document's resource, such as ``invoicing.invoice``.
        id: the document's id as text.
    """

    plugin: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry to be posted.

    Arguments:
        key: idempotency key, unique in the company: posting the same content again under it
            returns the old entry; other content under it is refused.
        journal: the journal's code.
        date: accounting date (business date).
        reference: the document's own number, as people quote it.
        row: row of the file it came from, to be named in errors.
        exchange: currencies are exchanged, or foreign amounts get another value: a currency need
            not come to zero, but what is left of it has a value on the same side.
        adjustment: it belongs into the adjustment period of its fiscal year (the thirteenth),
            whose only day is the last of the year.
        paid_in_cash: lines on the account of the role ``cash`` are rounded to the smallest coin of
            the base currency, and what that leaves over is a line of its own.
        at_rate: lines in a foreign currency come with an ``amount`` of zero and get it by the rate
            of the date. Debits and credits of a currency that are equal are so in base currency
            too: their whole is rounded once and split by the largest remainder.
    """

    key: str
    journal: str
    date: date
    lines: tuple[PostingLine, ...]
    memo: str = ""
    reference: str = ""
    source: Source | None = None
    row: int | None = None
    exchange: bool = False
    adjustment: bool = False
    paid_in_cash: bool = False
    at_rate: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted entry.

    Arguments:
        number: its gapless number in journal and fiscal year, such as ``GEN-2026-000017``.
        existed: True when the key had been posted before with the same content.
        waits: it is over a limit of the company, so it has no number yet: a second person posts
            it by approving it, or sends it back. Whoever needs the number follows
            ``ledger.entries_posted``.
    """

    id: int
    number: str
    existed: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A posted line that waits for its counterpart, as it stands at the end of a day.

    Arguments:
        number: of the entry that it is a line of.
        due_date: the entry's date where none was given.
        currency: None for the base currency of the company.
        amount: the original in that currency, debit positive.
        residual: what is not allocated of it, in the same currency and on the same side.
        residual_base: the same in the base currency.
        held: it is blocked or disputed, and can't be allocated.
    """

    id: int
    entry_id: int
    number: str
    account: str
    party: str
    due_date: date
    date: date
    currency: str | None
    amount: Decimal
    residual: Decimal
    residual_base: Decimal
    reference: str = ""
    text: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two open items that are to settle each other.

    Arguments:
        debit, credit: ids of the items.
        amount: in the currency of both, > 0; None for as much as both have left.
    """

    debit: int
    credit: int
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Allocated:
    """An allocation as it was made.

    Arguments:
        amount: in the currency of the items; negative for one that undoes another.
        gain: the realised exchange difference in base currency; negative for a loss.
        entry: the entry that books the difference, or moves the amount between two accounts.
        existed: True when the key had been used before for the same.
        tax_waits: the tax that falls due by it is over a limit and waits for a second person.
    """

    id: int
    debit: int
    credit: int
    amount: Decimal
    on: date
    gain: Decimal
    entry: Posted | None = None
    existed: bool = False
    tax_waits: bool = False


@dataclass(frozen=True, slots=True)
class EntriesPosted:
    """Entries became part of the books of the company that the job runs in; reversals too.

    Arguments:
        entry_ids: at most 1,000 of them; a larger batch is several events.
    """

    name: ClassVar[str] = "ledger.entries_posted"
    version: ClassVar[int] = 1

    entry_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BooksChecked:
    """Every check of the books was asked, in the company that the job runs in.

    Arguments:
        run_id: of the run that was kept (``ledger_check_run``).
        broken: how many checks found something; 0 when the books are sound.
    """

    name: ClassVar[str] = "ledger.books_checked"
    version: ClassVar[int] = 1

    run_id: int
    broken: int


@dataclass(frozen=True, slots=True)
class EntriesReversed:
    """Posted entries were taken back by their mirror images.

    Arguments:
        entry_ids: the entries that were reversed, at most 1,000.
        reversal_ids: for each of them, the entry that reverses it.
    """

    name: ClassVar[str] = "ledger.entries_reversed"
    version: ClassVar[int] = 1

    entry_ids: tuple[int, ...]
    reversal_ids: tuple[int, ...]


class Ledger(Protocol):
    """Posting to the general ledger of the company that the session works in."""

    def post(self, session: Session, posting: Posting) -> Posted:
        """Post one entry.

        Raises:
            Invalid: names the field (``lines.2.account``) and the reason.
            Conflict: the period is closed, or the key was used for other content.
            Forbidden: the actor may not post.
        """
        ...

    def post_many(self, session: Session, postings: Sequence[Posting]) -> list[Posted]:
        """Post many entries in one transaction, all or none; numbers are taken once a journal.

        Those over a limit wait for approval, each by itself, while the others are posted.

        Raises:
            Invalid: lists every problem of every entry, with its row.
        """
        ...

    def preview(self, session: Session, posting: Posting) -> list[PostingLine]:
        """What ``post`` would write, checked by the same code, without writing anything.

        Raises:
            Invalid: as ``post`` does.
        """
        ...

    def reverse(self, session: Session, entry_id: int, on: date, reason: str, key: str) -> Posted:
        """Post the mirror image of an entry; an entry can be reversed once.

        Raises:
            Conflict: it is no posted entry, or was reversed before.
        """
        ...

    def open_items(
        self, session: Session, as_of: date, *, account: str = "", party: str = ""
    ) -> list[OpenItem]:
        """The items that are open at the end of a day, oldest first.

        Arguments:
            account: the code of their account; empty for all.
            party: their party; empty for all.

        Raises:
            NotFound: the company has no such account.
        """
        ...

    def allocate(
        self, session: Session, pairs: Sequence[Pair], on: date | None, key: str
    ) -> list[Allocated]:
        """Let open items settle each other, all pairs or none; books exchange differences.

        Arguments:
            on: the day of the allocation, not before its items; None for the later of both.
            key: idempotency key: the same pairs under it are answered, other ones are refused.

        Raises:
            Invalid: names the pair (``pairs.0.amount``): other parties, currencies or accounts,
                more than an item has left, or a day before its items.
            Conflict: an item is blocked or disputed, or the key was used for other pairs.
        """
        ...

    def undo_allocation(
        self, session: Session, allocation_id: int, on: date, key: str
    ) -> Allocated:
        """Take an allocation back, once, and reverse the entry that it posted.

        Raises:
            Conflict: it was undone before, or is itself the undoing of another.
        """
        ...

    def claim_control_account(self, session: Session, account: str, sub_ledger: str) -> None:
        """Let lines get to an account only through a sub-ledger from now on.

        The account becomes managed by open items. Its lines need a party, and entries whose source
        is the sub-ledger's plugin; opening balances are the exception.

        Arguments:
            account: the account's code.
            sub_ledger: the plugin and its sub-ledger, such as ``invoicing.receivables``.

        Raises:
            Conflict: another sub-ledger has it, or lines without open items stand on it.
        """
        ...

    def balance(self, session: Session, account: str, as_of: date) -> Decimal:
        """The balance of an account at the end of a day, base currency, debit positive.

        Raises:
            NotFound: the company has no such account.
        """
        ...
