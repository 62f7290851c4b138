"""A browser's name in words that its owner recognises in the list of sessions."""

from __future__ import annotations

import re
from typing import Final

from backstay.i18n import gettext as _

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """``Firefox 152 on Windows``; an unknown one by the first word that it says of itself."""
    browser = ""
    for token, name in _BROWSERS:
        found = re.search(rf"{token}/(\d+)", user_agent)
        if found:
            browser = f"{name} {found[1]}"
            break
    system = next((name for token, name in _SYSTEMS if token in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    first = re.sub(r"[^ -~]", "", user_agent).split(" ")[0]
    return browser or first[:60] or _("unknown browser")
