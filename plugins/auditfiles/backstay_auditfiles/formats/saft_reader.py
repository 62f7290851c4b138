"""Reading a SAF-T file of any origin: its structure, each transaction, and what they add up to.

The file is read a piece at a time and never held. Document types and entities, with which a file
could read others or grow without end, are refused before anything of them is expanded, and so are
texts and tags that are longer than any of an audit file. A file in the namespace of the OECD is
checked for the order of all elements; of national profiles what they share is checked. Source
documents (invoices, payments) have lines and amounts too; they are no entries, and passed over.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat

from backstay.spi import gettext as _
from backstay_auditfiles.formats.reading import LONGEST, ZERO, FileRead
from backstay_auditfiles.formats.saft_layout import LAYOUT, NAMESPACE, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.contracts.audit_files import AuditFileTarget

    _Handler = Callable[[str, dict[str, Any]], None]

_PIECE: Final = 64 * 1024
_LONGEST_TAG: Final = 1024 * 1024
_DEEPEST: Final = 32
_PASSED_OVER: Final = "SourceDocuments"
_PLACES: Final = {
    parent: {
        name: (place, child.many) for place, child in enumerate(children) for name in child.names
    }
    for parent, children in LAYOUT.items()
}
_NEEDED: Final = {
    parent: tuple(child.names for child in children if child.needed)
    for parent, children in LAYOUT.items()
}


class _Refused(Exception):
    """Nothing more is read."""


class _Kind:
    """What is known of an element by its name, looked up once for all that have it.

    Arguments:
        places: where its children stand; None for one that holds text, or is not known.
        needed: the children of which one has to be there; None for one that holds text.
        single: the names of those for which there is no other.
    """

    __slots__ = ("fits", "handler", "name", "needed", "places", "single")

    def __init__(self, name: str, handler: _Handler | None, *, strict: bool) -> None:
        pattern = PATTERNS.get(name)
        if pattern is not None and not strict and pattern.pattern[0] == "(":
            pattern = None
        self.name = name
        self.places = _PLACES.get(name)
        self.needed = _NEEDED.get(name)
        self.single = frozenset(one[0] for one in self.needed or () if len(one) == 1)
        self.handler = handler
        self.fits = pattern.fullmatch if pattern else None


class _Open:
    """An element that was begun: what it holds so far, and the place of its last child."""

    __slots__ = ("kind", "place", "values")

    def __init__(self, kind: _Kind) -> None:
        self.kind = kind
        self.place = -1
        self.values: dict[str, Any] | None = None

    def holds(self) -> dict[str, Any]:
        """Its children; most elements have none."""
        if self.values is None:
            self.values = {}
        return self.values


def read_saft(file: AuditFileTarget) -> FileRead:
    """Read a file from its beginning; what is wrong is noted, not raised."""
    file.seek(0)
    return _Reader().read(file)


class _Reader:
    def __init__(self) -> None:
        self.found = FileRead("saft", "SAF-T")
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.buffer_size = LONGEST
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype
        self._parser.ordered_attributes = True
        self._strict = False
        self._ordered = False
        self._passed_over = 0
        self._kinds: dict[str, _Kind] = {}
        self._root_of = _Open(_Kind("", None, strict=False))
        self._stack: list[_Open] = []
        self._above = self._root_of
        self._kept = ""
        self._known = {"CustomerID": set[str](), "SupplierID": set[str](), "TaxCode": set[str]()}
        self._balance = ZERO
        self._begun = 0
        self._dates: dict[str, date | None] = {}
        self._handlers: dict[str, _Handler] = {
            "Header": self._header,
            "Account": self._account,
            "Customer": self._party,
            "Supplier": self._party,
            "TaxCodeDetails": self._tax_code,
            "DebitAmount": self._amount,
            "CreditAmount": self._amount,
            "TaxInformation": self._tax,
            "Line": self._line,
            "Transaction": self._transaction,
            "GeneralLedgerEntries": self._entries,
        }

    def read(self, file: AuditFileTarget) -> FileRead:
        fed = 0
        try:
            while piece := file.read(_PIECE):
                fed += len(piece)
                self._parser.Parse(piece, False)  # noqa: FBT003 - the parser takes it by place only
                if fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
                    self._wrong("", _("A tag is longer than %(n)s bytes.", n=_LONGEST_TAG))
                    return self.found
            self._parser.Parse(b"", True)  # noqa: FBT003
        except expat.ExpatError as error:
            self._no_xml(error.lineno, expat.ErrorString(error.code))
            return self.found
        except (LookupError, ValueError) as error:
            if self._stack:
                raise
            # Before the first element: Python does not know the encoding, or expat can't take it.
            self._no_xml(self._parser.CurrentLineNumber, str(error))
            return self.found
        except _Refused:
            return self.found
        self._closings()
        return self.found

    def _no_xml(self, line: int, why: str | None) -> None:
        self.found.complain(
            line,
            self._above.kind.name,
            _("This is no XML, or only a part of it: %(why)s.", why=why),
        )

    def _wrong(self, name: str, message: str) -> None:
        self.found.complain(self._parser.CurrentLineNumber, name, message)

    def _doctype(self, *_declared: object) -> None:
        self._wrong("DOCTYPE", _("An audit file has no document type and no entities."))
        raise _Refused

    def _start(self, name: str, _attributes: list[str]) -> None:
        kind = self._kinds.get(name) or self._learn(name)
        if self._ordered:
            above = self._above
            places = above.kind.places
            if places is not None:  # None: a part that this reader does not know
                found = places.get(kind.name)
                if found is not None and (
                    found[0] > above.place or (found[1] and found[0] == above.place)
                ):
                    above.place = found[0]
                else:
                    self._misplaced(kind.name, above, found)
        stack = self._stack
        self._above = begun = _Open(kind)
        stack.append(begun)
        if len(stack) > _DEEPEST:
            self._wrong(kind.name, _("Elements stand in each other deeper than in any audit file."))
            raise _Refused
        self._kept = ""
        if kind.name == "Transaction":
            self._balance, self._begun = ZERO, self._parser.CurrentLineNumber
        elif kind.name == _PASSED_OVER:
            self._passed_over += 1
            self._ordered = False

    def _learn(self, name: str) -> _Kind:
        """What is known of an element that comes for the first time."""
        space, _between, short = name.rpartition(" ")
        if not self._kinds:
            if short != "AuditFile":
                self._wrong(short, _("A SAF-T file begins with the element AuditFile."))
                raise _Refused
            self._strict = self._ordered = space == NAMESPACE
            self.found.variant = f"SAF-T {space}".strip()
        kind = self._kinds[name] = _Kind(short, self._handlers.get(short), strict=self._strict)
        return kind

    def _misplaced(self, name: str, above: _Open, found: tuple[int, bool] | None) -> None:
        """Say why an element may not stand here, after those before it."""
        parent = above.kind.name
        if found is None:
            self._wrong(name, _("It has no place in %(parent)s.", parent=parent))
        elif found[0] < above.place:
            self._wrong(name, _("It stands too late in %(parent)s.", parent=parent))
        else:
            self._wrong(name, _("It stands twice in %(parent)s.", parent=parent))

    def _text(self, text: str) -> None:
        self._kept += text
        if len(self._kept) > LONGEST:
            self._wrong(
                self._above.kind.name,
                _("The text is longer than %(n)s characters.", n=LONGEST),
            )
            raise _Refused

    def _end(self, _name: str) -> None:
        stack = self._stack
        ended = stack.pop()
        above = self._above = stack[-1] if stack else self._root_of
        kind = ended.kind
        text, self._kept = self._kept, ""
        if self._passed_over:
            if kind.name == _PASSED_OVER:
                self._passed_over -= 1
                self._ordered = self._strict and not self._passed_over
            if self._passed_over:
                return
        holds = above.values
        if holds is None:
            holds = above.values = {}
        if kind.needed is None:
            text = text.strip()
            holds[kind.name] = text
            if kind.fits is not None and not kind.fits(text):
                self._wrong(kind.name, _("“%(text)s” does not fit here.", text=text[:40]))
        else:
            holds[kind.name] = True
            values = ended.holds()
            if self._strict and not self._is_whole(kind, values):
                self._missing(kind, values)
            if kind.handler is not None:
                kind.handler(kind.name, values)

    def _is_whole(self, kind: _Kind, values: dict[str, Any]) -> bool:
        if not values.keys() >= kind.single:
            return False
        return all(
            len(names) == 1 or not values.keys().isdisjoint(names) for names in kind.needed or ()
        )

    def _missing(self, kind: _Kind, values: dict[str, Any]) -> None:
        for names in kind.needed or ():
            if values.keys().isdisjoint(names):
                self._wrong(names[0], _("It is missing in %(parent)s.", parent=kind.name))

    def _number(self, text: object) -> Decimal:
        """An amount; what can't be read was complained of, and counts for nothing."""
        if isinstance(text, str) and PATTERNS["Amount"].fullmatch(text):
            return Decimal(text)
        return ZERO

    def _signed(self, values: dict[str, Any], when: str) -> Decimal | None:
        for side, sign in (("Debit", 1), ("Credit", -1)):
            text = values.get(f"{when}{side}Balance")
            if text is not None:
                return self._number(text) * sign
        return None

    def _header(self, _name: str, values: dict[str, Any]) -> None:
        self.found.currency = str(values.get("DefaultCurrencyCode", ""))

    def _account(self, _name: str, values: dict[str, Any]) -> None:
        code = str(values.get("AccountID", ""))
        if code in self.found.accounts:
            self._wrong("AccountID", _("Account %(code)s stands there twice.", code=code))
        account = self.found.account(code)
        account.name = str(values.get("AccountDescription", ""))
        account.opening = self._signed(values, "Opening") or ZERO
        account.closing = self._signed(values, "Closing")

    def _party(self, name: str, values: dict[str, Any]) -> None:
        self._known[f"{name}ID"].add(str(values.get(f"{name}ID", "")))

    def _tax_code(self, _name: str, values: dict[str, Any]) -> None:
        self._known["TaxCode"].add(str(values.get("TaxCode", "")))

    def _amount(self, name: str, values: dict[str, Any]) -> None:
        self._above.holds()[name] = self._number(values.get("Amount"))

    def _tax(self, _name: str, values: dict[str, Any]) -> None:
        self._refers("TaxCode", values)

    def _refers(self, name: str, values: dict[str, Any]) -> None:
        text = values.get(name)
        if text is not None and text not in self._known[name]:
            self._wrong(name, _("“%(text)s” is not in the master files.", text=text[:40]))

    def _line(self, _name: str, values: dict[str, Any]) -> None:
        found = self.found
        debit = values.get("DebitAmount", ZERO)
        credit = values.get("CreditAmount", ZERO)
        code = str(values.get("AccountID", ""))
        if code not in found.accounts:
            self._wrong("AccountID", _("“%(text)s” is not in the master files.", text=code[:40]))
        self._refers("CustomerID", values)
        self._refers("SupplierID", values)
        account = found.account(code)
        account.debit += debit
        account.credit += credit
        found.lines += 1
        found.debit += debit
        found.credit += credit
        self._balance += debit - credit

    def _transaction(self, _name: str, values: dict[str, Any]) -> None:
        self.found.entries += 1
        if self._balance:
            self.found.complain(
                self._begun,
                "DebitAmount",
                _(
                    "Transaction %(id)s is out of balance by %(balance)s.",
                    id=values.get("TransactionID", ""),
                    balance=self._balance,
                ),
            )
        text = str(values.get("GLPostingDate") or values.get("TransactionDate") or "")
        if text not in self._dates:
            try:
                self._dates[text] = date.fromisoformat(text)
            except ValueError:
                self._dates[text] = None
                self._wrong("TransactionDate", _("“%(text)s” is no date.", text=text[:40]))
        if (day := self._dates[text]) is not None:
            self.found.days(day)

    def _entries(self, _name: str, values: dict[str, Any]) -> None:
        """The control totals that stand before the entries, beside what was counted."""
        counted = (
            ("NumberOfEntries", (Decimal(self.found.entries), Decimal(self.found.lines))),
            ("TotalDebit", (self.found.debit,)),
            ("TotalCredit", (self.found.credit,)),
        )
        for name, allowed in counted:
            said = self._number(values.get(name))
            # Some profiles count lines.
            if said not in (allowed[:1] if self._strict else allowed):
                self._wrong(
                    name,
                    _("It says %(said)s, and there are %(n)s.", said=said, n=allowed[0]),
                )

    def _closings(self) -> None:
        for code, account in self.found.accounts.items():
            if account.closing is not None and account.closing != account.balance:
                self._wrong(
                    "ClosingDebitBalance" if account.closing >= 0 else "ClosingCreditBalance",
                    _(
                        "Account %(code)s closes with %(closing)s, and its opening balance and"
                        " lines make %(balance)s.",
                        code=code,
                        closing=account.closing,
                        balance=account.balance,
                    ),
                )
