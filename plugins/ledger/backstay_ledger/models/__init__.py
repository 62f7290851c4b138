"""The tables of the general ledger, each with its scope, audit policy and guards."""

from __future__ import annotations

from backstay_ledger.models.accounts import LONGEST_CODE, Account, AccountClass
from backstay_ledger.models.balances import AccountBalance
from backstay_ledger.models.base import LedgerBase
from backstay_ledger.models.currencies import CompanyCurrency, ExchangeRate, ExchangeSettings
from backstay_ledger.models.dimensions import (
    Dimension,
    DimensionBalance,
    DimensionSet,
    DimensionSetValue,
    DimensionValue,
    RequiredDimension,
)
from backstay_ledger.models.entries import (
    IS_DRAFT,
    IS_WAITING,
    Entry,
    EntryKind,
    EntryReference,
    EntryState,
    Line,
)
from backstay_ledger.models.journals import Journal, JournalKind, SequenceHead
from backstay_ledger.models.limits import ApprovalLimit
from backstay_ledger.models.periods import (
    FiscalYear,
    Period,
    PeriodKind,
    PeriodState,
    period_label,
)
from backstay_ledger.models.sheets import EntrySheet, EntryTemplate
from backstay_ledger.open_items.models import Allocation, ItemHold, OpenItem
from backstay_ledger.opening_wizard.models import Opening, OpeningLine
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare
from backstay_ledger.statements.models import (
    CashAccount,
    StatementAccounts,
    StatementNode,
    StatementTree,
)

__all__ = [
    "IS_DRAFT",
    "IS_WAITING",
    "LONGEST_CODE",
    "Account",
    "AccountBalance",
    "AccountClass",
    "Allocation",
    "ApprovalLimit",
    "CashAccount",
    "CompanyCurrency",
    "CompanyGroup",
    "Dimension",
    "DimensionBalance",
    "DimensionSet",
    "DimensionSetValue",
    "DimensionValue",
    "Entry",
    "EntryKind",
    "EntryReference",
    "EntrySheet",
    "EntryState",
    "EntryTemplate",
    "ExchangeRate",
    "ExchangeSettings",
    "FiscalYear",
    "GroupShare",
    "ItemHold",
    "Journal",
    "JournalKind",
    "LedgerBase",
    "Line",
    "OpenItem",
    "Opening",
    "OpeningLine",
    "Period",
    "PeriodKind",
    "PeriodState",
    "RequiredDimension",
    "SequenceHead",
    "StatementAccounts",
    "StatementNode",
    "StatementTree",
    "period_label",
]
