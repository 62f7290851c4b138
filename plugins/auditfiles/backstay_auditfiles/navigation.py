"""The plugin's pages in the sidebar and in the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_auditfiles.permissions import FILE_MAKE, FILE_VIEW

PAGES: Final = (
    Page(
        Area.MONEY,
        _("Audit files"),
        "auditfiles.file.list",
        "file-text",
        FILE_VIEW,
        order=100,
        keywords=_("saf-t saft fec export tax authority auditor"),
    ),
    Page(
        Area.MONEY,
        _("Make an audit file"),
        "auditfiles.file.create",
        "plus",
        FILE_MAKE,
        order=101,
        in_palette_only=True,
        keywords=_("saf-t saft fec"),
    ),
    Page(
        Area.MONEY,
        _("Company in audit files"),
        "auditfiles.company.list",
        "building",
        FILE_VIEW,
        order=102,
        in_palette_only=True,
        keywords=_("siren registration number tax"),
    ),
)
