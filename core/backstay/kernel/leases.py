"""A duty that only one process may have at a time, as a row that expires."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass
class Duty:
    """A duty that this process holds until it expires, unless it is renewed in time."""

    database: Database
    name: str
    holder: str
    duration: timedelta
    renew_at: datetime

    def keep(self) -> bool:
        """Renew it when a third of its time is over; costs nothing otherwise.

        Returns:
            whether this process still holds it.
        """
        at = now()
        if at < self.renew_at:
            return True
        with self.database.engine.begin() as connection:
            renewed = connection.execute(
                update(Lease)
                .where(Lease.name == self.name, Lease.holder == self.holder)
                .values(expires_at=at + self.duration)
            )
        self.renew_at = at + self.duration / 3
        return renewed.rowcount == 1


@contextmanager
def lease(database: Database, name: str, duration: timedelta) -> Iterator[Duty]:
    """Hold the duty for the block; a block that takes longer than the duration renews it.

    Raises:
        Conflict: another process holds it.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    duty = Duty(database, name, holder, duration, now() + duration / 3)
    if not _take(duty):
        raise Conflict(
            _("Another process is already doing this (%(name)s). Try again in a moment.", name=name)
        )
    try:
        yield duty
    finally:
        with database.engine.begin() as connection:
            connection.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def _take(duty: Duty) -> bool:
    name = duty.name
    values = {"holder": duty.holder, "expires_at": now() + duty.duration}
    try:
        with duty.database.engine.begin() as connection:
            if connection.scalar(select(Lease.name).where(Lease.name == name)) is None:
                connection.execute(insert(Lease).values(name=name, **values))
                return True
            taken = connection.execute(
                update(Lease).where(Lease.name == name, Lease.expires_at < now()).values(**values)
            )
            return taken.rowcount == 1
    except IntegrityError:
        return False
