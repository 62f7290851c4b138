"""What can be permitted with currencies."""

from __future__ import annotations

from typing import Final

from backstay.spi import Permission, Risk
from backstay.spi import lazy as _

RATE_EDIT: Final = Permission("ledger.rate.edit", _("type in, import and correct exchange rates"))
CURRENCY_EDIT: Final = Permission(
    "ledger.currency.edit",
    _("set up currencies and the accounts for exchange differences"),
    Risk.SENSITIVE,
)
REVALUE: Final = Permission(
    "ledger.revaluation.post",
    _("revalue accounts in foreign currencies"),
    Risk.SENSITIVE,
    _("Entries are posted as of the day, and their reversals on the next."),
)

CURRENCY_PERMISSIONS: Final = (RATE_EDIT, CURRENCY_EDIT, REVALUE)
