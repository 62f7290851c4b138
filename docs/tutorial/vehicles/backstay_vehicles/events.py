"""What the plugin announces, so that others can do something afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class VehicleSold:
    """A vehicle left the company that the job runs in.

    Arguments:
        vehicle_id: of the vehicle, which does not change any more.
    """

    name: ClassVar[str] = "vehicles.vehicle_sold"
    version: ClassVar[int] = 1

    vehicle_id: int
    sold_on: date


EVENTS: Final = (VehicleSold,)
