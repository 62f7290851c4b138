"""Forms: errors at their field, nothing beyond the command, and no save over another's."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from .garden import Bed, Plant, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.testing.web import Browser

LIST = "/c/ALPHA/garden/plants"
NEW = f"{LIST}/new"
GOOD = {"code": "ROSE", "name": "Rose", "price": "12.50"}


@pytest.fixture
def plants(database: Database, garden: Suite, operator: Context) -> Callable[[], list[Plant]]:
    def read() -> list[Plant]:
        with database.read(operator, garden) as session:
            return list(session.scalars(select(Plant).order_by(Plant.id)))

    return read


def errors(page: str) -> dict[str, str]:
    """What stands at the fields, by their ids."""
    found = re.findall(r'id="([\w-]+)-error">.*?<span>(.*?)</span></p>', page, re.DOTALL)
    return {name: html.unescape(text) for name, text in found}


def test_a_good_form_is_carried_out_once_and_leads_to_the_record(
    gardener: Browser, plants: Callable[[], list[Plant]], bed: int
) -> None:
    gardener.get(NEW)
    answer = gardener.post(
        NEW,
        {
            **GOOD,
            "planted": "2026-03-01",
            "height": "12",
            "edible": "1",
            "bed_id": str(bed),
            "uses": ["soup", "tea"],
            "start": "growing",
        },
    )
    (plant,) = plants()
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{LIST}/{plant.id}"
    assert (plant.price, plant.height, plant.edible) == (Decimal("12.50"), 12, True)
    assert (plant.bed_id, plant.state, plant.company_id > 0) == (bed, PlantState.GROWING, True)
    assert "Sown." in gardener.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("code", "", "Fill this in."),
        ("code", "rose", "not written as it must be"),
        ("code", "R" * 21, "at most 20 fit"),
        ("name", "a\tb", "can't be stored"),
        ("name", "a\x00b", "can't be stored"),
        ("price", "", "Fill this in."),
        ("price", "much", "not an amount"),
        ("price", "1.005", "at most 2 decimals"),
        ("price", "9" * 40, "too large"),
        ("price", "NaN", "not an amount"),
        ("price", "1e3", "not an amount"),
        ("planted", "31.12.2026", "not a date"),
        ("planted", "0026-01-01", "The year"),
        ("height", "tall", "not a whole number"),
        ("height", "1.5", "not a whole number"),
        ("height", "901", "between 0 and 900"),
        ("height", "9" * 40, "between"),
        ("bed_id", "12345", "no such choice"),
        ("bed_id", "-1", "Choose one"),
        ("bed_id", "9" * 30, "no such choice"),
        ("start", "picked", "Choose one of the values"),
        ("uses", "poison", "Choose from the values"),
    ],
)
def test_a_wrong_value_is_named_at_its_field_and_kept(
    gardener: Browser, plants: Callable[[], list[Plant]], field: str, value: str, said: str
) -> None:
    answer = gardener.post(NEW, {**GOOD, field: value})
    assert answer.status_code == 422
    found = errors(answer.text)
    assert list(found) == [field]
    assert said in found[field]
    assert f'href="#{field}"' in answer.text  # the summary leads there
    assert plants() == []
    if field not in {"uses", "start", "bed_id"} and value and "\x00" not in value:
        assert html.escape(value, quote=True).replace("&#x27;", "&#39;") in answer.text


def test_what_the_service_refuses_stands_at_its_field(
    gardener: Browser, sow: Callable[..., list[int]], plants: Callable[[], list[Plant]]
) -> None:
    sow({"code": "ROSE"})
    answer = gardener.post(NEW, GOOD)
    assert answer.status_code == 422
    assert errors(answer.text) == {"code": "The code ROSE is taken."}
    assert len(plants()) == 1


def test_only_the_commands_fields_are_taken(
    gardener: Browser,
    plants: Callable[[], list[Plant]],
    sow: Callable[..., list[int]],
    beta: CompanyRef,
) -> None:
    (mine,) = sow({})
    everything: dict[str, Any] = {
        column.name: "7" for column in Plant.__table__.columns if column.name != "planted"
    }
    gardener.post(NEW, {**everything, **GOOD, "bed_id": "", "company_id": str(beta.id)})
    answer = gardener.post(
        f"{LIST}/{mine}/edit",
        {**everything, "bed_id": "", "price": "3", "version": "1", "id": "7", "state": "picked"},
    )
    assert answer.status_code == 303
    changed, made = plants()
    assert (made.company_id, made.state, made.watered_at) == (
        changed.company_id,
        PlantState.SEED,
        None,
    )
    assert made.company_id != beta.id
    assert (changed.id, changed.code, changed.state) == (mine, "P0001", PlantState.SEED)


def test_a_picker_takes_nothing_from_another_company_and_nothing_closed(
    gardener: Browser, database: Database, garden: Suite, operator: Context, beta: CompanyRef
) -> None:
    with database.write(operator, garden) as session:
        theirs = Bed(company_id=beta.id, code="B9", name="Theirs")
        session.add(theirs)
        session.flush()
        bed_id = theirs.id
    answer = gardener.post(NEW, {**GOOD, "bed_id": str(bed_id)})
    assert answer.status_code == 422
    assert list(errors(answer.text)) == ["bed_id"]
    assert "Theirs" not in answer.text


def test_a_closed_bed_stays_where_it_was_picked_before(
    gardener: Browser,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    bed: int,
    sow: Callable[..., list[int]],
) -> None:
    inside, outside = sow({"bed_id": bed}, {})
    with database.write(operator.in_company(alpha), garden) as session:
        session.get_one(Bed, bed).open = False
    form = {"version": "1", "name": "x", "price": "1", "bed_id": str(bed)}
    assert "B1 Herbs" in gardener.get(f"{LIST}/{inside}/edit").text
    assert gardener.post(f"{LIST}/{inside}/edit", form).status_code == 303
    assert gardener.post(f"{LIST}/{outside}/edit", form).status_code == 422


def test_a_stale_save_shows_both_versions_and_either_can_be_taken(
    gardener: Browser,
    visitor: Browser,
    sow: Callable[..., list[int]],
    plants: Callable[[], list[Plant]],
) -> None:
    (plant,) = sow({"name": "Old"})
    path = f"{LIST}/{plant}/edit"
    gardener.get(path)
    first = {"version": "1", "name": "First", "price": "1.50"}
    assert gardener.post(path, first).status_code == 303
    answer = gardener.post(path, {"version": "1", "name": "Second", "price": "1.50"})
    assert answer.status_code == 409
    conflict = answer.text.partition('class="card conflict"')[2].partition("</table>")[0]
    assert "Old" in conflict
    assert "First" in conflict
    assert "<mark>Second</mark>" in conflict
    assert "Price" not in conflict
    assert f'href="{path}"' in answer.text  # take what is saved
    assert [one.name for one in plants()] == ["First"]
    version = re.search(r'name="version"[^>]*value="(\d+)"', answer.text)
    assert version
    again = gardener.post(path, {"version": version[1], "name": "Second", "price": "1.50"})
    assert again.status_code == 303
    assert [one.name for one in plants()] == ["Second"]


def test_what_only_the_service_knows_to_be_stale_is_a_conflict_too(
    gardener: Browser, sow: Callable[..., list[int]], plants: Callable[[], list[Plant]]
) -> None:
    (plant,) = sow({"name": "Old"})
    form = {"version": "1", "name": "Late", "price": "1.50"}
    answer = gardener.post(f"{LIST}/{plant}/edit", form)
    assert answer.status_code == 409
    assert "<mark>Late</mark>" in answer.text
    assert [one.name for one in plants()] == ["Old"]


def test_what_only_the_database_refuses_comes_back_as_a_form(
    gardener: Browser, plants: Callable[[], list[Plant]]
) -> None:
    answer = gardener.post(NEW, {**GOOD, "height": "777"})
    assert answer.status_code == 409
    assert "The database refused this" in answer.text
    assert 'value="ROSE"' in answer.text
    assert plants() == []


def test_a_record_can_be_edited_only_in_the_states_that_allow_it(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    (plant,) = sow({"state": PlantState.PICKED})
    assert gardener.get(f"{LIST}/{plant}/edit").status_code == 409
    assert gardener.post(f"{LIST}/{plant}/edit", {"version": "1"}).status_code == 409


def test_an_action_without_questions_is_carried_out_at_once(
    gardener: Browser, sow: Callable[..., list[int]], plants: Callable[[], list[Plant]]
) -> None:
    (plant,) = sow({})
    answer = gardener.post(f"{LIST}/{plant}/do/water")
    assert answer.headers["Location"] == f"{LIST}/{plant}"
    assert plants()[0].state is PlantState.GROWING


def test_an_action_with_questions_has_a_form(
    gardener: Browser, sow: Callable[..., list[int]], plants: Callable[[], list[Plant]]
) -> None:
    (plant,) = sow({"state": PlantState.GROWING})
    path = f"{LIST}/{plant}/do/pick"
    assert 'name="reason"' in gardener.get(path).text
    assert list(errors(gardener.post(path, {"reason": ""}).text)) == ["reason"]
    refused = gardener.post(path, {"reason": "rot"})
    assert refused.status_code == 422
    assert errors(refused.text) == {"reason": "It may not rot."}
    assert gardener.post(path, {"reason": "ripe"}).status_code == 303
    assert plants()[0].state is PlantState.PICKED


def test_an_action_that_removes_the_record_leads_back_to_the_list(
    gardener: Browser, sow: Callable[..., list[int]], plants: Callable[[], list[Plant]]
) -> None:
    (plant,) = sow({})
    assert "Uproot it for good?" in gardener.get(f"{LIST}/{plant}/do/uproot").text
    answer = gardener.post(f"{LIST}/{plant}/do/uproot")
    assert answer.headers["Location"] == LIST
    assert plants() == []
    assert "Uprooted." in gardener.get(LIST).text


def test_who_may_only_look_opens_no_form(visitor: Browser, sow: Callable[..., list[int]]) -> None:
    (plant,) = sow({})
    for path in (NEW, f"{LIST}/{plant}/edit", f"{LIST}/{plant}/do/water"):
        assert visitor.get(path).status_code == 403
        assert visitor.post(path).status_code == 403
    page = visitor.get(f"{LIST}/{plant}").text
    assert f"{LIST}/{plant}/edit" not in page
    assert NEW not in visitor.get(LIST).text
