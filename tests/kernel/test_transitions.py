"""Each step of a module's life on both databases, also when it is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, inspect, select, table, text

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.access.models import Role, RolePermission
from backstay.access.role_templates import install_role_templates, proposals
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.errors import ConfigurationError, Conflict, Forbidden, Invalid
from backstay.jobs.models import Job, JobState
from backstay.kernel.forecast import full_plan
from backstay.kernel.leases import held
from backstay.kernel.lifecycle import transition
from backstay.kernel.load import load
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.plan_json import plan_values, read_plan
from backstay.kernel.plan_words import plan_lines
from backstay.kernel.plans import DUTY, plan
from backstay.kernel.setup import DEFAULT_THEME
from backstay.kernel.state import generation, in_force
from backstay.kernel.states import FROM, ModuleState, Step
from backstay.kernel.step_log import Outcome, last_step

from . import crate

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.database import Database
    from backstay.testing.plugins import PluginShelf

ADMIN = operator_context("cli:admin")
PLANS = Path(__file__).parent / "plans"


@pytest.fixture
def installed(database: Database, shelf: PluginShelf) -> Database:
    """A database that is set up, with version 1.0 of the plugin “crate” installed but not on."""
    crate.install(shelf)
    with database.write(ADMIN) as session:
        session.add(Installation(id=1, generation=1, theme=DEFAULT_THEME))
    return database


@pytest.fixture
def filled(installed: Database) -> Database:
    """The plugin is on and holds three things."""
    transition(installed, "crate", Step.ENABLE, ADMIN)
    put(installed, 3)
    return installed


def put(database: Database, count: int) -> None:
    """Things in crates."""
    with database.write(ADMIN) as session:
        for number in range(1, count + 1):
            session.connection().execute(
                text("INSERT INTO crate_thing (id, size, inside) VALUES (:id, :size, :inside)"),
                {"id": number, "size": number * 10, "inside": number - 1 or None},
            )


def row_of(database: Database) -> PluginRow:
    with database.read(ADMIN) as session:
        return session.get_one(PluginRow, "crate")


def things(database: Database) -> int | None:
    with database.reading_connection() as connection:
        if not inspect(connection).has_table("crate_thing"):
            return None
        return connection.scalar(select(func.count()).select_from(table("crate_thing")))


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    give_up = time.monotonic() + 60
    while not true():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.05)


def waiting_job(database: Database) -> None:
    with database.write(ADMIN) as session:
        session.add(
            Job(id=77, kind="crate.count", arguments={}, run_at=now(), created_at=now(), actor="me")
        )


def test_a_newer_version_is_due_and_is_brought_in(filled: Database, shelf: PluginShelf) -> None:
    crate.install_newer(shelf)
    assert plan(filled, "crate", Step.UPGRADE).state is ModuleState.UPGRADE_DUE
    before = generation(filled)
    done = transition(filled, "crate", Step.UPGRADE, ADMIN)
    assert done.message == "Crate is at version 2.0 now."
    assert row_of(filled).version == "2.0"
    assert generation(filled) == before + 1
    with filled.reading_connection() as connection:
        assert connection.scalars(text("SELECT colour FROM crate_thing")).all() == ["red"] * 3
        roles = set(connection.scalars(select(Role.code)))
    assert {"storekeeper", "painter"} <= roles
    with pytest.raises(Conflict, match="up to date"):
        transition(filled, "crate", Step.UPGRADE, ADMIN)


def permissions_of(database: Database, code: str) -> set[str]:
    with database.read(ADMIN) as session:
        return set(
            session.scalars(select(RolePermission.permission).join(Role).where(Role.code == code))
        )


def outcome(database: Database) -> tuple[Outcome, str]:
    with database.reading_connection() as connection:
        last = last_step(connection, "crate")
    assert last is not None
    return last.outcome, last.message


@pytest.mark.parametrize(
    ("give", "held"),
    [
        ((), {"crate.thing.view"}),
        (("storekeeper:crate.thing.edit",), {"crate.thing.view", "crate.thing.edit"}),
        (("storekeeper",), {"crate.thing.view", "crate.thing.edit"}),
    ],
)
def test_what_a_newer_version_proposes_for_a_role_is_given_where_it_was_chosen_only(
    filled: Database, shelf: PluginShelf, give: tuple[str, ...], held: set[str]
) -> None:
    crate.install_newer(shelf)
    planned = full_plan(filled, "crate", Step.UPGRADE)
    assert [one.key for one in planned.proposals] == ["storekeeper:crate.thing.edit"]
    transition(filled, "crate", Step.UPGRADE, ADMIN, give)
    assert permissions_of(filled, "storekeeper") == held
    transition(filled, "crate", Step.DISABLE, ADMIN)
    # It was listed and decided about: it does not come again.
    assert full_plan(filled, "crate", Step.ENABLE).proposals == ()


def test_what_started_by_itself_decides_nothing_about_roles(
    filled: Database, shelf: PluginShelf
) -> None:
    crate.install_newer(shelf)
    suite = load(["crate"])
    with filled.write(ADMIN, suite) as session:  # as “backstay migrate” does at each start
        install_role_templates(session, suite)
    assert permissions_of(filled, "storekeeper") == {"crate.thing.view"}
    with filled.reading_connection() as connection:
        parts = suite.parts
        found = proposals(connection, "crate", [one for one in parts if one.plugin == "crate"])
    assert [one.key for one in found] == ["storekeeper:crate.thing.edit"]


@pytest.mark.parametrize("give", ["painter", "storekeeper:core.role.edit", "nobody"])
def test_what_is_not_proposed_is_refused_before_anything_changes(
    filled: Database, shelf: PluginShelf, give: str
) -> None:
    crate.install_newer(shelf)
    with pytest.raises(Invalid, match=r"not proposed. Proposed: storekeeper:crate\.thing\.edit"):
        transition(filled, "crate", Step.UPGRADE, ADMIN, [give])
    row = row_of(filled)
    assert (row.state, row.version) == (PluginState.ENABLED, "1.0")
    assert outcome(filled)[0] is Outcome.FAILED


def test_who_may_not_edit_roles_gives_nothing_and_changes_nothing(
    filled: Database, shelf: PluginShelf
) -> None:
    crate.install_newer(shelf)
    manager = replace(ADMIN, permissions=frozenset({PLUGIN_MANAGE.name, PLUGIN_VIEW.name}))
    with pytest.raises(Forbidden):
        transition(filled, "crate", Step.UPGRADE, manager, ["storekeeper"])
    assert row_of(filled).version == "1.0"
    transition(filled, "crate", Step.UPGRADE, manager)
    assert row_of(filled).version == "2.0"
    assert permissions_of(filled, "storekeeper") == {"crate.thing.view"}


def test_the_last_step_says_how_it_went(filled: Database, shelf: PluginShelf) -> None:
    assert outcome(filled) == (Outcome.DONE, "Crate is on.")
    crate.install_newer(shelf)
    second = shelf.folder / "backstay_crate" / "migrations" / "versions" / "0002.py"
    good = second.read_text(encoding="utf-8")
    second.write_text(good.replace("def upgrade():", "def upgrade():\n    1 / 0"), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        transition(filled, "crate", Step.UPGRADE, ADMIN)
    how, message = outcome(filled)
    assert how is Outcome.FAILED
    assert "division by zero" in message
    with pytest.raises(Conflict):
        transition(filled, "crate", Step.UPGRADE, ADMIN)
    assert outcome(filled)[1] == message


def test_an_older_version_is_not_let_near_newer_data(filled: Database, shelf: PluginShelf) -> None:
    crate.set_version(shelf, "0.9")
    with pytest.raises(Conflict, match=r"0\.9 is installed.*1\.0 or newer"):
        transition(filled, "crate", Step.UPGRADE, ADMIN)
    assert row_of(filled).state is PluginState.ENABLED


def test_retired_data_is_kept_and_found_again(filled: Database) -> None:
    waiting_job(filled)
    said = transition(filled, "crate", Step.RETIRE, ADMIN).message
    assert "package may be removed" in said
    assert row_of(filled).state is PluginState.RETIRED
    assert in_force(filled).enabled == frozenset()
    assert things(filled) == 3
    with filled.read(ADMIN) as session:
        assert session.get_one(Job, 77).state is JobState.CANCELLED
    transition(filled, "crate", Step.ENABLE, ADMIN)
    assert things(filled) == 3
    assert row_of(filled).state is PluginState.ENABLED


def test_each_step_is_refused_from_every_state_that_the_table_does_not_name(
    filled: Database, shelf: PluginShelf
) -> None:
    """The table is what the plans, the pages and the API read; here it meets the services."""

    def refused(state: ModuleState) -> None:
        for step in set(Step) - {Step.PURGE}:
            planned = plan(filled, "crate", step)
            assert planned.state is state
            if state not in FROM[step]:
                with pytest.raises(Conflict):
                    transition(filled, "crate", step, ADMIN)
                assert planned.blockers
        assert bool(plan(filled, "crate", Step.PURGE).blockers) is (state not in FROM[Step.PURGE])

    refused(ModuleState.ENABLED)
    transition(filled, "crate", Step.DISABLE, ADMIN)
    refused(ModuleState.DISABLED)
    transition(filled, "crate", Step.RETIRE, ADMIN)
    refused(ModuleState.RETIRED)
    transition(filled, "crate", Step.ENABLE, ADMIN)
    crate.install_newer(shelf)
    refused(ModuleState.UPGRADE_DUE)


def test_a_package_that_is_gone_is_missing_and_can_be_retired(
    filled: Database, shelf: PluginShelf
) -> None:
    (shelf.folder / "backstay_crate-1.0.dist-info" / "entry_points.txt").unlink()
    planned = plan(filled, "crate", Step.RETIRE)
    assert planned.state is ModuleState.MISSING
    assert planned.blockers == ()
    assert "not installed" in plan(filled, "crate", Step.ENABLE).blockers[0]
    transition(filled, "crate", Step.RETIRE, ADMIN)
    assert plan(filled, "crate", Step.RETIRE).state is ModuleState.RETIRED
    assert things(filled) == 3
    with pytest.raises(Conflict) as refused:
        transition(filled, "crate", Step.ENABLE, ADMIN)
    assert "is not installed" in refused.value.problems[0].message
    assert row_of(filled).state is PluginState.RETIRED


def test_killed_in_the_middle_of_a_migration_it_is_as_before_and_can_be_done_again(
    filled: Database, shelf: PluginShelf, tmp_path: Path
) -> None:
    crate.install_newer(shelf)
    mark = tmp_path / "under-way"
    running = crate.command(
        filled, shelf, tmp_path, "plugin", "upgrade", "crate", CRATE_MARK=str(mark)
    )
    until(mark.exists)
    with filled.reading_connection() as connection:
        duty = held(connection, DUTY)
    assert duty is not None
    assert duty.note == "upgrade crate"
    with pytest.raises(Conflict, match="already doing this"):
        transition(filled, "crate", Step.DISABLE, ADMIN)
    assert outcome(filled) == (Outcome.RUNNING, "")
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    row = row_of(filled)
    assert (row.state, row.version) == (PluginState.ENABLED, "1.0")
    with filled.reading_connection() as connection:
        columns = {one["name"] for one in inspect(connection).get_columns("crate_thing")}
    assert "colour" not in columns
    assert plan(filled, "crate", Step.UPGRADE).state is ModuleState.UPGRADE_DUE

    def free() -> bool:
        with filled.reading_connection() as connection:
            left = held(connection, DUTY)
        assert left is not None
        assert left.note == "upgrade crate"
        return not left.alive

    until(free)
    assert outcome(filled) == (Outcome.INTERRUPTED, "")
    transition(filled, "crate", Step.UPGRADE, ADMIN)
    assert row_of(filled).version == "2.0"
    with filled.reading_connection() as connection:
        assert held(connection, DUTY) is None


def test_every_step_leaves_its_traces(filled: Database) -> None:
    transition(filled, "crate", Step.DISABLE, ADMIN.because("not needed"))
    with filled.read(ADMIN) as session:
        last = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.entity == "core_plugin")
            .order_by(AuditEvent.id.desc())
        ).first()
    assert last is not None
    assert (last.actor, last.reason) == ("cli:admin", "not needed")
    assert last.after is not None
    assert last.after["state"] == "disabled"


def test_disabling_and_retiring_take_nothing_out_of_roles(filled: Database) -> None:
    for step in (Step.DISABLE, Step.RETIRE):
        transition(filled, "crate", step, ADMIN)
        with filled.read(ADMIN) as session:
            held_by = session.scalars(
                select(RolePermission).where(RolePermission.permission == "crate.thing.view")
            ).all()
        assert len(held_by) == 1


@pytest.mark.parametrize("step", list(Step), ids=[step.value for step in Step])
def test_the_plan_says_all_that_a_step_would_do(
    filled: Database, shelf: PluginShelf, step: Step
) -> None:
    waiting_job(filled)
    if step is Step.ENABLE:
        transition(filled, "crate", Step.DISABLE, ADMIN)
    if step is Step.PURGE:
        transition(filled, "crate", Step.RETIRE, ADMIN)
    if step in {Step.ENABLE, Step.UPGRADE}:
        crate.install_newer(shelf)
    before = generation(filled)
    planned = full_plan(filled, "crate", step)
    assert generation(filled) == before
    assert read_plan(json.dumps(plan_values(planned))) == planned
    golden = PLANS / f"{step.value}.{filled.engine.dialect.name}.golden"
    lines = "\n".join(plan_lines(planned)) + "\n"
    if os.environ.get("BACKSTAY_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(lines, encoding="utf-8")
    assert lines == golden.read_text(encoding="utf-8")
