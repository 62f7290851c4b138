"""The ways to dimensions and their values, in the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_ledger.permissions import BOOKS_VIEW

DIMENSION_PAGES: Final = tuple(
    Page(
        Area.MONEY,
        label,
        f"ledger.{noun}.list",
        icon,
        BOOKS_VIEW,
        order=order,
        in_palette_only=True,
        keywords=_("cost centre project segment allocate spread"),
    )
    for order, (label, noun, icon) in enumerate(
        (
            (_("Dimensions"), "dimension", "tag"),
            (_("Values of dimensions"), "dimension_value", "list-details"),
            (_("Required dimensions"), "required_dimension", "shield-check"),
            (_("Allocation rules"), "allocation_rule", "chart-bar"),
        ),
        91,
    )
)
