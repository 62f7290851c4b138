"""The tokens in force, read while an application is built; what can't be used is left out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select

from backstay.errors import BackstayError
from backstay.themes.models import ThemeTokens, TokensState
from backstay.themes.tokens import Tokens, from_content

if TYPE_CHECKING:
    from backstay.db.database import Database

_log = logging.getLogger("backstay.themes")
_ASKED = select(ThemeTokens.__table__.c.content).where(
    ThemeTokens.__table__.c.state == TokensState.APPLIED
)


def tokens_in_force(database: Database) -> Tokens | None:
    """The applied tokens, or None; a page without them is better than no page."""
    with database.reading_connection() as connection:
        if not inspect(connection).has_table(ThemeTokens.__tablename__):
            return None
        content = connection.scalar(_ASKED)
    if content is None:
        return None
    try:
        return from_content(content)
    except BackstayError as error:
        _log.warning("the tokens in force can't be used and are left out: %s", error)
        return None
