"""How a SAF-T file is built: which elements stand where, in which order, and what they hold.

This is the general ledger's part of the OECD's Standard Audit File for Tax, version 2.00 (Guidance
for the Standard Audit File - Tax, 2010, appendix B; namespace
``urn:OECD:StandardAuditFile-Taxation/2.00``). It was chosen over national profiles because it asks
for nothing that the books do not have: the Norwegian one, for example, wants a national code with
every account. Profiles that were derived from it name the same elements, so that their files can be
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NAMESPACE: Final = "urn:OECD:StandardAuditFile-Taxation/2.00"
VERSION: Final = "2.00"
SHORT, MIDDLE, LONGER, LONG, CODE = 18, 35, 70, 256, 9
"""Characters of the simple types of the schema: SAFshorttextType and so on."""


@dataclass(frozen=True, slots=True)
class Child:
    """A place in an element.

    Arguments:
        names: the elements of which one stands there.
        needed: one has to be there.
        many: more than one may be.
    """

    names: tuple[str, ...]
    needed: bool = True
    many: bool = False


def _children(text: str) -> tuple[Child, ...]:
    """Read ``Name Name? Name* One|Other``, in the order of the schema."""
    found = []
    for word in text.split():
        mark = word[-1] if word[-1] in "?*+" else ""
        names = tuple(word.rstrip("?*+").split("|"))
        found.append(Child(names, mark not in {"?", "*"}, mark in {"*", "+"}))
    return tuple(found)


_COMPANY: Final = "RegistrationNumber{} Name Address* Contact* TaxRegistration* BankAccount*"
_BALANCES: Final = (
    " AccountID? OpeningDebitBalance|OpeningCreditBalance?"
    " ClosingDebitBalance|ClosingCreditBalance?"
)
_AMOUNT: Final = "Amount CurrencyCode? CurrencyAmount? ExchangeRate?"

LAYOUT: Final = {
    parent: _children(text)
    for parent, text in {
        "AuditFile": "Header MasterFiles? GeneralLedgerEntries? SourceDocuments?",
        "Header": (
            "AuditFileVersion AuditFileCountry AuditFileRegion? AuditFileDateCreated"
            " SoftwareCompanyName SoftwareID SoftwareVersion Company DefaultCurrencyCode"
            " SelectionCriteria? HeaderComment? TaxAccountingBasis TaxEntity?"
        ),
        "Company": _COMPANY.format(""),
        "Address": (
            "StreetName? Number? AdditionalAddressDetail? Building? City? PostalCode? Region?"
            " Country? AddressType?"
        ),
        "Contact": "ContactPerson Telephone? Fax? Email? Website?",
        "ContactPerson": (
            "Title? FirstName Initials? LastNamePrefix? LastName BirthName? Salutation?"
            " OtherTitles*"
        ),
        "TaxRegistration": (
            "TaxRegistrationNumber TaxType? TaxNumber? TaxAuthority? TaxVerificationDate?"
        ),
        "SelectionCriteria": (
            "TaxReportingJurisdiction? CompanyEntity? SelectionStartDate SelectionEndDate"
            " DocumentType? OtherCriteria*"
        ),
        "MasterFiles": (
            "GeneralLedgerAccounts? Taxonomies? Customers? Suppliers? TaxTable? UOMTable?"
            " AnalysisTypeTable? MovementTypeTable? Products? PhysicalStock? Owners? Assets?"
        ),
        "GeneralLedgerAccounts": "Account+",
        "Account": (
            "AccountID AccountDescription StandardAccountID? GroupingCategory? GroupingCode?"
            " AccountType AccountCreationDate? OpeningDebitBalance|OpeningCreditBalance"
            " ClosingDebitBalance|ClosingCreditBalance"
        ),
        "Customers": "Customer+",
        "Customer": _COMPANY.format("?") + " CustomerID SelfBillingIndicator?" + _BALANCES,
        "Suppliers": "Supplier+",
        "Supplier": _COMPANY.format("?") + " SupplierID SelfBillingIndicator?" + _BALANCES,
        "TaxTable": "TaxTableEntry+",
        "TaxTableEntry": "TaxType Description TaxCodeDetails+",
        "TaxCodeDetails": (
            "TaxCode EffectiveDate? ExpirationDate? Description? TaxPercentage? Country Region*"
        ),
        "GeneralLedgerEntries": "NumberOfEntries TotalDebit TotalCredit Journal*",
        "Journal": "JournalID Description Type Transaction*",
        "Transaction": (
            "TransactionID Period PeriodYear TransactionDate SourceID? TransactionType? Description"
            " BatchID? SystemEntryDate GLPostingDate CustomerID? SupplierID? SystemID? Line+"
        ),
        "Line": (
            "RecordID AccountID Analysis* ValueDate? SourceDocumentID? CustomerID? SupplierID?"
            " Description DebitAmount|CreditAmount TaxInformation*"
        ),
        "DebitAmount": _AMOUNT,
        "CreditAmount": _AMOUNT,
        "TaxAmount": _AMOUNT,
        "TaxInformation": (
            "TaxType? TaxCode? TaxPercentage? TaxBase? TaxBaseDescription? TaxAmount"
            " TaxExemptionReason? TaxDeclarationPeriod?"
        ),
    }.items()
}

_DATES: Final = (
    "AuditFileDateCreated SelectionStartDate SelectionEndDate EffectiveDate ExpirationDate"
    " TransactionDate SystemEntryDate GLPostingDate ValueDate AccountCreationDate"
)
_MONEY: Final = (
    "OpeningDebitBalance OpeningCreditBalance ClosingDebitBalance ClosingCreditBalance TotalDebit"
    " TotalCredit Amount CurrencyAmount TaxBase TaxPercentage ExchangeRate"
)
_LENGTHS: Final = {
    CODE: "AuditFileVersion TaxType TaxCode Type",
    SHORT: "SoftwareVersion TaxAccountingBasis AccountType JournalID TransactionType RecordID",
    MIDDLE: (
        "RegistrationNumber TaxRegistrationNumber CustomerID SupplierID SourceID SourceDocumentID"
    ),
    LONGER: "SoftwareCompanyName StreetName City AccountID TransactionID",
    LONG: "SoftwareID Name HeaderComment AccountDescription Description",
}
PATTERNS: Final = {
    **dict.fromkeys(_DATES.split(), re.compile(r"\d{4}-\d\d-\d\d")),
    **dict.fromkeys(_MONEY.split(), re.compile(r"[+-]?\d{1,18}(?:\.\d{1,10})?")),
    **{
        name: re.compile(r"(?s:.{1," + str(length) + "})")
        for length, names in _LENGTHS.items()
        for name in names.split()
    },
    "NumberOfEntries": re.compile(r"\d{1,12}"),
    "Period": re.compile(r"\d{1,2}"),
    "PeriodYear": re.compile(r"\d{4}"),
    "DefaultCurrencyCode": re.compile("[A-Z]{3}"),
    "CurrencyCode": re.compile("[A-Z]{3}"),
    "AuditFileCountry": re.compile("[A-Z]{2}"),
    "Country": re.compile("[A-Z]{2}"),
}
"""What an element that holds text has to look like."""
