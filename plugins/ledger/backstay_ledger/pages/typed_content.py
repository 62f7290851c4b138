"""An editor's content as texts: for sheets kept as typed, and for templates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from werkzeug.datastructures import MultiDict

from backstay.spi import context_of, editable_decimal
from backstay_ledger.open_items.lines import LONGEST_PARTY
from backstay_ledger.pages.accounts_by_line import look_up
from backstay_ledger.pages.line_grid import (
    TypedLine,
    read_amount,
    read_due,
    read_foreign,
    split_amount,
)
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.services.currencies import minor_units_of
from backstay_ledger.services.template_lines import template_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from sqlalchemy.orm import Session

    from backstay.spi import CompanyRef, Problem

HEADER: Final = ("journal", "date", "reference", "memo", "exchange")
CELLS: Final = (
    "account_id",
    "account_text",
    "text",
    "debit",
    "credit",
    "currency",
    "foreign",
    "tax",
    "party",
    "due",
    "dimensions",
)
"""What is kept of a line, in this order; later ones are missing in older sheets."""
_LONGEST: Final = 1_000


def as_typed(form: Mapping[str, str], lines: Sequence[TypedLine]) -> dict[str, Any]:
    """Header and lines of a sent form, as texts."""
    return {
        **{name: form.get(name, "")[:_LONGEST] for name in HEADER},
        "lines": [[getattr(line, cell) for cell in CELLS] for line in lines],
    }


def typed_again(content: Mapping[str, Any]) -> tuple[MultiDict[str, str], tuple[TypedLine, ...]]:
    """What :func:`as_typed` kept, as a sent form and its lines."""
    header = MultiDict({name: str(content.get(name, "")) for name in HEADER})
    lines = tuple(
        _line(n, [str(cell) for cell in cells]) for n, cells in enumerate(content.get("lines", ()))
    )
    return header, lines


def _line(n: int, cells: Sequence[str]) -> TypedLine:
    kept: dict[str, Any] = dict(zip(CELLS, cells, strict=False))
    return TypedLine(n, **kept)


def as_template(
    session: Session, form: Mapping[str, str], lines: Sequence[TypedLine], company: CompanyRef
) -> tuple[dict[str, Any], list[Problem]]:
    """A template's content, with amounts as plain decimals, and what can't be understood.

    Unlike an entry, a template may leave amounts empty.
    """
    locale = context_of(session).locale
    today = company_today(session)
    accounts = look_up(session, lines)
    problems: list[Problem] = []
    kept: list[dict[str, str]] = []
    for position, line in enumerate(lines):
        field = f"lines.{position}"
        account = accounts.of(line)
        amount = read_amount(line, company, locale, field)
        problems.extend(amount.problems)
        foreign = read_foreign(line, amount.value, company, locale, field)
        if line.foreign:
            problems.extend(foreign.problems)
        due, no_date = read_due(line, today, field)
        problems.extend(no_date)
        if account is None:
            problems.append(accounts.problem(line, field))
            continue
        kept.append(
            {
                "account": str(account.id),
                "label": account.label,
                "text": line.text[:500],
                "debit": _plain(amount.value) if amount.value > 0 else "",
                "credit": _plain(-amount.value) if amount.value < 0 else "",
                "currency": line.currency[:3],
                "foreign": _plain(foreign.value) if foreign.value is not None else "",
                "tax": line.tax[:120],
                "party": line.party[:LONGEST_PARTY],
                "due": due.isoformat() if due else "",
                "dimensions": line.dimensions[:500],
            }
        )
    header = {name: form.get(name, "")[:500] for name in ("journal", "reference", "memo")}
    return {**header, "lines": kept}, problems


def from_template(
    session: Session, content: Mapping[str, Any], company: CompanyRef
) -> tuple[TypedLine, ...]:
    """The lines of a template as the editor shows them; renamed accounts have their new names."""
    from decimal import Decimal

    locale = context_of(session).locale
    lines = template_lines(content)
    bare = [TypedLine(n, str(line.account or "")) for n, line in enumerate(lines)]
    accounts = look_up(session, bare)
    shown: list[TypedLine] = []
    for place, line in zip(bare, lines, strict=True):
        account = accounts.of(place)
        base = (line.debit or Decimal(0)) - (line.credit or Decimal(0))
        debit, credit = split_amount(base, company.minor_units, locale)
        units = minor_units_of(line.currency) or 0 if line.currency else 0
        shown.append(
            replace(
                place,
                account_id=str(account.id) if account else "",
                account_text=account.label if account else line.label,
                text=line.text,
                debit=debit,
                credit=credit,
                currency=line.currency,
                foreign=""
                if line.foreign is None
                else editable_decimal(line.foreign, locale, units),
                tax=line.tax,
                party=line.party,
                due=line.due.isoformat() if line.due else "",
                dimensions=line.dimensions,
            )
        )
    return tuple(shown)


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"
