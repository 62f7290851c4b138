"""Every module that has routes of the ledger, imported for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay_ledger.audit import control_files, control_pages, room
from backstay_ledger.closing import pages as closing_pages
from backstay_ledger.cost_allocation import pages as allocation_pages
from backstay_ledger.currencies import proposal, revaluation_page
from backstay_ledger.determination import pages as rule_pages
from backstay_ledger.open_items import ageing_pages, party_pages
from backstay_ledger.open_items import pages as open_item_pages
from backstay_ledger.opening_wizard import item_grid as opening_items
from backstay_ledger.opening_wizard import pages as opening_pages
from backstay_ledger.pages import (
    account_card,
    account_texts,
    entry_editor,
    entry_templates,
    general_ledger,
    opening,
    overview,
    sheets,
    trial_balance,
    vouchers,
)
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.statements import (
    behind,
    cash_pages,
    chart_pages,
    downloads,
    group_pages,
    journal_pages,
)
from backstay_ledger.statements import pages as statement_pages
from backstay_ledger.tax import pages as tax_pages
from backstay_ledger.tax.filing import files as tax_files

if TYPE_CHECKING:
    from backstay.spi import PluginBlueprint

__all__ = [
    "BLUEPRINTS",
    "account_card",
    "account_texts",
    "ageing_pages",
    "allocation_pages",
    "behind",
    "cash_pages",
    "chart_pages",
    "closing_pages",
    "control_files",
    "control_pages",
    "downloads",
    "entry_editor",
    "entry_templates",
    "general_ledger",
    "group_pages",
    "journal_pages",
    "open_item_pages",
    "opening",
    "opening_items",
    "opening_pages",
    "overview",
    "party_pages",
    "proposal",
    "revaluation_page",
    "room",
    "rule_pages",
    "sheets",
    "statement_pages",
    "tax_files",
    "tax_pages",
    "trial_balance",
    "vouchers",
]

BLUEPRINTS: Final[tuple[PluginBlueprint, ...]] = (blueprint, vouchers.sheet_files)
