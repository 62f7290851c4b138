"""Open items as people name them on the command line: by id, or by the number of their entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import select

from backstay.spi import Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Entry
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.services.bulk_rows import among

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NamedPair: TypeAlias = tuple[int | None, str, str, str]
"""A row of a file (None outside one), the names of debit and credit, and the amount as text."""

_LONGEST_ID = 18


def find_items(
    session: Session, named: Sequence[NamedPair]
) -> tuple[list[tuple[int, int]], list[Problem]]:
    """Ids of the items of pairs, and what is wrong with the names; an unknown one has the id 0."""
    texts = {text for _row, debit, credit, _amount in named for text in (debit, credit)}
    by_number: dict[tuple[str, bool], list[int]] = defaultdict(list)
    numbers = sorted(text for text in texts if text and not _is_id(text))
    for number, key, amount in session.execute(
        select(Entry.number_text, OpenItem.id, OpenItem.amount)
        .join(OpenItem, OpenItem.entry_id == Entry.id)
        .where(
            Entry.company_id == company_of(session).id,
            OpenItem.company_id == company_of(session).id,
            among(session, Entry.number_text, numbers),
        )
    ):
        by_number[number or "", amount > 0].append(key)
    problems: list[Problem] = []

    def found(text: str, field: str, row: int | None) -> int:
        if _is_id(text):
            return int(text)
        keys = by_number.get((text, field == "debit"), [])
        if len(keys) == 1:
            return keys[0]
        if not text:
            message = _("This field is missing.")
        elif keys:
            message = _(
                "%(number)s has several items on this side; name one by its id.", number=text[:80]
            )
        else:
            message = _(
                "“%(number)s” is no id of an item, and no entry of that number has an item on"
                " this side.",
                number=text[:80],
            )
        problems.append(Problem(message, field, row))
        return 0

    ids = [
        (found(debit, "debit", row), found(credit, "credit", row))
        for row, debit, credit, _amount in named
    ]
    return ids, problems


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID
