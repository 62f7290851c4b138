"""Signing in: sessions, cookies, throttling, what is recorded."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from backstay.access import sessions, throttle
from backstay.access.models import SignIn, SignInAttempt, User, UserState
from backstay.access.passwords import hash_password
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.testing.web import PASSWORD, Browser, make_user

SYSTEM = operator_context("system:test")
HASH = hash_password(PASSWORD)


@pytest.fixture
def ada(database: Database) -> int:
    return make_user(database, "ada", password_hash=HASH)


@pytest.fixture
def browser(web_app: Flask) -> Browser:
    return Browser(web_app)


def sign_in(
    browser: Browser, login: str = "ada", password: str = PASSWORD, **values: str
) -> TestResponse:
    browser.get("/sign-in")
    return browser.post("/sign-in", {"login": login, "password": password, **values})


def events(database: Database, action: str = "sign_in") -> Any:
    with database.read(SYSTEM) as session:
        return session.execute(
            select(AuditEvent.outcome, AuditEvent.label, AuditEvent.actor, AuditEvent.after)
            .where(AuditEvent.action == action)
            .order_by(AuditEvent.id)
        ).all()


def test_the_right_password_opens_a_session_and_leads_on(
    browser: Browser, database: Database, ada: int
) -> None:
    answer = sign_in(browser, next="/me/sessions")
    assert (answer.status_code, answer.location) == (303, "/me/sessions")
    page = browser.get("/me/sessions")
    assert page.status_code == 200
    assert "this one" in page.text
    assert [(e.outcome, e.actor) for e in events(database)] == [("done", "ada")]


def test_capitals_and_spaces_around_the_login_do_not_matter(browser: Browser, ada: int) -> None:
    assert sign_in(browser, login=" Ada ").status_code == 303


def test_a_wrong_password_an_unknown_and_a_disabled_user_look_the_same(
    browser: Browser, database: Database, ada: int
) -> None:
    make_user(database, "gone", password_hash=HASH, state=UserState.DISABLED)
    pages = [
        sign_in(browser, login, password)
        for login, password in (("ada", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD))
    ]
    assert [page.status_code for page in pages] == [422, 422, 422]
    messages = {re.search(r'id="sign-in-problem">(.*?)</div>', p.text, re.DOTALL)[1] for p in pages}
    assert len(messages) == 1
    assert [e.outcome for e in events(database)] == ["failed"] * 3


def test_the_cookie_is_a_host_cookie_that_scripts_cannot_read(browser: Browser, ada: int) -> None:
    set_cookie = sign_in(browser).headers["Set-Cookie"]
    assert set_cookie.startswith("__Host-backstay=")
    flags = {flag.strip().lower() for flag in set_cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith(("domain", "max-age", "expires")) for flag in flags)


def test_signing_in_leaves_nothing_of_the_session_before(
    browser: Browser, database: Database, ada: int
) -> None:
    browser.get("/sign-in")
    with browser.client.session_transaction() as cookie:
        cookie["planted"] = "x"
        before = cookie["csrf_token"]
    sign_in(browser)
    with browser.client.session_transaction() as cookie:
        token = cookie["_user_id"]
        assert "planted" not in cookie
        assert cookie.get("csrf_token") != before
    assert len(token) >= 43
    sign_in(Browser(browser.app))
    with database.read(SYSTEM) as session:
        stored = session.scalars(select(SignIn.token_hash)).all()
    assert len(set(stored)) == 2
    assert token not in stored


def test_signing_out_ends_the_session_on_the_server_too(browser: Browser, ada: int) -> None:
    sign_in(browser)
    browser.get("/me/sessions")
    with browser.client.session_transaction() as cookie:
        kept = dict(cookie)
    assert browser.post("/sign-out").location == "/sign-in"
    with browser.client.session_transaction() as cookie:
        cookie.update(kept)
    assert browser.get("/me/sessions").status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": now()},
        {"seen_at": now() - sessions.IDLE - timedelta(minutes=1)},
        {"created_at": now() - sessions.LONGEST - timedelta(minutes=1)},
    ],
    ids=["revoked", "idle", "too old"],
)
def test_a_session_that_ended_opens_nothing(
    web_app: Flask, database: Database, ada: int, change: Any
) -> None:
    browser = Browser.for_user(web_app, database, "ada")
    assert browser.get("/me/sessions").status_code == 200
    with database.write(SYSTEM) as session:
        session.execute(update(SignIn).values(**change))
    assert browser.get("/me/sessions").location == "/sign-in?next=/me/sessions"


def test_disabling_a_user_ends_their_sessions_at_the_next_request(
    web_app: Flask, database: Database, ada: int
) -> None:
    browser = Browser.for_user(web_app, database, "ada")
    with database.write(SYSTEM) as session:
        session.get_one(User, ada).state = UserState.DISABLED
    assert browser.get("/me/sessions").status_code == 303


def test_too_many_failures_for_an_account_are_refused_even_with_the_right_password(
    browser: Browser, database: Database, ada: int
) -> None:
    with database.write(SYSTEM) as session:
        session.add_all(
            SignInAttempt(login="ada", source=f"10.0.0.{n}", at=now())
            for n in range(throttle.PER_ACCOUNT)
        )
    answer = sign_in(browser)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= throttle.WINDOW.total_seconds() + 1
    assert [e.outcome for e in events(database)] == ["denied"]
    with database.write(SYSTEM) as session:
        session.execute(
            update(SignInAttempt).values(at=now() - throttle.WINDOW - timedelta(seconds=1))
        )
    assert sign_in(browser).status_code == 303


def test_too_many_failures_from_one_address_are_refused_for_every_account(
    browser: Browser, database: Database, ada: int
) -> None:
    with database.write(SYSTEM) as session:
        session.add_all(
            SignInAttempt(login=f"x{n}", source="127.0.0.1", at=now())
            for n in range(throttle.PER_SOURCE)
        )
    assert sign_in(browser).status_code == 429


def test_a_refused_attempt_does_not_prolong_the_wait(
    browser: Browser, database: Database, ada: int
) -> None:
    with database.write(SYSTEM) as session:
        session.add_all(
            SignInAttempt(login="ada", source="10.0.0.1", at=now())
            for _ in range(throttle.PER_ACCOUNT)
        )
    for _ in range(3):
        sign_in(browser)
    with database.read(SYSTEM) as session:
        assert len(session.scalars(select(SignInAttempt.id)).all()) == throttle.PER_ACCOUNT


def test_addresses_of_one_ipv6_network_count_together() -> None:
    assert throttle.source_of("2001:db8::1") == throttle.source_of("2001:db8::ffff") != ""
    assert throttle.source_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert throttle.source_of("no address") == "no address"


def test_a_one_time_password_must_be_changed_before_anything_else(
    browser: Browser, database: Database
) -> None:
    make_user(database, "new", password_hash=HASH, must_change_password=True)
    assert sign_in(browser, "new", next="/me/sessions").location == "/me/password"
    assert browser.get("/me/sessions").location == "/me/password"
    browser.get("/me/password")
    answer = browser.post(
        "/me/password",
        {"current": PASSWORD, "new": "seven quiet rivers", "again": "seven quiet rivers"},
    )
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get("/me/sessions").status_code == 200
    assert sign_in(Browser(browser.app), "new", "seven quiet rivers").status_code == 303


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"current": "wrong", "new": "seven quiet rivers"}, "current"),
        ({"new": "short"}, "new"),
        ({"new": "password1234"}, "new"),
        ({"new": "ada-backstay-ada"}, "new"),
        ({"new": PASSWORD}, "new"),
        ({"new": "seven quiet rivers", "again": "seven quiet river"}, "again"),
        ({"new": "x" * 201}, "new"),
    ],
)
def test_a_bad_new_password_is_refused_at_its_field(
    web_app: Flask, database: Database, ada: int, values: Any, field: Any
) -> None:
    browser = Browser.for_user(web_app, database, "ada")
    form = {"current": PASSWORD, "again": values.get("new"), **values}
    answer = browser.post("/me/password", form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    with database.read(SYSTEM) as session:
        assert session.get_one(User, ada).password_hash == HASH


def test_changing_the_password_signs_the_other_browsers_out(
    web_app: Flask, database: Database, ada: int
) -> None:
    here = Browser.for_user(web_app, database, "ada")
    there = Browser.for_user(web_app, database, "ada")
    form = {"current": PASSWORD, "new": "seven quiet rivers", "again": "seven quiet rivers"}
    assert here.post("/me/password", form).location == "/me/"
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 303


def test_another_users_session_cannot_be_ended(
    web_app: Flask, database: Database, ada: int
) -> None:
    make_user(database, "bob")
    Browser.for_user(web_app, database, "ada")
    bob = Browser.for_user(web_app, database, "bob")
    with database.read(SYSTEM) as session:
        of_ada = session.scalars(select(SignIn.id).where(SignIn.user_id == ada)).one()
    assert bob.post(f"/me/sessions/{of_ada}/end").status_code == 404
    assert bob.post("/me/sessions/end-others").status_code == 303
    with database.read(SYSTEM) as session:
        assert session.get_one(SignIn, of_ada).revoked_at is None


def test_plain_http_beyond_this_machine_is_explained(browser: Browser) -> None:
    def page(base: Any) -> Any:
        return browser.get("/sign-in", base_url=base).text

    assert "encryption" not in page("http://localhost")
    assert "encryption" not in page("http://127.0.0.1:8000")
    assert "encryption" in page("http://books.example")
    assert "encryption" not in page("https://books.example")
