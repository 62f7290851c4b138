"""The FEC: the file of accounting entries that a French tax inspector asks for.

Livre des procédures fiscales, art. L47 A and A47 A-1 (arrêté of 29 July 2013): a text file of 18
columns, here with tabs between them and in UTF-8, dates as YYYYMMDD, a comma before the decimals,
amounts as debit and credit, entries in the order of their validation. The balances that the year
began with come first, as an entry of its own (“à nouveaux”); entries that close the year's income
and expenses are left out (BOI-CF-IOR-60-40-20). The file is called ``<SIREN>FEC<last day>.txt``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Final

from backstay.contracts.books import (
    BookAccount,
    BookEntry,
    BookLine,
    BookParty,
    BookSpan,
)
from backstay.spi import Conflict, Invalid, Problem, company_of
from backstay.spi import gettext as _
from backstay_auditfiles.books import books_of
from backstay_auditfiles.formats.reading import ZERO
from backstay_auditfiles.services.company import reporting_company
from backstay_auditfiles.siren import is_siren

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from sqlalchemy.orm import Session

    from backstay.contracts.audit_files import AuditFileTarget

COLUMNS: Final = (
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
)
OPENING_JOURNAL: Final = ("AN", "À nouveaux")
"""Where the company has no journal for opening balances; its name is the label of the rows."""
OPENING_NUMBER: Final = "AN-"
_EURO: Final = "EUR"
_PIECE: Final = 2000
_MOST_CODES: Final = 5
_CLASS: Final = 3
"""Digits that say the class of an account in the plan comptable général."""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FEWEST_LETTERS: Final = 3
_SEPARATORS: Final = "\t\r\n|\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""What a text may not have; few have any of it."""
_SPACES: Final = str.maketrans(dict.fromkeys(_SEPARATORS, " "))
_TO_CHANGE: Final = re.compile(f"[{_SEPARATORS}]")
_RESULT: Final = frozenset({"income", "expense"})


def file_name(siren: str, end: date) -> str:
    """What the law calls the file (art. A47 A-1, III)."""
    return f"{siren}FEC{end:%Y%m%d}.txt"


def write_fec(session: Session, span: BookSpan, target: AuditFileTarget) -> str:
    """Write the entries of some days; returns the file's name.

    Raises:
        Conflict: the company has no valid SIREN, or keeps its books in another currency than euros
            (Code de commerce, art. L123-22).
        Invalid: an account's code does not begin with three digits as those of the plan comptable
            général do.
    """
    siren = _checked_siren(session)
    books = books_of(session)
    accounts = books.accounts(session, span)
    _check_codes(accounts)
    journals = books.journals(session)
    names = {one.code: one.name for one in accounts}
    writer = _Rows(company_of(session).minor_units, names, {one.code: one.name for one in journals})
    found = next(((one.code, one.name) for one in journals if one.kind == "opening"), None)
    journal = "\t".join(_text(part) for part in found or OPENING_JOURNAL)
    entries = books.entries(session, span)
    first = next(entries, None)
    valid = span.start if first is None else min(span.start, first.posted_on)
    brought = brought_forward(accounts, books.parties(session, span))
    kept = ["\t".join(COLUMNS), *writer.opening(brought, span, journal, valid)]
    for entry in entries if first is None else chain((first,), entries):
        kept += writer.entry(entry)
        if len(kept) >= _PIECE:
            _put(target, kept)
    _put(target, kept)
    return file_name(siren, span.end)


def _put(target: AuditFileTarget, kept: list[str]) -> None:
    if kept:
        target.write(("\r\n".join(kept) + "\r\n").encode())
        kept.clear()


def brought_forward(
    accounts: Iterable[BookAccount], parties: Iterable[BookParty]
) -> Iterator[tuple[str, str, Decimal]]:
    """The opening balances, each account by its parties and then what belongs to none.

    Returns:
        code of the account, party or empty, amount (debit positive).
    """
    of_parties: dict[str, list[BookParty]] = {}
    for one in parties:
        of_parties.setdefault(one.account, []).append(one)
    for account in accounts:
        left = account.opening
        for one in of_parties.get(account.code, ()):
            if one.opening:
                left -= one.opening
                yield account.code, one.party, one.opening
        if left:
            yield account.code, "", left


def notes_on(session: Session, span: BookSpan) -> Iterator[str]:
    """What whoever hands the file out should know."""
    if not span.fiscal_year:
        yield _("These days are no whole fiscal year; the authority expects one.")
    carried = [
        one.code
        for one in books_of(session).accounts(session, span)
        if one.opening and one.kind in _RESULT
    ]
    if carried:
        yield _(
            "Accounts of income and expenses begin with balances of earlier years (%(codes)s):"
            " close those years first.",
            codes=", ".join(carried[:_MOST_CODES]),
        )


