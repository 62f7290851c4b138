"""A duty that only one process may have at a time, as a row that expires.

Whoever has it renews it: a loop by :meth:`Duty.keep` each time round, one long piece of work by a
thread (``alone``). A process that is killed renews nothing, so another one can take the duty as
soon as the row ran out, and finds in it what was being done.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from backstay.clock import now
from backstay.db.database import is_busy
from backstay.db.engine import briefly
from backstay.errors import Conflict
from backstay.i18n import gettext as _
from backstay.kernel.models import Lease

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from backstay.db.database import Database

SHORT: Final = timedelta(seconds=8)
"""How long after its last sign of life somebody who renews it by a thread is taken for dead."""
_WAIT_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Held:
    """Who has a duty, or died with it.

    Arguments:
        note: what is, or was, being done.
        alive: False for a row that ran out: its process was killed.
    """

    holder: str
    note: str
    taken_at: datetime
    alive: bool


@dataclass
class Duty:
    """A duty that this process holds until it expires, unless it is renewed in time."""

    database: Database
    name: str
    holder: str
    duration: timedelta
    renew_at: datetime
    note: str = ""

    def keep(self) -> bool:
        """Renew it when a third of its time is over; costs nothing otherwise.

        Returns:
            whether this process still holds it.
        """
        at = now()
        if at < self.renew_at:
            return True
        with self.database.engine.begin() as connection:
            return self._renew(connection)

    def secure(self, connection: Connection) -> None:
        """Renew it within a transaction, as the last thing before the commit.

        While SQLite's one writer works, nobody can renew and nobody can take the duty either. Who
        renews in the writing transaction itself leaves no gap after it.

        Raises:
            Conflict: another process has taken it meanwhile; the transaction must not be committed.
        """
        if not self._renew(connection):
            raise Conflict(
                _(
                    "Another process took this over, because this one gave no sign of life"
                    " (%(name)s). Nothing was changed here; try again in a moment.",
                    name=self.name,
                )
            )

    def _renew(self, connection: Connection) -> bool:
        at = now()
        renewed = connection.execute(
            update(Lease)
            .where(Lease.name == self.name, Lease.holder == self.holder)
            .values(expires_at=at + self.duration)
        )
        self.renew_at = at + self.duration / 3
        return renewed.rowcount == 1


@contextmanager
def lease(
    database: Database,
    name: str,
    duration: timedelta = SHORT,
    *,
    note: str = "",
    alone: bool = False,
) -> Iterator[Duty]:
    """Hold the duty for the block; a block that takes longer than the duration renews it.

    Arguments:
        note: what is being done, for whoever looks meanwhile or finds it interrupted.
        alone: renew it from a thread, for a block that is one long piece of work.

    Raises:
        Conflict: another process holds it.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    duty = Duty(database, name, holder, duration, now() + duration / 3, note[:120])
    if not _take(duty):
        raise Conflict(
            _("Another process is already doing this (%(name)s). Try again in a moment.", name=name)
        )
    stop = threading.Event()
    renewing = threading.Thread(
        target=_renew_until, args=(duty, stop), name=f"backstay-{name}", daemon=True
    )
    if alone:
        renewing.start()
    try:
        yield duty
    finally:
        stop.set()
        if alone:
            renewing.join()
        with database.engine.begin() as connection:
            connection.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def held(connection: Connection, name: str) -> Held | None:
    """Who has a duty now, or was killed while having it; None when all is well and quiet."""
    row = connection.execute(
        select(Lease.holder, Lease.note, Lease.taken_at, Lease.expires_at).where(Lease.name == name)
    ).one_or_none()
    if row is None:
        return None
    alive = row.expires_at >= now() or (
        connection.dialect.name == "sqlite" and _runs_here(row.holder)
    )
    return Held(row.holder, row.note, row.taken_at, alive=alive)


def _runs_here(holder: str) -> bool:
    """Whether the process is there: while it migrates SQLite, nobody can renew its duty."""
    host, _colon, pid = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _renew_until(duty: Duty, stop: threading.Event) -> None:
    """Renew until told to stop; whoever lost the duty is told so when it wants to commit."""
    while not stop.wait(duty.duration.total_seconds() / 4):
        # Busy: SQLite's writer is at work, perhaps this very process. It is tried again.
        with suppress(DBAPIError), briefly(duty.database.engine, _WAIT_MS) as connection:
            duty._renew(connection)  # noqa: SLF001 - its own module


def _take(duty: Duty) -> bool:
    at = now()
    values = {
        "holder": duty.holder,
        "note": duty.note,
        "taken_at": at,
        "expires_at": at + duty.duration,
    }
    try:
        with duty.database.engine.begin() as connection:
            if connection.scalar(select(Lease.name).where(Lease.name == duty.name)) is None:
                connection.execute(insert(Lease).values(name=duty.name, **values))
                return True
            taken = connection.execute(
                update(Lease).where(Lease.name == duty.name, Lease.expires_at < at).values(**values)
            )
            return taken.rowcount == 1
    except IntegrityError:
        return False
    except OperationalError as error:
        if is_busy(error):
            return False
        raise
