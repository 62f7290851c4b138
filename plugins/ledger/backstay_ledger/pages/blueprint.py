"""The ledger's bespoke pages, under ``/c/<company>/ledger/``; the others come from resources."""

from __future__ import annotations

from typing import Final

from backstay.spi import PluginBlueprint

blueprint: Final = PluginBlueprint("ledger", __name__)
