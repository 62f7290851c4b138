"""The filter of reports by a value of a dimension; companies without dimensions do not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.spi import NotFound, company_of, resource_url
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.values import load_value
from backstay_ledger.models.dimensions import DimensionValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

_DIGITS = 18


def chosen_value(session: Session, values: Mapping[str, str]) -> DimensionValue | None:
    """The value that the URL names; None for none, or for one that the company does not have."""
    text = values.get("value", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        return None
    try:
        return load_value(session, int(text))
    except NotFound:
        return None


def value_controls(session: Session, value: DimensionValue | None) -> tuple[ui.FilterControl, ...]:
    """The picker of a value, where there are some."""
    some = select(DimensionValue.id).where(DimensionValue.company_id == company_of(session).id)
    if session.scalar(some.limit(1)) is None:
        return ()
    return (
        ui.FilterControl(
            "value",
            _("Dimension"),
            "picker",
            picker_url=resource_url("ledger.dimension_value", "picker"),
            value="" if value is None else str(value.id),
            value_label="" if value is None else value.label,
        ),
    )
