"""What can be permitted, and for whom it is proposed."""

from __future__ import annotations

from typing import Final

from backstay.spi import Permission, Risk, RoleTemplate
from backstay.spi import lazy as _

FILE_VIEW: Final = Permission(
    "auditfiles.file.view",
    _("see which audit files were made, with their control totals"),
    Risk.READ,
)
FILE_TAKE: Final = Permission(
    "auditfiles.file.take",
    _("download audit files"),
    Risk.READ,
    _("A file has all entries of its days; each download is noted in the audit trail."),
)
FILE_MAKE: Final = Permission(
    "auditfiles.file.make",
    _("make audit files of the books"),
    Risk.SENSITIVE,
    _("It takes the permission to export the books as well."),
)
COMPANY_EDIT: Final = Permission(
    "auditfiles.company.edit",
    _("enter what audit files say of the company"),
    Risk.SENSITIVE,
    _("Its numbers at authorities, its address and whom they can ask."),
)

PERMISSIONS: Final = (FILE_VIEW, FILE_TAKE, FILE_MAKE, COMPANY_EDIT)

ROLE_TEMPLATES: Final = (
    RoleTemplate(
        "accountant",
        _("Accountant"),
        _("Keeps the books: posts, reverses, imports, closes periods and reads every report."),
        PERMISSIONS,
    ),
    RoleTemplate(
        "auditor",
        _("Auditor"),
        _("Reads everything, changes nothing, until a given day."),
        (FILE_VIEW, FILE_TAKE),
        read_only=True,
    ),
)
