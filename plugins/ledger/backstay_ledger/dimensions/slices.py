"""Slices: the part of the books that a report is about, told by values of dimensions.

A value is written as it is typed on lines, ``cost_centre=100``, and means the value and all below
it. ``cost_centre==100`` means the value alone, ``cost_centre=-`` the lines that have none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from backstay.spi import Invalid, Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.models.dimensions import (
    Dimension,
    DimensionSet,
    DimensionSetValue,
    DimensionValue,
)
from backstay_ledger.services.sums import Within

WITHOUT: Final = "-"
"""Stands for the lines that have no value of a dimension."""
EXACT: Final = "="
"""Stands before a value whose own lines are meant, without those of the values below it."""
PARAMETER: Final = "d_"
"""Begins the parameters of a URL: ``d_cost_centre=100``."""
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is said of one dimension.

    Arguments:
        value_id: None for the lines without a value.
        exact: the value's own lines, without those of the values below it.
    """

    dimension: str
    dimension_id: int
    text: str
    label: str
    value_id: int | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """The lines that carry what is chosen of each dimension; all lines where nothing is."""

    chosen: tuple[Chosen, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is chosen."""
        return bool(self.chosen)

    @property
    def query(self) -> dict[str, str]:
        """What the links of a report carry on."""
        return {f"{PARAMETER}{one.dimension}": one.text for one in self.chosen}

    @property
    def label(self) -> str:
        """What a heading says."""
        return ", ".join(one.label for one in self.chosen)

    def of(self, dimension: str) -> Chosen | None:
        """What is chosen of a dimension."""
        return next((one for one in self.chosen if one.dimension == dimension), None)

    def within(self, session: Session) -> Within | None:
        """The lines that a report sums; None for all."""
        company_id = company_of(session).id
        holding = [
            DimensionSet.id.in_(_with_value(company_id, one, place))
            for place, one in enumerate(self.chosen)
            if one.value_id is not None
        ]
        lacking = [_with_any(company_id, one) for one in self.chosen if one.value_id is None]
        if not self.chosen:
            return None
        if not holding:
            any_of_them = or_(*(DimensionSet.id.in_(one) for one in lacking))
            return Within(_sets(company_id, any_of_them), outside=True)
        without = [DimensionSet.id.not_in(one) for one in lacking]
        return Within(_sets(company_id, and_(*holding, *without)))


WHOLE: Final = Slice()


def slice_from_url(session: Session, values: Mapping[str, str]) -> tuple[Slice, tuple[str, ...]]:
    """What a URL chooses, and what is wrong with it; a URL without dimensions costs nothing."""
    said = [
        (key.removeprefix(PARAMETER)[:_LONGEST], text.strip()[:_LONGEST])
        for key, text in values.items()
        if key.startswith(PARAMETER) and text.strip()
    ]
    return _read(session, said) if said else (WHOLE, ())


def slice_of(session: Session, pairs: Sequence[str]) -> Slice:
    """What somebody typed, one ``dimension=value`` for each.

    Raises:
        Invalid: a pair is not written so, is said twice, or names what there is not.
    """
    said = []
    for pair in pairs:
        dimension, mark, value = pair.partition("=")
        if not mark or not dimension.strip() or not value.strip():
            raise Invalid(
                _("“%(text)s” is not written as dimension=value.", text=pair[:_LONGEST]),
                field="dimension",
            )
        said.append((dimension.strip().lower(), value.strip()))
    found, problems = _read(session, said)
    if problems:
        raise Invalid(
            problems[0],
            field="dimension",
            problems=tuple(Problem(one, "dimension") for one in problems),
        )
    return found


def has_dimension(session: Session, code: str) -> bool:
    """Whether the company has such a dimension."""
    found = select(Dimension.id).where(
        Dimension.company_id == company_of(session).id, Dimension.code == code
    )
    return session.scalar(found) is not None


def _read(session: Session, said: Sequence[tuple[str, str]]) -> tuple[Slice, tuple[str, ...]]:
    company_id = company_of(session).id
    codes = sorted({text.removeprefix(EXACT) for _dimension, text in said})
    rows = session.execute(
        select(
            Dimension.code,
            Dimension.id,
            Dimension.name,
            DimensionValue.code,
            DimensionValue.id,
            DimensionValue.name,
        )
        .outerjoin(
            DimensionValue,
            and_(
                DimensionValue.dimension_id == Dimension.id,
                DimensionValue.company_id == company_id,
                DimensionValue.code.in_(codes),
            ),
        )
        .where(
            Dimension.company_id == company_id,
            Dimension.code.in_(sorted({dimension for dimension, _text in said})),
        )
    ).all()
    dimensions = {row[0]: (row[1], row[2]) for row in rows}
    values = {(row[0], row[3]): (row[4], row[5]) for row in rows if row[3] is not None}
    chosen: dict[str, Chosen] = {}
    problems: list[str] = []
    for dimension, text in said:
        code = text.removeprefix(EXACT)
        if dimension not in dimensions:
            problems.append(_("There is no dimension “%(code)s”.", code=dimension))
        elif dimension in chosen:
            problems.append(_("Two values of %(dimension)s are asked for.", dimension=dimension))
        elif text == WITHOUT:
            key, name = dimensions[dimension]
            label = _("without %(dimension)s", dimension=name)
            chosen[dimension] = Chosen(dimension, key, text, label)
        elif (dimension, code) not in values:
            problems.append(
                _(
                    "There is no value “%(value)s” of %(dimension)s.",
                    value=code,
                    dimension=dimension,
                )
            )
        else:
            value_id, name = values[dimension, code]
            exact = text.startswith(EXACT)
            label = f"{code} {name}" if not exact else _("%(value)s alone", value=f"{code} {name}")
            chosen[dimension] = Chosen(
                dimension, dimensions[dimension][0], text, label, value_id, exact
            )
    return Slice(tuple(chosen.values())), tuple(problems)


def _sets(company_id: int, condition: Any) -> Any:
    return select(DimensionSet.id).where(DimensionSet.company_id == company_id, condition)


def _with_any(company_id: int, chosen: Chosen) -> Any:
    """The sets that hold any value of a dimension."""
    return select(DimensionSetValue.dimset_id).where(
        DimensionSetValue.company_id == company_id,
        DimensionSetValue.dimension_id == chosen.dimension_id,
    )


def _with_value(company_id: int, chosen: Chosen, place: int) -> Any:
    """The sets that hold a value or one below it."""
    values: Any = [chosen.value_id]
    if not chosen.exact:
        below = (
            select(DimensionValue.id)
            .where(DimensionValue.id == chosen.value_id, DimensionValue.company_id == company_id)
            .cte(f"below_{place}", recursive=True)
        )
        below = below.union(
            select(DimensionValue.id).where(
                DimensionValue.parent_id == below.c.id, DimensionValue.company_id == company_id
            )
        )
        values = select(below.c.id)
    return select(DimensionSetValue.dimset_id).where(
        DimensionSetValue.company_id == company_id, DimensionSetValue.value_id.in_(values)
    )
