"""The two items of an allocation: loaded, locked, and whether they may settle each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Pair
from backstay.spi import Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Account, Entry
from backstay_ledger.open_items.models import Allocation, ItemHold, OpenItem
from backstay_ledger.services.bulk_rows import among
from backstay_ledger.services.currencies import amount_problem, minor_units_of, written

Taken: TypeAlias = tuple[date, Decimal, Decimal]
"""What an allocation took of an item: its day, amount and base amount."""


@dataclass(frozen=True, slots=True)
class Item:
    """What allocating needs of an open item.

    Arguments:
        account: the account's code.
        number: of its entry, as people quote it.
        currency: NULL for the base currency.
        minor_units: decimals of that currency.
        residual: in that currency, debit positive.
        residual_base: base currency.
        taken: where an allocation of it was undone, each of them, negative for an undoing.
    """

    id: int
    account_id: int
    account: str
    sub_ledger: str | None
    number: str
    party: str
    date: date
    currency: str | None
    minor_units: int
    amount: Decimal
    residual: Decimal
    residual_base: Decimal
    hold: ItemHold
    taken: tuple[Taken, ...] = ()

    def shown(self, amount: Decimal, base: str) -> str:
        """An amount in the item's currency, as messages show it."""
        return written(abs(amount), self.currency or base, self.minor_units)


def has_room(item: Item, amount: Decimal, base: Decimal, day: date) -> bool:
    """Whether an item had that much left at the end of a day and of each since; both are >= 0."""
    for end in {day, *(one for one, _amount, _base in item.taken if one > day)}:
        later = [one for one in item.taken if one[0] > end]
        if amount > abs(item.residual) + sum(one[1] for one in later):
            return False
        if base > abs(item.residual_base) + sum(one[2] for one in later):
            return False
    return True


def lock_items(session: Session, ids: Collection[int]) -> dict[int, Item]:
    """Posted items of the company by id, kept from everybody else until the transaction ends.

    They are locked in the order of their ids, so that two who want the same never wait for each
    other. Unknown ids are left out.
    """
    company = company_of(session)
    session.flush()
    session.execute(
        select(OpenItem.id)
        .where(OpenItem.company_id == company.id, among(session, OpenItem.id, sorted(ids)))
        .order_by(OpenItem.id)
        .with_for_update()
    ).all()
    found = session.execute(
        select(
            OpenItem.id,
            OpenItem.account_id,
            Account.code,
            Account.sub_ledger,
            Entry.number_text,
            OpenItem.party,
            OpenItem.date,
            OpenItem.currency,
            OpenItem.amount,
            OpenItem.residual,
            OpenItem.residual_base,
            OpenItem.hold,
        )
        .join(Account, Account.id == OpenItem.account_id)
        .join(Entry, Entry.id == OpenItem.entry_id)
        .where(
            OpenItem.company_id == company.id,
            OpenItem.date.is_not(None),
            among(session, OpenItem.id, sorted(ids)),
        )
    )
    return {
        row.id: Item(
            row.id,
            row.account_id,
            row.code,
            row.sub_ledger,
            row.number_text or "",
            row.party,
            row.date,
            row.currency,
            company.minor_units if row.currency is None else minor_units_of(row.currency) or 0,
            row.amount,
            row.residual,
            row.residual_base,
            row.hold,
        )
        for row in found
        if row.date is not None
    }


def with_taken(session: Session, items: Mapping[int, Item]) -> dict[int, Item]:
    """Items with what allocations took of those of which one was undone."""
    company = company_of(session)
    parts = [
        select(item, Allocation.date, Allocation.amount, base).where(
            Allocation.company_id == company.id,
            item.in_(
                select(item).where(
                    Allocation.company_id == company.id,
                    among(session, item, sorted(items)),
                    Allocation.amount < 0,
                )
            ),
        )
        for item, base in (
            (Allocation.debit_id, Allocation.base_debit),
            (Allocation.credit_id, Allocation.base_credit),
        )
    ]
    found = dict(items)
    for item_id, day, amount, base_amount in session.execute(union_all(*parts)):
        one = found[item_id]
        found[item_id] = replace(one, taken=(*one.taken, (day, amount, base_amount)))
    return found


def check_pair(pair: Pair, items: Mapping[int, Item], on: date | None) -> Iterable[Problem]:
    """What keeps two items from settling each other; ``field`` is that of the pair."""
    debit, credit = items.get(pair.debit), items.get(pair.credit)
    for item, field in ((debit, "debit"), (credit, "credit")):
        if item is None:
            yield Problem(_("There is no such open item in this company."), field)
    if debit is None or credit is None:
        return
    if debit.amount < 0 or credit.amount > 0:
        yield Problem(_("A debit and a credit settle each other, in this order."), "debit")
        return
    if problem := _apart(debit, credit):
        yield Problem(problem, "credit")
        return
    for item in (debit, credit):
        if item.hold is not ItemHold.NONE:
            yield Problem(_held(item), "hold")
    if on is not None and on < max(debit.date, credit.date):
        message = _(
            "An allocation is not dated before its items (%(day)s).",
            day=max(debit.date, credit.date),
        )
        yield Problem(message, "on")
    yield from _amount(pair, debit, credit)


def _held(item: Item) -> str:
    if item.hold is ItemHold.DISPUTED:
        return _("%(number)s is disputed and can't be allocated.", number=item.number)
    return _("%(number)s is blocked and can't be allocated.", number=item.number)


def _apart(debit: Item, credit: Item) -> str | None:
    if debit.party != credit.party:
        return _(
            "The items belong to different parties: “%(first)s” and “%(second)s”.",
            first=debit.party,
            second=credit.party,
        )
    if debit.currency != credit.currency:
        return _("The items are in different currencies.")
    same_group = debit.sub_ledger is not None and debit.sub_ledger == credit.sub_ledger
    if debit.account_id != credit.account_id and not same_group:
        return _(
            "The items are on different accounts (%(first)s and %(second)s) that belong to no"
            " common sub-ledger.",
            first=debit.account,
            second=credit.account,
        )
    return None


def _amount(pair: Pair, debit: Item, credit: Item) -> Iterable[Problem]:
    for item in (debit, credit):
        if item.residual == 0:
            yield Problem(_("%(number)s is settled already.", number=item.number), "amount")
            return
    if pair.amount is None:
        return
    if problem := amount_problem(pair.amount, debit.currency or "", debit.minor_units):
        yield Problem(problem, "amount")
        return
    if pair.amount <= 0:
        yield Problem(_("The amount to allocate is above zero."), "amount")
        return
    for item in (debit, credit):
        if pair.amount > abs(item.residual):
            message = _(
                "%(number)s has only %(left)s left.",
                number=item.number,
                left=item.shown(item.residual, "").strip(),
            )
            yield Problem(message, "amount")
            return
