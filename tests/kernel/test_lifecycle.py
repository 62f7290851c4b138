"""A plugin is switched on and off by a planned, audited transition; every process follows."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, inspect, select, update

from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.errors import ConfigurationError, Conflict
from backstay.kernel.leases import held, lease
from backstay.kernel.lifecycle import DUTY, transition
from backstay.kernel.models import Installation, Lease, PluginDeclared, PluginRow, PluginState
from backstay.kernel.plans import plan
from backstay.kernel.setup import DEFAULT_THEME, migrate
from backstay.kernel.state import generation, in_force, load_in_force
from backstay.kernel.states import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from backstay.db.database import Database
    from backstay.testing.plugins import PluginShelf

CRATE = """
from sqlalchemy.orm import DeclarativeBase, Mapped

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("crate")
    type_annotation_map = spi.ANNOTATIONS

class Thing(spi.Identified, Base):
    __tablename__ = "crate_thing"
    __scope__ = spi.Scope.SHARED
    __audit__ = spi.Audit.FULL
    size: Mapped[int]

READ = spi.Permission("crate.thing.view", "see things", spi.Risk.READ)

@spi.hookimpl
def backstay_models():
    return Base

@spi.hookimpl
def backstay_permissions():
    return [READ]

@spi.hookimpl
def backstay_role_templates():
    return [spi.RoleTemplate("storekeeper", "Storekeeper", "Keeps the crates.", (READ,))]
"""
TABLE = '''"""make crates."""
import sqlalchemy as sa
from alembic import op
revision = "crate_0001"
down_revision = None
def upgrade():
    op.create_table(
        "crate_thing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
    )
    {extra}
'''
ADMIN = operator_context("cli:admin")


@pytest.fixture
def installed(database: Database, shelf: PluginShelf) -> Database:
    """A database that is set up, with the plugin “crate” installed but not on."""
    shelf.add(
        "crate", CRATE, files={"migrations/versions/0001.py": TABLE.replace("{extra}", "pass")}
    )
    with database.write(ADMIN) as session:
        session.add(Installation(id=1, generation=1, theme=DEFAULT_THEME))
    return database


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread or process does."""
    give_up = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.02)


def state(database: Database, name: str) -> PluginRow | None:
    with database.read(ADMIN) as session:
        return session.get(PluginRow, name)


def test_enabling_makes_tables_and_roles_and_raises_the_generation(installed: Database) -> None:
    before = generation(installed)
    assert transition(installed, "crate", Step.ENABLE, ADMIN).ok
    assert generation(installed) == before + 1
    assert in_force(installed).enabled == {"crate"}
    assert inspect(installed.engine).has_table("crate_thing")
    assert "crate.thing.view" in load_in_force(installed).permissions
    with installed.read(ADMIN) as session:
        actions = session.execute(
            select(AuditEvent.action, AuditEvent.actor).where(AuditEvent.entity == "core_plugin")
        ).all()
    assert [tuple(row) for row in actions] == [("create", "cli:admin")]


def test_disabling_keeps_the_data_and_enabling_again_finds_it(installed: Database) -> None:
    transition(installed, "crate", Step.ENABLE, ADMIN)
    transition(installed, "crate", Step.DISABLE, ADMIN)
    assert in_force(installed).enabled == frozenset()
    assert inspect(installed.engine).has_table("crate_thing")
    transition(installed, "crate", Step.ENABLE, ADMIN)
    assert in_force(installed).enabled == {"crate"}


def test_the_plan_names_what_is_in_the_way(installed: Database, shelf: PluginShelf) -> None:
    shelf.add("lid", requires=("crate",))
    assert plan(installed, "crate", Step.ENABLE).blockers == ()
    assert "Crate" in plan(installed, "lid", Step.ENABLE).blockers[0]
    assert "no plugin" in plan(installed, "nothing", Step.ENABLE).blockers[0]
    assert "is not on" in plan(installed, "crate", Step.DISABLE).blockers[0]
    transition(installed, "crate", Step.ENABLE, ADMIN)
    transition(installed, "lid", Step.ENABLE, ADMIN)
    assert "Lid" in plan(installed, "crate", Step.DISABLE).blockers[0]
    with pytest.raises(Conflict, match="Lid"):
        transition(installed, "crate", Step.DISABLE, ADMIN)


def test_a_plugin_whose_migration_fails_is_listed_and_nothing_else_changes(
    installed: Database, shelf: PluginShelf
) -> None:
    shelf.add(
        "broken",
        CRATE.replace("crate", "broken"),
        files={
            "migrations/versions/0001.py": TABLE.replace("crate", "broken").replace(
                "{extra}", "raise RuntimeError('no space')"
            )
        },
    )
    before = generation(installed)
    with pytest.raises(ConfigurationError, match=r"make brokens.*no space"):
        transition(installed, "broken", Step.ENABLE, ADMIN)
    row = state(installed, "broken")
    assert row is not None
    assert row.state is PluginState.FAILED
    assert "no space" in row.message
    assert generation(installed) == before
    assert not inspect(installed.engine).has_table("broken_thing")


