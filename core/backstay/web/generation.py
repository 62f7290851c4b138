"""Following the generation in force: each process swaps its application when the number changes.

The number is compared once per request (the database is the truth). A new application is built in a
background thread; requests that run finish on the old one. A build that fails leaves the old one in
place and is shown to administrators. The first build happens at the first request, or before the
processes are forked (:meth:`Generations.prepare`); no connection is left open for them to share.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from backstay.clock import now
from backstay.errors import BackstayError
from backstay.kernel.heartbeat import Heartbeat
from backstay.kernel.load import load
from backstay.kernel.process_models import ProcessKind
from backstay.kernel.state import InForce, generation, in_force
from backstay.web.app import PluginRefused, build
from backstay.web.request import EXTENSION, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask

    from backstay.db.database import Database
    from backstay.home import Home
    from backstay.kernel.suite import Suite

_log = logging.getLogger("backstay.web")
_PATIENCE_SECONDS: Final = 20
"""How long a request waits for the new application before it is answered by the old one."""


@dataclass(frozen=True, slots=True)
class BuildStatus:
    """What this process runs, and why it could not follow, if it could not."""

    generation: int
    failed_generation: int | None = None
    reason: str = ""
    at: datetime | None = None


_status: BuildStatus | None = None


def build_status() -> BuildStatus | None:
    """What the process that answers this request has built; None outside a web server."""
    return _status


class Generations:
    """The WSGI application that always answers with the generation in force."""

    def __init__(
        self,
        database: Database,
        *,
        secret_key: str,
        settings: Settings | None = None,
        home: Home | None = None,
        safe_mode: bool = False,
        heartbeat: bool = False,
    ) -> None:
        """Remember what to build with; nothing is opened yet.

        Arguments:
            heartbeat: tell the database that this process lives, from its first request on.
        """
        self.database = database
        self.secret_key = secret_key
        self.settings = settings or Settings()
        self.home = home
        self.safe_mode = safe_mode
        self._app: Flask | None = None
        self._built = -1
        self._lock = threading.Lock()
        self._builder: threading.Thread | None = None
        self._overdue: threading.Thread | None = None
        self._given_up = -1
        self._again = False
        self._heartbeat = (
            Heartbeat(database, ProcessKind.WEB, reload=self.build_again) if heartbeat else None
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request with the application in force when it arrived."""
        self.attend()
        try:
            app = self.current()
        except (SQLAlchemyError, BackstayError) as error:
            _log.exception("no application can be built")
            return _unavailable(error)(environ, start_response)
        return app(environ, start_response)

    def attend(self) -> None:
        """Begin to tell that this process lives, if that is wished for."""
        if self._heartbeat is not None:
            self._heartbeat.start()

    def build_again(self) -> None:
        """Build anew at the next request, although the number is the same: packages changed."""
        self._again = True

    def prepare(self) -> None:
        """Build the application now, for the processes that will be forked from this one.

        A build that fails is tried again by the first request, which says what is wrong.
        """
        try:
            self.current()
        except (SQLAlchemyError, BackstayError):
            _log.warning("the application can't be built yet", exc_info=True)
        self.database.disconnect()

    def current(self) -> Flask:
        """The application in force, built anew when the generation changed.

        Raises:
            BackstayError: there is none yet and it can't be built.
        """
        try:
            wanted = generation(self.database)
        except SQLAlchemyError:
            # The application knows how to say that the database is away.
            if self._app is None:
                raise
            return self._app
        # The number first: the builder writes it last, so the application read after it is its own.
        known = (self._built, self._given_up)
        app = self._app
        if app is not None and wanted in known and not self._again:
            return app
        return self._follow(wanted)

    def _follow(self, wanted: int) -> Flask:
        """Wait for the builder; the first one to arrive starts it."""
        with self._lock:
            built = wanted in {self._built, self._given_up} and not self._again
            if self._app is not None and built:
                return self._app
            if self._app is None:
                return self._build()
            if self._builder is None or not self._builder.is_alive():
                self._builder = threading.Thread(
                    target=self._build_quietly, args=(wanted,), name="backstay-build", daemon=True
                )
                self._builder.start()
            builder, app = self._builder, self._app
        if self._overdue is not builder:
            builder.join(_PATIENCE_SECONDS)
            if builder.is_alive():
                # One request waited long enough for all: the others get the old one at once.
                self._overdue = builder
        return self._app or app

    def _build_quietly(self, wanted: int) -> None:
        global _status  # noqa: PLW0603 - one web application per process
        try:
            self._build()
        except Exception as error:  # noqa: BLE001 - whatever it is, the old one goes on
            _log.exception("generation %s can't be built; the old one stays", wanted)
            self._given_up = wanted
            _status = BuildStatus(self._built, wanted, str(error), now())
            if self._heartbeat is not None:
                self._heartbeat.could_not_build(wanted, str(error))

    def _build(self) -> Flask:
        global _status  # noqa: PLW0603 - one web application per process
        self._again = False
        state = in_force(self.database)
        app = build_tolerantly(
            state,
            self.database,
            safe_mode=self.safe_mode,
            theme=state.theme,
            secret_key=self.secret_key,
            settings=self.settings,
            home_folder=self.home,
        )
        # The number last: whoever sees it finds the application that belongs to it.
        self._app = app
        self._built = state.generation
        _status = BuildStatus(state.generation)
        if self._heartbeat is not None:
            self._heartbeat.runs(app.extensions[EXTENSION].suite)
        _log.info("generation %s is in force", state.generation)
        return app


def build_tolerantly(
    state: InForce, database: Database, *, safe_mode: bool, **options: Any
) -> Flask:
    """Build with the enabled plugins, without those whose pages break the rules or the build."""
    refused: dict[str, str] = {}
    while True:
        suite = _without(state, refused, safe_mode=safe_mode)
        try:
            return build(suite, database, **options)
        except PluginRefused as error:
            if error.plugin in refused:
                raise
            _log.exception("plugin %s is left out", error.plugin)
            refused[error.plugin] = error.reason
        except Exception as error:
            culprit = _culprit(state, suite, refused, lambda some: build(some, database, **options))
            if culprit is None:
                raise
            _log.exception("plugin %s breaks the build and is left out", culprit)
            refused[culprit] = f"{type(error).__name__}: {error}"


def _culprit(
    state: InForce, suite: Suite, refused: dict[str, str], build_it: Callable[[Suite], object]
) -> str | None:
    """The plugin without which the application can be built: found by adding one after another.

    None when core alone can't be built, or nobody is to blame for it.
    """
    later = dict.fromkeys(suite.running, "not yet")
    for name in (None, *suite.running):
        later.pop(str(name), None)
        try:
            build_it(_without(state, {**refused, **later}, safe_mode=False))
        except Exception:  # noqa: BLE001 - what is looked for
            return name
    return None


def _without(state: InForce, refused: dict[str, str], *, safe_mode: bool) -> Suite:
    suite = load(
        state.enabled - refused.keys(),
        generation=state.generation,
        safe_mode=safe_mode,
        paused=state.paused,
    )
    suite.failed.update(refused)
    return suite


def _unavailable(error: Exception) -> WSGIApplication:
    """The answer while there is no application: plain, and without a reason for strangers."""
    del error
    body = (
        b"503 Backstay can't start. The administrator finds the reason in the server's log;\n"
        b"with --safe-mode or BACKSTAY_SAFE_MODE=1 it starts without plugins.\n"
    )

    def answer(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(
            "503 Service Unavailable",
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Retry-After", "5"),
                ("Cache-Control", "no-store"),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        return [body]

    return answer
