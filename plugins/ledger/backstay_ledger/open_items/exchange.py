"""What an allocation books: the realised exchange difference, or a move between two accounts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine, Source
from backstay.spi import (
    Conflict,
    Invalid,
    company_of,
)
from backstay.spi import gettext as _
from backstay_ledger.models import (
    Account,
    EntryKind,
    ExchangeSettings,
    JournalKind,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.open_items.models import EXCHANGE_SOURCE
from backstay_ledger.open_items.pairs import Item, has_room
from backstay_ledger.services.journals import active_journal
from backstay_ledger.services.orders import Order


@dataclass(frozen=True, slots=True)
class Share:
    """What an allocation takes of its two items.

    Arguments:
        amount: in the currency of both, > 0.
        base_debit, base_credit: what that part of either item is worth, base currency, >= 0.
    """

    debit: Item
    credit: Item
    amount: Decimal
    base_debit: Decimal
    base_credit: Decimal
    on: date


def share_of(
    debit: Item, credit: Item, amount: Decimal, on: date | None, minor_units: int
) -> Share:
    """What an amount takes of two items: all of the base amount with the last of an item.

    Arguments:
        minor_units: decimals of the base currency; parts are rounded half up to them.
    """
    return Share(
        debit,
        credit,
        amount,
        _part(debit, amount, minor_units),
        _part(credit, amount, minor_units),
        on or max(debit.date, credit.date),
    )


def on_first_day(share: Share) -> Share:
    """The same share on the first day, from its own on, from which both items have that left.

    Where an allocation was undone, less was left until then than is now.
    """
    debit, credit = share.debit, share.credit
    days = sorted({one[0] for one in (*debit.taken, *credit.taken) if one[0] > share.on})
    for day in (share.on, *days):
        if has_room(debit, share.amount, share.base_debit, day) and has_room(
            credit, share.amount, share.base_credit, day
        ):
            return replace(share, on=day)
    return share


def _part(item: Item, amount: Decimal, minor_units: int) -> Decimal:
    if amount == abs(item.residual):
        return abs(item.residual_base)
    share = abs(item.residual_base) * amount / abs(item.residual)
    return share.quantize(Decimal(1).scaleb(-minor_units), ROUND_HALF_UP)


def exchange_order(session: Session, allocation_id: int, share: Share) -> Order | None:
    """The entry that an allocation posts, or None where there is nothing to book.

    Raises:
        Invalid: the accounts of exchange differences are not set.
    """
    lines = _lines(session, share)
    if not lines:
        return None
    memo = _(
        "Allocation of %(debit)s and %(credit)s",
        debit=share.debit.number,
        credit=share.credit.number,
    )
    return Order(
        Posting(
            key="",
            journal=active_journal(
                session,
                JournalKind.GENERAL,
                _("There is no active general journal for exchange differences; create one."),
            ),
            date=first_open_day(session, share.on),
            lines=tuple(lines),
            memo=memo,
            source=Source("ledger", EXCHANGE_SOURCE, str(allocation_id)),
        ),
        kind=EntryKind.EXCHANGE,
        by_allocation=True,
    )


def _lines(session: Session, share: Share) -> list[PostingLine]:
    """Nothing but the value of a foreign amount changes, unless it moves to another account."""
    debit, credit = share.debit, share.credit
    difference = share.base_debit - share.base_credit
    moves = debit.account_id != credit.account_id
    lines: list[PostingLine] = []
    if moves:
        parts = (
            (debit, -share.base_debit, -share.amount),
            (credit, share.base_credit, share.amount),
        )
        # An amount too small to have a value in base currency has no line to stand in.
        whole = bool(share.base_debit and share.base_credit)
        lines = [
            _line(item, base, foreign if whole else Decimal(0)) for item, base, foreign in parts
        ]
    elif difference:
        lines = [_line(debit, -difference, Decimal(0))]
    if difference:
        account = _account_of(session, loss=difference > 0)
        lines.append(PostingLine(account, difference, debit.party))
    return [line for line in lines if line.amount]


def _line(item: Item, base: Decimal, foreign: Decimal) -> PostingLine:
    abroad = None if item.currency is None else foreign
    return PostingLine(item.account, base, item.party, item.currency, abroad)


def _account_of(session: Session, *, loss: bool) -> str:
    chosen = ExchangeSettings.realised_loss_id if loss else ExchangeSettings.realised_gain_id
    code = session.scalar(
        select(Account.code)
        .join(ExchangeSettings, chosen == Account.id)
        .where(ExchangeSettings.company_id == company_of(session).id)
    )
    if code is None:
        raise Invalid(
            _(
                "The items were worth different amounts in %(currency)s. Say first where exchange"
                " gains and losses are booked.",
                currency=company_of(session).currency,
            ),
            field="pairs",
        )
    return code


def first_open_day(session: Session, day: date) -> date:
    """The day itself, or the first day after it on which entries can be posted.

    Raises:
        Conflict: no period is open from that day on.
    """
    starts_on = session.scalar(
        select(Period.starts_on)
        .where(
            Period.company_id == company_of(session).id,
            Period.ends_on >= day,
            Period.state == PeriodState.OPEN,
            Period.kind == PeriodKind.MONTH,
        )
        .order_by(Period.starts_on)
        .limit(1)
    )
    if starts_on is None:
        raise Conflict(
            _("No period from %(day)s on is open to post into; open one first.", day=day),
            field="on",
        )
    return max(day, starts_on)
