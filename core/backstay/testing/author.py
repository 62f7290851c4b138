"""Fixtures for the tests of a plugin: people at browsers, a session, jobs, events, contracts.

Load them with ``pytest_plugins = ["backstay.testing.author"]`` in ``conftest.py``. A test that
takes one of them runs twice, on SQLite and on PostgreSQL, with two companies, ALPHA and BETA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import pytest
from sqlalchemy import select

from backstay.db.context import CompanyRef, operator_context
from backstay.jobs.events import Subscription, restored
from backstay.jobs.models import Job
from backstay.testing.web import Browser, make_user, web_app

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

pytest_plugins = ["backstay.testing.fixtures"]
Contract = TypeVar("Contract")
Event = TypeVar("Event")
_NUMBERS: Final = count(1)
_LISTENER: Final = "test.listen"


class AsRole(Protocol):
    """Seats somebody at a browser: ``as_role("gardenkeeper")``."""

    def __call__(
        self,
        role: str = "",
        *,
        permissions: Iterable[Permission | str] = (),
        company: CompanyRef | None = None,
    ) -> Browser:
        """A browser at which somebody new is signed in.

        Arguments:
            role: the code of a role template of the running plugins.
            permissions: what they may do besides; with no role, all that they may.
            company: where they may do it; ALPHA where nothing else is said.
        """
        ...


@pytest.fixture
def client(web_app: Flask) -> Browser:
    """A browser at which nobody is signed in."""
    return Browser(web_app)


@pytest.fixture
def as_role(web_app: Flask, database: Database, suite: Suite, alpha: CompanyRef) -> AsRole:
    """Seats somebody with a role at a browser: ``as_role("gardenkeeper").get("/c/ALPHA/...")``."""

    def seat(
        role: str = "",
        *,
        permissions: Iterable[Permission | str] = (),
        company: CompanyRef | None = None,
    ) -> Browser:
        login = f"{role or 'somebody'}-{next(_NUMBERS)}"
        held = [*(_of_template(suite, role) if role else ()), *permissions]
        make_user(database, login, held, company or alpha)
        return Browser.for_user(web_app, database, login)

    return seat


def _of_template(suite: Suite, code: str) -> list[Permission]:
    """All permissions of a role, whichever plugins propose them.

    Raises:
        LookupError: no plugin proposes a role of this code.
    """
    templates = [one for part in suite.parts for one in part.role_templates]
    found = [permission for one in templates if one.code == code for permission in one.permissions]
    if not found:
        known = ", ".join(sorted({one.code for one in templates}))
        raise LookupError(f"no plugin proposes the role “{code}”; there are: {known}")
    return found


@pytest.fixture
def session(database: Database, suite: Suite, alpha: CompanyRef) -> Iterator[Session]:
    """A transaction in ALPHA that may do everything, for calling services.

    What is not committed is rolled back at the end. Commit before a browser or a job is to see it:
    on SQLite they wait for it, and give up.
    """
    context = operator_context("system:test", company=alpha)
    opened = database.open(context, suite, write=True)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def writing(
    database: Database, suite: Suite, alpha: CompanyRef
) -> Callable[..., AbstractContextManager[Session]]:
    """A way to open transactions, in ALPHA or in the company that it is given."""

    def write(company: CompanyRef | None = None) -> AbstractContextManager[Session]:
        context = operator_context("system:test", company=company or alpha)
        return database.write(context, suite)

    return write


@pytest.fixture
def events(database: Database, suite: Suite) -> Iterator[Callable[..., list[Any]]]:
    """What was announced and committed: ``events()``, or ``events(TaskFinished)`` of one class.

    Each event that is emitted while this fixture is in use adds a job that does nothing.
    """
    subscribers, jobs = dict(suite.subscribers), dict(suite.jobs)
    heard = {f"{_LISTENER}_{number}": event for number, event in enumerate(suite.events.values())}
    for name, event in heard.items():
        kind = Subscription(event, name, event.name, lambda _run, _event: None).kind
        suite.jobs[name] = kind
        suite.subscribers[event.name] = (*subscribers.get(event.name, ()), kind)

    def committed(of: type[Any] | None = None) -> list[Any]:
        with database.read(operator_context("system:test"), suite) as reading:
            rows = reading.execute(
                select(Job.kind, Job.arguments)
                .where(Job.kind.in_(heard))
                .order_by(Job.event_id, Job.id)
            ).all()
        found = [restored(heard[row.kind], row.arguments) for row in rows]
        return [one for one in found if of is None or isinstance(one, of)]

    yield committed
    suite.subscribers.clear()
    suite.subscribers.update(subscribers)
    suite.jobs.clear()
    suite.jobs.update(jobs)


@pytest.fixture
def provide(suite: Suite) -> Iterator[Callable[[type[Any], Any], Any]]:
    """Puts something behind a contract until the test ends: ``provide(Ledger, FakeLedger())``."""
    services = dict(suite.services)

    def put(contract: type[Any], provider: Any) -> Any:
        suite.services[contract] = provider
        return provider

    yield put
    suite.services.clear()
    suite.services.update(services)


__all__ = ["AsRole", "as_role", "client", "events", "provide", "session", "web_app", "writing"]
