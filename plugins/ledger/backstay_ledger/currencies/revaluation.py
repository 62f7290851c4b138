"""Revaluing foreign amounts at the rate of a day (IAS 21.23: monetary items at the closing rate).

What the rate of the day makes of a foreign amount is booked as unrealised gain or loss, and taken
back on the next day, so that payment realises the whole difference. Where an account holds no
foreign amount any more but a value is left, that value is a realised difference, and stays booked.

Both change values only: their lines carry the currency with an amount of zero. So a second run
over the same day finds every account at its rate, and does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine
from backstay.spi import Conflict, DateField, Money, TextField, authorize, company_of, lazy
from backstay.spi import gettext as _
from backstay_ledger.closing.services.followers import reverse_on
from backstay_ledger.currencies.conversion import Rate
from backstay_ledger.currencies.lookup import find_rates
from backstay_ledger.currencies.permissions import REVALUE
from backstay_ledger.currencies.settings import exchange_settings
from backstay_ledger.currencies.units import stored_units
from backstay_ledger.models import (
    Account,
    AccountBalance,
    AccountClass,
    Entry,
    EntryState,
    Line,
    Period,
)
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.currencies import minor_units_of, written
from backstay_ledger.services.journals import DEFAULT_JOURNAL
from backstay_ledger.services.orders import order_of
from backstay_ledger.services.posting import post_orders
from backstay_ledger.services.reversal import ReverseEntry, reverse_entries
from backstay_ledger.services.validation import LENGTHS, LINE_TEXT

MONETARY: Final = (AccountClass.ASSET, AccountClass.LIABILITY)
"""Classes whose foreign amounts are revalued: what the company has and owes."""


@dataclass(frozen=True, slots=True)
class Position:
    """What an account holds in a foreign currency at the end of a day, debit positive.

    Arguments:
        foreign: in ``currency``.
        base: its value in the books, in the base currency.
    """

    account_id: int
    account: str
    name: str
    currency: str
    foreign: Decimal
    base: Decimal


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A position whose value in the books is not the one of the day.

    Arguments:
        after: what it is worth, in the base currency.
        rate: None where no foreign amount is left, so that nothing is worth anything.
        reason: why, for people.
    """

    position: Position
    after: Decimal
    rate: Rate | None
    reason: str

    @property
    def difference(self) -> Decimal:
        """What has to be booked on the account: a gain above zero, a loss below."""
        return self.after - self.position.base

    @property
    def realised(self) -> bool:
        """Whether the foreign amount is gone, so that the difference stays."""
        return self.rate is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revalue:
    """The end of a day at which foreign amounts are brought to their rate."""

    as_of: Annotated[date, DateField(label=lazy("As of"))]
    journal: Annotated[str, TextField(label=lazy("Journal"), max_length=20)] = DEFAULT_JOURNAL


@dataclass(frozen=True, slots=True)
class Revaluation:
    """What a revaluation posted.

    Arguments:
        unrealised: the entry of the day, or None where every foreign amount was at its rate.
        reversal: the entry that takes it back on the next day; None while the former waits.
        realised: the entry that clears values without a foreign amount, or None.
    """

    adjustments: tuple[Adjustment, ...]
    unrealised: Posted | None = None
    reversal: Posted | None = None
    realised: Posted | None = None


def preview_revaluation(session: Session, as_of: date) -> tuple[Adjustment, ...]:
    """What a revaluation at the end of a day would book, by account and currency.

    Raises:
        RateMissing: names each currency that has no rate.
    """
    authorize(session, BOOKS_VIEW)
    return _adjustments(session, as_of)


