"""Reading an FEC, of whatever origin: each row, each entry, and what they add up to.

What is checked is what art. A47 A-1 of the livre des procédures fiscales asks for: the 18 columns
in their order (further ones may follow), tabs or ``|`` between them, fields that may not be empty,
dates and amounts; that each entry balances and that entries stand in the order of validation.
Amounts may stand as ``Debit`` and ``Credit`` or as ``Montant`` and ``Sens``.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from backstay.spi import gettext as _
from backstay_auditfiles.formats.fec import COLUMNS
from backstay_auditfiles.formats.reading import LONGEST, ZERO, FileRead

if TYPE_CHECKING:
    from backstay.contracts.audit_files import AuditFileTarget

_FILLED: Final = (0, 1, 2, 3, 4, 5, 8, 9, 10, 15)
"""Places of the columns that are never empty."""
_FIELDS: Final = itemgetter(*_FILLED)
_DATES_OF_A_ROW: Final = (3, 9, 15, 14)
_DEBIT, _CREDIT, _LETTERED, _LETTERED_ON, _FOREIGN, _CURRENCY = 11, 12, 13, 14, 16, 17
_AUX, _AUX_NAME, _ACCOUNT, _ACCOUNT_NAME, _DATE, _VALID = 6, 7, 4, 5, 3, 15
_AMOUNT: Final = re.compile(r"[+-]?\d{1,15}(?:[,.]\d{1,4})?")
_DIGITS: Final = re.compile(r"[0-9]{8}")
_WITH_SIDE: Final = (*COLUMNS[:11], "Montant", "Sens", *COLUMNS[13:])
_SIDES: Final = {"D": 1, "+1": 1, "1": 1, "C": -1, "-1": -1}
_PLAN: Final = re.compile(r"[0-9]{3}")


def read_fec(file: AuditFileTarget) -> FileRead:
    """Read a file from its beginning, a line at a time; what is wrong is noted, not raised."""
    file.seek(0)
    return _Reader().read(file)


class _Reader:
    def __init__(self) -> None:
        self.found = FileRead("fec", "FEC", currency="EUR")
        self._columns = len(COLUMNS)
        self._with_side = False
        self._separator = "\t"
        self._line = 0
        self._entry: tuple[str, str] | None = None
        self._balance = ZERO
        self._begun = 0
        self._broken: dict[tuple[str, str], tuple[Decimal, int]] = {}
        self._valid = ""
        self._dated = self._nothing = ""
        self._dates: dict[str, date | None] = {}
        self._days: set[str] = set()

    def read(self, file: AuditFileTarget) -> FileRead:
        while data := file.readline(LONGEST + 1):
            self._line += 1
            if len(data) > LONGEST:
                self._wrong("", _("The line is longer than %(n)s bytes.", n=LONGEST))
                break
            text = self._decoded(data)
            if self._line == 1:
                if not self._header(text):
                    break
            elif text.strip():
                self._row(text.split(self._separator))
        if not self._line:
            self._wrong("", _("The file is empty."))
        self._end_entry()
        for (journal, number), (balance, line) in self._broken.items():
            self.found.complain(
                line,
                "Debit",
                _(
                    "Entry %(number)s of journal %(journal)s is out of balance by %(balance)s.",
                    number=number,
                    journal=journal,
                    balance=balance,
                ),
            )
        return self.found

    def _wrong(self, name: str, message: str) -> None:
        self.found.complain(self._line, name, message)

    def _decoded(self, data: bytes) -> str:
        """A line as text: UTF-8, or ISO 8859-15 as the law names it."""
        try:
            text = data.decode("utf-8-sig" if self._line == 1 else "utf-8")
        except UnicodeDecodeError:
            text = data.decode("iso-8859-15")
        return text.rstrip("\r\n")

    def _header(self, text: str) -> bool:
        self._separator = "\t" if "\t" in text else "|"
        names = tuple(name.strip() for name in text.split(self._separator))
        self._columns = len(names)
        own = names[: len(COLUMNS)]
        self._with_side = own == _WITH_SIDE
        if own in (COLUMNS, _WITH_SIDE):
            return True
        expected = next(
            (
                (wanted, names[place] if place < len(names) else "")
                for place, wanted in enumerate(COLUMNS)
                if place >= len(names) or names[place] != wanted
            ),
            ("", ""),
        )
        self._wrong(
            expected[0],
            _("The column “%(name)s” is missing at its place.", name=expected[0]),
        )
        return False

    def _row(self, row: list[str]) -> None:
        if len(row) != self._columns:
            self._wrong(
                "",
                _(
                    "The row has %(n)s columns, the first line names %(of)s.",
                    n=len(row),
                    of=self._columns,
                ),
            )
            return
        self._check_filled(row)
        self._check_dates(row)
        amounts = self._amounts(row)
        if amounts is None:
            return
        debit, credit = amounts
        found = self.found
        found.lines += 1
        found.debit += debit
        found.credit += credit
        account = found.account(row[_ACCOUNT])
        account.name = account.name or row[_ACCOUNT_NAME]
        account.debit += debit
        account.credit += credit
        key = (row[0], row[2])
        if key != self._entry:
            self._end_entry()
            self._entry, self._balance, self._begun = key, ZERO, self._line
            if key in self._broken:
                self._balance, self._begun = self._broken.pop(key)
            else:
                found.entries += 1
        self._balance += debit - credit

    def _end_entry(self) -> None:
        """Keep an entry that does not balance yet: its rows may stand apart."""
        if self._entry is not None and self._balance:
            self._broken[self._entry] = (self._balance, self._begun)

    def _check_filled(self, row: list[str]) -> None:
        if not all(_FIELDS(row)):
            for place in _FILLED:
                if not row[place]:
                    self._wrong(COLUMNS[place], _("The field is empty."))
        if not _PLAN.match(row[_ACCOUNT]):
            self._wrong(COLUMNS[_ACCOUNT], _("The code does not begin with three digits."))
        for one, other in ((_AUX, _AUX_NAME), (_FOREIGN, _CURRENCY), (_LETTERED_ON, _LETTERED)):
            if row[one] and not row[other]:
                self._wrong(COLUMNS[other], _("The field is empty, beside one that is not."))
        if row[_FOREIGN] and not _AMOUNT.fullmatch(row[_FOREIGN]):
            self._wrong(COLUMNS[_FOREIGN], _("“%(text)s” is no amount.", text=row[_FOREIGN][:40]))

    def _check_dates(self, row: list[str]) -> None:
        for place in _DATES_OF_A_ROW:
            text = row[place]
            if text and text not in self._days and self._date(text) is None:
                self._wrong(COLUMNS[place], _("“%(text)s” is no date as 20261231.", text=text[:40]))
        if row[_DATE] != self._dated:
            self._dated = row[_DATE]
            day = self._date(self._dated)
            if day is not None:
                self.found.days(day)
        if row[_VALID] < self._valid:
            self._wrong(
                COLUMNS[_VALID], _("It is before that of the row above: entries are not in order.")
            )
        self._valid = row[_VALID]

    def _date(self, text: str) -> date | None:
        """A date; the same ones come again and again."""
        if text not in self._dates:
            self._dates[text] = None
            if _DIGITS.fullmatch(text):
                try:
                    self._dates[text] = date(int(text[:4]), int(text[4:6]), int(text[6:]))
                    self._days.add(text)
                except ValueError:
                    self._dates[text] = None
        return self._dates[text]

    def _amounts(self, row: list[str]) -> tuple[Decimal, Decimal] | None:
        """Debit and credit of a row; None where they can't be read."""
        first = self._amount(row[_DEBIT], _DEBIT)
        if self._with_side:
            side = _SIDES.get(row[_CREDIT])
            if side is None:
                self._wrong("Sens", _("“%(text)s” is no side.", text=row[_CREDIT][:40]))
            if first is None or side is None:
                return None
            return (first, ZERO) if side > 0 else (ZERO, first)
        second = self._amount(row[_CREDIT], _CREDIT)
        if first is None or second is None:
            return None
        if first and second:
            self._wrong(COLUMNS[_CREDIT], _("The row has a debit and a credit."))
        return first, second

    def _amount(self, text: str, place: int) -> Decimal | None:
        if not text or text == self._nothing:
            return ZERO
        if not _AMOUNT.fullmatch(text):
            name = "Montant" if self._with_side else COLUMNS[place]
            self._wrong(name, _("“%(text)s” is no amount.", text=text[:40]))
            return None
        amount = Decimal(text.replace(",", "."))
        if not amount:
            # The side of a row that has nothing is written in one way throughout a file.
            self._nothing = text
        return amount
