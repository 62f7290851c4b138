"""What a module that does not run is not told of is named, before it is switched off and after."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.ids import new_id
from backstay.jobs.models import Job, JobState
from backstay.kernel.followed import Followed
from backstay.kernel.lifecycle import transition
from backstay.kernel.models import Installation
from backstay.kernel.module_views import missed_notes
from backstay.kernel.modules import module_details
from backstay.kernel.plans import plan
from backstay.kernel.setup import DEFAULT_THEME
from backstay.kernel.state import load_in_force
from backstay.kernel.states import Step

if TYPE_CHECKING:
    from backstay.db.database import Database
    from backstay.kernel.modules import ModuleDetails
    from backstay.testing.plugins import PluginShelf

ADMIN = operator_context("cli:admin")
BELLS = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class BellRang:
    name: ClassVar[str] = "bells.bell_rang"
    version: ClassVar[int] = 1

def _hear(run, event):
    pass

@spi.hookimpl
def backstay_events():
    return [BellRang]

@spi.hookimpl
def backstay_subscriptions():
    return [spi.Subscription(BellRang, "bells.hear", "Hear a bell", _hear)]
"""


@pytest.fixture
def installed(database: Database, shelf: PluginShelf) -> Database:
    shelf.add("bells", BELLS)
    with database.write(ADMIN) as session:
        session.add(Installation(id=1, generation=1, theme=DEFAULT_THEME))
    transition(database, "bells", Step.ENABLE, ADMIN)
    return database


def ring(database: Database, kind: str = "other.hear") -> None:
    """An event that somebody else follows."""
    with database.write(ADMIN) as session:
        job = Job(kind=kind, arguments={}, state=JobState.DONE, run_at=now(), created_at=now())
        job.actor, job.event, job.event_id = "system:other", "bells.bell_rang", new_id()
        session.add(job)


def details(database: Database) -> ModuleDetails:
    with database.read(ADMIN, load_in_force(database)) as session:
        return module_details(session, "bells")


@pytest.mark.parametrize("step", [Step.DISABLE, Step.RETIRE])
def test_the_plan_says_what_it_will_not_be_told_of(installed: Database, step: Step) -> None:
    for _event in range(3):
        ring(installed)
    said = [one for one in plan(installed, "bells", step).actions if "bells.bell_rang" in one]
    assert len(said) == 1
    assert "(in the last 7 days: 3)" in said[0]
    assert details(installed).missed == ()


def test_a_module_that_is_off_says_what_it_missed_since(installed: Database) -> None:
    ring(installed)
    transition(installed, "bells", Step.DISABLE, ADMIN)
    found = details(installed)
    assert found.missed == (Followed("bells.bell_rang", 0),)
    ring(installed)
    ring(installed)
    found = details(installed)
    assert found.missed == (Followed("bells.bell_rang", 2),)
    assert found.missed[0].text == "bells.bell_rang (at least 2)"
    assert found.missed_since is not None
    assert now() - found.missed_since < timedelta(minutes=10)
    transition(installed, "bells", Step.ENABLE, ADMIN)
    assert list(missed_notes(details(installed))) == []