def revalue(session: Session, command: Revalue) -> Revaluation:
    """Post the revaluation of a day and, dated the next, its reversal; all or nothing.

    Over a limit it waits for a second person; the reversal is made when they have approved.

    Raises:
        RateMissing: names each currency that has no rate.
        Invalid: accounts for the differences are not named, or the next day has no fiscal year.
        Conflict: the period of one of the days is closed, or a revaluation of the day waits.
    """
    authorize(session, REVALUE)
    adjustments = _adjustments(session, command.as_of)
    if not adjustments:
        return Revaluation(())
    _refuse_unposted(session, command.as_of)
    run = _runs(session, command.as_of) + 1
    key = f"{_prefix(command.as_of)}{run}"
    unrealised = reversal = realised = None
    if lines := _lines(session, (one for one in adjustments if not one.realised), "unrealised"):
        memo = _("Revaluation at %(day)s", day=command.as_of)
        unrealised = _post(session, command, key, memo, lines)
        reversal = _take_back(session, unrealised, command.as_of + timedelta(days=1), key)
    if lines := _lines(session, (one for one in adjustments if one.realised), "realised"):
        memo = _("Exchange differences left at %(day)s", day=command.as_of)
        realised = _post(session, command, f"{key}:left", memo, lines)
    return Revaluation(adjustments, unrealised, reversal, realised)


def said_of_revaluation(done: Revaluation) -> str:
    """What became of its entries, for whoever ran it."""
    made = [one for one in (done.unrealised, done.reversal, done.realised) if one is not None]
    said = []
    if numbers := [one.number for one in made if one.number]:
        said.append(_("Posted as %(numbers)s.", numbers=", ".join(numbers)))
    if done.unrealised is not None and done.unrealised.waits:
        said.append(
            _(
                "The revaluation is over the limit and waits for approval; its reversal on the"
                " next day is made when a second person has approved it."
            )
        )
    if (done.reversal is not None and done.reversal.waits) or (
        done.realised is not None and done.realised.waits
    ):
        said.append(_("What is over the limit waits for approval."))
    return " ".join(said)


def positions(session: Session, as_of: date) -> list[Position]:
    """What assets and liabilities hold in foreign currencies at the end of a day.

    Whole periods come from the balances that posting keeps, the days after them from the lines.
    """
    company_id = company_of(session).id
    whole = select(func.max(Period.ends_on)).where(
        Period.company_id == company_id, Period.ends_on <= as_of
    )
    rest_from = session.scalar(whole)
    parts = [
        select(
            AccountBalance.account_id.label("account_id"),
            AccountBalance.currency.label("currency"),
            (AccountBalance.debit_currency - AccountBalance.credit_currency).label("foreign"),
            (AccountBalance.debit - AccountBalance.credit).label("base"),
        )
        .join(Period, Period.id == AccountBalance.period_id)
        .where(
            AccountBalance.company_id == company_id,
            AccountBalance.currency != "",
            Period.ends_on <= as_of,
        ),
        select(Line.account_id, Line.currency, Line.amount_currency, Line.amount).where(
            Line.company_id == company_id,
            Line.account_id.in_(
                select(Account.id).where(
                    Account.company_id == company_id, Account.account_class.in_(MONETARY)
                )
            ),
            Line.currency.is_not(None),
            Line.date.between(rest_from + timedelta(days=1) if rest_from else date.min, as_of),
        ),
    ]
    united = union_all(*parts).subquery()
    found: Any = session.execute(
        select(
            Account.id,
            Account.code,
            Account.name,
            united.c.currency,
            func.sum(united.c.foreign, type_=Money()).label("foreign_sum"),
            func.sum(united.c.base, type_=Money()).label("base_sum"),
        )
        .join(united, united.c.account_id == Account.id)
        .where(Account.company_id == company_id, Account.account_class.in_(MONETARY))
        .group_by(Account.id, Account.code, Account.name, united.c.currency)
        .order_by(Account.code, united.c.currency),
        # The union is filtered by company in both of its parts, by hand.
        execution_options={"scope_checked": True},
    )
    return [Position(*row) for row in found]


