"""Bringing tables to the version that the code needs: one version table per plugin.

Only the command line imports this module (Alembic takes a second to import); web and job processes
never change a schema. Each plugin's migrations and guards run in one transaction, on SQLite too.
"""

from __future__ import annotations

import io
import re
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import backstay_migrations
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from backstay.db.guards import Guard, drop_guards, install_guards, make_guards
from backstay.errors import ConfigurationError
from backstay.kernel.new_columns import filled_columns
from backstay.kernel.schema import schema_transaction
from backstay.search.models import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.script import Script
    from sqlalchemy import Engine, MetaData

    from backstay.kernel.discovery import Found


Guards = Callable[[Connection], Iterable[Guard]]
"""Chooses triggers by what is in the database."""
_FRAME: Final = frozenset({"BEGIN;", "COMMIT;"})


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one plugin and where their migrations lie."""

    plugin: str
    metadata: MetaData
    versions: Path

    @property
    def version_table(self) -> str:
        """The table that remembers the last migration."""
        return f"{self.plugin}_alembic_version"


def core_schema(metadata: MetaData) -> Schema:
    """Core's own schema."""
    return Schema("core", metadata, Path(backstay_migrations.__file__).parent / "versions")


def plugin_schema(plugin: Found, metadata: MetaData) -> Schema:
    """An installed plugin's schema."""
    return Schema(plugin.name, metadata, plugin.migrations)


def pending(connection: Connection, schema: Schema) -> list[str]:
    """The migrations that have not run yet, in words, oldest first."""
    return [str(revision.doc) for revision in _pending(connection, schema)]


def _pending(connection: Connection, schema: Schema) -> list[Script]:
    script = ScriptDirectory.from_config(_config(schema))
    current = _current(connection, schema)
    revisions = script.iterate_revisions("heads", current or "base")
    return [revision for revision in revisions if revision.revision != current][::-1]


def _current(connection: Connection, schema: Schema) -> str | None:
    opts = {"version_table": schema.version_table}
    return MigrationContext.configure(connection, opts=opts).get_current_revision()


def pending_sql(connection: Connection, schema: Schema) -> Iterator[tuple[str, str, str]]:
    """The migrations that have not run yet, each with its SQL; nothing is sent to the database.

    Returns:
        of each its revision, what it does in words, and the SQL; that is empty where a migration
        first looks into the database, as a rebuild of a table on SQLite does.
    """
    before = _current(connection, schema) or "base"
    for revision in _pending(connection, schema):
        buffer = io.StringIO()
        config = _config(schema, buffer)
        config.attributes.update(connection=connection, schema=schema, ran=[])
        try:
            command.upgrade(config, f"{before}:{revision.revision}", sql=True)
            sql = _without_frame(buffer.getvalue())
        except Exception:  # noqa: BLE001 - whatever it needs, it can't be foretold
            sql = ""
        yield revision.revision, str(revision.doc), sql
        before = revision.revision


def _without_frame(text: str) -> str:
    """The statements alone, without those that begin and end each transaction."""
    lines = (line.rstrip() for line in text.splitlines())
    kept = [line for line in lines if line not in _FRAME and not line.startswith("-- Running")]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(kept)).strip()


def upgrade(
    engine: Engine, schema: Schema, *, at_last: Callable[[Connection], None] | None = None
) -> list[str]:
    """Run the pending migrations and make the guards anew, all or nothing.

    Arguments:
        at_last: called within the transaction when all else is done; what it raises undoes all.

    Returns:
        what was run, in words.

    Raises:
        ConfigurationError: names the migration that failed; the schema is unchanged.
    """
    with schema_transaction(engine, at_last=at_last) as connection:
        done = pending(connection, schema)
        _run(connection, schema, done)
        _check_tables(connection, schema)
        install_guards(connection, schema.metadata)
    return done


def line_of(schema: Schema) -> list[str]:
    """The revisions of a plugin's migrations, oldest first.

    Raises:
        ConfigurationError: they are not one line.
    """
    script = ScriptDirectory.from_config(_config(schema))
    if len(script.get_heads()) > 1:
        message = f"the migrations of {schema.plugin} end in {', '.join(script.get_heads())}"
        raise ConfigurationError(message)
    return [revision.revision for revision in script.walk_revisions()][::-1]


def move_to(engine: Engine, schema: Schema, revision: str, guards: Guards | None = None) -> None:
    """Bring tables up or down to one revision, for the check of plugins; all or nothing.

    Arguments:
        revision: “base” stands for the time before the first one.
        guards: says of the triggers of today's models which of them fit; left out, none are there.

    Raises:
        ConfigurationError: a migration failed, or can't be undone.
    """
    with schema_transaction(engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.version_table}
        )
        line = ["base", *line_of(schema)]
        at, to = line.index(context.get_current_revision() or "base"), line.index(revision)
        drop_guards(connection, schema.metadata)
        if to >= at:
            _run(connection, schema, line[at + 1 : to + 1], to=revision)
        else:
            _check_ways_back(schema, line[at:to:-1])
            _run(connection, schema, line[at:to:-1], to=revision, run=command.downgrade)
        if guards is not None:
            make_guards(connection, guards(connection))


