"""The ways to rates, currencies and their settings, in the sidebar and the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_ledger import sections
from backstay_ledger.permissions import BOOKS_VIEW

CURRENCY_PAGES: Final = (
    Page(
        Area.MONEY,
        _("Exchange rates"),
        "ledger.fx_rate.list",
        "coins",
        BOOKS_VIEW,
        order=75,
        keywords=_("currency foreign ecb"),
    ),
    Page(
        Area.MONEY,
        _("Currencies"),
        "ledger.currency.list",
        "coins",
        BOOKS_VIEW,
        order=76,
        in_palette_only=True,
        section=sections.CURRENCIES,
        keywords=_("decimals coins rounding cash"),
    ),
    Page(
        Area.MONEY,
        _("Exchange settings"),
        "ledger.exchange_setting.list",
        "settings",
        BOOKS_VIEW,
        order=77,
        in_palette_only=True,
        section=sections.CURRENCIES,
        keywords=_("gain loss difference accounts"),
    ),
    Page(
        Area.MONEY,
        _("Revaluation"),
        "ledger.revaluation",
        "refresh",
        BOOKS_VIEW,
        order=78,
        in_palette_only=True,
        section=sections.CURRENCIES,
        keywords=_("foreign currency unrealised month end"),
    ),
)
