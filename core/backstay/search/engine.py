"""The two engines behind one interface: conditions over the index, for SQLite and PostgreSQL.

``matching`` asks the inverted index (rare words), ``contains`` looks at a row that is already at
hand (common words, on the way through a list in its order).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, column, false, func, literal, or_, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from backstay.db.context import context_of
from backstay.search.declared import scope_of
from backstay.search.models import NO_COMPANY, VECTOR_OF_ROW, WORDS, SearchRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def matching(searches: Sequence[Search], dialect: str, months: Sequence[str] = ()) -> Select[Any]:
    """Entity and record of the rows that match, in no order; the searches have the same words.

    Arguments:
        months: marks of months (:func:`month_mark`), one of which a row's date must lie in; none
            for rows of any date.
    """
    found: Any = select(SearchRow.entity, SearchRow.record_id)
    if dialect == "postgresql":
        asked = cast(literal(_asked(_TSQUERY, searches, months), Text), TSQUERY)
        found = found.where(VECTOR_OF_ROW.op("@@")(asked))
    else:
        found = found.join(_WORDS, _WORDS.c.rowid == SearchRow.id).where(
            _WORDS.c[WORDS].op("MATCH")(literal(_asked(_FTS5, searches, months), Text))
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


@dataclass(frozen=True, slots=True)
class _Language:
    """How a database's full-text search writes a word, a word's beginning, and, or."""

    quote: str
    beginning: str
    both: str
    either: str

    def word(self, text: str, *, whole: bool = True) -> str:
        """Words are letters, digits and our marks, so nothing in them can leave the quotes."""
        return f"{self.quote}{text}{self.quote}{'' if whole else self.beginning}"

    def all(self, parts: Iterable[str]) -> str:
        return f"({self.both.join(parts)})"

    def any(self, parts: Iterable[str]) -> str:
        return f"({self.either.join(parts)})"


_TSQUERY: Final = _Language("'", ":*", " & ", " | ")
_FTS5: Final = _Language('"', "*", " AND ", " OR ")


def _asked(language: _Language, searches: Sequence[Search], months: Sequence[str]) -> str:
    return language.any(_asked_of(language, one, months or ("",)) for one in searches)


def _asked_of(language: _Language, search: Search, months: Sequence[str]) -> str:
    found = language.any(
        language.all(
            language.any(
                language.word(f"{month}{mark}{word.text}", whole=word.whole)
                for mark in search.marks
            )
            for word in search.words
        )
        for month in months
    )
    if not search.scopes:
        return found
    return language.all((found, language.any(language.word(scope) for scope in search.scopes)))
