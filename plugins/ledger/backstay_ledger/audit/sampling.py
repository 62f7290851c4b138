"""Samples of entries that anybody can draw again: by chance, or each unit of money as likely."""

from __future__ import annotations

import hashlib
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Any

from backstay.spi import to_units
from backstay_ledger.audit.control_queries import entries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from backstay_ledger.audit.controls import Asked


def sample(session: Session, asked: Asked) -> list[tuple[Any, ...]]:
    """A sample of the posted entries of some days, in the order of their days.

    By amount it is monetary unit sampling with a fixed interval (ISA 530, appendix 1): every entry
    that is larger than the interval is in it. By chance, each entry is as likely as any other.

    The entries are read twice, or once, and never are more of them in memory than the sample has.
    """
    size, seed = asked.number("size"), asked.values["seed"]
    if asked.values["method"] == "random":
        drawn = nsmallest(size, entries(session, asked), key=lambda row: _drawn(f"{seed}:{row[1]}"))
        return sorted(drawn, key=lambda row: (row[2], row[0]))
    count = total = 0
    for row in entries(session, asked):
        count += 1
        total += to_units(row[4])
    if count <= size:
        return list(islice(entries(session, asked), size))
    return by_amount(entries(session, asked), total, size, seed)


def by_amount(
    found: Iterable[tuple[Any, ...]], total: int, size: int, seed: str
) -> list[tuple[Any, ...]]:
    """Entries that a step of a fixed interval hits, from a start that the seed gives.

    Arguments:
        found: read once, one after the other.
        total: their amounts in ten-thousandths.
    """
    interval = total // size
    start = int(_drawn(seed), 16) % interval
    chosen, reached, next_hit = [], 0, start
    for row in found:
        reached += to_units(row[4])
        if next_hit < reached:
            chosen.append(row)
            next_hit += interval * ((reached - 1 - next_hit) // interval + 1)
    return chosen


def _drawn(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()
