"""The headings under which the start page lists the ledger's pages."""

from __future__ import annotations

from typing import Final

from backstay.spi import lazy as _

ENTRIES: Final = _("Entries")
REPORTS: Final = _("Reports and statements")
TAXES: Final = _("Taxes")
CLOSING: Final = _("Closing")
CURRENCIES: Final = _("Currencies")
DIMENSIONS: Final = _("Dimensions")
SETUP: Final = _("Setting up")
