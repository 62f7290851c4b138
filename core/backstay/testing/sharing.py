"""What tests share because it is the same each time: registered routes and compiled statements.

Nearly every test has a database and an application of its own. Two thirds of what that took was
registering a thousand routes and compiling a few hundred statements, the same ones again and again.
Nothing that a test writes is shared: routes hold no data, statements hold no values.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import make_url
from sqlalchemy.util import LRUCache

from backstay.db import database as databases
from backstay.db.engine import make_engine
from backstay.web import app as applications

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine
    from werkzeug.routing import Map

    from backstay.kernel.suite import Suite

_MOST_SUITES: Final = 4
_MOST_STATEMENTS: Final = 10_000
_BY_BLUEPRINT: Final = (
    "error_handler_spec",
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
)


@dataclass(frozen=True, slots=True)
class _Registered:
    """What the registration of a suite's blueprints left in an application."""

    suite: Suite
    url_map: Map
    rules: int
    view_functions: dict[str, Any]
    blueprints: dict[str, Any]
    plugins: dict[str, str]
    of_blueprints: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, suite: Suite, app: applications.Application) -> _Registered:
        return cls(
            suite,
            app.url_map,
            len(app.url_map._rules),  # noqa: SLF001
            dict(app.view_functions),
            dict(app.blueprints),
            dict(app.plugins),
            {
                name: {key: copy(value) for key, value in getattr(app, name).items() if key}
                for name in _BY_BLUEPRINT
            },
        )

    def is_untouched(self) -> bool:
        """Whether no test added a route to an application that it had built."""
        return len(self.url_map._rules) == self.rules  # noqa: SLF001

    def give(self, app: applications.Application) -> None:
        app.url_map = self.url_map
        app.view_functions.update(self.view_functions)
        app.blueprints.update(self.blueprints)
        app.plugins.update(self.plugins)
        for name, functions in self.of_blueprints.items():
            getattr(app, name).update({key: copy(value) for key, value in functions.items()})


def share_routes(patch: pytest.MonkeyPatch) -> None:
    """Register the routes of a suite once, for all applications that are built of it."""
    register = applications._register  # noqa: SLF001
    known: OrderedDict[int, _Registered] = OrderedDict()

    def once(app: applications.Application, suite: Suite) -> None:
        registered = known.get(id(suite))
        if registered is not None and registered.is_untouched():
            registered.give(app)
        else:
            register(app, suite)
            known[id(suite)] = _Registered.read(suite, app)
        known.move_to_end(id(suite))
        if len(known) > _MOST_SUITES:
            known.popitem(last=False)

    patch.setattr(applications, "_register", once)


def share_statements(patch: pytest.MonkeyPatch) -> None:
    """Compile each statement once for all databases of a kind.

    SQLAlchemy keeps what it compiled by the dialect, and each engine has one of its own.
    """
    known: dict[tuple[str, bool], tuple[Any, LRUCache[Any, Any]]] = {}

    def shared(url: str, *, statements: bool = False) -> Engine:
        engine = make_engine(url, statements=statements)
        kind = (make_url(url).drivername, statements)
        # A dialect knows its server from its engine's first connection on.
        if kind not in known or not known[kind][0].server_version_info:
            known[kind] = (engine.dialect, LRUCache(_MOST_STATEMENTS))
        engine.dialect, engine._compiled_cache = known[kind]  # noqa: SLF001
        return engine

    patch.setattr(databases, "make_engine", shared)


__all__ = ["share_routes", "share_statements"]
