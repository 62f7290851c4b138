"""The ways to dimensions and their values, in the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_ledger import sections
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
        section=section,
    )
    for order, (label, noun, icon, section) in enumerate(
        (
            (_("Dimensions"), "dimension", "tag", sections.DIMENSIONS),
            (_("Values of dimensions"), "dimension_value", "list-details", sections.DIMENSIONS),
            (_("Required dimensions"), "required_dimension", "shield-check", sections.DIMENSIONS),
            (_("Allocation rules"), "allocation_rule", "chart-bar", sections.ENTRIES),
        ),
        91,
    )
)
