"""What can be permitted with dimensions."""

from __future__ import annotations

from typing import Final

from backstay.spi import Permission
from backstay.spi import lazy as _

DIMENSION_EDIT: Final = Permission(
    "ledger.dimension.edit",
    _("set up dimensions, their values, and the accounts that require them"),
)
DIMENSION_PERMISSIONS: Final = (DIMENSION_EDIT,)
