"""The way to the books: through the contract, whoever provides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.contracts.books import Books
from backstay.spi import require

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def books_of(session: Session) -> Books:
    """The books of the company that the session works in."""
    return require(session, Books)  # type: ignore[type-abstract]
