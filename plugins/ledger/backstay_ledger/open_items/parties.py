"""The parties that a company's open items name, for completing what is typed.

A party is the free text of its items. Whoever keeps a directory of parties later gives this module
its names; what asks for them stays as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import authorize, company_of
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.permissions import BOOKS_VIEW

MOST: Final = 20
_MOST_KNOWN: Final = 20_000


def folded(party: str) -> str:
    """What two spellings of one party have in common: no case, no spaces, no full stops."""
    text = unicodedata.normalize("NFKC", party).casefold()
    return "".join(one for one in text if not one.isspace() and one not in ".,'\u2019-")


def matching_parties(session: Session, text: str) -> list[str]:
    """Known parties that contain a text, those that begin with it first; twenty at most."""
    authorize(session, BOOKS_VIEW)
    wanted = folded(text)
    found = [(folded(one), one) for one in _known(session)]
    hits = [(not fold.startswith(wanted), one) for fold, one in found if wanted in fold]
    return [one for _late, one in sorted(hits)[:MOST]]


def other_spellings(session: Session, parties: Iterable[str]) -> dict[str, str]:
    """For each party that nobody wrote like this so far: how it is written on open items.

    A party that is new, or written as it is known, is left out.
    """
    authorize(session, BOOKS_VIEW)
    asked = {one.strip() for one in parties} - {""}
    if not asked:
        return {}
    known = _known(session)
    by_fold: dict[str, str] = {}
    for one in known:
        by_fold.setdefault(folded(one), one)
    return {
        one: by_fold[folded(one)]
        for one in sorted(asked - set(known))
        if by_fold.get(folded(one), one) != one
    }


def _known(session: Session) -> list[str]:
    """All parties, by one step through the index for each and not one for each item."""
    company_id = company_of(session).id
    first = (
        select(func.min(OpenItem.party).label("party"))
        .where(OpenItem.company_id == company_id, OpenItem.party > "")
        .cte("known", recursive=True)
    )
    following = (
        select(func.min(OpenItem.party))
        .where(OpenItem.company_id == company_id, OpenItem.party > first.c.party)
        .scalar_subquery()
    )
    names = first.union_all(select(following).where(first.c.party.is_not(None)))
    return [
        one
        for one in session.scalars(
            select(names.c.party).where(names.c.party.is_not(None)).limit(_MOST_KNOWN)
        )
        if one
    ]
