"""A duty that only one process may have at a time, as a row that expires."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from backstay.clock import now
from backstay.errors import Conflict
from backstay.i18n import gettext as _
from backstay.kernel.models import Lease

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.db.database import Database


@contextmanager
def lease(database: Database, name: str, duration: timedelta) -> Iterator[None]:
    """Hold the duty for the block.

    Raises:
        Conflict: another process holds it.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    if not _take(database, name, holder, duration):
        raise Conflict(
            _("Another process is already doing this (%(name)s). Try again in a moment.", name=name)
        )
    try:
        yield
    finally:
        with database.engine.begin() as connection:
            connection.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def _take(database: Database, name: str, holder: str, duration: timedelta) -> bool:
    values = {"holder": holder, "expires_at": now() + duration}
    try:
        with database.engine.begin() as connection:
            if connection.scalar(select(Lease.name).where(Lease.name == name)) is None:
                connection.execute(insert(Lease).values(name=name, **values))
                return True
            taken = connection.execute(
                update(Lease).where(Lease.name == name, Lease.expires_at < now()).values(**values)
            )
            return taken.rowcount == 1
    except IntegrityError:
        return False
