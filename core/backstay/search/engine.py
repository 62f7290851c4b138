"""The two engines behind one interface: conditions over the index, for SQLite and PostgreSQL.

``matching`` asks the inverted index (rare words), ``contains`` looks at a row that is already at
hand (common words, on the way through a list in its order).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, column, false, func, literal, or_, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from backstay.db.context import context_of
from backstay.search.declared import scope_of
from backstay.search.models import NO_COMPANY, VECTOR_OF_ROW, WORDS, SearchRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from backstay.resources.serialize import Reader
    from backstay.search.declared import Searched
    from backstay.search.words import Asked

_WORDS = table(WORDS, column("rowid"), column(WORDS))
MOST_COMPANIES = 50
"""From so many companies on their rows are not told apart by the index."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search in one model's records, as one reader may see them.

    Arguments:
        words: all of them must match; none at all matches nothing.
        marks: what may stand before a word, by the field groups that the reader may read.
        scopes: the words that name table and company; empty where all companies are seen.
    """

    searched: Searched
    words: tuple[Asked, ...]
    marks: tuple[str, ...]
    scopes: tuple[str, ...]

    @classmethod
    def of(
        cls, session: Session, searched: Searched, words: tuple[Asked, ...], reader: Reader
    ) -> Search:
        """The search of a session's companies."""
        if searched.in_company:
            companies: Sequence[int] = sorted(context_of(session).company_ids or ())
            if len(companies) > MOST_COMPANIES:
                companies = ()
        else:
            companies = (NO_COMPANY,)
        return cls(
            searched,
            words,
            searched.marks(reader),
            tuple(scope_of(searched.entity, company) for company in companies),
        )

    @property
    def finds_nothing(self) -> bool:
        """Whether no row can match."""
        return not self.words or not self.marks


def matching(searches: Sequence[Search], dialect: str) -> Select[Any]:
    """Entity and record of the rows that match, in no order; the searches have the same words."""
    found: Any = select(SearchRow.entity, SearchRow.record_id)
    if dialect == "postgresql":
        asked = cast(literal(_tsquery(searches), Text), TSQUERY)
        found = found.where(VECTOR_OF_ROW.op("@@")(asked))
    else:
        found = found.join(_WORDS, _WORDS.c.rowid == SearchRow.id).where(
            _WORDS.c[WORDS].op("MATCH")(literal(_fts5(searches), Text))
        )
    if not all(one.scopes for one in searches):
        # The empty text keeps SQLite from walking the entity's rows instead of the words.
        found = found.where((SearchRow.entity + "").in_([one.searched.entity for one in searches]))
    return found  # type: ignore[no-any-return]


def contains(search: Search, dialect: str) -> list[ColumnElement[bool]]:
    """The conditions by which a row at hand is told to match."""
    if search.finds_nothing:
        return [false()]
    place = func.strpos if dialect == "postgresql" else func.instr
    return [
        or_(
            *(
                place(SearchRow.text, f" {mark}{word.text}{' ' if word.whole else ''}") > 0
                for mark in search.marks
            )
        )
        for word in search.words
    ]


def _tsquery(searches: Sequence[Search]) -> str:
    """Words are letters and digits, so nothing in them can leave the quotes."""
    return " | ".join(f"({' & '.join(_tsquery_parts(one))})" for one in searches)


def _tsquery_parts(one: Search) -> list[str]:
    parts = [
        "(" + " | ".join(f"'{mark}{w.text}'{'' if w.whole else ':*'}" for mark in one.marks) + ")"
        for w in one.words
    ]
    if one.scopes:
        parts.append("(" + " | ".join(f"'{scope}'" for scope in one.scopes) + ")")
    return parts


def _fts5(searches: Sequence[Search]) -> str:
    return " OR ".join(f"({' AND '.join(_fts5_parts(one))})" for one in searches)


def _fts5_parts(one: Search) -> list[str]:
    parts = [
        "(" + " OR ".join(f'"{mark}{w.text}"{"" if w.whole else "*"}' for mark in one.marks) + ")"
        for w in one.words
    ]
    if one.scopes:
        parts.append("(" + " OR ".join(f'"{scope}"' for scope in one.scopes) + ")")
    return parts
