"""The application with a user who may do everything, over companies that hold demo records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.testing.fixtures import company_ref
from backstay.testing.web import Browser, make_user, web_app

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]


@pytest.fixture
def boss(web_app: Flask, database: Database, suite: Suite) -> Browser:
    """A browser of somebody who holds every permission for all companies."""
    make_user(database, "boss", list(suite.permissions))
    return Browser.for_user(web_app, database, "boss")


@pytest.fixture
def filled(database: Database, suite: Suite, alpha: CompanyRef) -> CompanyRef:
    """ALPHA and a second company GAMMA, each with the demo records of all plugins."""
    with database.write(operator_context("system:test"), suite) as session:
        session.add(Company(code="GAMMA", name="Gamma SA", currency="EUR", minor_units=2))
    gamma = company_ref(database, suite, "GAMMA")
    for ref in (alpha, gamma):
        with database.write(operator_context("system:test", company=ref), suite) as session:
            company = session.scalars(select(Company).where(Company.id == ref.id)).one()
            for part in suite.parts:
                for choice in part.company_setup:
                    choice.apply(session, company, choice.default)
                    session.flush()
            for part in suite.parts:
                for demo in part.demo:
                    demo.fill(session, company)
                    session.flush()
    return gamma
