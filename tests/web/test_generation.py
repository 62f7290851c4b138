"""Every process follows the generation in force, and no request of others fails while it swaps."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from werkzeug.test import Client

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.errors import ConfigurationError
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web import generation as module
from backstay.web.app import PluginRefused
from backstay.web.generation import Generations, build_status

if TYPE_CHECKING:
    from typing import Any

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

SYSTEM = operator_context("system:test")
PLUGIN = "ledger"


def switch(database: Database, state: PluginState, message: str = "") -> None:
    with database.write(SYSTEM) as session:
        session.execute(
            update(PluginRow).values(state=state, message=message),
            execution_options={"audited": True},
        )
        session.execute(
            update(Installation).values(generation=Installation.generation + 1),
            execution_options={"audited": True},
        )


@pytest.fixture
def installed(database: Database, suite: Suite) -> Database:
    if PLUGIN not in suite.running:
        pytest.skip("no plugin is installed")
    with database.write(SYSTEM) as session:
        session.add(Installation(id=1, generation=1, theme="harbor"))
        session.add(
            PluginRow(name=PLUGIN, state=PluginState.ENABLED, version="1", changed_at=now())
        )
    return database


@pytest.fixture
def generations(installed: Database) -> Generations:
    return Generations(installed, secret_key=SECRET)


def browser_of(generations: Generations, database: Database) -> Client:
    """A signed-in client of the swapping application."""
    app = generations.current()
    make_user(database, "boss", list(app.extensions["backstay"].suite.permissions))
    signed_in = Browser.for_user(app, database, "boss")
    client = Client(generations)
    cookie = signed_in.client.get_cookie("__Host-backstay")
    assert cookie is not None
    client.set_cookie("__Host-backstay", cookie.value)
    return client


def test_a_plugin_is_off_and_on_again_at_the_next_request(
    generations: Generations, installed: Database
) -> None:
    client = browser_of(generations, installed)
    assert client.get("/c/ALPHA/ledger/accounts").status_code == 200
    switch(installed, PluginState.DISABLED)
    off = client.get("/c/ALPHA/ledger/accounts")
    assert off.status_code == 404
    assert "is switched off" in off.text
    assert "/admin/modules" in off.text
    assert client.get("/c/ALPHA/").status_code == 200
    switch(installed, PluginState.ENABLED)
    assert client.get("/c/ALPHA/ledger/accounts").status_code == 200


def test_a_plugin_whose_last_change_failed_says_so_there_and_on_the_start_page(
    generations: Generations, installed: Database
) -> None:
    client = browser_of(generations, installed)
    switch(installed, PluginState.FAILED, "migration “Colours” failed")
    off = client.get("/c/ALPHA/ledger/accounts")
    assert off.status_code == 404
    assert "its last change failed" in off.text
    assert "migration “Colours” failed" in off.text
    start = client.get("/")
    assert "does not run" in start.text
    assert "“General ledger” does not run:" in start.text


def test_nothing_fails_while_a_plugin_is_switched_under_load(
    generations: Generations, installed: Database
) -> None:
    client = browser_of(generations, installed)
    cookie = client.get_cookie("__Host-backstay")
    assert cookie is not None
    stop = threading.Event()
    seen: list[int] = []

    def work() -> None:
        own = Client(generations)
        own.set_cookie("__Host-backstay", cookie.value)
        while not stop.is_set():
            for path in ("/c/ALPHA/", "/me/sessions", "/sign-in"):
                seen.append(own.get(path).status_code)  # noqa: PERF401 - it must be seen at once

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(10):
            state = PluginState.DISABLED if turn % 2 == 0 else PluginState.ENABLED
            switch(installed, state)
            wanted = 404 if state is PluginState.DISABLED else 200
            assert client.get("/c/ALPHA/ledger/accounts").status_code == wanted
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(seen) > 20
    assert set(seen) <= {200, 303}


def test_a_generation_that_can_not_be_built_leaves_the_old_one_in_place(
    generations: Generations, installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser_of(generations, installed)
    client.get("/")

    def fail(*_args: Any, **_options: Any) -> Any:
        message = "the theme is broken"
        raise ConfigurationError(message)

    with monkeypatch.context() as patched:
        patched.setattr(module, "build", fail)
        switch(installed, PluginState.DISABLED)
        assert client.get("/c/ALPHA/ledger/accounts").status_code == 200
        status = build_status()
        assert status is not None
        assert (status.generation, status.failed_generation) == (1, 2)
        assert "the theme is broken" in status.reason
    switch(installed, PluginState.DISABLED)
    assert client.get("/c/ALPHA/ledger/accounts").status_code == 404
    status = build_status()
    assert status is not None
    assert (status.generation, status.failed_generation) == (3, None)


def test_a_plugin_whose_pages_break_the_rules_is_left_out(
    generations: Generations, installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = module.build

    def refuse(suite: Suite, *args: Any, **options: Any) -> Any:
        if PLUGIN in suite.running:
            raise PluginRefused(PLUGIN, "a page has no permission")
        return whole(suite, *args, **options)

    monkeypatch.setattr(module, "build", refuse)
    client = browser_of(generations, installed)
    page = client.get("/c/ALPHA/ledger/accounts")
    assert page.status_code == 404
    assert "a page has no permission" in page.text
    assert PLUGIN in client.get("/c/ALPHA/").text


def test_safe_mode_runs_core_alone_and_says_so(installed: Database) -> None:
    generations = Generations(installed, secret_key=SECRET, safe_mode=True)
    client = browser_of(generations, installed)
    home = client.get("/me/")
    assert "Safe mode." in home.text
    assert client.get("/c/ALPHA/ledger/accounts").status_code == 404


def test_a_database_that_is_not_set_up_is_answered_with_503(database: Database) -> None:
    answer = Client(Generations(database, secret_key=SECRET)).get("/")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_swap_between_two_looks_is_not_answered_by_the_old_application(
    installed: Database,
) -> None:
    class SwapsWhenLookedAt(Generations):
        """The builder finishes at the very moment in which the number is read."""

        @property
        def _built(self) -> int:
            self._app = new
            return 1

        @_built.setter
        def _built(self, _value: int) -> None:
            pass

    old: Any = object()
    new: Any = object()
    swapping = SwapsWhenLookedAt(installed, secret_key=SECRET)
    swapping._app = old
    assert swapping.current() is new


def test_preparing_builds_the_application_and_leaves_no_connection_to_be_forked(
    generations: Generations, installed: Database
) -> None:
    generations.prepare()
    assert generations._app is not None
    pool: Any = installed.engine.pool
    assert pool.checkedin() == pool.checkedout() == 0


def test_preparing_before_the_database_is_set_up_leaves_the_answer_to_the_first_request(
    database: Database,
) -> None:
    unprepared = Generations(database, secret_key=SECRET)
    unprepared.prepare()
    with pytest.raises(ConfigurationError):
        unprepared.current()
