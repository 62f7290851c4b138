"""What can be permitted, and the roles that the plugin proposes."""

from __future__ import annotations

from typing import Final

from backstay.spi import LIST_VIEW_SHARE, Permission, Risk, RoleTemplate
from backstay.spi import lazy as _

INBOX_USE: Final = Permission(
    "approvals.inbox.use",
    _("open their inbox of approvals"),
    Risk.READ,
    _("To decide on a record takes the permission of the record's own module as well."),
)
REQUEST_VIEW: Final = Permission(
    "approvals.request.view",
    _("see all requests for approval and the report on separation of duties"),
    Risk.READ,
)
RULE_VIEW: Final = Permission("approvals.rule.view", _("see the rules of approvals"), Risk.READ)
RULE_EDIT: Final = Permission(
    "approvals.rule.edit",
    _("make and change the rules of approvals"),
    Risk.CRITICAL,
    _("A rule decides who has to agree to what. It holds for what is asked from then on."),
)
DEPUTY_NAME: Final = Permission(
    "approvals.deputy.name",
    _("name a deputy for themselves"),
    Risk.SENSITIVE,
    _("The deputy decides in their place until a given day, never on what either of them began."),
)
DEPUTY_NAME_FOR_OTHERS: Final = Permission(
    "approvals.deputy.name_for_others",
    _("name deputies for others, and end any deputising"),
    Risk.CRITICAL,
    _("For somebody who fell ill."),
)

PERMISSIONS: Final = (
    INBOX_USE,
    REQUEST_VIEW,
    RULE_VIEW,
    RULE_EDIT,
    DEPUTY_NAME,
    DEPUTY_NAME_FOR_OTHERS,
)

ROLE_TEMPLATES: Final = (
    RoleTemplate(
        "approver",
        _("Approver"),
        _("Works the inbox of approvals; give it beside a role that may approve something."),
        (INBOX_USE, DEPUTY_NAME),
    ),
    RoleTemplate(
        "approvalkeeper",
        _("Keeper of approvals"),
        _("Keeps the rules and deputies, and watches over the separation of duties."),
        (*PERMISSIONS, LIST_VIEW_SHARE),
    ),
    RoleTemplate(
        "controller",
        _("Controller"),
        _(
            "Answers for the figures: reads and exports everything, approves entries over the"
            " limits, closes and reopens periods."
        ),
        (INBOX_USE, DEPUTY_NAME),
    ),
    RoleTemplate(
        "auditor",
        _("Auditor"),
        _("Reads everything, changes nothing, until a given day."),
        (REQUEST_VIEW, RULE_VIEW),
        read_only=True,
    ),
)
