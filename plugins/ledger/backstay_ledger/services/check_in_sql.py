"""What a check of the books is, for the modules that declare some."""

from __future__ import annotations

from dataclasses import dataclass

from backstay.spi import Text


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant: the query names what breaks it, one row each, for companies in ``:company``."""

    name: str
    message: Text
    query: str
