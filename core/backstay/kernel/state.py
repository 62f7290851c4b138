"""What the database says about the generation in force: read by every process on every request."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, select
from sqlalchemy.exc import DatabaseError

from backstay.db.fixed import Fixed
from backstay.errors import ConfigurationError
from backstay.i18n import gettext as _
from backstay.kernel.load import load
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.process_models import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

INSTALLATION = 1
_NOT_SET_UP: Final = "this database is not set up: run “backstay migrate” first"

_INSTALLATION: Final = Installation.__table__
_NUMBER: Final = Fixed(select(_INSTALLATION.c.generation).where(_INSTALLATION.c.id == INSTALLATION))
# Switching a plugin ends its pause.
_PAUSED: Final = (
    select(Pause.plugin, Pause.failures, Pause.at)
    .join(PluginRow, PluginRow.name == Pause.plugin)
    .where(PluginRow.state == PluginState.ENABLED, Pause.at >= PluginRow.changed_at)
)


@dataclass(frozen=True, slots=True)
class InForce:
    """The generation that every process must run.

    Arguments:
        paused: the enabled plugins that stand still because they failed too often, and why.
    """

    generation: int
    theme: str
    enabled: frozenset[str]
    paused: dict[str, str] = field(default_factory=dict)


def generation(database: Database) -> int:
    """The number of the generation in force: one small query.

    Raises:
        ConfigurationError: the database was never set up.
    """
    with _tables_expected(database):
        number: int | None = database.look_up(_NUMBER)
    if number is None:
        raise ConfigurationError(_NOT_SET_UP)
    return number


def in_force(database: Database) -> InForce:
    """Generation, theme and enabled plugins, read in one transaction.

    Raises:
        ConfigurationError: the database was never set up.
    """
    with _tables_expected(database), database.reading_connection() as connection:
        row = connection.execute(
            select(Installation.generation, Installation.theme).where(
                Installation.id == INSTALLATION
            )
        ).one_or_none()
        names = connection.scalars(
            select(PluginRow.name).where(PluginRow.state == PluginState.ENABLED)
        ).all()
        paused = connection.execute(_PAUSED).all()
    if row is None:
        raise ConfigurationError(_NOT_SET_UP)
    return InForce(
        row.generation,
        row.theme,
        frozenset(names),
        {one.plugin: _why_paused(one.failures, one.at) for one in paused},
    )


def next_generation(session: Session) -> int:
    """Raise the generation number: after the commit every process builds itself anew."""
    row = session.scalars(
        select(Installation).where(Installation.id == INSTALLATION).with_for_update()
    ).one()
    row.generation += 1
    return row.generation


@contextmanager
def _tables_expected(database: Database) -> Iterator[None]:
    """Say that the database was never set up where the driver only says “no such table”."""
    try:
        yield
    except DatabaseError as error:
        if is_set_up(database):
            raise
        raise ConfigurationError(_NOT_SET_UP) from error


def is_set_up(database: Database) -> bool:
    """Whether core's tables and the installation row exist."""
    with database.reading_connection() as connection:
        if not inspect(connection).has_table(Installation.__tablename__):
            return False
        return connection.scalar(select(Installation.id)) is not None


def load_in_force(database: Database, *, safe_mode: bool = False) -> Suite:
    """Load the plugins that are in force now."""
    state = in_force(database)
    return load(
        state.enabled, generation=state.generation, safe_mode=safe_mode, paused=state.paused
    )


def _why_paused(failures: int, at: datetime) -> str:
    """The reason that takes the place of a loading error."""
    return _(
        "it failed %(count)s times within five minutes and was paused on %(at)s UTC",
        count=failures,
        at=f"{at:%Y-%m-%d %H:%M}",
    )
