"""The plugin's pages in the sidebar and in the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_approvals.pages.inbox import home_part
from backstay_approvals.permissions import (
    DEPUTY_NAME,
    INBOX_USE,
    REQUEST_VIEW,
    RULE_EDIT,
    RULE_VIEW,
)

PAGES: Final = (
    Page(
        Area.COMPLIANCE,
        _("Approvals"),
        "approvals.inbox",
        "shield-check",
        INBOX_USE,
        order=10,
        keywords=_("inbox approve second person"),
        home=home_part,
    ),
    Page(
        Area.COMPLIANCE,
        _("Requests for approval"),
        "approvals.request.list",
        "list-details",
        REQUEST_VIEW,
        order=12,
        in_palette_only=True,
    ),
    Page(
        Area.COMPLIANCE,
        _("Approval rules"),
        "approvals.rule.list",
        "shield-check",
        RULE_VIEW,
        order=14,
        in_palette_only=True,
        keywords=_("stages limit"),
    ),
    Page(
        Area.COMPLIANCE,
        _("Separation of duties"),
        "approvals.duties",
        "users",
        REQUEST_VIEW,
        order=16,
        keywords=_("conflict of interest maker checker"),
    ),
    Page(
        Area.COMPLIANCE,
        _("Deputies"),
        "approvals.deputy.list",
        "users",
        INBOX_USE,
        order=18,
        in_palette_only=True,
        keywords=_("delegation substitute holiday"),
    ),
    Page(
        Area.COMPLIANCE,
        _("Name a deputy"),
        "approvals.deputy.create",
        "plus",
        DEPUTY_NAME,
        order=20,
        in_palette_only=True,
    ),
    Page(
        Area.COMPLIANCE,
        _("New approval rule"),
        "approvals.rule.create",
        "plus",
        RULE_EDIT,
        order=22,
        in_palette_only=True,
    ),
)
