"""Columns by the values of a dimension: each with those below it, the rest, and the whole.

A line has one value of a dimension at most, so the columns add up to the whole, cent by cent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import Invalid, company_of
from backstay.spi import gettext as _
from backstay_ledger.dimensions.slices import EXACT, WITHOUT, Slice
from backstay_ledger.models.dimensions import Dimension, DimensionValue
from backstay_ledger.services.balances import ZERO, movements, movements_by_value
from backstay_ledger.services.sums import Within
from backstay_ledger.statements.columns import Column

MOST_VALUES: Final = 24
"""Columns of values; what more there are stand in one column together."""
Figures = Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class Days:
    """What a figure of an account is the sum of.

    Arguments:
        start: ``date.min`` for balances.
        account_ids: only these accounts; None for all.
        without_closing_from: closing entries from this day on are left out.
    """

    start: date
    end: date
    account_ids: tuple[int, ...] | None = None
    without_closing_from: date | None = None


def figures_of(
    session: Session,
    columns: Sequence[Column],
    wanted: Callable[[Column], Sequence[Days]],
    of: Slice,
    by: str,
) -> tuple[tuple[Column, ...], list[list[Figures]]]:
    """The figures of a statement by account: for each of the sums a mapping for each column.

    Arguments:
        wanted: the sums that a column is made of.
        of: only lines that carry these values.
        by: code of the dimension whose values are the columns; empty for the columns as they are.

    Raises:
        Invalid: there is no such dimension, or more than one column of days is asked for.
    """
    within = of.within(session)
    if not by:
        rows = [[_moved(session, days, within) for days in wanted(one)] for one in columns]
        return tuple(columns), [list(one) for one in zip(*rows, strict=True)]
    if len(columns) > 1:
        raise Invalid(
            _("Columns by a dimension are of the same days: leave the comparison out."),
            field="compare",
        )
    return _divided(session, columns[0], wanted(columns[0]), of, by)


def _moved(session: Session, days: Days, within: Within | None) -> Figures:
    if days.account_ids == ():
        return {}
    return movements(
        session,
        days.start,
        days.end,
        days.account_ids,
        without_closing_from=days.without_closing_from,
        within=within,
    )


@dataclass(frozen=True, slots=True)
class _Value:
    id: int
    code: str
    name: str
    parent_id: int | None


def _divided(
    session: Session, column: Column, sums: Sequence[Days], of: Slice, by: str
) -> tuple[tuple[Column, ...], list[list[Figures]]]:
    dimension_id, name, values = _values(session, by)
    within = of.within(session)
    chosen = of.of(by)
    top = chosen.value_id if chosen else None
    wholes = [_moved(session, days, within) for days in sums]
    divided: list[dict[int, dict[int, Decimal]]] = []
    for days in sums:
        by_column: dict[int, dict[int, Decimal]] = {}
        for value_id, figures in _by_value(session, dimension_id, days, within).items():
            held = by_column.setdefault(_column_of(values, value_id, top), {})
            _add(held, figures)
        divided.append(by_column)
    used = {key for by_column in divided for key, one in by_column.items() if any(one.values())}
    ordered = sorted(used, key=lambda key: (key != top, values[key].code))
    shown, rest = ordered[:MOST_VALUES], ordered[MOST_VALUES:]
    columns = [
        replace(column, name=label, chosen=(by, text))
        for label, text in (_heading(values, key, top) for key in shown)
    ]
    if rest:
        columns.append(replace(column, name=_("Other values"), opens=False))
    if chosen is None:
        without = _("Without %(dimension)s", dimension=name)
        columns.append(replace(column, name=without, chosen=(by, WITHOUT)))
    total = (by, chosen.text) if chosen else None
    columns.append(replace(column, name=_("Total"), chosen=total))
    return tuple(columns), [
        _laid_out(by_column, whole, shown, rest, all_values=chosen is not None)
        for by_column, whole in zip(divided, wholes, strict=True)
    ]


def _laid_out(
    by_column: Mapping[int, Figures],
    whole: Figures,
    shown: Sequence[int],
    rest: Sequence[int],
    *,
    all_values: bool,
) -> list[Figures]:
    """The figures of one sum in the order of the columns."""
    laid: list[Figures] = [by_column.get(key, {}) for key in shown]
    if rest:
        others: dict[int, Decimal] = {}
        for key in rest:
            _add(others, by_column.get(key, {}))
        laid.append(others)
    if not all_values:
        without = dict(whole)
        for figures in by_column.values():
            _add(without, {account: -amount for account, amount in figures.items()})
        laid.append(without)
    return [*laid, whole]


def _add(held: dict[int, Decimal], figures: Figures) -> None:
    for account, amount in figures.items():
        held[account] = held.get(account, ZERO) + amount


def _by_value(
    session: Session, dimension_id: int, days: Days, within: Within | None
) -> Mapping[int, Figures]:
    if days.account_ids == ():
        return {}
    return movements_by_value(
        session,
        dimension_id,
        days.start,
        days.end,
        days.account_ids,
        without_closing_from=days.without_closing_from,
        within=within,
    )


def _values(session: Session, by: str) -> tuple[int, str, dict[int, _Value]]:
    """A dimension's id and name, and its values by id.

    Raises:
        Invalid: there is no such dimension.
    """
    company_id = company_of(session).id
    found = session.execute(
        select(Dimension.id, Dimension.name).where(
            Dimension.company_id == company_id, Dimension.code == by
        )
    ).one_or_none()
    if found is None:
        raise Invalid(_("There is no dimension “%(code)s”.", code=by[:40]), field="by")
    rows = session.execute(
        select(
            DimensionValue.id, DimensionValue.code, DimensionValue.name, DimensionValue.parent_id
        ).where(DimensionValue.company_id == company_id, DimensionValue.dimension_id == found.id)
    )
    return found.id, found.name, {row.id: _Value(*row) for row in rows}


def _column_of(values: Mapping[int, _Value], value_id: int, top: int | None) -> int:
    """The value in whose column another one is: below ``top``, or at the top of the tree."""
    value = values[value_id]
    while value.parent_id is not None and top not in {value.id, value.parent_id}:
        value = values[value.parent_id]
    return value.id


def _heading(values: Mapping[int, _Value], key: int, top: int | None) -> tuple[str, str]:
    """What a column says, and how a URL names it."""
    value = values[key]
    label = f"{value.code} {value.name}"
    if key != top:
        return label, value.code
    return _("%(value)s alone", value=label), f"{EXACT}{value.code}"