def _adjustments(session: Session, as_of: date) -> tuple[Adjustment, ...]:
    company = company_of(session)
    held = positions(session, as_of)
    codes = {one.currency for one in held if one.foreign}
    rates = find_rates(session, codes, as_of, target=company.currency) if codes else {}
    units = stored_units(session, {one.currency for one in held}) if held else {}

    def of(position: Position) -> Adjustment:
        in_books = written(position.base, company.currency, company.minor_units)
        if not position.foreign:
            said = _(
                "Nothing in %(currency)s is left, but a value of %(value)s.",
                currency=position.currency,
                value=in_books,
            )
            return Adjustment(position, Decimal(0), None, said)
        rate = rates[position.currency]
        after = rate.convert(position.foreign, company.minor_units)
        decimals = units.get(position.currency, minor_units_of(position.currency) or 0)
        said = _(
            "%(amount)s at %(why)s: %(after)s instead of %(before)s.",
            amount=written(position.foreign, position.currency, decimals),
            why=rate.why,
            after=written(after, company.currency, company.minor_units),
            before=in_books,
        )
        return Adjustment(position, after, rate, said)

    return tuple(one for one in map(of, held) if one.difference)


def _lines(
    session: Session, adjustments: Iterable[Adjustment], what: str
) -> tuple[PostingLine, ...]:
    """A line for each account and currency, then one for all gains and one for all losses."""
    lines: list[PostingLine] = []
    gains = losses = Decimal(0)
    for one in adjustments:
        lines.append(
            PostingLine(
                one.position.account,
                one.difference,
                one.reason[:LINE_TEXT],
                one.position.currency,
                Decimal(0),
            )
        )
        gains += max(one.difference, Decimal(0))
        losses += max(-one.difference, Decimal(0))
    if lines:
        settings = exchange_settings(session)
        if gains:
            lines.append(PostingLine(settings.account(f"{what}_gain"), -gains))
        if losses:
            lines.append(PostingLine(settings.account(f"{what}_loss"), losses))
    return tuple(lines)


def _post(
    session: Session, command: Revalue, key: str, memo: str, lines: tuple[PostingLine, ...]
) -> Posted:
    posting = Posting(
        key=key,
        journal=command.journal,
        date=command.as_of,
        lines=lines,
        memo=memo[: LENGTHS["memo"]],
        reference=command.as_of.isoformat(),
        exchange=True,
    )
    return post_orders(session, [order_of(posting)])[0]


def _take_back(session: Session, posted: Posted, day: date, key: str) -> Posted | None:
    """Reverse a revaluation on the next day, or plan that while it waits for approval."""
    if posted.waits:
        reverse_on(session, company_of(session).id, posted.id, day)
        return None
    command = ReverseEntry(
        id=posted.id,
        on=day,
        reason=_("revaluation taken back on the next day"),
        key=f"{key}:back",
    )
    return reverse_entries(session, [command])[0]


def _refuse_unposted(session: Session, as_of: date) -> None:
    """Refuse a revaluation beside one of the same day that is not in the books yet.

    Raises:
        Conflict: it waits for approval, or was sent back.
    """
    found = session.scalars(
        select(Entry.state).where(
            Entry.company_id == company_of(session).id,
            Entry.idempotency_key.startswith(_prefix(as_of), autoescape=True),
            Entry.state != EntryState.POSTED,
        )
    ).first()
    if found is EntryState.WAITING:
        raise Conflict(
            _(
                "The revaluation of %(day)s waits for approval. Have it approved, or take it back"
                " and delete it.",
                day=as_of,
            )
        )
    if found is not None:
        raise Conflict(
            _("The revaluation of %(day)s is a draft. Post it or delete it first.", day=as_of)
        )


def _prefix(as_of: date) -> str:
    return f"revaluation:{as_of.isoformat()}:"


def _runs(session: Session, as_of: date) -> int:
    """How many entries revaluations of a day have posted: two runs at once take the same keys."""
    counted = select(func.count()).where(
        Entry.company_id == company_of(session).id,
        Entry.idempotency_key.startswith(_prefix(as_of), autoescape=True),
    )
    return session.scalar(counted) or 0
