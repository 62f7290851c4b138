"""The reader's language for names of days and months."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError


@lru_cache(maxsize=64)
def locale_of(name: str) -> Locale:
    """Babel's locale for a language code; English for one that it does not know."""
    try:
        return Locale.parse(name, sep="-" if "-" in name else "_")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
