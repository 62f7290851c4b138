"""Dimensions in the entry editor: whether lines have a cell for them, and what is offered in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from backstay.spi import company_of
from backstay_ledger.models.dimensions import Dimension, DimensionValue

_MOST: Final = 500
"""Choices that a page carries; whoever has more values knows their codes."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The column of dimensions in a grid.

    Arguments:
        choices: pairs as they are typed, such as ``cost_centre=100``, with their names.
    """

    shown: bool = False
    choices: tuple[tuple[str, str], ...] = ()


NO_DIMENSIONS: Final = Dimensions()


def dimensions_for(session: Session, said: Iterable[str]) -> Dimensions:
    """The column: shown where a dimension is active or a line has one.

    Arguments:
        said: what the lines say of dimensions.
    """
    company_id = company_of(session).id
    found = session.execute(
        select(Dimension.code, Dimension.name, DimensionValue.code, DimensionValue.name)
        .outerjoin(
            DimensionValue,
            and_(
                DimensionValue.dimension_id == Dimension.id,
                DimensionValue.company_id == company_id,
            ),
        )
        .where(Dimension.company_id == company_id, Dimension.active)
        .order_by(Dimension.code, DimensionValue.code)
        .limit(_MOST)
    ).all()
    choices = tuple(
        (f"{code}={value}", f"{name}: {value_name}")
        for code, name, value, value_name in found
        if value is not None
    )
    return Dimensions(bool(found) or any(said), choices)
