"""Every route, every role: what it answers is written down and reviewed when it changes.

Run with ``BACKSTAY_WRITE_GOLDEN=1`` to write ``route_matrix.golden`` anew; then read its diff.
Ids in the addresses belong to no record and forms are empty, so 404 and 422 mean “was let in”.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from backstay.testing.routes import routes
from backstay.testing.web import Browser, make_user

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.testing.routes import Route

GOLDEN: Final = Path(__file__).with_name("route_matrix.golden")
HEAD: Final = """\
# What each route answers to each role. Written by test_route_matrix.py; read every difference.
# 303 anonymous: sent to sign in. 403: lacks the permission. 404 and 422: let in (the id belongs to
# no record, the form is empty). 400: a malformed address. Roles of a company are held in ALPHA.
"""


@pytest.fixture
def people(
    web_app: Flask, database: Database, suite: Suite, alpha: CompanyRef
) -> dict[str, Browser | None]:
    """One signed-in browser for each role template; None is nobody at all."""
    permissions: dict[str, set[str]] = defaultdict(set)
    everywhere: set[str] = set()
    for part in suite.parts:
        for template in part.role_templates:
            permissions[template.code] |= {one.name for one in template.permissions}
            if template.global_only:
                everywhere.add(template.code)
    found: dict[str, Browser | None] = {"anonymous": None}
    for code in sorted(permissions):
        login = code.replace("_", "-")
        make_user(database, login, permissions[code], None if code in everywhere else alpha)
        found[code] = Browser.for_user(web_app, database, login)
    return found


def answer(app: Flask, database: Database, role: str, browser: Browser | None, route: Route) -> int:
    if browser is None:
        browser = Browser(app)
        browser.get("/sign-in")
    elif route.endpoint == "sign_in.sign_out":
        browser = Browser.for_user(app, database, role.replace("_", "-"))
    ask = browser.get if route.method == "GET" else browser.post
    return ask(route.path()).status_code


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_route_answers_every_role_as_reviewed(
    web_app: Flask, database: Database, people: dict[str, Browser | None]
) -> None:
    lines = [HEAD]
    for route in routes(web_app):
        held = route.permission.name if route.permission else "public"
        lines.append(f"{route.method} {route.rule} [{held}]\n")
        by_status: dict[int, list[str]] = defaultdict(list)
        for role, browser in people.items():
            by_status[answer(web_app, database, role, browser, route)].append(role)
        lines += [
            f"    {status} {' '.join(roles)}\n" for status, roles in sorted(by_status.items())
        ]
    written = "".join(lines)
    if os.environ.get("BACKSTAY_WRITE_GOLDEN"):
        GOLDEN.write_text(written, encoding="utf-8")
    assert written == GOLDEN.read_text(encoding="utf-8")
