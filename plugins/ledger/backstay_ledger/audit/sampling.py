"""Samples of entries that anybody can draw again: by chance, or each unit of money as likely."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from backstay.spi import to_units
from backstay_ledger.audit.control_queries import entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay_ledger.audit.controls import Asked


def sample(session: Session, asked: Asked) -> list[tuple[Any, ...]]:
    """A sample of the posted entries of some days, in the order of their days.

    By amount it is monetary unit sampling with a fixed interval (ISA 530, appendix 1): every entry
    that is larger than the interval is in it. By chance, each entry is as likely as any other.
    """
    found = list(entries(session, asked))
    size, seed = asked.number("size"), asked.values["seed"]
    if len(found) <= size:
        return found
    if asked.values["method"] == "random":
        drawn = sorted(found, key=lambda row: _drawn(f"{seed}:{row[1]}"))[:size]
        return sorted(drawn, key=lambda row: (row[2], row[0]))
    return by_amount(found, size, seed)


def by_amount(found: Sequence[tuple[Any, ...]], size: int, seed: str) -> list[tuple[Any, ...]]:
    """Entries that a step of a fixed interval hits, from a start that the seed gives."""
    amounts = [to_units(row[4]) for row in found]
    interval = sum(amounts) // size
    start = int(_drawn(seed), 16) % interval
    chosen, reached, next_hit = [], 0, start
    for row, amount in zip(found, amounts, strict=True):
        reached += amount
        if next_hit < reached:
            chosen.append(row)
            next_hit += interval * ((reached - 1 - next_hit) // interval + 1)
    return chosen


def _drawn(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()
