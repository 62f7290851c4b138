"""The counters of journals, one for each fiscal year, from which numbers without gaps are taken.

Whoever raises a counter keeps it locked until the transaction ends, and others that number entries
of the same journal wait; so it is raised late, and all counters of a batch in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import Session

from backstay.spi import CompanyRef, Fixed
from backstay_ledger.models import SequenceHead
from backstay_ledger.services.bulk_rows import table_of

Series: TypeAlias = tuple[int, int]
"""A journal and a fiscal year by their ids: they have a counter together."""
_HEAD: Final = table_of(SequenceHead).c
_RAISE: Final = (
    update(table_of(SequenceHead))
    .where(
        _HEAD.company_id == bindparam("of_company"),
        _HEAD.journal_id == bindparam("of_journal"),
        _HEAD.fiscal_year_id == bindparam("of_year"),
    )
    .values(last_number=_HEAD.last_number + bindparam("more"))
)
_RAISE_COUNTER: Final = Fixed(_RAISE)
_LOCK_COUNTER: Final = Fixed(_RAISE.returning(_HEAD.last_number))


def lock_counters(
    session: Session, company: CompanyRef, wanted: Mapping[Series, int]
) -> Callable[[], dict[Series, int]]:
    """Lock counters and raise each by so much.

    Arguments:
        wanted: how many numbers of each; 0 locks it only.

    Returns:
        what reads the last number that each had before; whoever sends the locking together with
        other statements calls it after they are sent.
    """
    connection = session.connection()
    locked = {
        series: _LOCK_COUNTER.execute(connection, _values(company, series, wanted[series]))
        for series in sorted(wanted)
    }
    return lambda: {
        series: _last_before(session, company, series, wanted[series], answer.scalar())
        for series, answer in locked.items()
    }


def raise_counters(session: Session, company: CompanyRef, taken: Mapping[Series, int]) -> None:
    """Raise counters that are locked already by the numbers that were taken of each."""
    connection = session.connection()
    for series, more in sorted(taken.items()):
        _RAISE_COUNTER.execute(connection, _values(company, series, more))


def _last_before(
    session: Session, company: CompanyRef, series: Series, more: int, raised: int | None
) -> int:
    """The number before a counter was raised; one that is not there yet is made."""
    if raised is not None:
        return raised - more
    journal_id, year_id = series
    first = {"company_id": company.id, "journal_id": journal_id, "fiscal_year_id": year_id}
    if session.get_bind().dialect.name == "postgresql":
        # Somebody else may make the same counter at this moment: wait for it, then lock it.
        made = postgresql_insert(SequenceHead).on_conflict_do_nothing()
        session.execute(made, [{**first, "last_number": 0}])
        again = _LOCK_COUNTER.execute(session.connection(), _values(company, series, more))
        return int(again.scalar()) - more
    session.add(SequenceHead(**first, last_number=more))
    session.flush()
    return 0


def _values(company: CompanyRef, series: Series, more: int) -> dict[str, int]:
    journal_id, year_id = series
    return {"of_company": company.id, "of_journal": journal_id, "of_year": year_id, "more": more}
