"""What can be permitted, and the role that the plugin proposes."""

from __future__ import annotations

from typing import Final

from backstay.spi import Permission, Risk, RoleTemplate
from backstay.spi import lazy as _

TASK_VIEW: Final = Permission("plugname.task.view", _("see tasks"), Risk.READ)
TASK_EDIT: Final = Permission("plugname.task.edit", _("write and change tasks"))
TASK_FINISH: Final = Permission("plugname.task.finish", _("finish tasks"))

PERMISSIONS: Final = (TASK_VIEW, TASK_EDIT, TASK_FINISH)

ROLE_TEMPLATES: Final = (
    RoleTemplate(
        "plugnamekeeper",
        _("Keeper of Plugin title"),
        _("Writes, changes and finishes tasks."),
        PERMISSIONS,
    ),
)
