"""Looking up, once for a whole batch, what its entries refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay_ledger.models import Account, Entry, FiscalYear, Journal, Period, PeriodState
from backstay_ledger.services.bulk_rows import among


@dataclass(frozen=True, slots=True)
class JournalRef:
    """What posting needs of a journal."""

    id: int
    code: str
    active: bool


@dataclass(frozen=True, slots=True)
class PeriodRef:
    """What posting needs of a period."""

    id: int
    starts_on: date
    ends_on: date
    state: PeriodState
    fiscal_year_id: int
    year: str

    @property
    def label(self) -> str:
        """The month as people write it in books."""
        return f"{self.starts_on:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Existing:
    """The entry that was posted under a key."""

    id: int
    number_text: str
    payload_hash: str


@dataclass(frozen=True, slots=True)
class AccountRef:
    """What posting needs of an account."""

    id: int
    active: bool


def periods_between(
    session: Session, company_id: int, dates: Sequence[date], *, lock: bool
) -> list[PeriodRef]:
    """The periods from the earliest to the latest of some dates, oldest first.

    Arguments:
        lock: keep them from being closed until the transaction ends; others may post meanwhile.
    """
    if not dates:
        return []
    query = (
        select(
            Period.id,
            Period.starts_on,
            Period.ends_on,
            Period.state,
            Period.fiscal_year_id,
            FiscalYear.code,
        )
        .join(FiscalYear, FiscalYear.id == Period.fiscal_year_id)
        .where(
            Period.company_id == company_id,
            Period.starts_on <= max(dates),
            Period.ends_on >= min(dates),
        )
        .order_by(Period.starts_on)
    )
    if lock:
        query = query.with_for_update(read=True, of=Period)
    return [PeriodRef(*row) for row in session.execute(query)]


def journals_by_code(session: Session, company_id: int) -> dict[str, JournalRef]:
    """The journals of a company."""
    rows = session.execute(
        select(Journal.id, Journal.code, Journal.active).where(Journal.company_id == company_id)
    )
    return {row.code: JournalRef(*row) for row in rows}


def accounts_by_code(
    session: Session, company_id: int, codes: Collection[str]
) -> dict[str, AccountRef]:
    """Accounts of a company; unknown codes are left out."""
    found: dict[str, AccountRef] = {}
    for some in _chunks(sorted(codes)):
        rows = session.execute(
            select(Account.code, Account.id, Account.active).where(
                Account.company_id == company_id, among(session, Account.code, some)
            )
        )
        found.update((row.code, AccountRef(row.id, row.active)) for row in rows)
    return found


def existing_by_key(session: Session, company_id: int, keys: Sequence[str]) -> dict[str, Existing]:
    """Posted entries by their idempotency keys."""
    found: dict[str, Existing] = {}
    for some in _chunks(sorted(set(keys))):
        for row in session.execute(
            select(Entry.idempotency_key, Entry.id, Entry.number_text, Entry.payload_hash).where(
                Entry.company_id == company_id, among(session, Entry.idempotency_key, some)
            )
        ):
            found[str(row.idempotency_key)] = Existing(
                row.id, row.number_text or "", row.payload_hash
            )
    return found


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), 1000):
        yield items[start : start + 1000]
