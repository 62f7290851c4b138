"""The account roles that every company has; modules add theirs."""

from __future__ import annotations

from typing import Final

from backstay.contracts.ledger import AccountRole
from backstay.spi import lazy as _

ACCOUNT_ROLES: Final = (
    AccountRole("receivable", _("Receivables"), _("What customers owe.")),
    AccountRole("payable", _("Payables"), _("What is owed to vendors.")),
    AccountRole("revenue", _("Revenue"), _("What is earned by sales.")),
    AccountRole("purchase", _("Purchases"), _("What bought goods and services go to.")),
    AccountRole("inventory", _("Inventory"), _("The value of goods in stock.")),
    AccountRole("cost_of_sales", _("Cost of sales"), _("What sold goods have cost.")),
    AccountRole("vat_output", _("Output tax"), _("Tax that is owed on sales.")),
    AccountRole("vat_input", _("Input tax"), _("Tax on purchases that can be deducted.")),
    AccountRole("withholding", _("Tax withheld"), _("Tax kept back from bills and owed.")),
    AccountRole("cash", _("Cash"), _("Coins and notes, rounded to the smallest coin.")),
    AccountRole("bank", _("Bank"), _("Where money is received and paid from.")),
)
