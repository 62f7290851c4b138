"""Looking up, once for a whole batch, what its entries refer to.

Each question is asked by one call and its answer read by another, so that several go to the
database together (:func:`backstay.spi.together`).

Every posting sends these, so the statements are made once and name tables instead of models: each
filters by company itself, and :func:`_rows` holds the company against the session's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    String,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted
from backstay.spi import Answer, Fixed, context_of, from_units
from backstay.spi import gettext as _
from backstay_ledger.closing.models import Lock
from backstay_ledger.models import (
    Account,
    ApprovalLimit,
    Entry,
    FiscalYear,
    Journal,
    Period,
    PeriodKind,
    PeriodState,
    RequiredDimension,
    period_label,
)
from backstay_ledger.services.bulk_rows import pieces, table_of
from backstay_ledger.services.content import as_json

_ACCOUNT: Final = table_of(Account).c
_ENTRY: Final = table_of(Entry).c
_JOURNAL: Final = table_of(Journal).c
_LIMIT: Final = table_of(ApprovalLimit).c
_LOCK: Final = table_of(Lock).c
_PERIOD: Final = table_of(Period).c
_YEAR: Final = table_of(FiscalYear).c


@dataclass(frozen=True, slots=True)
class JournalRef:
    """What posting needs of a journal."""

    id: int
    code: str
    active: bool


@dataclass(frozen=True, slots=True)
class PeriodRef:
    """What posting needs of a period.

    Arguments:
        locked: the lock of some sub-ledger reaches into it.
    """

    id: int
    starts_on: date
    ends_on: date
    state: PeriodState
    fiscal_year_id: int
    kind: PeriodKind
    number: int
    year: str
    locked: bool

    @property
    def label(self) -> str:
        """The month as people write it in books."""
        return period_label(self.starts_on, self.number, self.kind)


@dataclass(frozen=True, slots=True)
class Existing:
    """The entry that was posted under a key."""

    id: int
    number_text: str
    payload_hash: str

    @property
    def posted(self) -> Posted:
        """What whoever posts it again is told; without a number it waits for approval."""
        number = self.number_text
        return Posted(self.id, number, existed=True, waits=not number)


@dataclass(frozen=True, slots=True)
class AccountRef:
    """What posting needs of an account."""

    id: int
    active: bool
    open_items: bool = False
    sub_ledger: str | None = None
    requires: bool = False
    """Its lines carry a value of some dimension."""


_REQUIRED: Final = table_of(RequiredDimension).c
_REQUIRES: Final = case(
    (
        exists().where(
            _REQUIRED.company_id == _ACCOUNT.company_id, _REQUIRED.account_id == _ACCOUNT.id
        ),
        1,
    ),
    else_=0,
)
_PERIODS: Final = (
    select(
        _PERIOD.id,
        _PERIOD.starts_on,
        _PERIOD.ends_on,
        _PERIOD.state,
        _PERIOD.fiscal_year_id,
        _PERIOD.kind,
        _PERIOD.number,
        _YEAR.code,
        select(_LOCK.id)
        .where(_LOCK.company_id == bindparam("company"), _LOCK.up_to >= _PERIOD.starts_on)
        .exists(),
    )
    .join_from(table_of(Period), table_of(FiscalYear), _YEAR.id == _PERIOD.fiscal_year_id)
    .where(
        _PERIOD.company_id == bindparam("company"),
        _YEAR.company_id == bindparam("company"),
        _PERIOD.starts_on <= bindparam("last"),
        _PERIOD.ends_on >= bindparam("first"),
        _PERIOD.kind == bindparam("kind"),
    )
    .order_by(_PERIOD.starts_on)
)
_ANY_PERIODS: Final = Fixed(_PERIODS)
# In the order in which the guards of the database lock them; a year may be made after a later one.
_LOCKED_PERIODS: Final = Fixed(
    _PERIODS.order_by(None).order_by(_PERIOD.id).with_for_update(read=True, of=table_of(Period))
)


def ask_periods(
    session: Session,
    company_id: int,
    dates: Sequence[date],
    *,
    lock: bool,
    kind: PeriodKind = PeriodKind.MONTH,
) -> Callable[[], list[PeriodRef]]:
    """The periods of a kind from the earliest to the latest of some dates, oldest first.

    Arguments:
        lock: keep them from being closed until the transaction ends; others may post meanwhile.
    """
    if not dates:
        return list
    query = _LOCKED_PERIODS if lock else _ANY_PERIODS
    between = {"first": min(dates), "last": max(dates), "kind": kind}
    found = _rows(session, query, company_id, between)
    return lambda: sorted((PeriodRef(*row) for row in found), key=attrgetter("starts_on"))


@cache
def _references(dialect: str) -> Fixed:
    """The journals of a company, its limits, and those of its accounts that are named."""
    return Fixed(
        union_all(
            select(
                literal_column("1"),
                _JOURNAL.code,
                _JOURNAL.id,
                _JOURNAL.active,
                literal_column("false"),
                literal_column("NULL"),
                literal_column("0"),
            ).where(_JOURNAL.company_id == bindparam("company")),
            select(
                literal_column("0"),
                _ACCOUNT.code,
                _ACCOUNT.id,
                _ACCOUNT.active,
                _ACCOUNT.open_item_managed,
                _ACCOUNT.sub_ledger,
                _REQUIRES,
            ).where(_ACCOUNT.company_id == bindparam("company"), _among(dialect, _ACCOUNT.code)),
            select(
                literal_column("2"),
                cast(func.coalesce(_LIMIT.journal_id, 0), String),
                _LIMIT.amount,
                true(),
                literal_column("false"),
                literal_column("NULL"),
                literal_column("0"),
            ).where(_LIMIT.company_id == bindparam("company")),
        )
    )


@dataclass(frozen=True, slots=True)
class References:
    """The journals of a company, its accounts that are named, and from where on two people decide.

    Arguments:
        journals: by their codes.
        accounts: by their codes; unknown ones are left out.
        limits: from which amount on an entry needs a second person, in the base currency, by the
            journal's id; 0 is all others. Nearly always there is none.
    """

    journals: dict[str, JournalRef] = field(default_factory=dict)
    accounts: dict[str, AccountRef] = field(default_factory=dict)
    limits: dict[int, Decimal] = field(default_factory=dict)


def ask_references(
    session: Session, company_id: int, codes: Collection[str]
) -> Callable[[], References]:
    """What the entries of a company name.

    Arguments:
        codes: of accounts.
    """
    dialect = session.get_bind().dialect.name
    found = [
        _rows(session, _references(dialect), company_id, {"values": _given(dialect, some)})
        for some in (pieces(sorted(codes)) if codes else [()])
    ]
    return lambda: _refer(row for rows in found for row in rows)


def _refer(rows: Iterable[Any]) -> References:
    found = References()
    for kind, code, key, active, open_items, sub_ledger, requires in rows:
        if kind == 1:
            found.journals[code] = JournalRef(key, code, bool(active))
        elif kind == 0:
            found.accounts[code] = AccountRef(
                key, bool(active), bool(open_items), sub_ledger, bool(requires)
            )
        else:
            found.limits[int(code)] = from_units(key)
    return found


@cache
def _by_key(dialect: str) -> Fixed:
    return Fixed(
        select(_ENTRY.idempotency_key, _ENTRY.id, _ENTRY.number_text, _ENTRY.payload_hash).where(
            _ENTRY.company_id == bindparam("company"), _among(dialect, _ENTRY.idempotency_key)
        )
    )


def ask_existing(
    session: Session, company_id: int, keys: Collection[str]
) -> Callable[[], dict[str, Existing]]:
    """Posted entries by their idempotency keys."""
    dialect = session.get_bind().dialect.name
    found = [
        _rows(session, _by_key(dialect), company_id, {"values": _given(dialect, some)})
        for some in pieces(sorted(set(keys)))
    ]
    return lambda: {
        key: Existing(entry_id, number or "", payload_hash)
        for rows in found
        for key, entry_id, number, payload_hash in rows
    }


def other_content(key: str, existing: Existing) -> str:
    """What is said when a key comes again with other content."""
    return _(
        "“%(key)s” was posted before as %(number)s with other content. Posted entries can't be"
        " changed; reverse it and post under a new key.",
        key=key,
        number=existing.number_text,
    )


def _among(dialect: str, column: Column[Any]) -> ColumnElement[bool]:
    """That a column has one of ``:values``: one parameter, not one a value (:func:`_given`)."""
    if dialect == "sqlite":
        return column.in_(select(func.json_each(bindparam("values")).table_valued("value").c.value))
    return column == func.any(bindparam("values", type_=ARRAY(column.type)))


def _given(dialect: str, values: Iterable[str]) -> Any:
    """Values as the parameter that the database takes them from."""
    return as_json(list(values)) if dialect == "sqlite" else list(values)


def _rows(
    session: Session,
    query: Fixed,
    company_id: int,
    values: dict[str, Any],
) -> Answer:
    """The rows of a company that the session may see, to be fetched.

    Raises:
        PermissionError: it may not see this company.
    """
    allowed = context_of(session).company_ids
    if allowed is not None and company_id not in allowed:
        message = "rows of another company can't be read"
        raise PermissionError(message)
    session.flush()  # as the session does it by itself before a query over models
    return query.execute(session.connection(), {"company": company_id, **values})
