"""Calendars to test with: a company with one of Bavaria, made before the tests look at it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from backstay.contracts.calendars import Calendars
from backstay.db.context import operator_context
from backstay.kernel.suite import require
from backstay.testing.web import web_app
from backstay_calendars.services.calendars import CreateCalendar, add_calendar
from backstay_calendars.services.loading import load_calendar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.contracts.calendars import WorkCalendar
    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay_calendars.models import Calendar
    from backstay_calendars.reckoning import LoadedCalendar

__all__ = ["web_app"]


@dataclass
class Office:
    """One company's calendars, for arranging and for looking."""

    database: Database
    suite: Suite
    company: CompanyRef

    @property
    def context(self) -> Context:
        return operator_context("cli:test", company=self.company)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self.database.write(self.context, self.suite) as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.database.read(self.context, self.suite) as session:
            yield session

    def add(self, code: str, **values: Any) -> Calendar:
        command = {"name": code.title(), "time_zone": "Europe/Berlin", **values}
        with self.write() as session:
            return add_calendar(session, CreateCalendar(code=code, **command))

    def load(self, code: str = "", **values: Any) -> LoadedCalendar:
        with self.read() as session:
            return load_calendar(session, code, **values)

    def ask(self, code: str = "") -> WorkCalendar:
        """Load as another plugin does: through the contract."""
        with self.read() as session:
            return require(session, Calendars).load(session, code)


@pytest.fixture
def office(database: Database, suite: Suite, alpha: CompanyRef) -> Office:
    """ALPHA, without any calendar."""
    return Office(database, suite, alpha)


@pytest.fixture
def other_office(database: Database, suite: Suite, beta: CompanyRef) -> Office:
    """BETA, in the same database."""
    return Office(database, suite, beta)


@pytest.fixture
def munich(office: Office) -> LoadedCalendar:
    """The default calendar of ALPHA: Bavaria, nine to five."""
    office.add("MUNICH", country="DE", region="BY")
    return office.load()
