"""Taxes on cash basis: what waits with an unpaid document becomes due as the document is paid.

A release is an entry of its own on the day of the payment. It is told how much of the document is
paid by now, not how much more: so asking twice releases once, a payment that is taken back takes
its tax back, and the last payment releases exactly what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backstay.contracts.ledger import Posted, Posting, PostingLine, Source
from backstay.spi import Conflict, DateField, Invalid, TextField, authorize, company_of, lazy
from backstay.spi import gettext as _
from backstay_ledger.determination.resolve import resolve
from backstay_ledger.models import Account, Entry, EntryState
from backstay_ledger.permissions import ENTRY_POST
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import post_orders, writable_company
from backstay_ledger.services.reversal import reversals_of
from backstay_ledger.services.stored import StoredEntry, stored_entry
from backstay_ledger.tax.codes import percent
from backstay_ledger.tax.models import TaxDetail, TaxPart
from backstay_ledger.tax.rounding import HUNDRED, rounded, unit_of
from backstay_ledger.tax.rows import COLUMNS, TaxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTax:
    """How much of a document is paid, said by hand."""

    id: int
    percent: Annotated[
        str,
        TextField(
            label=lazy("Paid by now, in percent"),
            help=lazy("Of the whole document; 100 when it is settled."),
            example="100",
            min_length=1,
            max_length=9,
        ),
    ]
    on: Annotated[
        date, DateField(label=lazy("On"), help=lazy("The day of the payment, in an open period."))
    ]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A waiting detail with the accounts it goes between, and what was released of it."""

    id: int
    row: TaxRow
    waits_on: str
    goes_to: str
    role: str
    released: Decimal
    released_base: Decimal


def release_tax(session: Session, command: ReleaseTax) -> Posted:
    """Release the tax of a document by hand.

    Raises:
        Invalid: the percentage is none, or the day lies before the document.
        Conflict: nothing of it waits (any more), or it was reversed.
    """
    paid = percent(command.percent)
    if paid is None:
        raise Invalid(_("Write a percentage, such as 50 or 33.3333."), field="percent")
    posted = release_cash_basis(session, command.id, paid=paid, total=HUNDRED, on=command.on)
    if posted is None:
        raise Conflict(_("Its tax is released to this share already."))
    return posted


def release_cash_basis(
    session: Session,
    entry_id: int,
    *,
    paid: Decimal,
    total: Decimal,
    on: date,
    key: str = "",
) -> Posted | None:
    """Post what of an entry's waiting tax is due, given how much of its document is paid.

    Arguments:
        entry_id: the entry of the document.
        paid: what is paid of the document by now, in any currency; not more than ``total``.
        total: what the document amounts to, in the same currency and with the same sign.
        on: the day of the payment.
        key: idempotency key of the entry; empty for none.

    Returns:
        The entry, or None where nothing changes: no tax waits, or this much was released before.

    Raises:
        Invalid: more is paid than the total, or the day lies before the document's.
        Conflict: the document was reversed, or the period is closed.
    """
    authorize(session, ENTRY_POST)
    writable_company(session)
    if (reversal := reversals_of(session, entry_id).reversed_by) is not None:
        raise Conflict(_("The document was reversed by %(number)s.", number=reversal[1]))
    return post_release(session, entry_id, paid=paid, total=total, on=on, key=key)


def post_release(
    session: Session,
    entry_id: int,
    *,
    paid: Decimal,
    total: Decimal,
    on: date,
    key: str = "",
) -> Posted | None:
    """Release; the caller has checked the permission (see :func:`release_cash_basis`)."""
    if not total or not 0 <= Fraction(paid) / Fraction(total) <= 1:
        raise Invalid(_("From nothing to all of a document can be paid."), field="percent")
    document = stored_entry(session, entry_id, lock=True)
    waiting = _waiting(session, entry_id)
    if not waiting or document.row.state is not EntryState.POSTED:
        return None
    if on < document.row.date:
        message = _("The payment is not before its document (%(day)s).", day=document.row.date)
        raise Invalid(message, field="on")
    unit = unit_of(document.row.minor_units)
    share = Fraction(paid) / Fraction(total)
    changes = [(one, _change(one, share, unit)) for one in waiting]
    changes = [(one, row) for one, row in changes if row.amount]
    if not changes:
        return None
    return post_orders(session, [_order(session, document, changes, on, key)])[0]


