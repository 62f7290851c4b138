"""How many rows a list has, up to a cap: counting a million would cost more than the page."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from backstay.db.context import context_of

if TYPE_CHECKING:
    from sqlalchemy import URL, Select
    from sqlalchemy.orm import Session

MOST_COUNTED: Final = 10_000
LONG_FOR: Final = 60.0
"""Seconds for which a list that passed the cap is not counted again."""
_MOST_KNOWN: Final = 1000


class Counter:
    """Counts the lists of a resource, and remembers for a while which are long."""

    def __init__(self) -> None:
        """Begin without knowing any list."""
        self._long: dict[tuple[URL, frozenset[int] | None, str], float] = {}

    def count(self, session: Session, ids: Select[Any], known_as: str) -> tuple[int, bool]:
        """How many rows a list has, at most ``MOST_COUNTED`` + 1, and whether there are more.

        Arguments:
            ids: selects the ids of the whole list.
            known_as: the list with its filters; empty if it is to be counted anew every time.
        """
        # A process may serve several databases with the same routes.
        key = (session.get_bind().engine.url, context_of(session).company_ids, known_as)
        if known_as and self._long.get(key, 0) > monotonic():
            return MOST_COUNTED + 1, True
        some = ids.limit(MOST_COUNTED + 1).subquery()
        count = session.scalar(select(func.count(some.c.id))) or 0
        if known_as and count > MOST_COUNTED:
            # A list does not become short again in a minute; below the cap it is counted anew.
            if len(self._long) >= _MOST_KNOWN:
                self._long.clear()
            self._long[key] = monotonic() + LONG_FOR
        return count, count > MOST_COUNTED
