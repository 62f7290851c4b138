"""Migrations make exactly the tables that the models describe, or change nothing at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text

from backstay.core_base import CoreBase
from backstay.db.base import guards_of
from backstay.db.database import Database
from backstay.db.guards import install_guards, installed_guards
from backstay.errors import ConfigurationError
from backstay.kernel.load import load
from backstay.kernel.migrate import core_schema, differences, pending, plugin_schema, upgrade
from backstay.testing.attack.arena import Ground, samples_of
from backstay.testing.conformance.on_upgrades import found_on_the_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.kernel.suite import Suite
    from backstay.testing.plugins import PluginShelf

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield made
        made.engine.dispose()
        return
    from backstay.testing.postgres import create_database, drop_database

    server: str = request.getfixturevalue("postgres_url")
    name = f"empty_{abs(hash(request.node.nodeid)):x}"
    made = Database(create_database(server, name))
    yield made
    made.engine.dispose()
    drop_database(server, name)


def test_migrations_equal_models(empty: Database, suite: Suite) -> None:
    upgrade(empty.engine, core_schema(CoreBase.metadata))
    with empty.engine.connect() as connection:
        assert differences(connection, core_schema(CoreBase.metadata)) == []
    for name in suite.running:
        base = suite.part(name).base
        if base is None:
            continue
        schema = plugin_schema(suite.found[name], base.metadata)
        upgrade(empty.engine, schema)
        with empty.engine.connect() as connection:
            assert differences(connection, schema) == [], name
            assert pending(connection, schema) == []


def test_guards_in_the_database_are_those_of_the_models(empty: Database, suite: Suite) -> None:
    schemas = [core_schema(CoreBase.metadata)]
    for name in suite.running:
        base = suite.part(name).base
        if base is not None:
            schemas.append(plugin_schema(suite.found[name], base.metadata))
    for schema in schemas:
        upgrade(empty.engine, schema)
        with empty.engine.begin() as connection:
            first = installed_guards(connection, f"{schema.plugin}_")
            install_guards(connection, schema.metadata)
            assert installed_guards(connection, f"{schema.plugin}_") == first
        tables = {table for _name, table in first}
        assert tables == {
            guard.table
            for guard in guards_of(schema.metadata)
            if (guard.sqlite if empty.is_sqlite else guard.postgresql)
        }


def test_running_the_migrations_again_does_nothing(empty: Database) -> None:
    schema = core_schema(CoreBase.metadata)
    assert upgrade(empty.engine, schema) != []
    assert upgrade(empty.engine, schema) == []


def test_each_migration_of_core_can_be_undone_and_run_again_with_no_row_lost(
    empty: Database,
) -> None:
    """Those of the plugins are tried by the rule “upgrades”, in tests/authoring."""
    alone = load(())
    ground = Ground("core", alone, samples_of(alone, "core"))
    assert ground.samples
    assert list(found_on_the_way(core_schema(CoreBase.metadata), empty, ground)) == []


FIRST = '''"""make things."""
import sqlalchemy as sa
from alembic import op
revision = "crate_0001"
down_revision = None
def upgrade():
    op.create_table("crate_thing", sa.Column("id", sa.Integer(), primary_key=True))
'''
SECOND = '''"""fill things."""
import sqlalchemy as sa
from alembic import op
revision = "crate_0002"
down_revision = "crate_0001"
def upgrade():
    op.create_table("crate_other", sa.Column("id", sa.Integer(), primary_key=True))
    raise RuntimeError("the disk is on fire")
'''
MODELS = """
from sqlalchemy.orm import DeclarativeBase

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("crate")
    type_annotation_map = spi.ANNOTATIONS

@spi.hookimpl
def backstay_models():
    return Base
"""


def test_a_migration_that_fails_at_its_last_step_changes_nothing_and_is_named(
    empty: Database, shelf: PluginShelf
) -> None:
    shelf.add(
        "crate",
        MODELS,
        files={
            "migrations/versions/0001.py": FIRST,
            "migrations/versions/0002.py": SECOND,
        },
    )
    suite = load(["crate"])
    base = suite.part("crate").base
    assert base is not None
    schema = plugin_schema(suite.found["crate"], base.metadata)
    with pytest.raises(ConfigurationError, match=r"“fill things\.” of crate failed.*disk"):
        upgrade(empty.engine, schema)
    with empty.engine.connect() as connection:
        assert not [t for t in inspect(connection).get_table_names() if t.startswith("crate")]


def test_each_plugin_has_a_version_table_of_its_own(empty: Database, suite: Suite) -> None:
    upgrade(empty.engine, core_schema(CoreBase.metadata))
    with empty.engine.connect() as connection:
        version = connection.scalar(text("SELECT version_num FROM core_alembic_version"))
    newest = max(path.stem[:4] for path in VERSIONS.glob("0*.py"))
    assert version == f"core_{newest}"
    assert suite.failed == {}
