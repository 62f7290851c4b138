"""The table of vehicles."""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.spi import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    Versioned,
    freeze,
    plugin_metadata,
    short,
)


class VehiclesBase(Model, DeclarativeBase):
    """Base of the plugin's models; their tables are called ``vehicles_...``."""

    metadata = plugin_metadata("vehicles")
    type_annotation_map = ANNOTATIONS


class VehicleState(enum.Enum):
    """A sold vehicle is final."""

    IN_USE = "in_use"
    SOLD = "sold"


class Vehicle(Identified, CompanyScoped, Versioned, VehiclesBase):
    """A vehicle of a company."""

    __tablename__ = "vehicles_vehicle"
    __audit__ = Audit.FULL
    __table_args__ = (UniqueConstraint("company_id", "plate"),)

    plate: Mapped[str] = mapped_column(short(20))
    description: Mapped[str] = mapped_column(short(200))
    bought_on: Mapped[date]
    price: Mapped[Decimal]
    state: Mapped[VehicleState] = mapped_column(default=VehicleState.IN_USE)
    sold_on: Mapped[date | None]

    def audit_label(self) -> str:
        """The plate, by which people know it."""
        return self.plate


freeze(Vehicle.__table__, "{row}.state = 'sold'", "A sold vehicle can't be changed.")
