"""The application over a fresh database, and pages that do what pages may do wrong."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from backstay.access.models import User
from backstay.access.permissions import Permission, Risk
from backstay.clock import now
from backstay.errors import Conflict, Forbidden, Invalid, Unavailable
from backstay.kernel.suite import Part, Suite
from backstay.navigation.declare import Area, Page
from backstay.testing.web import web_app
from backstay.web.blueprint import PluginBlueprint, requires
from backstay.web.render import redirect_to
from backstay.web.request import context, session
from backstay.web.transaction import outside_transaction

__all__ = ["web_app"]
READ = Permission("core.probe.read", "read probes", Risk.READ)
WRITE = Permission("core.probe.write", "write probes")
failures: list[Exception] = []
inside = threading.Event()


def blueprint() -> PluginBlueprint:
    pages = PluginBlueprint("probe", __name__)

    @pages.get("/")
    @requires(READ)
    def count() -> Any:
        return str(session().scalar(select(func.count()).select_from(User)))

    @pages.post("/add")
    @requires(WRITE)
    def add() -> Any:
        from flask import request

        login = request.form.get("login", "x")
        session().add(User(login=login, name=login, password_hash="-", created_at=now()))
        session().flush()
        if failures:
            raise failures.pop()
        if request.form.get("refuse"):
            return "refused", 422
        return redirect_to(f"/c/{context().company.code}/probe/")

    @pages.post("/outside")
    @requires(WRITE)
    @outside_transaction
    def outside() -> Any:
        from flask import request

        inside.set()
        if failures:
            raise failures.pop()
        return redirect_to("/done/" + request.form.get("login", ""))

    @pages.get("/write")
    @requires(READ)
    def write_on_get() -> Any:
        session().add(User(login="g", name="g", password_hash="-", created_at=now()))
        session().flush()
        return "written"

    @pages.get("/error/<kind>")
    @requires(READ)
    def error(kind: str) -> Any:
        raise {
            "invalid": Invalid("Too much <b>.", field="amount"),
            "conflict": Conflict("It is posted."),
            "forbidden": Forbidden("Not you."),
            "unavailable": Unavailable("Busy."),
            "bug": ZeroDivisionError("secret inner detail"),
            "gone": OperationalError("select", {}, OSError("connection refused")),
        }[kind]

    return pages


def with_probe(suite: Suite) -> Suite:
    part = Part(
        plugin="core",
        permissions=(READ, WRITE),
        blueprints=(blueprint(),),
        pages=(Page(Area.MONEY, "Probes", "probe.count", "scale", READ),),
    )
    return with_part(suite, part)


def with_part(suite: Suite, part: Part) -> Suite:
    return replace(
        suite,
        parts=(*suite.parts, part),
        permissions={},
        resources={},
        jobs={},
        imports={},
        services={},
    )


@pytest.fixture
def probe() -> Any:
    """This module: the pages, their permissions, and what they shall fail with."""
    failures.clear()
    inside.clear()
    return sys.modules[__name__]
