"""The plugin's bespoke pages, under ``/c/<company>/approvals/``."""

from __future__ import annotations

from typing import Final

from backstay.spi import PluginBlueprint

blueprint: Final = PluginBlueprint("approvals", __name__)
