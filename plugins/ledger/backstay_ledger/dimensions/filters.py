"""Dimensions above reports: what to filter by and whose values to see beside each other.

Companies without dimensions see none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from backstay.spi import company_of
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.slices import (
    EXACT,
    PARAMETER,
    WHOLE,
    WITHOUT,
    Slice,
    has_dimension,
    slice_from_url,
)
from backstay_ledger.models.dimensions import Dimension, DimensionValue
from backstay_ledger.statements.columns import Column

_MOST: Final = 300
"""Values that a select offers; of a dimension with more a code is typed."""
_READ: Final = 2000
_INDENT: Final = "\u2003"


@dataclass(frozen=True, slots=True)
class AskedOf:
    """The part of the books that a URL asks for, and what is wrong with how it says so."""

    of: Slice = WHOLE
    notes: tuple[ui.Note, ...] = ()


def asked_of(session: Session, values: Mapping[str, str]) -> AskedOf:
    """What the parameters of a report say of dimensions."""
    found, problems = slice_from_url(session, values)
    notes = tuple(ui.Note(problem, "warn") for problem in problems)
    return AskedOf(found, notes)


def asked_by(session: Session, values: Mapping[str, str]) -> tuple[str, tuple[ui.Note, ...]]:
    """The code of the dimension whose values are the columns; empty for none."""
    by = values.get("by", "").strip()[:40]
    if not by or has_dimension(session, by):
        return by, ()
    return "", (ui.Note(_("There is no dimension “%(code)s”.", code=by), "warn"),)


def dimension_query(column: Column) -> dict[str, str]:
    """The value of a column as a URL names it."""
    if column.chosen is None:
        return {}
    dimension, text = column.chosen
    return {f"{PARAMETER}{dimension}": text}


@dataclass
class _Shown:
    code: str
    name: str
    values: list[tuple[int, str, str, int | None]] = field(default_factory=list)


def dimension_controls(
    session: Session, of: Slice, *, by: str | None = None
) -> tuple[ui.FilterControl, ...]:
    """A control for each dimension.

    Arguments:
        by: the dimension whose values are the columns, for reports that can be so divided.
    """
    dimensions = _dimensions(session)
    controls = [_control(one, of) for one in dimensions]
    if by is not None and dimensions:
        none = ui.FilterChoice("", _("Days"), not by)
        choices = (ui.FilterChoice(one.code, one.name, one.code == by) for one in dimensions)
        controls.append(ui.FilterControl("by", _("Columns by"), "select", (none, *choices), by))
    return tuple(controls)


def _dimensions(session: Session) -> Sequence[_Shown]:
    company_id = company_of(session).id
    rows = session.execute(
        select(
            Dimension.code,
            Dimension.name,
            DimensionValue.id,
            DimensionValue.code,
            DimensionValue.name,
            DimensionValue.parent_id,
        )
        .outerjoin(
            DimensionValue,
            and_(
                DimensionValue.dimension_id == Dimension.id,
                DimensionValue.company_id == company_id,
            ),
        )
        .where(Dimension.company_id == company_id)
        .order_by(Dimension.code, DimensionValue.code)
        .limit(_READ)
    )
    found: dict[str, _Shown] = {}
    for code, name, value_id, value, value_name, parent_id in rows:
        shown = found.setdefault(code, _Shown(code, name))
        if value_id is not None:
            shown.values.append((value_id, value, value_name, parent_id))
    return [one for one in found.values() if one.values]


def _control(dimension: _Shown, of: Slice) -> ui.FilterControl:
    chosen = of.of(dimension.code)
    text = chosen.text if chosen else ""
    name = f"{PARAMETER}{dimension.code}"
    if len(dimension.values) > _MOST:
        return ui.FilterControl(name, dimension.name, value=text)
    choices = [("", _("All")), *_tree(dimension), (WITHOUT, _("Without"))]
    if chosen and text.startswith(EXACT):
        choices.append((text, chosen.label))
    return ui.FilterControl(
        name,
        dimension.name,
        "select",
        tuple(ui.FilterChoice(value, label, value == text) for value, label in choices),
        text,
    )


def _tree(dimension: _Shown) -> list[tuple[str, str]]:
    """Codes and names, those below another one indented after it."""
    known = {one[0] for one in dimension.values}
    below: dict[int | None, list[tuple[int, str, str, int | None]]] = {}
    for one in dimension.values:
        below.setdefault(one[3] if one[3] in known else None, []).append(one)
    lines: list[tuple[str, str]] = []

    def add(parent: int | None, depth: int) -> None:
        for key, code, name, _parent in below.get(parent, ()):
            lines.append((code, f"{_INDENT * depth}{code} {name}"))
            add(key, depth + 1)

    add(None, 0)
    return lines