def _check_ways_back(schema: Schema, revisions: list[str]) -> None:
    script = ScriptDirectory.from_config(_config(schema))
    for revision in revisions:
        found = script.get_revision(revision)
        if found is not None and not hasattr(found.module, "downgrade"):
            message = f"{revision} has no downgrade()"
            raise ConfigurationError(message)


def apply_migrations(engine: Engine, schema: Schema) -> None:
    """Run the migrations alone, without asking whether they make all that the models describe.

    For authors, whose next migration is not written yet.

    Raises:
        ConfigurationError: names the migration that failed.
    """
    with engine.begin() as connection:
        _run(connection, schema, pending(connection, schema))


def _check_tables(connection: Connection, schema: Schema) -> None:
    missing = sorted(set(schema.metadata.tables) - set(inspect(connection).get_table_names()))
    own = [name for name in missing if name.startswith(f"{schema.plugin}_")]
    if own:
        message = f"no migration of {schema.plugin} makes the table {own[0]}"
        raise ConfigurationError(message)


def _run(
    connection: Connection,
    schema: Schema,
    steps: list[str],
    *,
    to: str = "heads",
    run: Callable[[Config, str], None] = command.upgrade,
) -> None:
    ran: list[str] = []
    config = _config(schema)
    config.attributes.update(connection=connection, schema=schema, ran=ran)
    try:
        run(config, to)
    except Exception as error:
        step = steps[len(ran)] if len(ran) < len(steps) else "the last step"
        message = f"migration “{step}” of {schema.plugin} failed, nothing was changed: {error}"
        raise ConfigurationError(message) from error


def differences(connection: Connection, schema: Schema) -> list[str]:
    """How the tables differ from the models; empty when the migrations are complete."""
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": schema.version_table,
            "compare_type": compare_type,
            "include_object": only_own(schema.plugin),
        },
    )
    return [str(difference) for difference in compare_metadata(context, schema.metadata)]


def make_revision(engine: Engine, schema: Schema, message: str) -> Path:
    """Write the next migration from the difference between models and tables, for authors.

    Its number follows on that of the last file. It is a proposal, to be read before it is kept.

    Raises:
        Invalid: rows that are there would have nothing in a new column that may not be empty.
    """
    schema.versions.mkdir(parents=True, exist_ok=True)
    number = 1 + max((_number(path) for path in schema.versions.glob("*.py")), default=0)
    config = _config(schema)
    # The configuration's file format reads %% as one %.
    config.set_main_option("file_template", f"{number:04}_%%(slug)s")
    with engine.begin() as connection, filled_columns() as fill:
        config.attributes.update(connection=connection, schema=schema, ran=[])
        revision = f"{schema.plugin}_{number:04}"
        made = command.revision(
            config, message, autogenerate=True, rev_id=revision, process_revision_directives=fill
        )
    if made is None or isinstance(made, list):
        problem = "Alembic made no single revision"
        raise ConfigurationError(problem)
    written = Path(made.path)
    # Alembic frames what it proposes with remarks of its own.
    text = re.sub(r"(?m)^ *# ###.*\n", "", written.read_text(encoding="utf-8"))
    written.write_text(re.sub(r"\n{4,}", "\n\n\n", text).rstrip() + "\n", encoding="utf-8")
    return written


def _number(path: Path) -> int:
    digits = path.name.partition("_")[0]
    return int(digits) if digits.isdecimal() else 0


def _config(schema: Schema, buffer: TextIO | None = None) -> Config:
    # Alembic says on standard output what it does; commands say it in our words.
    config = Config(cmd_opts=Namespace(quiet=True), output_buffer=buffer)
    config.set_main_option("script_location", str(Path(backstay_migrations.__file__).parent))
    config.set_main_option("version_locations", str(schema.versions))
    config.set_main_option("path_separator", "newline")
    return config


def only_own(plugin: str) -> Callable[..., bool]:
    """Alembic's filter: the plugin's own tables, without its version table."""

    def include(_item: object, name: str | None, kind: str, *_rest: object) -> bool:
        if kind != "table":
            return True
        if not name or name.startswith(WORDS):  # the FTS5 table and what SQLite keeps behind it
            return False
        return name.startswith(f"{plugin}_") and name != f"{plugin}_alembic_version"

    return include


def compare_type(
    _context: object, _column: object, _model_column: object, found: object, declared: object
) -> bool | None:
    """Alembic's comparison: our own types count as what they are stored as."""
    from sqlalchemy import BigInteger, Boolean, Enum, Integer, String
    from sqlalchemy.types import TypeDecorator

    stored = declared.impl if isinstance(declared, TypeDecorator) else declared
    if isinstance(stored, Enum):
        return not (isinstance(found, String) and found.length == stored.length)
    if isinstance(stored, BigInteger | Integer) and isinstance(found, Integer):
        return False
    if isinstance(stored, Boolean) and isinstance(found, Integer | Boolean):
        return False
    return None
