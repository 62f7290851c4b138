"""A process says that it lives and what it runs, from a thread of its own, in no request's way.

The same thread looks whether packages came or went, and pauses a plugin that failed too often here.
"""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import socket
import threading
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import SQLAlchemyError

from backstay.clock import now
from backstay.db.engine import briefly
from backstay.errors import BackstayError
from backstay.kernel.code import restart_needed, versions
from backstay.kernel.discovery import discover
from backstay.kernel.failures import FAILURES
from backstay.kernel.pauses import pause
from backstay.kernel.process_models import Process, ProcessKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

EVERY_SECONDS: Final = 15.0
STALE: Final = timedelta(seconds=75)
"""A process that was silent for so long is gone."""
_PATIENCE_MS: Final = 500
_log = logging.getLogger(__name__)
_PROCESS: Final[Any] = Process.__table__


class Heartbeat:
    """The life signs of one process."""

    def __init__(
        self,
        database: Database,
        kind: ProcessKind,
        *,
        reload: Callable[[], None] | None = None,
        every: float = EVERY_SECONDS,
    ) -> None:
        """Say nothing before :meth:`start`.

        Arguments:
            reload: called when the package of an enabled plugin came or went; must not wait.
            every: seconds between two signs of life.
        """
        self.reload = reload
        self._database = database
        self._kind = kind
        self._every = every
        self._id = ""
        self._pid = 0
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._running: tuple[Suite | None, int, str] = (None, 0, "")
        self._written: dict[str, object] = {}
        self._next = 0.0

    def start(self) -> None:
        """Begin in this process, once; after a fork the child begins for itself."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid == os.getpid():
                return
            self._id, self._pid = secrets.token_hex(12), os.getpid()
            self._wake, self._stopping, self._written = threading.Event(), False, {}
            self._writing = threading.Lock()  # the parent's may be held, by a thread left behind
            FAILURES.when_due = self._wake.set
            self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def start_without_thread(self) -> None:
        """Begin in a process that forks, and so has no thread: it calls :meth:`when_due` often."""
        self._id, self._pid = secrets.token_hex(12), os.getpid()
        FAILURES.when_due = self._wake.set
        FAILURES.hear_forks()
        self._wake.set()

    def when_due(self, *let_through: type[Exception]) -> None:
        """Give a sign of life if it is time for one.

        Arguments:
            let_through: what the handler of a signal may raise at any moment (RQ's does, to stop a
                worker), and so is no failure of this; everything else is only logged.
        """
        if self._pid != os.getpid():
            return
        if self._wake.is_set() or monotonic() >= self._next:
            self._wake.clear()
            self._next = monotonic() + self._every
            self._try(let_through)

    def runs(self, suite: Suite) -> None:
        """Note what the process runs from now on, and write it soon."""
        self._running = (suite, 0, "")
        self._wake.set()

    def could_not_build(self, generation: int, reason: str) -> None:
        """Note that the process stays with what it has, and why."""
        self._running = (self._running[0], generation, reason)
        self._wake.set()

    def stop(self) -> None:
        """End the thread and take the row away."""
        if self._pid != os.getpid():
            return
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2)
        self._thread, self._pid = None, 0
        try:
            with briefly(self._database.engine, _PATIENCE_MS) as connection:
                connection.execute(delete(_PROCESS).where(_PROCESS.c.id == self._id))
        except (SQLAlchemyError, BackstayError):
            _log.debug("the row of this process stays until it is stale", exc_info=True)

    def _beat(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self._try()
            self._wake.wait(self._every)

    def _try(self, let_through: tuple[type[Exception], ...] = ()) -> None:
        try:
            self.beat()
        except let_through:
            raise
        except (SQLAlchemyError, BackstayError):
            _log.debug("no sign of life now", exc_info=True)
        except Exception:  # noqa: BLE001 - whatever it is, the process goes on
            _log.exception("a sign of life failed")

    def beat(self) -> None:
        """Do now what the thread does from time to time."""
        FAILURES.gather()
        for too_many in FAILURES.take_due():
            pause(self._database, too_many, process=self._name())
        self._look_at_packages()
        with self._writing:  # two at once would both find no row, and insert it
            self._write()

    def _name(self) -> str:
        return f"{self._kind.value}, {socket.gethostname()}, {os.getpid()}"

    def _look_at_packages(self) -> None:
        suite = self._running[0]
        if suite is None or suite.safe_mode:
            return
        installed = discover().keys()
        changed = {name for name in suite.enabled if (name in suite.found) != (name in installed)}
        if changed:
            _log.warning("packages of enabled plugins changed: %s", ", ".join(sorted(changed)))
            if self.reload is not None:
                self.reload()

    def _write(self) -> None:
        suite, failed_generation, reason = self._running
        said: dict[str, object] = {
            "generation": suite.generation if suite else 0,
            "failed_generation": failed_generation,
            "reason": reason[:1000],
            "safe_mode": bool(suite and suite.safe_mode),
            "versions": versions(),
            "restart": restart_needed(discover()),
            "failed": dict(suite.failed) if suite else {},
            "slow": dict(suite.slow) if suite else {},
        }
        at = now()
        with briefly(self._database.engine, _PATIENCE_MS) as connection:
            mine = update(_PROCESS).where(_PROCESS.c.id == self._id)
            changes = said if said != self._written else {}
            if connection.execute(mine.values(seen_at=at, **changes)).rowcount == 0:
                connection.execute(
                    insert(_PROCESS).values(
                        id=self._id,
                        kind=self._kind,
                        host=socket.gethostname()[:120],
                        pid=os.getpid(),
                        started_at=at,
                        seen_at=at,
                        **said,
                    )
                )
            connection.execute(delete(_PROCESS).where(_PROCESS.c.seen_at < at - STALE))
        self._written = said


__all__ = ["EVERY_SECONDS", "STALE", "Heartbeat"]
