"""The register as somebody at a browser sees it; each test runs on both databases."""

from __future__ import annotations

from backstay.testing.author import AsRole
from backstay_vehicles.permissions import VEHICLE_VIEW

LIST = "/c/ALPHA/vehicles/vehicles"
VAN = {
    "plate": "b-ks 1200",
    "description": "Delivery van, electric",
    "bought_on": "2026-03-01",
    "price": "18500.00",
}


def test_a_registered_vehicle_is_in_the_list(as_role: AsRole) -> None:
    keeper = as_role("fleetkeeper")
    keeper.get(f"{LIST}/new")
    assert keeper.post(f"{LIST}/new", VAN).status_code == 303
    assert "B-KS 1200" in keeper.get(LIST).text


def test_what_is_wrong_is_said_at_its_field(as_role: AsRole) -> None:
    keeper = as_role("fleetkeeper")
    keeper.get(f"{LIST}/new")
    refused = keeper.post(f"{LIST}/new", {**VAN, "price": "12.345"})
    assert refused.status_code == 422
    assert "at most 2 decimals" in refused.text


def test_who_may_only_look_gets_no_form(as_role: AsRole) -> None:
    reader = as_role(permissions=[VEHICLE_VIEW])
    assert reader.get(LIST).status_code == 200
    assert reader.get(f"{LIST}/new").status_code == 403
