"""Filing a tax return: its figures are kept as they are, and its days are locked for tax.

A row of tax is in one return only. What is posted into days that were filed, which takes an
exception of a second person, is in no return yet: the next one takes it in, or a correction of the
same days, which has nothing but the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Annotated

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from backstay.spi import (
    BoolField,
    Conflict,
    DateField,
    Invalid,
    TextField,
    authorize,
    company_of,
    context_of,
    lazy,
    now,
    to_units,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.models import Lock, LockScope
from backstay_ledger.models import Entry, EntryState
from backstay_ledger.permissions import BOOKS_VIEW, TAX_FILE
from backstay_ledger.services.bulk_rows import insert_rows, table_of
from backstay_ledger.services.content import as_json, hash_of_json
from backstay_ledger.services.owned import load_owned
from backstay_ledger.services.posting import guarded, writable_company
from backstay_ledger.tax.filing.models import TaxFiling, TaxFilingBox, TaxFilingRow
from backstay_ledger.tax.models import BoxKind, TaxBox, TaxDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReturn:
    """The days whose tax return is filed, both included."""

    starts_on: Annotated[date, DateField(label=lazy("From"), help=lazy("The first day."))]
    ends_on: Annotated[
        date,
        DateField(
            label=lazy("To"),
            help=lazy("The last day; entries with tax are locked up to it."),
        ),
    ]
    registration: Annotated[
        str,
        TextField(
            label=lazy("Registration"),
            help=lazy(
                "The number under which the company is registered for the tax; left empty, a"
                " correction has that of the return before."
            ),
            example="DE123456789",
            max_length=60,
        ),
    ] = ""
    late: Annotated[
        bool,
        BoolField(
            label=lazy("With late entries of earlier days"),
            help=lazy("Those that were posted into earlier days after their return was filed."),
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class FiledBox:
    """What a return says in a box, in base currency."""

    code: str
    name: str
    kind: BoxKind
    base: Decimal
    tax: Decimal
    n: int


@dataclass(frozen=True, slots=True)
class Unfiled:
    """What is in no return yet: up to a day, and of it before the first day that was asked for."""

    n: int
    late: int


def file_return(session: Session, command: FileReturn) -> TaxFiling:
    """File the return of some days: freeze its figures and lock tax up to its last day.

    Raises:
        Invalid: the first day is after the last.
        Conflict: the days were filed, and nothing was posted into them since.
    """
    authorize(session, TAX_FILE)
    company = writable_company(session)
    if command.starts_on > command.ends_on:
        raise Invalid(_("The first day is after the last."), field="ends_on")
    # Before anything is read: whoever posts tax into these days is waited for, and comes late.
    _lock_days(session, command.ends_on)
    last = session.scalar(
        select(func.max(TaxFiling.number)).where(TaxFiling.company_id == company.id)
    )
    rows = _rows(session, command)
    if not rows and _filed_before(session, command):
        raise Conflict(_("The return of these days was filed, and nothing has changed since."))
    boxes = _boxes(session, rows)
    filing = TaxFiling(
        company_id=company.id,
        number=(last or 0) + 1,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        registration=command.registration.strip() or _registration_before(session, command),
        late=command.late,
        digest=_digest(boxes, rows),
        filed_by=context_of(session).actor.label,
        filed_at=now(),
    )
    session.add(filing)
    with guarded():
        session.flush()
        insert_rows(
            session,
            table_of(TaxFilingBox),
            ("filing_id", "code", "company_id", "name", "kind", "base", "tax", "n"),
            [
                (filing.id, box.code, company.id, box.name, box.kind, box.base, box.tax, box.n)
                for box in boxes
            ],
        )
        insert_rows(
            session,
            table_of(TaxFilingRow),
            ("detail_id", "company_id", "filing_id"),
            [(row.id, company.id, filing.id) for row in rows],
        )
    return filing


def filed_boxes(session: Session, filing: TaxFiling) -> list[FiledBox]:
    """The boxes of a return as they were filed."""
    authorize(session, BOOKS_VIEW)
    found = session.scalars(
        select(TaxFilingBox)
        .where(TaxFilingBox.company_id == filing.company_id, TaxFilingBox.filing_id == filing.id)
        .order_by(TaxFilingBox.code)
    )
    return [FiledBox(one.code, one.name, one.kind, one.base, one.tax, one.n) for one in found]


def due_of(boxes: list[FiledBox]) -> Decimal:
    """What a return says is to be paid; negative where it is paid back."""
    signs = {BoxKind.PAYABLE: 1, BoxKind.DEDUCTIBLE: -1, BoxKind.INFORMATION: 0}
    return sum((signs[box.kind] * box.tax for box in boxes), Decimal(0))


def load_filing(session: Session, filing_id: int) -> TaxFiling:
    """A filed return of the company.

    Raises:
        NotFound: the company has no such return.
    """
    return load_owned(
        session, TaxFiling, filing_id, _("There is no such tax return in this company.")
    )


def is_unchanged(session: Session, filing: TaxFiling) -> bool:
    """Whether boxes and rows still have the hash that was kept when the return was filed.

    It reads every row of the return: ask it when somebody wants to know.
    """
    rows = _of_rows(
        session,
        TaxDetail.id.in_(select(TaxFilingRow.detail_id).where(TaxFilingRow.filing_id == filing.id)),
    )
    return _digest(filed_boxes(session, filing), rows) == filing.digest


def unfiled(session: Session, starts_on: date, ends_on: date) -> Unfiled:
    """How many rows up to a day are in no return, though days before it were filed."""
    authorize(session, BOOKS_VIEW)
    company_id = company_of(session).id
    first = _first_filed_day(session)
    if first is None:
        return Unfiled(0, 0)
    n, late = session.execute(
        select(func.count(), func.count().filter(Entry.date < starts_on))
        .select_from(TaxDetail)
        .join(Entry, Entry.id == TaxDetail.entry_id)
        .where(*_countable(company_id), Entry.date >= first, Entry.date <= ends_on)
    ).one()
    return Unfiled(n, late)


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    box_id: int | None
    base: Decimal
    tax: Decimal


def _countable(company_id: int) -> tuple[ColumnElement[bool], ...]:
    """Posted, due, and in no return."""
    return (
        TaxDetail.company_id == company_id,
        Entry.company_id == company_id,
        Entry.state == EntryState.POSTED,
        TaxDetail.waiting.is_(False),
        ~select(TaxFilingRow.detail_id)
        .where(TaxFilingRow.detail_id == TaxDetail.id)
        .correlate(TaxDetail)
        .exists(),
    )


def _first_filed_day(session: Session) -> date | None:
    return session.scalar(
        select(func.min(TaxFiling.starts_on)).where(TaxFiling.company_id == company_of(session).id)
    )


def _rows(session: Session, command: FileReturn) -> list[_Row]:
    company_id = company_of(session).id
    starts_on = command.starts_on
    if command.late:
        first = _first_filed_day(session)
        starts_on = min(first or starts_on, starts_on)
    return _of_rows(
        session,
        and_(*_countable(company_id), Entry.date >= starts_on, Entry.date <= command.ends_on),
    )


def _of_rows(session: Session, wanted: ColumnElement[bool]) -> list[_Row]:
    found = session.execute(
        select(
            TaxDetail.id,
            TaxDetail.box_id,
            TaxDetail.base,
            TaxDetail.base_sign,
            TaxDetail.amount,
            TaxDetail.tax_sign,
        )
        .join(Entry, Entry.id == TaxDetail.entry_id)
        .where(TaxDetail.company_id == company_of(session).id, wanted)
        .order_by(TaxDetail.id)
    )
    return [
        _Row(row.id, row.box_id, row.base * row.base_sign, row.amount * row.tax_sign)
        for row in found
    ]


def _boxes(session: Session, rows: list[_Row]) -> list[FiledBox]:
    """Every box of the company, and one for what counts in none."""
    # Locked, so that no box gets another code while its figures are filed under this one.
    boxes = session.scalars(
        select(TaxBox)
        .where(TaxBox.company_id == company_of(session).id)
        .order_by(TaxBox.code)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    named: list[tuple[int | None, str, str, BoxKind]] = [
        (box.id, box.code, box.name, box.kind) for box in boxes
    ]
    by_box: dict[int | None, list[_Row]] = {}
    for row in rows:
        by_box.setdefault(row.box_id, []).append(row)
    if None in by_box:
        named.insert(0, (None, "", "", BoxKind.INFORMATION))
    result = []
    for box_id, code, name, kind in named:
        counted = by_box.get(box_id, [])
        base = sum((row.base for row in counted), Decimal(0))
        tax = sum((row.tax for row in counted), Decimal(0))
        result.append(FiledBox(code, name, kind, base, tax, len(counted)))
    return result


def _digest(boxes: list[FiledBox], rows: list[_Row]) -> str:
    # Databases order texts each in its own way; the hash is the same in all of them.
    ordered = sorted(boxes, key=attrgetter("code"))
    content = [
        [
            [one.code, one.kind.value, to_units(one.base), to_units(one.tax), one.n]
            for one in ordered
        ],
        [[row.id, to_units(row.base), to_units(row.tax)] for row in rows],
    ]
    return hash_of_json(as_json(content))


def _registration_before(session: Session, command: FileReturn) -> str:
    """The number that the last return of some of these days was filed under."""
    found = session.scalar(
        select(TaxFiling.registration)
        .where(
            TaxFiling.company_id == company_of(session).id,
            TaxFiling.starts_on <= command.ends_on,
            TaxFiling.ends_on >= command.starts_on,
            TaxFiling.registration != "",
        )
        .order_by(TaxFiling.number.desc())
        .limit(1)
    )
    return found or ""


def _filed_before(session: Session, command: FileReturn) -> bool:
    found = session.scalar(
        select(TaxFiling.id)
        .where(
            TaxFiling.company_id == company_of(session).id,
            TaxFiling.starts_on <= command.ends_on,
            TaxFiling.ends_on >= command.ends_on,
        )
        .limit(1)
    )
    return found is not None


def _lock_days(session: Session, up_to: date) -> None:
    """Lock entries with tax up to a day, unless they are locked further already."""
    company_id = company_of(session).id
    lock = session.scalars(
        select(Lock)
        .where(Lock.company_id == company_id, Lock.scope == LockScope.TAX)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if lock is None:
        lock = Lock(company_id=company_id, scope=LockScope.TAX)
        session.add(lock)
    if lock.up_to is None or lock.up_to < up_to:
        lock.up_to = up_to
        lock.reason = _("The tax return was filed.")
    session.flush()
