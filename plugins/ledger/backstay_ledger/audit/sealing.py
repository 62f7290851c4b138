"""Seals: each posted entry is chained to the one before it in its journal and year.

The hash of an entry says whether it is what was posted. Who changes an entry past the guards, and
its hash with it, still breaks the chain: the digest of a seal is made of all hashes before it.
Seals are made after posting, by the nightly job, so that posting waits for nobody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from backstay.spi import lazy, now
from backstay_ledger.audit.models import Seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

_AT_ONCE: Final = 2000
SEALS: Final = ("seals", lazy("Sealed entries that are not those that were sealed"))
_SEALED: Final = text(
    "SELECT journal_id, fiscal_year_id, number, digest FROM ledger_seal"
    " WHERE company_id = :company ORDER BY journal_id, fiscal_year_id, number"
)
_LAST: Final = text(
    "SELECT s.journal_id, s.fiscal_year_id, s.number, s.digest FROM ledger_seal AS s"
    " WHERE s.company_id = :company AND s.number = (SELECT max(o.number) FROM ledger_seal AS o"
    " WHERE o.company_id = s.company_id AND o.journal_id = s.journal_id"
    " AND o.fiscal_year_id = s.fiscal_year_id)"
)
_HEADS: Final = text(
    "SELECT journal_id, fiscal_year_id, last_number FROM ledger_sequence_head"
    " WHERE company_id = :company ORDER BY journal_id, fiscal_year_id"
)
_NAMES: Final = text(
    "SELECT j.id, y.id, j.code || '-' || y.code FROM ledger_journal AS j"
    " JOIN ledger_fiscal_year AS y ON y.company_id = j.company_id WHERE j.company_id = :company"
)
_ENTRIES: Final = text(
    "SELECT number, payload_hash FROM ledger_entry WHERE company_id = :company"
    " AND journal_id = :journal AND fiscal_year_id = :year AND number > :after"
    " AND state = 'posted' ORDER BY number"
)


@dataclass(frozen=True, slots=True)
class NewSeal:
    """A seal that can be made."""

    journal_id: int
    fiscal_year_id: int
    number: int
    digest: str


def chained(before: str, number: int, payload_hash: str) -> str:
    """The digest of an entry in its chain; of the first one with nothing before it."""
    return hashlib.sha256(f"{before}:{number}:{payload_hash}".encode()).hexdigest()


def seals_to_make(session: Session, company_id: int) -> list[NewSeal]:
    """The seals over what was posted since the last ones.

    A journal with a gap in its numbers is not sealed: what is missing could never be added.
    """
    company = {"company": company_id}
    last = {tuple(row[:2]): tuple(row[2:]) for row in _read(session, _LAST, company)}
    made: list[NewSeal] = []
    for journal_id, year_id, _head in list(_read(session, _HEADS, company)):
        start, digest = last.get((journal_id, year_id), (0, ""))
        number = start
        for found, payload_hash in _series(session, company_id, journal_id, year_id, start):
            if found != number + 1:
                break
            number, digest = found, chained(digest, found, payload_hash)
        else:
            if number > start:
                made.append(NewSeal(journal_id, year_id, number, digest))
    return made


def add_seals(session: Session, company_id: int, seals: Iterable[NewSeal]) -> None:
    """Write seals that can be made."""
    session.add_all(
        Seal(
            company_id=company_id,
            journal_id=one.journal_id,
            fiscal_year_id=one.fiscal_year_id,
            number=one.number,
            digest=one.digest,
            sealed_at=now(),
        )
        for one in seals
    )
    session.flush()


def broken_seals(session: Session, company_id: int) -> Iterator[str]:
    """Stretches of numbers that are not what was sealed: the first of each journal and year."""
    company = {"company": company_id}
    sealed = list(_read(session, _SEALED, company))
    names = {tuple(row[:2]): row[2] for row in _read(session, _NAMES, company)} if sealed else {}
    for (journal_id, year_id), seals in groupby(sealed, key=itemgetter(0, 1)):
        entries = _series(session, company_id, journal_id, year_id, 0)
        reached, digest = 0, ""
        for _journal, _year, number, expected in seals:
            start = reached
            while reached < number:
                found, payload_hash = next(entries, (number, ""))
                digest = chained(digest, found, payload_hash)
                reached = found
            if digest != expected:
                name = names.get((journal_id, year_id), "?")
                yield f"{name} {start + 1} .. {number}"
                break


def _series(
    session: Session, company_id: int, journal_id: int, year_id: int, after: int
) -> Iterator[tuple[int, str]]:
    """Number and hash of what was posted after a number; a part of a year at a time."""
    values = {"company": company_id, "journal": journal_id, "year": year_id, "after": after}
    options = {"scope_checked": True, "yield_per": _AT_ONCE}
    with session.execute(_ENTRIES, values, execution_options=options) as found:
        yield from (tuple(row) for row in found)


def _read(session: Session, query: Any, values: dict[str, int]) -> Any:
    return session.execute(query, values, execution_options={"scope_checked": True})
