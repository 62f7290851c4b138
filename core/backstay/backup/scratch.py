"""Names for what exists only while a backup is tried or put in place."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import make_url

from backstay.clock import now

_LONGEST: Final = 63
"""PostgreSQL cuts longer names off."""


def scratch_name(url: str) -> str:
    """A new name for a scratch database beside another."""
    return f"{_stem(url, 16)}_try_{secrets.token_hex(4)}"


def kept_name(url: str) -> str:
    """The name under which the database is kept that a restore takes the place of."""
    return f"{_stem(url, 24)}_before_{stamp()}"


def stamp() -> str:
    """The present second as it is written into names."""
    return now().strftime("%Y%m%d_%H%M%S")


def _stem(url: str, more: int) -> str:
    return str(make_url(url).database)[: _LONGEST - more]
