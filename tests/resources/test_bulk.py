"""An action for many records: told beforehand, done by its service, skipped with the reason."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import python_calamine
from sqlalchemy import event, func, select, update

from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job
from backstay.lists.models import BulkRun

from .garden import Plant, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.testing.web import Browser

PLANTS = "/c/ALPHA/garden/plants"
DYING_RUNNER = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from backstay.db.database import Database
from backstay.jobs import execute
from tests.resources.conftest import garden_suite

database, suite = Database(sys.argv[1]), garden_suite(Path(sys.argv[2]))
changed = []

def die(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)

def die_at_the_sixtieth(_connection, _cursor, statement, *_rest):
    if statement.startswith("UPDATE garden_plant"):
        changed.append(statement)
        if len(changed) == 60:
            die()

if sys.argv[3] == "between two steps":
    execute._progress = die
else:
    event.listen(database.engine, "before_cursor_execute", die_at_the_sixtieth)
execute.execute_next(database, lambda: suite)
"""


@pytest.fixture
def states(
    database: Database, garden: Suite, operator: Context
) -> Callable[[], dict[str, PlantState]]:
    def read() -> dict[str, PlantState]:
        with database.read(operator, garden) as session:
            return {plant.code: plant.state for plant in session.scalars(select(Plant))}

    return read


def figures(html: str) -> list[int]:
    return [int(one.replace(",", "")) for one in re.findall(r'stat-value">([\d,]+)<', html)]


def records(html: str) -> str:
    found = re.search(r'name="records" value="([\d,]*)"', html)
    assert found, html
    return found[1]


def test_a_selection_is_told_before_it_is_done_with_what_is_skipped_and_why(
    gardener: Browser, sow: Callable[..., list[int]], states: Callable[[], dict[str, PlantState]]
) -> None:
    ids = sow({}, {"name": "Cactus"}, {"state": PlantState.PICKED}, {"state": PlantState.GROWING})
    query = "&".join(f"id={one}" for one in [*ids, 7])
    html = gardener.get(f"{PLANTS}/bulk/water?{query}").text
    assert figures(html) == [5, 2, 3]
    assert "It is a cactus." in html
    assert "is not possible while" in html
    assert "It is not there any more." in html
    assert records(html) == f"{ids[0]},{ids[3]}"
    assert states()["P0001"] is PlantState.SEED
    answer = gardener.post(f"{PLANTS}/bulk/water", {"records": records(html)})
    assert answer.status_code == 303
    assert answer.headers["Location"] == PLANTS
    assert "2 records done" in gardener.get(PLANTS).text
    assert states()["P0001"] is PlantState.GROWING


def test_what_the_service_refuses_is_left_alone_and_the_others_are_done(
    gardener: Browser, sow: Callable[..., list[int]], states: Callable[[], dict[str, PlantState]]
) -> None:
    ids = sow({}, {"name": "Weed"}, {})
    text = ",".join(map(str, ids))
    gardener.get(f"{PLANTS}/bulk/weed?all=1")
    answer = gardener.post(f"{PLANTS}/bulk/weed", {"records": text, "reason": "drought"})
    html = gardener.get(answer.headers["Location"]).text
    assert figures(html) == [3, 2, 1]
    assert "Weeds do not wither." in html
    assert states() == {
        "P0001": PlantState.PICKED,
        "P0002": PlantState.SEED,
        "P0003": PlantState.PICKED,
    }


def test_the_form_of_many_is_checked_before_anything_is_done(
    gardener: Browser, sow: Callable[..., list[int]], states: Callable[[], dict[str, PlantState]]
) -> None:
    (one,) = sow({})
    gardener.get(f"{PLANTS}/bulk/weed?id={one}")
    assert gardener.post(f"{PLANTS}/bulk/weed", {"records": str(one)}).status_code == 422
    assert gardener.post(f"{PLANTS}/bulk/weed", {"reason": "x"}).status_code == 422
    for odd in ("x", "1;2", "9" * 20):
        answer = gardener.post(f"{PLANTS}/bulk/weed", {"records": odd, "reason": "x"})
        assert answer.status_code == 400
        assert gardener.get(f"{PLANTS}/bulk/weed?id={odd}").status_code == 400
    assert states() == {"P0001": PlantState.SEED}


