"""Who is writing: the plugin whose code runs now, noted wherever core or another plugin calls it.

A contract is called in the transaction of the caller, so one session serves several plugins. What
the caller left unwritten is flushed when the call begins, and what the provider left is flushed
before it ends: so each row is written under the name of the plugin that made it
(backstay.db.ownership refuses what is another's).
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import isfunction
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

CORE: Final = "core"
_PLUGIN: Final = "__backstay_acts_as__"
_acting: ContextVar[str] = ContextVar("backstay_acting", default=CORE)

Function = TypeVar("Function", bound="Callable[..., Any]")


def acting() -> str:
    """The plugin whose code runs now; ``core`` when it is none's."""
    return _acting.get()


@contextmanager
def acting_as(plugin: str, session: Session | None = None) -> Iterator[None]:
    """Let the block write as a plugin.

    Arguments:
        session: the one that the block works with; what is pending in it is flushed before and
            after, each under the name of whoever made it.
    """
    if _acting.get() == plugin:
        yield
        return
    _flush(session)
    token = _acting.set(plugin)
    try:
        yield
        _flush(session)
    finally:
        _acting.reset(token)


def as_plugin(plugin: str, function: Function) -> Function:
    """A function of a plugin that writes as that plugin, whoever calls it."""
    if hasattr(function, _PLUGIN):
        return function

    @wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        with acting_as(plugin, _session_in(values, named)):
            return function(*values, **named)

    setattr(call, _PLUGIN, plugin)
    return call  # type: ignore[return-value]


class Provider:
    """The implementation of a contract; each of its methods writes as the plugin that provides it.

    Everything else is the implementation's own.
    """

    def __init__(self, plugin: str, implementation: Any) -> None:
        """Stand in front of it."""
        self._plugin = plugin
        self._implementation = implementation

    def __getattr__(self, name: str) -> Any:
        """The method, from then on kept."""
        value = getattr(self._implementation, name)
        if callable(value):
            value = as_plugin(self._plugin, value)
            self.__dict__[name] = value
        return value

    def __repr__(self) -> str:
        """Name both."""
        return f"<{self._implementation!r} of {self._plugin}>"


def write_as(plugin: str, api: ModuleType) -> None:
    """Let the functions that a plugin offers in its ``api`` module write as that plugin."""
    package = api.__name__.partition(".")[0]
    for name, value in list(vars(api).items()):
        own = isfunction(value) and value.__module__.partition(".")[0] == package
        if own and not name.startswith("_"):
            setattr(api, name, as_plugin(plugin, value))


def _session_in(values: tuple[Any, ...], named: dict[str, Any]) -> Session | None:
    for value in (*values[:2], *named.values()):
        if isinstance(value, Session):
            return value
        if isinstance(inner := getattr(value, "session", None), Session):  # a job's
            return inner
    return None


def _flush(session: Session | None) -> None:
    if session is not None and (session.new or session.deleted or session.dirty):
        session.flush()


__all__ = ["CORE", "Provider", "acting", "acting_as", "as_plugin", "write_as"]
