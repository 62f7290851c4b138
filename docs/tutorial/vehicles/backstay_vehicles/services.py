"""Registering, changing and selling vehicles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import select

from backstay.spi import (
    Conflict,
    DateField,
    Invalid,
    MoneyField,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
    emit,
)
from backstay.spi import gettext as _
from backstay.spi import lazy as _l
from backstay_vehicles.events import VehicleSold
from backstay_vehicles.models import Vehicle, VehicleState
from backstay_vehicles.permissions import VEHICLE_EDIT, VEHICLE_SELL

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterVehicle:
    """A vehicle that the company bought."""

    plate: Annotated[str, TextField(label=_l("Plate"), max_length=20, example="B-KS 1200")]
    description: Annotated[str, TextField(label=_l("Make and model"))]
    bought_on: Annotated[date, DateField(label=_l("Bought on"))]
    price: Annotated[
        Decimal, MoneyField(label=_l("Price"), help=_l("In the company's currency, without tax."))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditVehicle:
    """Corrections to a vehicle in use."""

    id: int
    version: int | None = None
    plate: Annotated[str, TextField(label=_l("Plate"), max_length=20)]
    description: Annotated[str, TextField(label=_l("Make and model"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SellVehicle:
    """A vehicle that leaves the company."""

    id: int
    sold_on: Annotated[date, DateField(label=_l("Sold on"))]


def register_vehicle(session: Session, command: RegisterVehicle) -> Vehicle:
    """Add a vehicle to the register of the company that the session works in.

    Raises:
        Invalid: the plate is taken, or the price is negative.
    """
    authorize(session, VEHICLE_EDIT)
    plate = _free_plate(session, command.plate)
    if command.price < 0:
        raise Invalid(_("A price can't be negative."), field="price")
    vehicle = Vehicle(
        company_id=company_of(session).id,
        plate=plate,
        description=command.description,
        bought_on=command.bought_on,
        price=command.price,
    )
    session.add(vehicle)
    session.flush()
    return vehicle


def edit_vehicle(session: Session, command: EditVehicle) -> Vehicle:
    """Correct a vehicle's plate or description.

    Raises:
        Stale: somebody else saved in the meantime.
        Conflict: it is sold.
        Invalid: the plate is taken.
    """
    authorize(session, VEHICLE_EDIT)
    vehicle = _in_use(session, command.id)
    check_version(vehicle, command.version)
    vehicle.plate = _free_plate(session, command.plate, besides=vehicle)
    vehicle.description = command.description
    return vehicle


def sell_vehicle(session: Session, command: SellVehicle) -> Vehicle:
    """Record that a vehicle was sold; after that the database refuses every change of it.

    Raises:
        Conflict: it was sold before.
        Invalid: it would be sold before it was bought.
    """
    authorize(session, VEHICLE_SELL)
    vehicle = _in_use(session, command.id)
    if command.sold_on < vehicle.bought_on:
        raise Invalid(
            _("It was bought on %(day)s; it can't be sold before.", day=vehicle.bought_on),
            field="sold_on",
        )
    vehicle.state = VehicleState.SOLD
    vehicle.sold_on = command.sold_on
    emit(session, VehicleSold(vehicle.id, command.sold_on))
    return vehicle


def _in_use(session: Session, vehicle_id: int) -> Vehicle:
    vehicle = session.get(Vehicle, vehicle_id)
    if vehicle is None:
        raise NotFound(_("There is no such vehicle."))
    if vehicle.state is not VehicleState.IN_USE:
        raise Conflict(_("%(plate)s is sold.", plate=vehicle.plate))
    return vehicle


def _free_plate(session: Session, typed: str, besides: Vehicle | None = None) -> str:
    plate = typed.strip().upper()
    # The session adds the company: another company may have the same plate.
    owner = session.scalars(select(Vehicle).where(Vehicle.plate == plate)).one_or_none()
    if owner is not None and owner is not besides:
        raise Invalid(_("The plate %(plate)s is in the register.", plate=plate), field="plate")
    return plate
