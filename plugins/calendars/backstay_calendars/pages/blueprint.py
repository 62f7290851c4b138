"""The plugin's bespoke pages, under ``/c/<company>/calendars/``."""

from __future__ import annotations

from typing import Final

from backstay.spi import PluginBlueprint

blueprint: Final = PluginBlueprint("calendars", __name__)