def nothing_waits(session: Session, entry: Entry) -> str | None:
    """Why nothing can be released of an entry, or None."""
    found = select(TaxDetail.id).where(TaxDetail.entry_id == entry.id, TaxDetail.waiting).limit(1)
    return None if session.scalar(found) is not None else _("No tax of it waits to be paid.")


def _waiting(session: Session, entry_id: int) -> list[_Waiting]:
    waits_on, goes_to = aliased(Account), aliased(Account)
    found = session.execute(
        select(TaxDetail, waits_on.code, goes_to.code, TaxPart.role)
        .join(TaxPart, TaxPart.id == TaxDetail.part_id)
        .join(waits_on, waits_on.id == TaxPart.waiting_account_id)
        .outerjoin(goes_to, goes_to.id == TaxPart.account_id)
        .where(
            TaxDetail.company_id == company_of(session).id,
            TaxDetail.entry_id == entry_id,
            TaxDetail.waiting,
        )
        .order_by(TaxDetail.id)
    ).all()
    released: dict[int, tuple[Decimal, Decimal]] = {}
    for releases_id, amount, base in session.execute(
        select(TaxDetail.releases_id, TaxDetail.amount, TaxDetail.base)
        .join(Entry, Entry.id == TaxDetail.entry_id)
        # Of entries that wait for approval, too: two payments release no tax twice.
        .where(TaxDetail.releases_id.in_([row[0].id for row in found]))
    ):
        before = released.get(releases_id or 0, (Decimal(0), Decimal(0)))
        released[releases_id or 0] = (before[0] + amount, before[1] + base)
    return [
        _Waiting(
            detail.id,
            TaxRow(**{name: getattr(detail, name) for name in COLUMNS}),
            waits,
            goes or "",
            role,
            *released.get(detail.id, (Decimal(0), Decimal(0))),
        )
        for detail, waits, goes, role in found
    ]


def _change(one: _Waiting, share: Fraction, unit: Decimal) -> TaxRow:
    """What is released now, so that the share that is paid is released."""
    amount = rounded(Fraction(one.row.amount) * share, unit) - one.released
    base = rounded(Fraction(one.row.base) * share, unit) - one.released_base
    return replace(
        one.row,
        base=base,
        amount=amount,
        computed=amount,
        net=amount,
        waiting=False,
        releases_id=one.id,
    )


def _order(
    session: Session,
    document: StoredEntry,
    changes: Sequence[tuple[_Waiting, TaxRow]],
    on: date,
    key: str,
) -> Order:
    """Two lines for each pair of accounts: off the one where it waits, onto the one it goes to."""
    by_accounts: dict[tuple[str, str], list[TaxRow]] = {}
    for one, row in changes:
        goes_to = one.goes_to or resolve(session, one.role, None, on).account
        by_accounts.setdefault((one.waits_on, goes_to), []).append(row)
    lines: list[PostingLine] = []
    rows: list[TaxRow] = []
    for (waits_on, goes_to), released in by_accounts.items():
        amount = sum((row.amount for row in released), Decimal(0))
        if amount == 0:
            rows += [replace(row, base_line_no=1, line_no=None) for row in released]
            continue
        lines += [PostingLine(waits_on, -amount), PostingLine(goes_to, amount)]
        rows += [replace(row, base_line_no=len(lines), line_no=len(lines)) for row in released]
    return Order(
        Posting(
            key=key,
            journal=document.journal,
            date=on,
            lines=tuple(lines),
            memo=_("Tax due by payment of %(number)s", number=document.row.number_text),
            reference=document.row.reference,
            source=Source("ledger", "ledger.entry", str(document.row.id)),
        ),
        taxes=tuple(rows),
    )
