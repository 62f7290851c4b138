"""From a plain-text journal to the rows that the imports of charts and journals take.

Keys come from the content, so that the same entry of a file is the same entry of the books however
much the file grew around it. Twins in a file are counted, and each gets its own key.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import CompanyRef, Problem, StagedRow, TextFormat, company_of, lazy
from backstay.spi import gettext as _
from backstay_ledger.imports.plaintext.amounts import NotAnAmount, Written, is_currency
from backstay_ledger.imports.plaintext.journal import Journal, JournalEntry, is_journal
from backstay_ledger.models import AccountClass

CLASSES: Final[dict[str, AccountClass]] = {
    "A": AccountClass.ASSET,
    "C": AccountClass.ASSET,
    "Asset": AccountClass.ASSET,
    "Assets": AccountClass.ASSET,
    "Cash": AccountClass.ASSET,
    "L": AccountClass.LIABILITY,
    "Liability": AccountClass.LIABILITY,
    "Liabilities": AccountClass.LIABILITY,
    "E": AccountClass.EQUITY,
    "V": AccountClass.EQUITY,
    "Equity": AccountClass.EQUITY,
    "Conversion": AccountClass.EQUITY,
    "R": AccountClass.INCOME,
    "Revenue": AccountClass.INCOME,
    "Income": AccountClass.INCOME,
    "X": AccountClass.EXPENSE,
    "Expense": AccountClass.EXPENSE,
    "Expenses": AccountClass.EXPENSE,
}
"""What journals say about an account: hledger's ``type:`` tag, the five roots of beancount."""
SOURCE: Final = "journal"
_ZERO: Final = Decimal(0)


class ChartReading:
    """The accounts that a journal declares or uses, as rows of a chart."""

    def __init__(self, text: str) -> None:
        self._journal = Journal(text)

    @property
    def problems(self) -> list[Problem]:
        """What keeps the file out, each with its line."""
        return self._journal.problems

    @property
    def notes(self) -> list[str]:
        """What was assumed or left aside."""
        return self._journal.notes()[:1]

    def rows(self) -> Iterator[StagedRow]:
        """One row an account, at the line that names it first."""
        self._journal.learn()
        # Amounts do not matter to a chart: the import of the journal will tell.
        self._journal.problems = [
            one for one in self._journal.problems if one.field not in {"amount", "date"}
        ]
        for name, declared in self._journal.accounts.items():
            known = CLASSES.get(declared.kind)
            kind = known.value if known else AccountClass.UNSET.value
            yield StagedRow(declared.line, {"code": name, "name": "", "type": kind})


class JournalReading:
    """The entries of a journal, as rows of an import of entries."""

    def __init__(self, text: str, company: CompanyRef) -> None:
        self._journal = Journal(text)
        self._company = company
        self._seen: Counter[str] = Counter()

    @property
    def problems(self) -> list[Problem]:
        """What keeps the file out, each with its line."""
        return self._journal.problems

    @property
    def notes(self) -> list[str]:
        """What was assumed or left aside."""
        return self._journal.notes()

    def rows(self) -> Iterator[StagedRow]:
        """One row a posting, at its line; the amounts are those of the base currency."""
        self._journal.learn()
        self._seen.clear()
        for entry in self._journal.entries():
            amounts = self._amounts(entry) if entry.sound else None
            if amounts is not None:
                yield from self._entry(entry, amounts)

    def _entry(
        self, entry: JournalEntry, amounts: list[tuple[int, str, Decimal]]
    ) -> Iterator[StagedRow]:
        posted = [one for one in amounts if one[2]]
        for _zero in range(len(amounts) - len(posted)):
            self._journal.set_aside("zeros")
        if not posted:
            self._journal.set_aside("empty")
            return
        name = self._name(entry, posted)
        for line, account, amount in posted:
            yield StagedRow(
                line,
                {
                    "entry": name,
                    "date": entry.day.isoformat(),
                    "memo": entry.memo,
                    "source": SOURCE,
                    "reference": entry.code,
                    "journal": "",
                    "account": account,
                    "debit": f"{amount:f}" if amount > 0 else "",
                    "credit": f"{-amount:f}" if amount < 0 else "",
                },
            )

    def _name(self, entry: JournalEntry, posted: list[tuple[int, str, Decimal]]) -> str:
        content = "\n".join(
            [
                entry.day.isoformat(),
                entry.memo,
                entry.code,
                *(f"{account}\t{amount.normalize():f}" for _line, account, amount in posted),
            ]
        )
        digest = hashlib.sha256(content.encode()).hexdigest()[:20]
        self._seen[digest] += 1
        twin = self._seen[digest]
        return f"{entry.day.isoformat()}-{digest}" + (f"-{twin}" if twin > 1 else "")

    def _amounts(self, entry: JournalEntry) -> list[tuple[int, str, Decimal]] | None:
        """The postings with their signed amounts; None where the entry has a problem."""
        found: list[tuple[int, str, Decimal]] = []
        open_at: int | None = None
        total = _ZERO
        sound = True
        for posting in entry.postings:
            if posting.amount is None:
                if open_at is not None:
                    self._journal.problem(
                        posting.line,
                        _("Only one line of an entry can be left without an amount."),
                        "amount",
                    )
                    sound = False
                open_at = len(found)
                found.append((posting.line, posting.account, _ZERO))
                continue
            amount = self._value(posting.line, posting.amount)
            if amount is None:
                sound = False
                continue
            total += amount
            found.append((posting.line, posting.account, amount))
        if not sound:
            return None
        if open_at is not None and len(found) > 1:
            line, account, _amount = found[open_at]
            found[open_at] = (line, account, -total)
        elif total or open_at is not None:
            self._unbalanced(entry, total)
            return None
        return found

    def _unbalanced(self, entry: JournalEntry, total: Decimal) -> None:
        self._journal.problem(
            entry.line,
            _(
                "The entry does not balance: its amounts add up to %(amount)s instead of 0.",
                amount=f"{total:f}",
            )
            if total
            else _("The entry has no amount."),
            "amount",
        )

    def _value(self, line: int, written: Written) -> Decimal | None:
        base = self._company.currency
        if written.currency and not is_currency(written.currency, base):
            self._journal.problem(
                line,
                _(
                    "The amount is in %(currency)s, but the books are kept in %(base)s. Only"
                    " entries in the base currency can be imported from a journal.",
                    currency=written.currency[:20],
                    base=base,
                ),
                "amount",
            )
            return None
        try:
            value = self._journal.mark.value(written.number)
        except NotAnAmount as error:
            self._journal.problem(line, str(error), "amount")
            return None
        return -value if written.negative else value


def _read_chart(_session: Session, text: str) -> ChartReading:
    return ChartReading(text)


def _read_entries(session: Session, text: str) -> JournalReading:
    return JournalReading(text, company_of(session))


PLAIN_TEXT_CHART: Final = TextFormat(
    lazy("Plain-text journal (hledger, ledger, beancount)"), is_journal, _read_chart
)
PLAIN_TEXT_ENTRIES: Final = TextFormat(
    lazy("Plain-text journal (hledger, ledger, beancount)"), is_journal, _read_entries
)
