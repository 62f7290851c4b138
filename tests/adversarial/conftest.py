"""An installation with the good neighbour “crate”, to which a test adds its adversary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from werkzeug.test import Client

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.jobs.execute import execute_next
from backstay.jobs.queue import enqueue
from backstay.kernel.load import load
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.state import load_in_force
from backstay.testing.fixtures import company_ref
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.generation import Generations
from tests.adversarial.neighbours import API, NEIGHBOUR

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.db.database import Database
    from backstay.testing.plugins import PluginShelf

SYSTEM = operator_context("system:test")
PAGE = "/c/ALPHA/crate/"


@dataclass
class Town:
    """An installation as its users meet it."""

    database: Database
    shelf: PluginShelf
    generations: Generations
    _browser: Browser | None = None

    def enable(self, name: str, *, tables: bool = False) -> None:
        """Switch a plugin on, as the runner of transitions leaves it behind."""
        if tables:
            part = load([name, "crate"]).part(name)
            assert part.base is not None
            with self.database.engine.begin() as connection:
                part.base.metadata.create_all(connection)
        with self.database.write(SYSTEM) as session:
            session.add(
                PluginRow(name=name, state=PluginState.ENABLED, version="1.0", changed_at=now())
            )
        self.next_generation()

    def next_generation(self) -> None:
        with self.database.write(SYSTEM) as session:
            session.execute(
                update(Installation).values(generation=Installation.generation + 1),
                execution_options={"audited": True},
            )

    @property
    def app(self) -> Flask:
        return self.generations.current()

    def browser(self) -> Browser:
        """The administrator's browser, over the application in force; it may do all there is."""
        if self._browser is None:
            app = self.app
            names = {"crate.thing.view", "rogue.thing.view", "lid.thing.view"}
            make_user(
                self.database, "boss", names | set(app.extensions["backstay"].suite.permissions)
            )
            browser = Browser.for_user(app, self.database, "boss")
            cookie = browser.client.get_cookie("__Host-backstay")
            assert cookie is not None
            browser.client = Client(self.generations)  # type: ignore[assignment]
            browser.client.set_cookie("__Host-backstay", cookie.value)
            self._browser = browser
        return self._browser

    def get(self, path: str) -> TestResponse:
        return self.browser().get(path)

    def things(self) -> str:
        """What the neighbour's page says."""
        response = self.get(PAGE)
        assert response.status_code == 200, response.text
        return response.text

    def run_jobs(self) -> int:
        """Run what is due as the runner would; returns how many jobs ran."""
        ran = 0
        while execute_next(self.database, lambda: load_in_force(self.database)):
            ran += 1
        return ran

    def ask_for(self, kind: str) -> None:
        """Put a job into the queue."""
        suite = load_in_force(self.database)
        company = company_ref(self.database, suite, "ALPHA")
        context = operator_context("system:test", company=company)
        with self.database.write(context, suite) as session:
            enqueue(session, kind, {})

    def lives_on(self) -> None:
        """Assert that the pages of core and of the neighbour, and the neighbour's jobs, work."""
        before = int(self.things().split()[0])
        for path in ("/c/ALPHA/", "/me/", "/admin/modules", "/admin/users"):
            assert self.get(path).status_code == 200, path
        self.ask_for("crate.fill")
        assert self.run_jobs() == 1
        assert self.things() == f"{before + 1} things"


@pytest.fixture
def town(database: Database, shelf: PluginShelf) -> Town:
    """Core and the neighbour run."""
    shelf.add("crate", NEIGHBOUR, files={"api.py": API})
    with database.write(SYSTEM) as session:
        session.add(Installation(id=1, generation=1, theme="harbor"))
    made = Town(database, shelf, Generations(database, secret_key=SECRET))
    made.enable("crate", tables=True)
    return made
