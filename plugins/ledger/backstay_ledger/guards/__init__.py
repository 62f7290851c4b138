"""The rules that both databases keep by themselves, against raw SQL too.

Double entry is checked once, at the step from draft to posted: an entry is inserted as a draft,
gets its lines, and one UPDATE posts it. Before that step lines may be anything the CHECKs allow;
after it neither the entry nor its lines can change, and no line can be added. PostgreSQL checks a
whole statement at once (a batch of entries costs one pass), SQLite row by row. SQLite's foreign
keys are off in foreign connections, so what a foreign key says is said again by a trigger there.
"""

from __future__ import annotations

from typing import Final

from backstay_ledger.audit import guards as audit
from backstay_ledger.closing import guards as closing
from backstay_ledger.closing import plan_guards as plans
from backstay_ledger.cost_allocation import guards as cost_allocation
from backstay_ledger.currencies import guards as currencies
from backstay_ledger.determination import guards as determination
from backstay_ledger.dimensions import guards as dimensions
from backstay_ledger.guards import approval, lines, posting, tables
from backstay_ledger.open_items import account_guards as managed_accounts
from backstay_ledger.open_items import guards as open_items
from backstay_ledger.opening_wizard import guards as openings
from backstay_ledger.statements import group_guards as groups
from backstay_ledger.statements import guards as statements
from backstay_ledger.tax import guards as tax
from backstay_ledger.tax.filing import guards as tax_filings

DECLARED: Final = (
    tables,
    lines,
    posting,
    currencies,
    dimensions,
    cost_allocation,
    statements,
    groups,
    tax,
    determination,
    closing,
    plans,
    open_items,
    managed_accounts,
    openings,
    tax_filings,
    approval,
    audit,
)
"""Importing them declares the guards with the models."""
