"""The account card and the general ledger: lines of accounts with their running balance."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, func, select, tuple_, union_all
from sqlalchemy.orm import Session

from backstay.spi import Invalid, Money, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Account, Entry, Line
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import load_account
from backstay_ledger.services.balances import ZERO, balances, turnover
from backstay_ledger.services.sums import Within, day_before

_FETCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last line of a page: the next page begins after it."""

    day: date
    entry_id: int
    line_no: int

    def __str__(self) -> str:
        """As it stands in a URL."""
        return f"{self.day.isoformat()},{self.entry_id},{self.line_no}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a cursor from a URL.

        Raises:
            Invalid: it is none.
        """
        try:
            day, entry_id, line_no = text.split(",")
            return cls(date.fromisoformat(day), int(entry_id), int(line_no))
        except ValueError:
            raise Invalid(_("This page of the account does not exist."), field="after") from None


@dataclass(frozen=True, slots=True)
class CardLine:
    """A posted line on an account.

    Arguments:
        amount: base currency, debit positive; ``debit`` and ``credit`` are how it is shown.
        balance: of the account after this line.
        text: what the line says, or the entry's memo where it says nothing.
    """

    entry_id: int
    line_no: int
    date: date
    number_text: str
    text: str
    reference: str
    amount: Decimal
    currency: str | None
    amount_currency: Decimal | None
    balance: Decimal

    @property
    def debit(self) -> Decimal:
        """The amount if it is a debit, else zero."""
        return max(self.amount, ZERO)

    @property
    def credit(self) -> Decimal:
        """The amount if it is a credit, else zero."""
        return max(-self.amount, ZERO)


@dataclass(frozen=True, slots=True)
class AccountCard:
    """A page of an account's lines.

    Arguments:
        opening: balance before the first day of the range.
        brought_forward: balance before the first line of this page.
        debit / credit: turnover of the whole range.
        closing: balance at the end of the range.
        next: where the next page begins, or None on the last.
    """

    account: Account
    opening: Decimal
    brought_forward: Decimal
    lines: tuple[CardLine, ...]
    debit: Decimal
    credit: Decimal
    closing: Decimal
    next: Cursor | None


class RowKind(enum.Enum):
    """What a row of the general ledger is."""

    OPENING = "opening"
    LINE = "line"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class GeneralLedgerRow:
    """A row of the general ledger.

    Arguments:
        line: the line, or None for opening and closing rows.
        debit / credit: of the line; in the closing row the turnover of the range.
        balance: after this row.
    """

    kind: RowKind
    account_id: int
    code: str
    name: str
    balance: Decimal
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    line: CardLine | None = None


def account_card(
    session: Session,
    account_id: int,
    start: date,
    end: date,
    *,
    after: Cursor | None = None,
    limit: int = 100,
    within: Within | None = None,
) -> AccountCard:
    """A page of the lines of an account from a day to a day, oldest first, with running balance.

    Arguments:
        within: only these lines, and the balance of these lines.

    Raises:
        NotFound: the company has no such account.
        Invalid: the range ends before it begins.
    """
    authorize(session, BOOKS_VIEW)
    check_range(start, end)
    account = load_account(session, account_id)
    one = [account_id]
    opening = balances(session, day_before(start), one, within=within).get(account_id, ZERO)
    moved = turnover(session, start, end, one, within=within).get(account_id, (ZERO, ZERO))
    forward = opening if after is None else _balance_at(session, account_id, after, within)
    span = _Span(account_id, start, end, within)
    lines = list(_lines(session, span, after, limit + 1, forward))
    return replace(_card(account, opening, moved, lines, limit), brought_forward=forward)


def _card(
    account: Account,
    opening: Decimal,
    moved: tuple[Decimal, Decimal],
    lines: Sequence[CardLine],
    limit: int,
) -> AccountCard:
    """A card that begins with its opening balance; one line over the limit says that more come."""
    more = len(lines) > limit
    shown = tuple(lines[:limit])
    debit, credit = moved
    return AccountCard(
        account=account,
        opening=opening,
        brought_forward=opening,
        lines=shown,
        debit=debit,
        credit=credit,
        closing=opening + debit - credit,
        next=Cursor(shown[-1].date, shown[-1].entry_id, shown[-1].line_no) if more else None,
    )


def account_cards(
    session: Session,
    account_ids: Sequence[int],
    start: date,
    end: date,
    *,
    limit: int,
    within: Within | None = None,
) -> list[AccountCard]:
    """The first lines of several accounts, in the order of the ids; as many statements as for one.

    Arguments:
        limit: the most lines of an account; ``next`` says where more of them begin.
        within: only these lines, and their balances.

    Raises:
        NotFound: the company has no such account.
        Invalid: the range ends before it begins.
    """
    authorize(session, BOOKS_VIEW)
    check_range(start, end)
    if not account_ids:
        return []
    accounts = {
        row.id: row for row in session.scalars(select(Account).where(Account.id.in_(account_ids)))
    }
    opening = balances(session, day_before(start), account_ids, within=within)
    moved = turnover(session, start, end, account_ids, within=within)
    firsts = [
        select(_query(session, _Span(key, start, end, within), None, limit + 1).subquery())
        for key in account_ids
    ]
    rows: dict[int, list[Any]] = {key: [] for key in account_ids}
    for row in session.execute(union_all(*firsts)):
        rows[row.account_id].append(row)
    return [
        _card(
            accounts.get(key) or load_account(session, key),
            opening.get(key, ZERO),
            moved.get(key, (ZERO, ZERO)),
            list(_with_balances(sorted(rows[key], key=_place), opening.get(key, ZERO))),
            limit,
        )
        for key in account_ids
    ]


def general_ledger(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None = None,
    within: Within | None = None,
) -> Iterator[GeneralLedgerRow]:
    """Every account with its opening balance, its lines and its closing balance, streamed.

    Accounts without a balance and without lines in the range are left out.

    Arguments:
        account_ids: only these accounts; None for all.
        within: only these lines, and their balances.

    Raises:
        Invalid: the range ends before it begins.
    """
    authorize(session, BOOKS_VIEW)
    check_range(start, end)
    return _general_ledger(session, start, end, account_ids, within)


def check_range(start: date, end: date) -> None:
    """Check that a range of days has a day.

    Raises:
        Invalid: it ends before it begins.
    """
    if end < start:
        raise Invalid(
            _("The range ends on %(end)s, before it begins on %(start)s.", start=start, end=end),
            field="end",
        )


def _general_ledger(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None,
    within: Within | None,
) -> Iterator[GeneralLedgerRow]:
    opening = balances(session, day_before(start), account_ids, within=within)
    moved = turnover(session, start, end, account_ids, within=within)
    query = (
        select(Account.id, Account.code, Account.name)
        .where(Account.company_id == company_of(session).id)
        .order_by(Account.code)
    )
    if account_ids is not None:
        query = query.where(Account.id.in_(account_ids))
    for account_id, code, name in session.execute(query).all():
        at = opening.get(account_id, ZERO)
        if not at and account_id not in moved:
            continue
        yield GeneralLedgerRow(RowKind.OPENING, account_id, code, name, at)
        for line in _all_lines(session, _Span(account_id, start, end, within), at):
            yield GeneralLedgerRow(
                RowKind.LINE, account_id, code, name, line.balance, line.debit, line.credit, line
            )
        debit, credit = moved.get(account_id, (ZERO, ZERO))
        yield GeneralLedgerRow(
            RowKind.CLOSING, account_id, code, name, at + debit - credit, debit, credit
        )


@dataclass(frozen=True, slots=True)
class _Span:
    """Lines of an account over some days."""

    account_id: int
    start: date
    end: date
    within: Within | None


def _all_lines(session: Session, span: _Span, at: Decimal) -> Iterator[CardLine]:
    after: Cursor | None = None
    while True:
        count = 0
        for line in _lines(session, span, after, _FETCH, at):
            count += 1
            at = line.balance
            after = Cursor(line.date, line.entry_id, line.line_no)
            yield line
        if count < _FETCH:
            return


def _lines(
    session: Session, span: _Span, after: Cursor | None, limit: int, at: Decimal
) -> Iterator[CardLine]:
    query = _query(session, span, after, limit)
    yield from _with_balances(session.execute(query), at)


def _with_balances(rows: Iterable[Any], at: Decimal) -> Iterator[CardLine]:
    for row in rows:
        at += row.amount
        yield CardLine(*(*row[:-1], at))  # without the account


def _place(row: Any) -> tuple[date, int, int]:
    return (row.date, row.entry_id, row.line_no)


def _query(session: Session, span: _Span, after: Cursor | None, limit: int) -> Select[Any]:
    start = span.start
    query: Any = (
        select(
            Line.entry_id,
            Line.line_no,
            Line.date,
            Entry.number_text,
            func.coalesce(func.nullif(Line.text, ""), Entry.memo).label("said"),
            Entry.reference,
            Line.amount,
            Line.currency,
            Line.amount_currency,
            Line.account_id,
        )
        .join(Entry, Entry.id == Line.entry_id)
        .where(
            Line.company_id == company_of(session).id,
            Line.account_id == span.account_id,
            # The day of the cursor bounds the index for SQLite, which does not by the row itself.
            Line.date.between(start if after is None else max(start, after.day), span.end),
        )
        .order_by(Line.date, Line.entry_id, Line.line_no)
        .limit(limit)
    )
    if span.within is not None:
        query = query.where(span.within.holds(Line.dimset_id))
    if after is not None:
        query = query.where(_position() > tuple_(after.day, after.entry_id, after.line_no))
    return cast("Select[Any]", query)


def _balance_at(
    session: Session, account_id: int, cursor: Cursor, within: Within | None
) -> Decimal:
    """The balance after the line that a cursor stands on."""
    day = day_before(cursor.day)
    before = balances(session, day, [account_id], within=within).get(account_id, ZERO)
    query = select(func.sum(Line.amount, type_=Money())).where(
        Line.company_id == company_of(session).id,
        Line.account_id == account_id,
        Line.date == cursor.day,
        tuple_(Line.entry_id, Line.line_no) <= tuple_(cursor.entry_id, cursor.line_no),
    )
    if within is not None:
        query = query.where(within.holds(Line.dimset_id))
    return before + (session.scalar(query) or ZERO)


def _position() -> Any:
    position: ColumnElement[Any] = tuple_(Line.date, Line.entry_id, Line.line_no)
    return position
