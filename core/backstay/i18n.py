"""gettext for every string that a person reads. English ships; other catalogues are found by name.

``_`` translates at once, in the locale of the current request or job; ``lazy`` is for declarations
that are made at import time and translated each time they are shown.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Final

_locale: ContextVar[str] = ContextVar("backstay_locale", default="en")
_folders: list[Path] = [Path(__file__).parent / "translations"]
DOMAIN: Final = "backstay"


def add_translations(folder: Path) -> None:
    """Look for catalogues in a plugin's ``translations`` folder too."""
    if folder.is_dir() and folder not in _folders:
        _folders.append(folder)
        _catalogue.cache_clear()


def use_locale(locale: str) -> None:
    """Set the language of everything that is said from here on in this context."""
    _locale.set(locale)


def current_locale() -> str:
    """The language code in force, such as ``en`` or ``de_CH``."""
    return _locale.get()


@lru_cache(maxsize=32)
def _catalogue(locale: str) -> NullTranslations:
    merged: NullTranslations | None = None
    for folder in _folders:
        found = translation(DOMAIN, folder, [locale], fallback=True)
        if merged is None:
            merged = found
        else:
            merged.add_fallback(found)
    return merged or NullTranslations()


def gettext(message: str, **values: object) -> str:
    """Translate; ``%(name)s`` placeholders are filled from the keyword arguments."""
    text = _catalogue(_locale.get()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """Translate with the plural form for ``n``, which is also available as ``%(n)s``."""
    return _catalogue(_locale.get()).ngettext(singular, plural, n) % {"n": n, **values}


_ = gettext


class Lazy:
    """A text in a declaration, translated when it is shown."""

    __slots__ = ("_message",)

    def __init__(self, message: str) -> None:
        """Keep the English text."""
        self._message = message

    def __str__(self) -> str:
        """The text in the current language."""
        return gettext(self._message)

    def __html__(self) -> str:
        """Escaped like any other text when a template prints it."""
        from markupsafe import escape

        return str(escape(str(self)))

    def __repr__(self) -> str:
        """The English text, for people who read code."""
        return f"lazy({self._message!r})"


def lazy(message: str) -> Lazy:
    """Mark a text for translation in a declaration made at import time."""
    return Lazy(message)


Text = str | Lazy
