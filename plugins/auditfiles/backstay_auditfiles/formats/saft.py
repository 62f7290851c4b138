"""Writing a SAF-T file: the general ledger's part of OECD SAF-T 2.00, a piece at a time.

Where elements stand and what they hold says :mod:`backstay_auditfiles.formats.saft_layout`. Entries
stand by journal, in the order in which they were posted; the totals before them are counted by the
database. Entries that close the last day's year are left out, as in the trial balance of that day.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from backstay.spi import Conflict, Invalid, Problem, company_of, lazy, today
from backstay.spi import gettext as _
from backstay_auditfiles.books import books_of
from backstay_auditfiles.formats.saft_layout import (
    CODE,
    LONG,
    LONGER,
    MIDDLE,
    NAMESPACE,
    SHORT,
    VERSION,
)
from backstay_auditfiles.services.company import reporting_company

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from backstay.contracts.audit_files import AuditFileTarget
    from backstay.contracts.books import (
        BookAccount,
        BookEntry,
        BookJournal,
        BookLine,
        BookParty,
        BookSpan,
        BookTaxRate,
    )
    from backstay_auditfiles.models import ReportingCompany

TAX_TYPE: Final = "VAT"
UNUSED: Final = "NotUsed"
"""What a needed element says that nobody filled in, as tax authorities ask for."""
_KINDS: Final = {
    "asset": "Asset",
    "liability": "Liability",
    "equity": "Equity",
    "income": "Sale",
    "expense": "Expense",
    "unset": "Other",
}
_NEEDED: Final = {
    "registration_number": lazy("Registration number"),
    "country": lazy("Country"),
    "postal_code": lazy("Postal code"),
    "city": lazy("City"),
    "last_name": lazy("Last name"),
}
_RATE: Final = Decimal("0.00000001")
_PIECE: Final = 500
_MOST_NAMED: Final = 5
_CONTROL: Final = {number: " " for number in range(32) if chr(number) not in "\t\n\r"}
_TO_CHANGE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f&<>\ud800-\udfff\ufffe\uffff]")
"""What is escaped or left out; few texts have any of it."""
_CONTROL.update({0xFFFE: " ", 0xFFFF: " ", **dict.fromkeys(range(0xD800, 0xE000), " ")})


def file_name(registration: str, span: BookSpan) -> str:
    """What the file is called: whose it is, and which days it has."""
    kept = "".join(one for one in registration if one.isascii() and one.isalnum())
    return f"SAF-T_{kept}_{span.start:%Y%m%d}_{span.end:%Y%m%d}.xml"


def write_saft(session: Session, span: BookSpan, target: AuditFileTarget) -> str:
    """Write the books of some days; returns the file's name.

    Raises:
        Conflict: it is not known what the file has to say of the company; names the fields.
        Invalid: a code is longer than SAF-T takes it.
    """
    company = _checked_company(session)
    books = books_of(session)
    accounts = books.accounts(session, span)
    parties = books.parties(session, span)
    rates = books.tax_rates(session)
    _check_lengths(accounts, parties, rates)
    totals = books.totals(session, span)
    writer = _Writer(company_of(session).minor_units, {one.code: one.kind for one in accounts})
    target.write(
        "".join(
            (
                '<?xml version="1.0" encoding="UTF-8"?>\n',
                f'<AuditFile xmlns="{NAMESPACE}">\n',
                _header(session, span, company),
                "<MasterFiles>\n",
                *writer.accounts(accounts),
                *writer.parties("Customer", [one for one in parties if one.kind == "asset"]),
                *writer.parties("Supplier", [one for one in parties if one.kind != "asset"]),
                *_tax_table(rates, company.country),
                "</MasterFiles>\n<GeneralLedgerEntries>\n",
                _leaf("NumberOfEntries", str(totals.entries)),
                _leaf("TotalDebit", writer.money(totals.debit)),
                _leaf("TotalCredit", writer.money(totals.credit)),
            )
        ).encode()
    )
    for journal in books.journals(session):
        entries = books.entries(session, span, journal=journal.code, settlements=False)
        _write_journal(target, writer, journal, entries)
    target.write(b"</GeneralLedgerEntries>\n</AuditFile>\n")
    return file_name(company.registration_number, span)


def _write_journal(
    target: AuditFileTarget, writer: _Writer, journal: BookJournal, entries: Iterator[BookEntry]
) -> None:
    first = next(entries, None)
    if first is None:
        return
    kept = [
        "<Journal>\n",
        _leaf("JournalID", journal.code, SHORT),
        _leaf("Description", journal.name, LONG),
        _leaf("Type", journal.kind, CODE),
    ]
    for entry in chain((first,), entries):
        kept += writer.transaction(entry)
        if len(kept) >= _PIECE:
            target.write("".join(kept).encode())
            kept.clear()
    kept.append("</Journal>\n")
    target.write("".join(kept).encode())


def _checked_company(session: Session) -> ReportingCompany:
    company = reporting_company(session)
    missing = [name for name in _NEEDED if company is None or not getattr(company, name)]
    if company is None or missing:
        raise Conflict(
            _("Something that SAF-T says of the company is missing."),
            problems=tuple(
                Problem(
                    _(
                        "%(what)s: enter it under “Company in audit files”.",
                        what=str(_NEEDED[name]),
                    ),
                    name,
                )
                for name in missing
            ),
        )
    return company


def _check_lengths(
    accounts: Iterable[BookAccount], parties: Iterable[BookParty], rates: Iterable[BookTaxRate]
) -> None:
    """Refuse what would not be the same any more when it is cut."""
    problems = [
        Problem(_("“%(code)s” is longer than %(n)s characters.", code=code[:80], n=most), name)
        for name, most, codes in (
            ("AccountID", LONGER, {one.code for one in accounts}),
            ("CustomerID", MIDDLE, {one.party for one in parties}),
            ("TaxCode", CODE, {one.code for one in rates}),
        )
        for code in sorted(codes)
        if len(code) > most
    ]
    if problems:
        raise Invalid(_("The books do not fit SAF-T."), problems=tuple(problems[:_MOST_NAMED]))


def _leaf(name: str, text: str, most: int = 0) -> str:
    """An element that holds text; spaces at its ends and what XML forbids are left out."""
    return f"<{name}>{_kept(text, most)}</{name}>\n"


def _kept(text: str, most: int = 0) -> str:
    """A text as XML can have it, cut to so many characters."""
    if _TO_CHANGE.search(text) is None:
        kept = text.strip()
        return kept if not most or len(kept) <= most else kept[:most].strip()
    kept = text.translate(_CONTROL).strip()
    return escape(kept[:most].strip() if most else kept)


def _filled(name: str, text: str, most: int) -> str:
    return _leaf(name, text, most) if text.strip() else ""


def _header(session: Session, span: BookSpan, company: ReportingCompany) -> str:
    here = company_of(session)
    return "".join(
        (
            "<Header>\n",
            _leaf("AuditFileVersion", VERSION),
            _leaf("AuditFileCountry", company.country),
            _leaf("AuditFileDateCreated", today(here.time_zone).isoformat()),
            _leaf("SoftwareCompanyName", "Backstay"),
            _leaf("SoftwareID", "Backstay"),
            _leaf("SoftwareVersion", version("backstay"), SHORT),
            "<Company>\n",
            _leaf("RegistrationNumber", company.registration_number),
            _leaf("Name", here.name, LONG),
            "<Address>\n",
            _filled("StreetName", company.street, LONGER),
            _leaf("City", company.city),
            _leaf("PostalCode", company.postal_code),
            _leaf("Country", company.country),
            "</Address>\n<Contact>\n<ContactPerson>\n",
            _leaf("FirstName", company.first_name or UNUSED),
            _leaf("LastName", company.last_name),
            "</ContactPerson>\n",
            _filled("Telephone", company.telephone, SHORT),
            _filled("Email", company.email, LONGER),
            "</Contact>\n",
            (
                "<TaxRegistration>\n"
                + _leaf("TaxRegistrationNumber", company.tax_number)
                + "</TaxRegistration>\n"
                if company.tax_number
                else ""
            ),
            "</Company>\n",
            _leaf("DefaultCurrencyCode", here.currency),
            "<SelectionCriteria>\n",
            _leaf("SelectionStartDate", span.start.isoformat()),
            _leaf("SelectionEndDate", span.end.isoformat()),
            "</SelectionCriteria>\n",
            _leaf("TaxAccountingBasis", "Invoice"),
            "</Header>\n",
        )
    )


def _tax_table(rates: Iterable[BookTaxRate], country: str) -> Iterator[str]:
    details = [
        "".join(
            (
                "<TaxCodeDetails>\n",
                _leaf("TaxCode", one.code),
                _leaf("EffectiveDate", one.valid_from.isoformat()),
                _leaf("ExpirationDate", one.valid_until.isoformat()) if one.valid_until else "",
                _leaf("Description", one.name, LONG),
                _leaf("TaxPercentage", f"{one.rate.normalize():f}"),
                _leaf("Country", country),
                "</TaxCodeDetails>\n",
            )
        )
        for one in rates
    ]
    if details:
        yield "<TaxTable>\n<TaxTableEntry>\n"
        yield _leaf("TaxType", TAX_TYPE)
        yield _leaf("Description", "Value-added and other taxes")
        yield from details
        yield "</TaxTableEntry>\n</TaxTable>\n"


class _Writer:
    """Turns accounts, parties and entries into elements.

    Arguments:
        kinds: of the accounts, by code: a party is a customer on an asset, else a supplier.
    """

    def __init__(self, minor_units: int, kinds: dict[str, str]) -> None:
        self._units = minor_units
        self._kinds = kinds
        self._accounts: dict[str, str] = {}

    def money(self, amount: Decimal) -> str:
        """An amount in the base currency."""
        return f"{amount:.{self._units}f}"

    def _balance(self, when: str, amount: Decimal) -> str:
        side = "Credit" if amount < 0 else "Debit"
        return _leaf(f"{when}{side}Balance", self.money(abs(amount)))

    def accounts(self, accounts: Iterable[BookAccount]) -> Iterator[str]:
        """The chart with its balances."""
        found = [
            "".join(
                (
                    "<Account>\n",
                    _leaf("AccountID", one.code),
                    _leaf("AccountDescription", one.name or UNUSED, LONG),
                    _leaf("AccountType", _KINDS[one.kind]),
                    self._balance("Opening", one.opening),
                    self._balance("Closing", one.closing),
                    "</Account>\n",
                )
            )
            for one in accounts
        ]
        if found:
            yield "<GeneralLedgerAccounts>\n"
            yield from found
            yield "</GeneralLedgerAccounts>\n"

    def parties(self, name: str, parties: Iterable[BookParty]) -> Iterator[str]:
        """Customers or suppliers; the account is named where a party has one only."""
        of: dict[str, list[BookParty]] = defaultdict(list)
        for one in parties:
            of[one.party].append(one)
        if not of:
            return
        yield f"<{name}s>\n"
        for party, balances in of.items():
            yield f"<{name}>\n" + _leaf("Name", party, LONG) + _leaf(f"{name}ID", party)
            if len(balances) == 1:
                yield _leaf("AccountID", balances[0].account)
            yield self._balance("Opening", sum((one.opening for one in balances), Decimal(0)))
            yield self._balance("Closing", sum((one.closing for one in balances), Decimal(0)))
            yield f"</{name}>\n"
        yield f"</{name}s>\n"

    def transaction(self, entry: BookEntry) -> Iterator[str]:
        """An entry with its lines."""
        yield "".join(
            (
                "<Transaction>\n",
                _leaf("TransactionID", entry.number, LONGER),
                _leaf("Period", str(entry.period)),
                _leaf("PeriodYear", str(entry.period_year)),
                _leaf("TransactionDate", entry.date.isoformat()),
                _leaf("SourceID", entry.posted_by, MIDDLE),
                _leaf("TransactionType", entry.kind, SHORT),
                _leaf("Description", entry.memo.strip() or entry.number, LONG),
                _leaf("SystemEntryDate", entry.posted_on.isoformat()),
                _leaf("GLPostingDate", entry.date.isoformat()),
            )
        )
        source = _filled("SourceDocumentID", entry.reference, MIDDLE).rstrip("\n")
        said = _kept(entry.memo, LONG) or _kept(entry.number)
        for line in entry.lines:
            yield self._line(line, source, said)
        yield "</Transaction>\n"

    def _line(self, line: BookLine, source: str, said: str) -> str:
        """A line, on a line of its own.

        Arguments:
            source: the element that names the document; empty without one.
            said: its description, where it has none itself.
        """
        account = self._accounts.get(line.account)
        if account is None:
            account = self._accounts[line.account] = _kept(line.account)
        party = ""
        if line.party:
            name = "Customer" if self._kinds[line.account] == "asset" else "Supplier"
            party = f"<{name}ID>{_kept(line.party)}</{name}ID>"
        side = "Debit" if line.amount > 0 else "Credit"
        text = line.text and _kept(line.text, LONG)
        taxes = "".join(self._taxes(line)) if line.taxes else ""
        return (
            f"<Line><RecordID>{line.number}</RecordID><AccountID>{account}</AccountID>{source}"
            f"{party}<Description>{text or said}</Description><{side}Amount>"
            f"<Amount>{self.money(abs(line.amount))}</Amount>{_foreign(line)}</{side}Amount>"
            f"{taxes}</Line>\n"
        )

    def _taxes(self, line: BookLine) -> Iterator[str]:
        sign = 1 if line.amount > 0 else -1
        for tax in line.taxes:
            yield (
                f"<TaxInformation><TaxType>{TAX_TYPE}</TaxType><TaxCode>{_kept(tax.code)}</TaxCode>"
                f"<TaxPercentage>{tax.rate.normalize():f}</TaxPercentage>"
                f"<TaxBase>{self.money(tax.base * sign)}</TaxBase><TaxAmount>"
                f"<Amount>{self.money(tax.amount * sign)}</Amount></TaxAmount></TaxInformation>"
            )


def _foreign(line: BookLine) -> str:
    if not line.currency or line.amount_currency is None:
        return ""
    abroad = abs(line.amount_currency)
    rate = ""
    if abroad:
        rounded = (abs(line.amount) / abroad).quantize(_RATE, ROUND_HALF_UP)
        rate = f"<ExchangeRate>{rounded.normalize():f}</ExchangeRate>"
    return (
        f"<CurrencyCode>{_kept(line.currency)}</CurrencyCode>"
        f"<CurrencyAmount>{abroad.normalize():f}</CurrencyAmount>{rate}"
    )