def letters(number: int) -> str:
    """The letters by which lines that settle each other are found: AAA, AAB, ..."""
    found = ""
    rest = number - 1
    while rest or len(found) < _FEWEST_LETTERS:
        rest, place = divmod(rest, len(_LETTERS))
        found = _LETTERS[place] + found
    return found


def _checked_siren(session: Session) -> str:
    company = reporting_company(session)
    siren = company.siren if company else ""
    problem = ""
    if not siren:
        problem = _("The company has no SIREN yet: enter it under “Company in audit files”.")
    elif not is_siren(siren):
        problem = _("“%(siren)s” is not a SIREN: its check digit does not fit.", siren=siren)
    elif (currency := company_of(session).currency) != _EURO:
        problem = _("An FEC is in euros, and these books are in %(currency)s.", currency=currency)
    if problem:
        raise Conflict(problem, field="siren")
    return siren


def _check_codes(accounts: Iterable[BookAccount]) -> None:
    """Refuse codes of accounts in use that are none of the plan comptable général."""
    wrong = [
        one.code
        for one in accounts
        if (one.opening or one.debit or one.credit)
        and not (one.code[:_CLASS].isascii() and one.code[:_CLASS].isdecimal())
    ]
    if wrong:
        message = _("The code does not begin with three digits, as an FEC asks for.")
        raise Invalid(
            _("The chart of accounts does not fit an FEC."),
            problems=tuple(
                Problem(f"{code[:40]}: {message}", "CompteNum") for code in wrong[:_MOST_CODES]
            ),
        )


class _Rows:
    """Turns entries into rows.

    Arguments:
        accounts, journals: names by code.
    """

    def __init__(
        self, minor_units: int, accounts: dict[str, str], journals: dict[str, str]
    ) -> None:
        self._units = minor_units
        self._zero = f"{ZERO:.{minor_units}f}".replace(".", ",")
        self._accounts = {code: f"{_text(code)}\t{_text(name)}" for code, name in accounts.items()}
        self._journals = {code: f"{_text(code)}\t{_text(name)}" for code, name in journals.items()}

    def opening(
        self,
        balances: Iterable[tuple[str, str, Decimal]],
        span: BookSpan,
        journal: str,
        valid: date,
    ) -> Iterator[str]:
        """The balances that the year began with: account, party and amount of each."""
        day = f"{span.start:%Y%m%d}"
        number = f"{OPENING_NUMBER}{day}"
        label = OPENING_JOURNAL[1]
        for account, party, amount in balances:
            yield (
                f"{journal}\t{number}\t{day}\t{self._accounts[account]}\t{_aux(party)}\t"
                f"{number}\t{day}\t{label}\t{self._both(amount)}\t\t\t{valid:%Y%m%d}\t\t"
            )

    def entry(self, entry: BookEntry) -> Iterator[str]:
        """The rows of an entry."""
        day = f"{entry.date:%Y%m%d}"
        head = f"{self._journals[entry.journal]}\t{_text(entry.number)}\t{day}"
        piece = f"{_text(entry.reference) or _text(entry.number)}\t{day}"
        label = _text(entry.memo) or _text(entry.number)
        valid = f"{entry.posted_on:%Y%m%d}"
        for line in entry.lines:
            yield (
                f"{head}\t{self._accounts[line.account]}\t{_aux(line.party)}\t{piece}\t"
                f"{_text(line.text) or label}\t{self._both(line.amount)}\t{_settled(line)}\t"
                f"{valid}\t{_foreign(line)}"
            )

    def _both(self, amount: Decimal) -> str:
        """Debit and credit."""
        text = f"{abs(amount):.{self._units}f}".replace(".", ",")
        return f"{text}\t{self._zero}" if amount > 0 else f"{self._zero}\t{text}"


def _text(text: str) -> str:
    """A text without what separates columns and rows."""
    if _TO_CHANGE.search(text) is None:
        return text.strip()
    return text.translate(_SPACES).strip()


def _aux(party: str) -> str:
    return f"{_text(party)}\t{_text(party)}" if party else "\t"


def _settled(line: BookLine) -> str:
    if not line.settlement or line.settled_on is None:
        return "\t"
    return f"{letters(line.settlement)}\t{line.settled_on:%Y%m%d}"


def _foreign(line: BookLine) -> str:
    if not line.currency or line.amount_currency is None:
        return "\t"
    return f"{line.amount_currency.normalize():f}".replace(".", ",") + f"\t{line.currency}"
