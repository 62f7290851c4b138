"""The pages of the register: list, record, forms, export and picker from one declaration."""

from __future__ import annotations

from typing import Final

from backstay.spi import (
    Action,
    Area,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Page,
    Resource,
    Section,
)
from backstay.spi import lazy as _
from backstay_vehicles.models import Vehicle, VehicleState
from backstay_vehicles.permissions import VEHICLE_EDIT, VEHICLE_SELL, VEHICLE_VIEW
from backstay_vehicles.services import (
    EditVehicle,
    RegisterVehicle,
    SellVehicle,
    edit_vehicle,
    register_vehicle,
    sell_vehicle,
)

_STATES: Final = (
    Choice(VehicleState.IN_USE.value, _("In use"), "ok"),
    Choice(VehicleState.SOLD.value, _("Sold")),
)

_REGISTER: Final = Operation(register_vehicle, RegisterVehicle, VEHICLE_EDIT, _("Register vehicle"))
_EDIT: Final = Operation(edit_vehicle, EditVehicle, VEHICLE_EDIT, _("Edit"))
_SELL: Final = Action(
    "sell",
    Operation(sell_vehicle, SellVehicle, VEHICLE_SELL, _("Sell")),
    icon="receipt-2",
    states=("in_use",),
    leads_to="sold",
    primary=True,
    confirm=_("A sold vehicle can't be changed any more."),
)

VEHICLES: Final = Resource(
    name="vehicles.vehicle",
    path="vehicles",
    model=Vehicle,
    view=VEHICLE_VIEW,
    label=_("Vehicle"),
    label_many=_("Vehicles"),
    icon="truck",
    help=_("What the company drives, from the purchase to the sale."),
    columns=(
        Column("plate", _("Plate"), Vehicle.plate, Kind.CODE, sortable=True, link=True),
        Column("description", _("Make and model"), Vehicle.description),
        Column("bought_on", _("Bought on"), Vehicle.bought_on, Kind.DATE),
        Column("price", _("Price"), Vehicle.price, Kind.MONEY),
        Column("state", _("State"), Vehicle.state, Kind.STATE, choices=_STATES),
        Column("sold_on", _("Sold on"), Vehicle.sold_on, Kind.DATE, in_list=False),
    ),
    order=("plate",),
    search=(Vehicle.plate, Vehicle.description),
    filters=(Filter("state", _("State"), Vehicle.state, _STATES),),
    sections=(
        Section(_("Vehicle"), ("plate", "description")),
        Section(_("Purchase and sale"), ("bought_on", "price", "sold_on")),
    ),
    state="state",
    steps=("in_use", "sold"),
    create=_REGISTER,
    update=_EDIT,
    update_states=("in_use",),
    actions=(_SELL,),
    empty=Empty(
        _("No vehicles yet"),
        _("Register the first one; its price and dates are kept here."),
        "truck",
    ),
)

RESOURCES: Final = (VEHICLES,)
PAGES: Final = (
    Page(Area.SUPPLY, _("Vehicles"), "vehicles.vehicle.list", "truck", VEHICLE_VIEW),
    Page(
        Area.SUPPLY,
        _("Register vehicle"),
        "vehicles.vehicle.create",
        "plus",
        VEHICLE_EDIT,
        in_palette_only=True,
        keywords=_("new car truck"),
    ),
)