def test_one_transition_at_a_time(installed: Database) -> None:
    with (
        lease(installed, DUTY),
        pytest.raises(Conflict, match="already doing this"),
    ):
        transition(installed, "crate", Step.ENABLE, ADMIN)


def left_behind(database: Database, note: str) -> None:
    """The lease of a process that was killed a while ago."""
    gone = now() - timedelta(seconds=1)
    with database.engine.begin() as connection:
        connection.execute(
            insert(Lease).values(
                name=DUTY, holder="gone:1", note=note, taken_at=gone, expires_at=gone
            )
        )


def test_a_lease_that_ran_out_says_what_was_interrupted_and_can_be_taken(
    installed: Database,
) -> None:
    left_behind(installed, "upgrade crate")
    with installed.reading_connection() as connection:
        found = held(connection, DUTY)
    assert found is not None
    assert (found.note, found.alive) == ("upgrade crate", False)
    with lease(installed, DUTY, note="enable crate"), installed.reading_connection() as connection:
        taken = held(connection, DUTY)
    assert taken is not None
    assert (taken.note, taken.alive) == ("enable crate", True)
    with installed.reading_connection() as connection:
        assert held(connection, DUTY) is None


def test_a_long_piece_of_work_renews_its_lease_by_itself(installed: Database) -> None:
    short = timedelta(seconds=0.4)

    def ends() -> datetime:
        with installed.reading_connection() as connection:
            return connection.scalars(select(Lease.expires_at)).one()

    with lease(installed, DUTY, short, alone=True):
        first = ends()
        until(lambda: ends() > first + short)


def test_who_lost_the_lease_can_t_commit(installed: Database) -> None:
    with lease(installed, DUTY) as duty:
        with installed.engine.begin() as connection:
            connection.execute(update(Lease).values(holder="another"))
        with (
            pytest.raises(Conflict, match="took this over"),
            installed.engine.begin() as connection,
        ):
            duty.secure(connection)


def test_migrating_twice_does_nothing_the_second_time(
    tmp_path: Path,
) -> None:
    from backstay.db.database import Database as Made

    database = Made(f"sqlite:///{tmp_path / 'backstay.db'}")
    assert migrate(database)
    number = generation(database)
    assert migrate(database) == []
    assert generation(database) == number
    database.dispose()


@pytest.fixture
def migrated(tmp_path: Path, shelf: PluginShelf) -> Database:
    """A database made by migrations, with the plugin “crate” on."""
    from backstay.db.database import Database as Made

    shelf.add(
        "crate", CRATE, files={"migrations/versions/0001.py": TABLE.replace("{extra}", "pass")}
    )
    database = Made(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate(database)
    transition(database, "crate", Step.ENABLE, ADMIN)
    return database


def test_a_guard_that_went_missing_is_made_again_without_a_migration(migrated: Database) -> None:
    drop = "DROP TRIGGER crate_thing__audit_context_insert"
    with migrated.engine.begin() as connection:
        connection.exec_driver_sql(drop)
    migrate(migrated)
    with migrated.engine.begin() as connection:
        connection.exec_driver_sql(drop)


def test_what_a_plugin_asks_for_is_kept_at_every_start(migrated: Database) -> None:
    with migrated.engine.begin() as connection:
        connection.execute(delete(PluginDeclared))
    migrate(migrated)
    with migrated.read(ADMIN) as session:
        [asked] = session.get_one(PluginDeclared, "crate").permissions
    assert (asked["name"], asked["risk"]) == ("crate.thing.view", "read")


def test_a_plugin_whose_migration_fails_is_not_run_on_the_old_tables(
    migrated: Database, shelf: PluginShelf
) -> None:
    before = generation(migrated)
    later = TABLE.replace("crate_0001", "crate_0002").replace(
        "down_revision = None", 'down_revision = "crate_0001"'
    )
    place = shelf.folder / "backstay_crate/migrations/versions/0002.py"
    place.write_text(later.replace("{extra}", "raise RuntimeError('no space')"), encoding="utf-8")
    assert any("failed" in said for said in migrate(migrated))
    row = state(migrated, "crate")
    assert row is not None
    assert row.state is PluginState.FAILED
    assert generation(migrated) == before + 1
    assert "crate" not in load_in_force(migrated).running


def test_models_without_a_migration_are_named(installed: Database, shelf: PluginShelf) -> None:
    shelf.add("bare", CRATE.replace("crate", "bare").replace("storekeeper", "barekeeper"))
    with pytest.raises(ConfigurationError, match="no migration of bare makes the table bare_thing"):
        transition(installed, "bare", Step.ENABLE, ADMIN)
