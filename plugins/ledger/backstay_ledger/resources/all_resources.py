"""Every resource of the ledger, as core is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay_ledger.approval.resource import LIMITS
from backstay_ledger.audit.run_resource import CHECK_RUNS
from backstay_ledger.closing.plan_resources import PLAN_RESOURCES
from backstay_ledger.closing.resources import CLOSING_RESOURCES
from backstay_ledger.cost_allocation.resources import ALLOCATION_RULES
from backstay_ledger.currencies.resources import CURRENCY_RESOURCES
from backstay_ledger.determination.resources import ACCOUNT_RULES
from backstay_ledger.dimensions.resources import DIMENSION_RESOURCES
from backstay_ledger.open_items.resources import ITEM_RESOURCES
from backstay_ledger.opening_wizard.resources import OPENINGS
from backstay_ledger.resources.accounts import ACCOUNTS
from backstay_ledger.resources.entries import ENTRIES
from backstay_ledger.resources.journals import JOURNALS
from backstay_ledger.resources.periods import FISCAL_YEARS, PERIODS
from backstay_ledger.resources.templates import TEMPLATES
from backstay_ledger.statements.resources import STATEMENT_RESOURCES
from backstay_ledger.tax.filing.resource import TAX_FILINGS
from backstay_ledger.tax.resources import TAX_RESOURCES

if TYPE_CHECKING:
    from backstay.spi import Resource

RESOURCES: Final[tuple[Resource, ...]] = (
    ACCOUNTS,
    ENTRIES,
    JOURNALS,
    FISCAL_YEARS,
    PERIODS,
    TEMPLATES,
    CHECK_RUNS,
    LIMITS,
    *STATEMENT_RESOURCES,
    *TAX_RESOURCES,
    TAX_FILINGS,
    ACCOUNT_RULES,
    *CURRENCY_RESOURCES,
    *CLOSING_RESOURCES,
    *PLAN_RESOURCES,
    *DIMENSION_RESOURCES,
    ALLOCATION_RULES,
    OPENINGS,
    *ITEM_RESOURCES,
)
