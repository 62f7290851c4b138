"""A plugin writes its own tables only, in whatever way it tries; a contract writes for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backstay.db.acting import acting_as
from backstay.db.ownership import ForeignWrite, owners_written
from tests.adversarial.neighbours import MODEL, PAGE, PERMISSION, code

if TYPE_CHECKING:
    from tests.adversarial.conftest import Town

THIEF = code(
    MODEL,
    PERMISSION,
    PAGE,
    """
from sqlalchemy import delete, insert, select, text, update
from backstay_crate import api
from backstay_crate.plugin import Crates, Thing as Theirs

FREE = {"scope_checked": True}

def orm_add(session):
    session.add(Theirs(size=1))

def orm_add_and_flush(session):
    session.add(Theirs(size=1))
    session.flush()

def orm_change(session):
    session.scalars(select(Theirs)).first().size = 2

def orm_delete(session):
    session.delete(session.scalars(select(Theirs)).first())

def model_statement(session):
    session.execute(update(Theirs).values(size=2))

def bulk_insert(session):
    session.execute(insert(Theirs), [{"size": 1}, {"size": 2}])

def bulk_save(session):
    session.bulk_save_objects([Theirs(size=1)])

def core_statement(session):
    session.connection().execute(delete(Theirs.__table__))

def text_statement(session):
    session.execute(text("UPDATE crate_thing SET size = 2"), execution_options=FREE)

def driver_statement(session):
    session.connection().exec_driver_sql("DELETE FROM crate_thing")

def hidden_in_with(session):
    session.connection().exec_driver_sql(
        "WITH n AS (SELECT 1) UPDATE \\"crate_thing\\" SET size = 2"
    )

def through_the_contract_with_own_leftovers(session):
    session.add(Theirs(size=1))
    spi.require(session, Crates).put(session, 3)

def row_of_core(session):
    session.add(spi.Company(code="X", name="X", currency="EUR", minor_units=2))

def statement_on_core(session):
    session.connection().exec_driver_sql("DELETE FROM core_audit")

def fixed_statement(session):
    spi.Fixed(update(Theirs.__table__).values(size=2)).execute(session.connection())

def fixed_statement_on_core(session):
    spi.Fixed(text("DELETE FROM core_search")).execute(session.connection())

def own(session):
    session.add(Thing(size=5))

def through_the_contract(session):
    session.add(Thing(size=5))
    spi.require(session, Crates).put(session, 3)

def through_the_api(session):
    api.put(session, 3)

def with_a_job(session):
    spi.enqueue(session, "crate.fill", {})

@pages.post("/<way>")
@spi.requires(SEE)
def do(way):
    globals()[way](spi.session())
    return "done"

def _job(job):
    globals()[job.arguments["way"]](job.session)

@spi.hookimpl
def backstay_jobs():
    return [spi.JobKind("rogue.steal", "steal", _job, attempts=1)]
""",
)
REFUSED = (
    "orm_add",
    "orm_add_and_flush",
    "orm_change",
    "orm_delete",
    "model_statement",
    "bulk_insert",
    "bulk_save",
    "core_statement",
    "text_statement",
    "driver_statement",
    "hidden_in_with",
    "through_the_contract_with_own_leftovers",
    "row_of_core",
    "statement_on_core",
    "fixed_statement",
    "fixed_statement_on_core",
)
ALLOWED = {
    "own": "1 things",
    "through_the_contract": "2 things",
    "through_the_api": "2 things",
    "with_a_job": "1 things",
}


@pytest.fixture
def robbed(town: Town) -> Town:
    town.shelf.add("rogue", THIEF)
    town.enable("rogue", tables=True)
    town.ask_for("crate.fill")
    assert town.run_jobs() == 1
    return town


@pytest.mark.parametrize("way", REFUSED)
def test_a_page_that_writes_to_foreign_tables_is_refused_and_nothing_is_saved(
    robbed: Town, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = robbed.browser()
    assert browser.post(f"/c/ALPHA/rogue/{way}").status_code == 500
    owner = "core" if "core" in way and way != "core_statement" else "crate"
    assert f"rogue may not write to the tables of {owner}" in caplog.text
    assert robbed.things() == "1 things"
    robbed.lives_on()


@pytest.mark.parametrize("way", ALLOWED)
def test_a_plugin_writes_its_own_tables_and_calls_its_neighbours(robbed: Town, way: str) -> None:
    browser = robbed.browser()
    response = browser.post(f"/c/ALPHA/rogue/{way}")
    assert response.status_code == 200, response.text
    assert robbed.things() == ALLOWED[way]


@pytest.mark.parametrize("way", ["orm_add", "bulk_insert", "driver_statement"])
def test_a_job_that_writes_to_foreign_tables_is_given_up_with_the_reason(
    robbed: Town, way: str
) -> None:
    from sqlalchemy import select

    from backstay.jobs.models import Job, JobState
    from backstay.jobs.queue import enqueue
    from backstay.kernel.state import load_in_force
    from tests.adversarial.conftest import SYSTEM

    suite = load_in_force(robbed.database)
    with robbed.database.write(SYSTEM, suite) as session:
        enqueue(session, "rogue.steal", {"way": way})
    robbed.run_jobs()
    with robbed.database.read(SYSTEM) as session:
        job = session.scalars(select(Job).where(Job.kind == "rogue.steal")).one()
    assert job.state is JobState.DEAD
    assert "may not write to the tables of crate" in job.error
    assert robbed.things() == "1 things"


def test_what_a_contract_left_unwritten_is_written_under_its_own_name(robbed: Town) -> None:
    from backstay.kernel.state import load_in_force
    from backstay.kernel.suite import require
    from tests.adversarial.conftest import SYSTEM

    suite = load_in_force(robbed.database)
    with robbed.database.write(SYSTEM, suite) as session, acting_as("rogue", session):
        crates = next(contract for contract in suite.services if contract.__name__ == "Crates")
        require(session, crates).put(session, 3)
        assert not session.new
    assert robbed.things() == "2 things"


@pytest.mark.parametrize(
    ("statement", "owners"),
    [
        ("SELECT 'DELETE FROM crate_thing'", set()),
        ("select * from a_b for update of a_b", set()),
        ("INSERT INTO crate_thing (size) VALUES (1)", {"crate"}),
        ("insert or replace into crate_thing values (1)", {"crate"}),
        ('UPDATE ONLY "public"."crate_thing" SET size = 1', {"crate"}),
        ("DELETE FROM crate_thing", {"crate"}),
        ("TRUNCATE TABLE crate_thing", {"crate"}),
        ("DROP TABLE IF EXISTS crate_thing", {"crate"}),
        ("INSERT INTO a_b SELECT 1 ON CONFLICT DO UPDATE SET x = 1", {"a"}),
        ("WITH x AS (DELETE FROM a_b RETURNING id) INSERT INTO c_d SELECT id FROM x", {"a", "c"}),
    ],
)
def test_a_statement_says_whose_tables_it_changes(statement: str, owners: set[str]) -> None:
    assert owners_written(statement) == owners


def test_the_refusal_says_what_to_do_instead() -> None:
    assert "the contract or the api of crate" in str(ForeignWrite("rogue", "crate"))
    assert "core's services" in str(ForeignWrite("rogue", "core"))
