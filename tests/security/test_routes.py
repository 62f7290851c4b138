"""What holds for every route, generated from the route map: plugins' routes included."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, select, text

from backstay.db.base import Scope
from backstay.db.context import operator_context
from backstay.testing.routes import routes
from backstay.testing.web import Browser, make_user
from backstay.web.security import safe_next

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Resource

SYSTEM = operator_context("system:test")
NOT_BUSINESS = {"core_audit", "core_session", "core_sign_in_attempt", "core_node", "core_lease"}
SERVER_ERROR = 500


def assert_secure(response: TestResponse, place: str) -> None:
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'nonce-",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
    ):
        assert part in policy, place
    assert "unsafe" not in policy, place
    assert headers["X-Content-Type-Options"] == "nosniff", place
    assert headers["Referrer-Policy"] == "same-origin", place
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", place
    assert "Permissions-Policy" in headers, place
    assert headers["Cache-Control"] in {
        "no-store",
        "no-cache",
        "public, max-age=31536000, immutable",
    }, place
    assert headers["Content-Type"].partition(";")[0] in {
        "text/html",
        "text/css",
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/javascript",
        "image/svg+xml",
        "application/json",
        "text/plain",
    }, place
    for cookie in headers.getlist("Set-Cookie"):
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert cookie.startswith("__Host-backstay="), place
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags, place


def test_every_response_carries_the_security_headers(web_app: Flask, boss: Browser) -> None:
    nonces = set()
    for browser in (Browser(web_app), boss):
        for route in routes(web_app):
            if route.method != "GET":
                continue
            for headers in ({}, {"HX-Request": "true"}):
                response = browser.get(route.path(), headers=headers)
                assert response.status_code < SERVER_ERROR, (route.path(), response.text[-800:])
                assert_secure(response, route.path())
                nonces.add(response.headers["Content-Security-Policy"].split("'")[3])
    assert len(nonces) > 1
    for path in ("/no/such/page", "/static/0/none", "/me", "/me/sessions/7/end"):
        for method in ("get", "post", "delete", "options"):
            assert_secure(getattr(boss.client, method)(path), f"{method} {path}")


def test_strict_transport_security_is_sent_on_https_only(web_app: Flask) -> None:
    browser = Browser(web_app)
    assert "Strict-Transport-Security" not in browser.get("/sign-in").headers
    secure = browser.get("/sign-in", base_url="https://books.example")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=")


def test_forwarded_headers_are_believed_of_a_configured_proxy_only(
    web_app: Flask,
) -> None:
    spoofed = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    response = Browser(web_app).get("/sign-in", headers=spoofed)
    assert "Strict-Transport-Security" not in response.headers


def test_a_post_without_the_token_is_refused_everywhere(web_app: Flask, boss: Browser) -> None:
    tried = 0
    for browser in (Browser(web_app), boss):
        for route in routes(web_app):
            if route.method == "GET":
                continue
            for form in ({}, {"csrf_token": "forged"}):
                response = browser.client.open(route.path(), method=route.method, data=form)
                assert response.status_code == 400, (route.method, route.path())
            tried += 1
    assert tried > 10


def test_somebody_who_is_not_signed_in_reaches_public_pages_only(web_app: Flask) -> None:
    browser = Browser(web_app)
    for route in routes(web_app):
        if route.permission is None:
            continue
        browser.get("/sign-in")
        if route.method == "GET":
            response = browser.get(route.path())
        else:
            response = browser.post(route.path())
        if response.status_code == 405:
            continue
        assert response.status_code == 303, route.path()
        assert response.location.startswith("/sign-in"), route.path()


def test_somebody_without_a_role_reaches_nothing_but_their_own_pages(
    web_app: Flask, database: Database
) -> None:
    make_user(database, "nobody")
    browser = Browser.for_user(web_app, database, "nobody")
    for route in routes(web_app):
        if route.permission is None or route.permission.name == "core.signed_in":
            continue
        response = (
            browser.get(route.path()) if route.method == "GET" else browser.post(route.path())
        )
        assert response.status_code == (404 if route.in_company else 403), route.path()


def test_another_company_is_nowhere_to_be_seen(
    web_app: Flask, database: Database, suite: Suite, alpha: CompanyRef
) -> None:
    make_user(database, "clerk", list(suite.permissions), alpha)
    browser = Browser.for_user(web_app, database, "clerk")
    for route in routes(web_app):
        if not route.in_company or not route.rule.startswith("/c/<company>"):
            continue
        for code in ("BETA", "NOWHERE"):
            path = route.path({"company": code})
            response = browser.get(path) if route.method == "GET" else browser.post(path)
            assert response.status_code == 404, path
            assert "Beta" not in response.text, path


def _ids(database: Database, suite: Suite, resource: Resource, company: CompanyRef) -> list[int]:
    """Records that the resource shows: its own conditions hide the others from everybody."""
    key = inspect(resource.model).attrs["id"].class_attribute
    with database.read(operator_context("system:test", company=company), suite) as session:
        shown = resource.criteria(session) if resource.criteria else ()
        return list(session.scalars(select(key).where(*shown).order_by(key).limit(3)))


def test_ids_of_another_company_are_404_on_every_route(
    web_app: Flask,
    database: Database,
    suite: Suite,
    boss: Browser,
    filled: CompanyRef,
) -> None:
    tried = 0
    by_endpoint = {f"{name}.": one for name, one in suite.resources.items()}
    for route in routes(web_app):
        resource = next(
            (one for start, one in by_endpoint.items() if route.endpoint.startswith(start)), None
        )
        if resource is None or "id" not in route.arguments or not route.in_company:
            continue
        if resource.model.__scope__ is not Scope.COMPANY:
            continue
        for foreign in _ids(database, suite, resource, filled):
            path = route.path({"company": "ALPHA", "id": str(foreign)})
            response = boss.get(path) if route.method == "GET" else boss.post(path)
            assert response.status_code == 404, path
            tried += 1
            # What lies below a record (a file, a page of it) needs an id of its own.
            if route.method == "GET" and route.arguments <= {"company", "id"}:
                own = boss.get(route.path({"company": filled.code, "id": str(foreign)}))
                assert own.status_code in {200, 303, 409}, route.rule
    if any(part.demo for part in suite.parts):
        assert tried > 10


def digest(database: Database) -> str:
    found = hashlib.sha256()
    with database.engine.connect() as connection:
        for table in sorted(set(inspect(connection).get_table_names()) - NOT_BUSINESS):
            rows = sorted(map(repr, connection.execute(text(f'SELECT * FROM "{table}"'))))  # noqa: S608
            found.update(f"{table} {rows}\n".encode())
        connection.rollback()
    return found.hexdigest()


def test_reading_changes_no_business_table(
    web_app: Flask, database: Database, suite: Suite, boss: Browser, filled: CompanyRef
) -> None:
    before = digest(database)
    for route in routes(web_app):
        if route.method == "GET":
            boss.get(route.path())
            boss.client.head(route.path())
    assert digest(database) == before


def test_strange_parameters_are_no_server_error(web_app: Flask, boss: Browser) -> None:
    strange = "q=%00&q='%22<>&sort=-nope&sort=id&after=x&before=%ff&page[]=1&as_of=31.02.2020&id=-1"
    for route in routes(web_app):
        if route.method == "GET":
            response = boss.get(f"{route.path()}?{strange}")
            assert response.status_code < SERVER_ERROR, (route.path(), response.text[-800:])


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%0d%0aLocation:x\r\n",
    "https://evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/.//evil.example",
    "/a/..//evil.example",
    "/x/../\\evil.example",
    "evil.example",
    " /me/",
    "/\x00",
    "/" + "a" * 3000,
    "",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_redirect_leads_elsewhere(target: str) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize("target", ["/", "/me/", "/c/ALPHA/x?as_of=2026-01-01&q=a%20b#top"])
def test_paths_of_our_own_are_kept(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize("target", ELSEWHERE[:6])
def test_the_look_leads_back_to_our_own_pages_only(boss: Browser, target: str) -> None:
    response = boss.post("/me/appearance", {"theme": "dark", "next": target})
    assert (response.status_code, response.location) == (303, "/")
