"""What the readers make of broken, malicious and foreign files; no database is needed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay_auditfiles.formats.fec import COLUMNS
from backstay_auditfiles.formats.fec_reader import read_fec
from backstay_auditfiles.formats.opening import read_file
from backstay_auditfiles.formats.reading import LONGEST
from backstay_auditfiles.formats.saft_layout import NAMESPACE
from backstay_auditfiles.formats.saft_reader import read_saft

ROW = (
    "SAL|Sales|S-1|20260115|411|Customers|ACME|Acme|R-1|20260115|Tea|{debit}|{credit}|||20260116||"
)
FEC = "\r\n".join(
    (
        "|".join(COLUMNS),
        ROW.format(debit="120,00", credit="0,00"),
        ROW.format(debit="0,00", credit="120,00"),
        "",
    )
)
ACCOUNT = (
    "<Account><AccountID>{code}</AccountID><AccountDescription>x</AccountDescription>"
    "<AccountType>Asset</AccountType><OpeningDebitBalance>0.00</OpeningDebitBalance>"
    "<Closing{side}Balance>{amount}</Closing{side}Balance></Account>"
)
LINE = (
    "<Line><RecordID>1</RecordID><AccountID>{code}</AccountID><Description>x</Description>"
    "<{side}Amount><Amount>{amount}</Amount></{side}Amount></Line>"
)
SAFT = (
    f'<AuditFile xmlns="{NAMESPACE}"><Header><AuditFileVersion>2.00</AuditFileVersion>'
    "<AuditFileCountry>FR</AuditFileCountry>"
    "<AuditFileDateCreated>2026-01-01</AuditFileDateCreated>"
    "<SoftwareCompanyName>x</SoftwareCompanyName><SoftwareID>x</SoftwareID>"
    "<SoftwareVersion>1</SoftwareVersion>"
    "<Company><RegistrationNumber>1</RegistrationNumber><Name>x</Name></Company>"
    "<DefaultCurrencyCode>EUR</DefaultCurrencyCode>"
    "<TaxAccountingBasis>Invoice</TaxAccountingBasis></Header>"
    "<MasterFiles><GeneralLedgerAccounts>"
    + ACCOUNT.format(code="411", side="Debit", amount="5.00")
    + ACCOUNT.format(code="701", side="Credit", amount="5.00")
    + "</GeneralLedgerAccounts></MasterFiles><GeneralLedgerEntries>"
    "<NumberOfEntries>1</NumberOfEntries><TotalDebit>5.00</TotalDebit>"
    "<TotalCredit>5.00</TotalCredit><Journal><JournalID>SAL</JournalID>"
    "<Description>x</Description><Type>sales</Type><Transaction>"
    "<TransactionID>S-1</TransactionID><Period>1</Period><PeriodYear>2026</PeriodYear>"
    "<TransactionDate>2026-01-15</TransactionDate><Description>x</Description>"
    "<SystemEntryDate>2026-01-15</SystemEntryDate><GLPostingDate>2026-01-15</GLPostingDate>"
    + LINE.format(code="411", side="Debit", amount="5.00")
    + LINE.format(code="701", side="Credit", amount="5.00")
    + "</Transaction></Journal></GeneralLedgerEntries></AuditFile>"
)


def said(found: Any) -> str:
    return "\n".join(str(one) for one in found.problems)


def fec(text: str) -> Any:
    return read_fec(BytesIO(text.encode()))


def saft(text: str) -> Any:
    return read_saft(BytesIO(text.encode()))


def test_a_foreign_fec_is_read() -> None:
    found = fec(FEC)
    assert (found.found, found.entries, found.lines, found.debit) == (0, 1, 2, Decimal("120.00"))
    assert found.start == found.end == date(2026, 1, 15)
    assert read_file(BytesIO(FEC.encode("iso-8859-15"))).found == 0
    assert read_file(BytesIO(("\ufeff" + FEC).encode())).found == 0


def test_a_fec_with_amount_and_side_is_read() -> None:
    text = FEC.replace("|Debit|Credit|", "|Montant|Sens|")
    text = text.replace("|120,00|0,00|", "|120,00|D|").replace("|0,00|120,00|", "|120,00|C|")
    assert (fec(text).found, fec(text).credit) == (0, Decimal("120.00"))
    assert "Sens" in said(fec(text.replace("|C|", "|X|")))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("JournalLib|", "", "JournalLib"),
        ("|0,00|120,00|", "|0,00|119,00|", "row 2, Debit: Entry S-1"),
        ("|411|", "|4A1|", "CompteNum"),
        ("|Customers|", "||", "CompteLib"),
        ("|20260115|411|", "|20260231|411|", "EcritureDate"),
        ("|20260115|411|", "|15.01.2026|411|", "EcritureDate"),
        ("|120,00|0,00|", "|12x|0,00|", "Debit"),
        ("|120,00|0,00|", "|120,00|1,00|", "Credit"),
        ("|20260116||\r\n", "|20260116|5,00|\r\n", "Idevise"),
        ("|20260116||\r\n", "|20260199||\r\n", "ValidDate"),
        ("|||20260116||\r\n", "||20260116|20260116||\r\n", "EcritureLet"),
        ("|ACME|Acme|", "|ACME||", "CompAuxLib"),
    ],
)
def test_what_is_wrong_in_a_fec_is_named(old: str, new: str, expected: str) -> None:
    if old:
        assert expected in said(fec(FEC.replace(old, new, 1)))
    else:
        assert "empty" in said(fec(""))


def test_a_fec_out_of_order_and_one_that_was_cut_are_told() -> None:
    head, first, second, _end = FEC.split("\r\n")
    assert "not in order" in said(
        fec("\n".join((head, first, second.replace("|20260116|", "|20260101|"))))
    )
    assert "columns" in said(fec(FEC[: len(FEC) - 30]))
    assert "out of balance" in said(fec(f"{head}\n{first}"))


class Endless(BytesIO):
    """A line of two gigabytes, as it would come from a disk; nobody reads all of it."""

    given = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= LONGEST + 1
        self.given += size
        assert self.given < 50_000_000
        return b"x" * size

    def readline(self, size: int | None = -1, /) -> bytes:
        return self.read(size)


def test_a_line_of_gigabytes_is_not_read_to_its_end() -> None:
    assert "longer than" in said(read_fec(Endless()))

    class Tag(Endless):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) if self.given else b"<a" + super().read(size)[2:]

    assert "longer than" in said(read_saft(Tag()))

    class Text(Endless):
        def read(self, size: int | None = -1, /) -> bytes:
            start = SAFT.partition("FR")[0].encode()
            return super().read(size) if self.given else start + super().read(size)

    assert "longer than" in said(read_saft(Text()))


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE AuditFile [<!ENTITY a SYSTEM "file:///etc/passwd">]><AuditFile>&a;</AuditFile>',
        '<!DOCTYPE A [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><A>&b;&b;&b;</A>',
        '<!DOCTYPE AuditFile SYSTEM "http://localhost:1/x.dtd"><AuditFile/>',
    ],
)
def test_entities_and_document_types_are_refused(document: str) -> None:
    found = read_saft(BytesIO(document.encode()))
    assert "DOCTYPE" in said(found)
    assert found.entries == 0


def test_a_file_that_was_cut_or_nests_without_end_is_told() -> None:
    for length in (0, 10, len(SAFT) // 2, len(SAFT) - 3):
        assert saft(SAFT[:length]).found
    assert "deeper" in said(saft("<AuditFile>" + "<a>" * 100_000))
    assert "AuditFile" in said(saft("<html/>"))


def test_a_correct_saft_file_has_no_problems() -> None:
    found = saft(SAFT)
    assert said(found) == ""
    assert (found.entries, found.lines, found.debit) == (1, 2, Decimal("5.00"))
    assert read_file(BytesIO(SAFT.encode())).trial_balance() == found.trial_balance()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<NumberOfEntries>1<", "<NumberOfEntries>2<", "NumberOfEntries"),
        ("<TotalDebit>5.00<", "<TotalDebit>6.00<", "TotalDebit"),
        ("<TotalCredit>5.00<", "<TotalCredit>6.00<", "TotalCredit"),
        ("<Amount>5.00<", "<Amount>6.00<", "Transaction S-1 is out of balance by 1.00"),
        ("<Amount>5.00<", "<Amount>5,00<", "“5,00” does not fit"),
        ("<ClosingDebitBalance>5.00<", "<ClosingDebitBalance>7.00<", "Account 411 closes"),
        ("<AccountID>701</AccountID><Desc", "<AccountID>999</AccountID><Desc", "“999” is not in"),
        ("<Period>1</Period>", "", "Period: It is missing in Transaction"),
        ("<Period>1</Period>", "<Period>1</Period><Period>1</Period>", "stands twice"),
        (
            "<Period>1</Period><PeriodYear>2026</PeriodYear>",
            "<PeriodYear>2026</PeriodYear><Period>1</Period>",
            "too late",
        ),
        ("<Period>1</Period>", "<Colour>red</Colour><Period>1</Period>", "no place"),
        (">2026-01-15</GLPostingDate>", ">2026-02-31</GLPostingDate>", "is no date"),
        (
            "<Line><RecordID>1</RecordID><AccountID>411</AccountID>",
            "<Line><RecordID>1</RecordID><AccountID>411</AccountID><CustomerID>NO</CustomerID>",
            "CustomerID",
        ),
        (">EUR<", ">euro<", "DefaultCurrencyCode"),
    ],
)
def test_what_is_wrong_in_a_saft_file_is_named(old: str, new: str, expected: str) -> None:
    assert old in SAFT
    assert expected in said(saft(SAFT.replace(old, new, 1)))


def test_a_national_profile_is_read_for_what_it_shares() -> None:
    text = SAFT.replace(NAMESPACE, "urn:StandardAuditFile-Taxation-Financial:NO")
    text = text.replace("<Period>1</Period>", "<Colour>red</Colour><Period>01</Period>")
    found = saft(text)
    assert said(found) == ""
    assert (found.entries, found.debit, found.variant[-2:]) == (1, Decimal("5.00"), "NO")
    assert "TotalDebit" in said(saft(text.replace("<TotalDebit>5", "<TotalDebit>6")))


def test_source_documents_are_no_entries() -> None:
    documents = (
        "<SourceDocuments><SalesInvoices><NumberOfEntries>7</NumberOfEntries>"
        "<TotalDebit>9.00</TotalDebit><Invoice><InvoiceNo>1</InvoiceNo>"
        "<Line><AccountID>999</AccountID><CustomerID>NO</CustomerID>"
        "<DebitAmount><Amount>9.00</Amount></DebitAmount></Line></Invoice></SalesInvoices>"
        "<Payments><Payment><TransactionID>1</TransactionID>"
        "<Line><CreditAmount><Amount>9,00</Amount></CreditAmount></Line></Payment></Payments>"
        "</SourceDocuments></AuditFile>"
    )
    text = SAFT.replace("</AuditFile>", documents)
    for one in (text, text.replace(NAMESPACE, "urn:StandardAuditFile-Taxation-Financial:NO")):
        found = saft(one)
        assert said(found) == ""
        assert (found.entries, found.lines, found.debit) == (1, 2, Decimal("5.00"))
        assert set(found.accounts) == {"411", "701"}


@pytest.mark.parametrize("encoding", ["foo-bar", "big5", "utf-7", "rot13", "undefined"])
def test_an_encoding_that_can_not_be_read_is_told(encoding: str) -> None:
    found = saft(f'<?xml version="1.0" encoding="{encoding}"?>{SAFT}')
    assert said(found).startswith("row 1: This is no XML, or only a part of it: ")
    assert found.entries == 0


@given(st.binary(max_size=300))
def test_whatever_bytes_come_are_told_and_never_raise(content: bytes) -> None:
    assert read_fec(BytesIO(content)).found
    assert read_saft(BytesIO(content)).found


@given(st.integers(0, len(SAFT) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_one_changed_character_never_raises(place: int, one: str) -> None:
    saft(SAFT[:place] + one + SAFT[place + 1 :])
    fec(FEC[: place % len(FEC)] + one + FEC[place % len(FEC) + 1 :])
