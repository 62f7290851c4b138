"""What can be done with vehicles, without a browser; each test runs on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backstay.spi import CompanyRef, Conflict, Invalid
from backstay_vehicles.events import VehicleSold
from backstay_vehicles.models import Vehicle
from backstay_vehicles.services import RegisterVehicle, SellVehicle, register_vehicle, sell_vehicle

VAN = RegisterVehicle(
    plate="b-ks 1200",
    description="Delivery van, electric",
    bought_on=date(2026, 3, 1),
    price=Decimal("18500.00"),
)


def test_a_plate_is_registered_once_in_a_company(session: Session) -> None:
    assert register_vehicle(session, VAN).plate == "B-KS 1200"
    with pytest.raises(Invalid, match="is in the register"):
        register_vehicle(session, VAN)


def test_another_company_may_have_the_same_plate(
    writing: Callable[..., AbstractContextManager[Session]], beta: CompanyRef
) -> None:
    with writing() as session:
        here = register_vehicle(session, VAN).id
    with writing(beta) as session:
        assert register_vehicle(session, VAN).id != here
        assert session.get(Vehicle, here) is None


def test_a_sold_vehicle_is_announced_and_final(
    session: Session, events: Callable[..., list[Any]]
) -> None:
    van = register_vehicle(session, VAN)
    sell_vehicle(session, SellVehicle(id=van.id, sold_on=date(2026, 9, 30)))
    session.commit()
    assert events() == [VehicleSold(van.id, date(2026, 9, 30))]
    with pytest.raises(Conflict, match="is sold"):
        sell_vehicle(session, SellVehicle(id=van.id, sold_on=date(2026, 10, 1)))