def test_all_that_match_are_those_of_the_filter_not_of_the_page(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    ids = sow(*({"name": "even" if n % 2 else "odd"} for n in range(140)))
    html = gardener.get(f"{PLANTS}/bulk/water?all=1&q=even&id={ids[0]}&id={ids[2]}").text
    assert figures(html) == [70, 70, 0]


def test_very_many_are_done_by_a_job_once(
    gardener: Browser,
    sow: Callable[..., list[int]],
    states: Callable[[], dict[str, PlantState]],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({"name": "Weed" if n == 60 else "x"} for n in range(130)))
    html = gardener.get(f"{PLANTS}/bulk/weed?all=1").text
    form = {"records": records(html), "reason": "frost"}
    answer = gardener.post(f"{PLANTS}/bulk/weed", form, idem="once-and-only-once")
    again = gardener.post(f"{PLANTS}/bulk/weed", form, idem="once-and-only-once")
    page = answer.headers["Location"]
    assert again.headers["Location"] == page
    assert "hx-get" in gardener.get(page).text
    assert set(states().values()) == {PlantState.SEED}
    assert execute_next(database, lambda: garden)
    assert not execute_next(database, lambda: garden)
    html = gardener.get(page).text
    assert figures(html) == [130, 129, 1]
    assert "Weeds do not wither." in html
    assert list(states().values()).count(PlantState.PICKED) == 129


def test_a_runner_that_dies_in_the_midst_leaves_each_record_done_once(
    gardener: Browser,
    sow: Callable[..., list[int]],
    database: Database,
    garden: Suite,
    operator: Context,
    tmp_path: Path,
) -> None:
    sow(*({"name": "Weed" if n == 60 else "x"} for n in range(130)))
    form = {"records": records(gardener.get(f"{PLANTS}/bulk/weed?all=1").text), "reason": "frost"}
    page = gardener.post(f"{PLANTS}/bulk/weed", form).headers["Location"]
    for place, done in (("within a step", 50), ("between two steps", 99)):
        died = subprocess.run(
            [sys.executable, "-c", DYING_RUNNER, database.url, str(tmp_path), place],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr
        with database.read(operator, garden) as session:
            assert session.scalars(select(BulkRun.done)).one() == done, place
        assert not execute_next(database, lambda: garden), "its claim still holds"
        with database.engine.begin() as connection:
            over = now() - timedelta(seconds=1)
            connection.execute(update(Job.__table__).values(lease_until=over))
    assert execute_next(database, lambda: garden)
    html = gardener.get(page).text
    assert figures(html) == [130, 129, 1]
    assert "Weeds do not wither." in html
    with database.read(operator, garden) as session:
        changes = session.execute(
            select(AuditEvent.entity_id, func.count(AuditEvent.id))
            .where(AuditEvent.entity == "garden_plant", AuditEvent.action == "update")
            .group_by(AuditEvent.entity_id)
        ).all()
    assert [count for _id, count in changes] == [1] * 129


def test_a_run_is_seen_by_its_person_alone(
    gardener: Browser,
    visitor: Browser,
    sow: Callable[..., list[int]],
    database: Database,
) -> None:
    (one,) = sow({"name": "Weed"})
    gardener.get(PLANTS)
    answer = gardener.post(f"{PLANTS}/bulk/weed", {"records": str(one), "reason": "x"})
    page = answer.headers["Location"]
    assert "/bulk/run/" in page
    assert gardener.get(page).status_code == 200
    assert visitor.get(page).status_code == 404
    assert visitor.get(f"{PLANTS}/bulk/weed?all=1").status_code == 403
    with database.engine.connect() as connection:
        assert connection.execute(select(BulkRun.__table__.c.done)).scalars().all() == [0]


def test_another_companys_records_are_not_there(
    gardener: Browser,
    sow: Callable[..., list[int]],
    beta: CompanyRef,
    states: Callable[[], dict[str, PlantState]],
) -> None:
    (theirs,) = sow({"code": "THEIRS"}, company=beta)
    assert figures(gardener.get(f"{PLANTS}/bulk/water?id={theirs}").text) == [1, 0, 1]
    answer = gardener.post(f"{PLANTS}/bulk/water", {"records": str(theirs)})
    assert "It is not there any more." in gardener.get(answer.headers["Location"]).text
    assert states() == {"THEIRS": PlantState.SEED}


def test_boxes_are_there_for_those_who_may_do_something(
    gardener: Browser, visitor: Browser, sow: Callable[..., list[int]]
) -> None:
    (one,) = sow({})
    assert f'name="id" value="{one}"' in gardener.get(PLANTS).text
    assert 'name="id"' not in visitor.get(PLANTS).text
    assert "data-bulk" not in visitor.get(PLANTS).text


def test_amounts_are_added_up_on_the_page_or_beside_it(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow(*({"price": Decimal("2.25")} for _ in range(3)))
    assert 'class="num" data-label="Price">6.75<' in gardener.get(PLANTS).text
    sow(*({"code": f"Q{n}", "price": Decimal("1.10")} for n in range(60)))
    html = gardener.get(PLANTS).text
    asked = re.search(r'tfoot [^>]*hx-get="([^"]+)"', html)
    assert asked
    assert ">72.75<" in gardener.get(asked[1].replace("&amp;", "&")).text
    assert ">6.75<" in gardener.get(f"{PLANTS}/total?q=P0&picks=1").text


def test_what_was_done_leads_back_to_the_filtered_list(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    one, _other = sow({}, {})
    html = gardener.get(f"{PLANTS}/bulk/water?edible=1&edible=0&q=P&id={one}").text
    address = re.search(r'<form class="form" method="post" action="([^"]+)"', html)
    assert address is not None
    answer = gardener.post(address[1].replace("&amp;", "&"), {"records": records(html)})
    assert answer.headers["Location"] == f"{PLANTS}?edible=1&edible=0&q=P"


def test_more_records_than_can_be_done_at_once_are_refused_with_the_way_back(
    gardener: Browser, sow: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sow(*({"price": Decimal("2.5")} for _ in range(4)))
    monkeypatch.setattr("backstay.lists.bulk_page.MOST", 3)
    refused = gardener.get(f"{PLANTS}/bulk/water?all=1&q=P")
    assert refused.status_code == 422
    assert "Narrow the list by a filter" in refused.text
    assert re.search(rf'<a[^>]* href="?{PLANTS}\?q=P"?[^>]*>.*Back to the list', refused.text)


def test_a_total_over_too_many_rows_is_added_up_when_asked_for(
    gardener: Browser,
    sow: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({"price": Decimal("2.5")} for _ in range(60)))
    for module in ("page", "parts"):
        monkeypatch.setattr(f"backstay.lists.{module}.MOST_COUNTED", 55)
    foot = gardener.get(PLANTS).text.partition("<tfoot")[2].partition("</tfoot>")[0]
    assert "hx-trigger" not in foot
    asked = re.search(r'<button[^>]* hx-get="([^"]+)"[^>]*>Add up all<', foot)
    assert asked is not None
    assert "Add up all" in gardener.get(f"{PLANTS}/total").text
    every = gardener.get(asked[1].replace("&amp;", "&")).text
    assert "150.00" in every
    assert "Add up all" not in every


def test_adding_up_a_long_list_is_given_up_after_a_while(
    gardener: Browser,
    sow: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({"price": Decimal("2.5")} for _ in range(60)))
    monkeypatch.setattr("backstay.lists.parts.SUM_MS", 1)
    monkeypatch.setattr("backstay.lists.query.ResourceQuery.totals", _crawl)
    assert "too many to add up" in gardener.get(f"{PLANTS}/total?every=1").text
    monkeypatch.undo()
    assert "150.00" in gardener.get(f"{PLANTS}/total?every=1").text


def _crawl(_query: object, session: Session, *_asked: object, **_options: object) -> None:
    n = "(SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)"
    pairs = ", ".join(f"{n} AS n{place}" for place in range(14))
    session.connection().exec_driver_sql(f"SELECT count(*) FROM {pairs}")  # noqa: S608


def test_a_record_is_looked_at_beside_its_list(
    gardener: Browser, visitor: Browser, sow: Callable[..., list[int]], beta: CompanyRef
) -> None:
    (mine,) = sow({"note": "TRUFFLES"})
    (theirs,) = sow({"code": "THEIRS"}, company=beta)
    part = gardener.get(f"{PLANTS}/{mine}/preview").text
    assert "TRUFFLES" in part
    assert "<html" not in part
    assert "TRUFFLES" not in visitor.get(f"{PLANTS}/{mine}/preview").text
    assert gardener.get(f"{PLANTS}/{theirs}/preview").status_code == 404


def test_a_workbook_holds_values_and_no_formulas(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"name": "=1+1", "price": Decimal("-1234.5"), "height": 5}, {"name": "+x", "edible": True})
    response = gardener.get(f"{PLANTS}.xlsx?shown=1&columns=name,price,height,edible")
    assert "attachment" in response.headers["Content-Disposition"]
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(response.data))
    rows = sheet.get_sheet_by_index(0).to_python()
    assert rows == [
        ["Name", "Price", "Height", "Edible"],
        ["'=1+1", -1234.5, 5.0, False],
        ["'+x", 1.5, "", True],
    ]
    assert len(gardener.get(f"{PLANTS}.csv?shown=1&columns=code").text.splitlines()) == 3


def test_a_list_with_views_totals_and_boxes_takes_six_queries(
    gardener: Browser, database: Database, sow: Callable[..., list[int]], bed: int
) -> None:
    sow(*({"bed_id": bed} for _ in range(60)))
    gardener.get(PLANTS)
    seen: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        assert gardener.get(f"{PLANTS}?bed={bed}&columns=code,price").status_code == 200
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", note)
    assert 0 < len(seen) <= 6, "\n\n".join(seen)
