"""Counting what goes wrong in plugins while they run; written down only when it becomes too much.

Each process counts for itself, in memory: a plugin that fails costs no statement. Twenty failures
within five minutes, and more failures than successes, pause the plugin for all processes; one page
that is broken in a plugin that otherwise works does not take the rest of it away.
"""

from __future__ import annotations

import json
import os
import threading
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import wraps
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from backstay.clock import now
from backstay.errors import BackstayError, ConfigurationError
from backstay.jobs.lease import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from backstay.kernel.discovery import Found

Function = TypeVar("Function", bound="Callable[..., Any]")
LIMIT: Final = 20
WITHIN_SECONDS: Final = 300
_BUCKET_SECONDS: Final = 60
_KEPT: Final = 5
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """One exception in a plugin.

    Arguments:
        at: instant in ISO form.
        where: the page, the job or the hook.
        reference: the id of the request, as the person was shown it and the log has it.
        error: its type and message.
    """

    at: str
    where: str
    reference: str
    error: str

    def as_dict(self) -> dict[str, str]:
        """For the database."""
        return asdict(self)


@dataclass(slots=True)
class _Minute:
    began: float
    failed: int = 0
    succeeded: int = 0


@dataclass(slots=True)
class _Tally:
    minutes: deque[_Minute] = field(default_factory=deque)
    last: deque[Failure] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def minute(self, at: float) -> _Minute:
        while self.minutes and at - self.minutes[0].began >= WITHIN_SECONDS:
            self.minutes.popleft()
        if not self.minutes or at - self.minutes[-1].began >= _BUCKET_SECONDS:
            self.minutes.append(_Minute(at))
        return self.minutes[-1]


@dataclass(frozen=True, slots=True)
class TooMany:
    """What a process found out about a plugin: how often it failed, and the last failures."""

    plugin: str
    failures: int
    last: tuple[Failure, ...]


class Failures:
    """The counts of one process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with nothing."""
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[str, _Tally] = {}
        self._due: dict[str, TooMany] = {}
        self.when_due: Callable[[], None] = lambda: None
        """Called when a plugin has failed too often; must not wait."""
        self._owner = 0
        self._pipe: tuple[int, int] | None = None

    def hear_forks(self) -> None:
        """Count also what processes that are forked from this one report (a job of RQ is one)."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self._owner, self._pipe = os.getpid(), (reading, writing)

    def gather(self) -> None:
        """Take in what forked processes have reported."""
        if self._pipe is None or os.getpid() != self._owner:
            return
        lines = b""
        with suppress(BlockingIOError):
            while part := os.read(self._pipe[0], 65536):
                lines += part
        for line in lines.splitlines():
            plugin, failure = json.loads(line)
            if failure is None:
                self.succeeded(plugin)
            else:
                self._add(plugin, Failure(**failure))

    def _reported(self, plugin: str, failure: Failure | None) -> bool:
        """Whether this is a forked process, which tells its parent instead of counting."""
        if self._pipe is None or os.getpid() == self._owner:
            return False
        said = json.dumps([plugin, failure and failure.as_dict()])
        with suppress(OSError):  # full, or the parent is gone: it is a count, no record
            os.write(self._pipe[1], said.encode() + b"\n")
        return True

    def succeeded(self, plugin: str) -> None:
        """A plugin did what it was asked for."""
        if self._reported(plugin, None):
            return
        with self._lock:
            if (tally := self._tallies.get(plugin)) is not None:
                tally.minute(self._clock()).succeeded += 1

    def failed(self, plugin: str, error: BaseException, where: str, reference: str = "") -> None:
        """A plugin raised something; refusals and a database that is away do not count."""
        if not is_failure(error):
            return
        said = f"{type(error).__name__}: {error}"[:_LONGEST]
        failure = Failure(now().isoformat(), where[:_LONGEST], reference, said)
        if not self._reported(plugin, failure):
            self._add(plugin, failure)

    def _add(self, plugin: str, failure: Failure) -> None:
        with self._lock:
            tally = self._tallies.setdefault(plugin, _Tally())
            tally.last.append(failure)
            tally.minute(self._clock()).failed += 1
            failures = sum(one.failed for one in tally.minutes)
            successes = sum(one.succeeded for one in tally.minutes)
            if failures < LIMIT or failures <= successes:
                return
            self._due[plugin] = TooMany(plugin, failures, tuple(tally.last))
            del self._tallies[plugin]
        self.when_due()

    def take_due(self) -> list[TooMany]:
        """The plugins that have to be paused; each is given once."""
        with self._lock:
            due = list(self._due.values())
            self._due.clear()
        return due


FAILURES: Final = Failures()
"""The counts of this process."""


def is_failure(error: BaseException) -> bool:
    """Whether an exception is the plugin's mistake, not a refusal or the database's absence."""
    if isinstance(error, BackstayError):
        return isinstance(error, ConfigurationError)
    if isinstance(error, DBAPIError):
        lost = isinstance(error, (OperationalError, InterfaceError))
        return not (lost or error.connection_invalidated)
    return isinstance(error, Exception) and not isinstance(error, LeaseLost)


def plugin_in(error: BaseException, found: Mapping[str, Found]) -> str | None:
    """The plugin in whose code an exception was raised, or came nearest to it."""
    packages = {plugin.root.name: name for name, plugin in found.items()}
    for frame, _line in reversed(list(traceback.walk_tb(error.__traceback__))):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in packages:
            return packages[package]
    return None


def counted(plugin: str, where: str, function: Function) -> Function:
    """A function of a plugin whose failures and successes are counted."""

    @wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        try:
            result = function(*values, **named)
        except Exception as error:
            FAILURES.failed(plugin, error, where, _reference(values))
            raise
        FAILURES.succeeded(plugin)
        return result

    return call  # type: ignore[return-value]


def _reference(values: tuple[Any, ...]) -> str:
    """The request that a call belongs to, known by its session."""
    for value in values[:1]:
        info = getattr(getattr(value, "session", value), "info", None)
        if isinstance(info, dict) and (context := info.get("context")) is not None:
            return str(context.request_id)
    return ""


__all__ = [
    "FAILURES",
    "LIMIT",
    "Failure",
    "Failures",
    "TooMany",
    "counted",
    "is_failure",
    "plugin_in",
]
