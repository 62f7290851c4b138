"""A plugin that fails again and again is paused for all processes, until a person resumes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.audit.models import AuditEvent
from backstay.jobs.models import Job, JobState
from backstay.kernel.failures import FAILURES, LIMIT
from backstay.kernel.heartbeat import Heartbeat
from backstay.kernel.models import PluginRow
from backstay.kernel.process_models import Pause, ProcessKind
from backstay.kernel.state import generation, in_force
from backstay.web.generation import Generations
from tests.adversarial.conftest import SYSTEM
from tests.adversarial.neighbours import MODEL, PAGE, PERMISSION, code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.adversarial.conftest import Town

FAULTY = code(
    MODEL,
    PERMISSION,
    PAGE,
    """
from markupsafe import Markup

@pages.get("/")
@spi.requires(SEE)
def start():
    return "it works"

@pages.get("/broken")
@spi.requires(SEE)
def broken():
    raise ZeroDivisionError("a mistake of its author")

def _job(job):
    raise ZeroDivisionError("a mistake in a job")

@spi.hookimpl
def backstay_jobs():
    return [spi.JobKind("rogue.fail", "fail", _job, attempts=1)]

def _home(session):
    raise ZeroDivisionError("a mistake on the start page")

@spi.hookimpl
def backstay_navigation():
    return [
        spi.Page(spi.Area.SUPPLY, "Rogue", "rogue.start", "star", SEE, home=_home),
        spi.Page(spi.Area.SUPPLY, "Mute", "rogue.start", "star", SEE, home=_told),
    ]

def _panel(session, record):
    raise ZeroDivisionError("a mistake in a panel")

def _told(session):
    class Value:
        def __str__(self):
            raise ZeroDivisionError("a mistake in a text")
    from backstay.spi import view as ui
    return ui.HomePart(figures=(ui.Figure("Things", Value()),))

def _sound(session, record):
    return {"things": 1}

def _count(session, record):
    raise ZeroDivisionError("a mistake in a count")

@spi.hookimpl
def backstay_resources():
    return [
        spi.Resource(
            "rogue.thing", "things", Thing, SEE, "Thing", "Things", "star",
            (spi.Column("size", "Size", Thing.size, link=True),),
            panels=(
                spi.Panel("Its panel", "rogue/panel.html", _panel),
                spi.Panel("Its template", "rogue/panel.html", _sound),
                spi.Panel("No template", "rogue/none.html", _sound),
            ),
            related=(spi.Related("Others", "rogue.thing", "size", _count),),
        )
    ]
