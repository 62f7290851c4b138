"""Core and every installed plugin withstand every attack; a plugin added later is attacked too."""

from __future__ import annotations

from pathlib import Path

from backstay.kernel.discovery import discover
from backstay.testing.attack import GOLDEN, attack

HERE = Path(__file__).parent


def folder_of(plugin: str) -> Path:
    """The folder beside the plugin's package in which its reviewed file lies."""
    return HERE if plugin == "core" else discover()[plugin].root.parent / "tests"


for _plugin in ("core", *discover()):
    globals()[f"Test{_plugin.title()}"] = attack(_plugin, folder_of(_plugin) / GOLDEN)
