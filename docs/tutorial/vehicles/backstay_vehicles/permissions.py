"""What can be permitted in the register of vehicles, and the role it proposes."""

from __future__ import annotations

from typing import Final

from backstay.spi import Permission, Risk, RoleTemplate
from backstay.spi import lazy as _

VEHICLE_VIEW: Final = Permission("vehicles.vehicle.view", _("see vehicles"), Risk.READ)
VEHICLE_EDIT: Final = Permission("vehicles.vehicle.edit", _("register and change vehicles"))
VEHICLE_SELL: Final = Permission(
    "vehicles.vehicle.sell",
    _("record the sale of vehicles"),
    Risk.SENSITIVE,
    _("A sold vehicle can't be changed any more."),
)

PERMISSIONS: Final = (VEHICLE_VIEW, VEHICLE_EDIT, VEHICLE_SELL)

ROLE_TEMPLATES: Final = (
    RoleTemplate("fleetkeeper", _("Fleet keeper"), _("Keeps the register."), PERMISSIONS),
)