""",
)


@pytest.fixture
def faulty(town: Town) -> Iterator[Town]:
    broken = "{{ panel.context.things // 0 }}"
    town.shelf.add("rogue", FAULTY, files={"templates/rogue/panel.html": broken})
    town.enable("rogue", tables=True)
    FAILURES.__init__()  # type: ignore[misc]
    yield town
    FAILURES.__init__()  # type: ignore[misc]


def heartbeat(town: Town) -> Heartbeat:
    return Heartbeat(town.database, ProcessKind.WEB)


def fail(town: Town, times: int) -> None:
    browser = town.browser()
    for _request in range(times):
        assert browser.get("/c/ALPHA/rogue/broken").status_code == 500


def test_twenty_failures_pause_the_plugin_and_the_administrator_reads_why(faulty: Town) -> None:
    fail(faulty, LIMIT - 1)
    heartbeat(faulty).beat()
    assert faulty.get("/c/ALPHA/rogue/broken").status_code == 500
    before = generation(faulty.database)
    heartbeat(faulty).beat()
    assert generation(faulty.database) == before + 1
    page = faulty.get("/c/ALPHA/rogue/")
    assert page.status_code == 404
    assert "failed too often and is paused" in page.text
    assert "it failed 20 times within five minutes" in page.text
    shown = faulty.get("/admin/processes").text
    assert "ZeroDivisionError: a mistake of its author" in shown
    assert "GET /c/ALPHA/rogue/broken" in shown
    with faulty.database.read(SYSTEM) as session:
        pause = session.get_one(Pause, "rogue")
        assert len(pause.errors) == 5
        assert all(len(error["reference"]) == 16 for error in pause.errors)
        actions = session.scalars(
            select(AuditEvent.action).where(AuditEvent.entity_id == "rogue")
        ).all()
    assert "pause" in actions
    faulty.lives_on()


def test_a_paused_plugin_runs_again_when_it_is_resumed(faulty: Town) -> None:
    fail(faulty, LIMIT)
    heartbeat(faulty).beat()
    browser = faulty.browser()
    assert "Resume Rogue" in browser.get("/admin/processes").text
    listed = browser.get("/admin/modules").text
    assert "Paused" in listed
    assert "Failed" not in listed
    shown = browser.get("/admin/modules/rogue").text
    for text in (
        "Paused since",
        "It failed 20 times within five minutes",
        "ZeroDivisionError: a mistake of its author",
        'name="back" value="module"',
    ):
        assert text in shown, text
    answer = browser.post("/admin/processes/resume/rogue", {"back": "module"})
    assert answer.headers["Location"] == "/admin/modules/rogue"
    assert faulty.get("/c/ALPHA/rogue/").text == "it works"
    assert "Resume Rogue" not in faulty.get("/admin/processes").text
    assert browser.post("/admin/processes/resume/rogue").status_code == 404


def test_its_jobs_wait_while_it_is_paused(faulty: Town) -> None:
    faulty.ask_for("rogue.fail")
    fail(faulty, LIMIT)
    heartbeat(faulty).beat()
    assert faulty.run_jobs() == 0
    with faulty.database.read(SYSTEM) as session:
        job = session.scalars(select(Job).where(Job.kind == "rogue.fail")).one()
    assert job.state is JobState.READY


def test_failing_jobs_pause_it_too(faulty: Town) -> None:
    for _job in range(LIMIT):
        faulty.ask_for("rogue.fail")
    assert faulty.run_jobs() == LIMIT
    heartbeat(faulty).beat()
    assert set(in_force(faulty.database).paused) == {"rogue"}


def test_a_second_process_that_fails_as_well_changes_nothing(faulty: Town) -> None:
    other = Generations(faulty.database, secret_key=faulty.generations.secret_key)
    fail(faulty, LIMIT)
    heartbeat(faulty).beat()
    number = generation(faulty.database)
    for count in range(LIMIT):
        FAILURES.failed("rogue", ValueError(str(count)), "elsewhere")
    heartbeat(faulty).beat()
    assert generation(faulty.database) == number
    assert "rogue" not in other.current().extensions["backstay"].suite.running


def test_switching_a_plugin_ends_its_pause(faulty: Town) -> None:
    from datetime import timedelta

    fail(faulty, LIMIT)
    heartbeat(faulty).beat()
    with faulty.database.write(SYSTEM) as session:
        row = session.get_one(PluginRow, "rogue")
        row.changed_at = session.get_one(Pause, "rogue").at + timedelta(seconds=1)
    assert in_force(faulty.database).paused == {}


def test_a_part_of_the_start_page_that_fails_is_left_out_and_counted(faulty: Town) -> None:
    for _request in range(LIMIT):
        page = faulty.get("/c/ALPHA/")
        assert page.status_code == 200
        for part in ("Rogue", "Mute"):
            assert f"“{part}” could not show its part of this page" in page.text
    heartbeat(faulty).beat()
    assert set(in_force(faulty.database).paused) == {"rogue"}


def test_a_panel_that_fails_is_left_out_and_the_record_stands(faulty: Town) -> None:
    suite = faulty.app.extensions["backstay"].suite
    with faulty.database.write(SYSTEM, suite) as session:
        thing = suite.part("rogue").resources[0].model(size=42)
        session.add(thing)
        session.flush()
        number = thing.id
    page = faulty.get(f"/rogue/things/{number}")
    assert page.status_code == 200, page.text
    assert "42" in page.text
    for title in ("Its panel", "Its template", "No template"):
        assert title in page.text
    assert page.text.count("This part could not be shown") == 3


def test_a_template_that_fails_is_counted(faulty: Town) -> None:
    suite = faulty.app.extensions["backstay"].suite
    with faulty.database.write(SYSTEM, suite) as session:
        thing = suite.part("rogue").resources[0].model(size=7)
        session.add(thing)
        session.flush()
        number = thing.id
    for _request in range(LIMIT // 3 + 1):
        assert faulty.get(f"/rogue/things/{number}").status_code == 200
    heartbeat(faulty).beat()
    assert set(in_force(faulty.database).paused) == {"rogue"}
