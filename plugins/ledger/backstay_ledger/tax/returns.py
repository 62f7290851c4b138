"""The tax return of any days: what each box counts, and the lines behind it.

Nothing is stored: a return is the sum of what posted entries say of tax, so it is right for any
days, and a late entry shows up in the days it is dated in. A cash-basis tax counts on the day it
was released by payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from backstay.spi import Money, authorize, company_of
from backstay_ledger.models import Entry, EntryState
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.tax.models import BoxKind, TaxBox, TaxCode, TaxDetail


@dataclass(frozen=True, slots=True)
class BoxFigure:
    """What a box counts, in base currency; negative where more was taken back than made.

    Arguments:
        id: of the box, None for taxes that count in no box.
        n: how many details these are the sums of.
    """

    id: int | None
    code: str
    name: str
    kind: BoxKind
    base: Decimal
    tax: Decimal
    n: int


@dataclass(frozen=True, slots=True)
class TaxReturn:
    """The boxes of some days, first and last included."""

    start: date
    end: date
    boxes: tuple[BoxFigure, ...]

    def total(self, kind: BoxKind) -> Decimal:
        """The tax of all boxes of a kind."""
        return sum((box.tax for box in self.boxes if box.kind is kind), Decimal(0))

    @property
    def due(self) -> Decimal:
        """What is to be paid; negative where it is paid back."""
        return self.total(BoxKind.PAYABLE) - self.total(BoxKind.DEDUCTIBLE)


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A figure within a box."""

    entry_id: int
    number: str
    day: date
    memo: str
    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal


_BASE = TaxDetail.base * TaxDetail.base_sign
_TAX = TaxDetail.amount * TaxDetail.tax_sign


def tax_return(session: Session, start: date, end: date) -> TaxReturn:
    """The return for some days, every box of the company included."""
    authorize(session, BOOKS_VIEW)
    sums = {
        row.box_id: row
        for row in session.execute(
            select(
                TaxDetail.box_id,
                func.sum(_BASE, type_=Money()).label("base"),
                func.sum(_TAX, type_=Money()).label("tax"),
                func.count().label("n"),
            )
            .join(Entry, Entry.id == TaxDetail.entry_id)
            .where(*_counted(session, start, end))
            .group_by(TaxDetail.box_id)
        )
    }
    boxes = session.scalars(
        select(TaxBox).where(TaxBox.company_id == company_of(session).id).order_by(TaxBox.code)
    ).all()
    figures = []
    for box in boxes:
        found = sums.get(box.id)
        base, tax, n = (found.base, found.tax, found.n) if found else (Decimal(0), Decimal(0), 0)
        figures.append(BoxFigure(box.id, box.code, box.name, box.kind, base, tax, n))
    if rest := sums.get(None):
        figures.append(BoxFigure(None, "", "", BoxKind.INFORMATION, rest.base, rest.tax, rest.n))
    return TaxReturn(start, end, tuple(figures))


def box_lines(
    session: Session, box_id: int | None, start: date, end: date, *, limit: int, skip: int = 0
) -> Sequence[BoxLine]:
    """The figures that a box is the sum of, oldest first.

    Arguments:
        box_id: None for those that count in no box.
    """
    authorize(session, BOOKS_VIEW)
    found = session.execute(
        select(
            Entry.id,
            Entry.number_text,
            Entry.date,
            Entry.memo,
            TaxCode.code,
            TaxDetail.rate,
            TaxDetail.base,
            TaxDetail.base_sign,
            TaxDetail.amount,
            TaxDetail.tax_sign,
        )
        .join(Entry, Entry.id == TaxDetail.entry_id)
        .join(TaxCode, TaxCode.id == TaxDetail.code_id)
        .where(*_counted(session, start, end), TaxDetail.box_id == box_id)
        .order_by(Entry.date, Entry.id, TaxDetail.id)
        .limit(limit)
        .offset(skip)
    )
    return [
        BoxLine(
            row.id,
            row.number_text or "",
            row.date,
            row.memo,
            row.code,
            row.rate,
            row.base * row.base_sign,
            row.amount * row.tax_sign,
        )
        for row in found
    ]


def _counted(session: Session, start: date, end: date) -> tuple[ColumnElement[bool], ...]:
    """Posted in the days, and due."""
    return (
        and_(Entry.company_id == company_of(session).id, Entry.date >= start, Entry.date <= end),
        Entry.state == EntryState.POSTED,
        TaxDetail.waiting.is_(False),
    )
