"""In safe mode a runner leaves the jobs of plugins where they are, and does those of core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue
from backstay.jobs.runner import SuiteInForce
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.state import load_in_force

if TYPE_CHECKING:
    from backstay.db.database import Database
    from backstay.testing.plugins import PluginShelf

SYSTEM = operator_context("system:test")
CODE = """
@spi.hookimpl
def backstay_jobs():
    return [spi.JobKind("good.rest", "rest", lambda job: None)]
"""


def test_jobs_of_plugins_wait_until_safe_mode_is_left(
    database: Database, shelf: PluginShelf
) -> None:
    shelf.add("good", CODE)
    with database.write(SYSTEM) as session:
        session.add(Installation(id=1, generation=1, theme="harbor"))
        session.add(
            PluginRow(name="good", state=PluginState.ENABLED, version="1.0", changed_at=now())
        )
    with database.write(SYSTEM, load_in_force(database)) as session:
        enqueue(session, "good.rest", {})
    safe = SuiteInForce(database, safe_mode=True)
    assert not execute_next(database, safe)
    assert safe().safe_mode
    with database.read(SYSTEM) as session:
        assert session.scalars(select(Job.state)).all() == [JobState.READY]
    assert execute_next(database, SuiteInForce(database))
    with database.read(SYSTEM) as session:
        assert session.scalars(select(Job.state)).all() == [JobState.DONE]
