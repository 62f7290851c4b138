"""One request is one transaction: carried out once, or not at all, by those who may."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from backstay.access.models import IdempotencyRecord, SignIn, User
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.companies.models import Company, CompanyState
from backstay.db.context import CompanyRef, operator_context
from backstay.db.database import Database
from backstay.errors import ConfigurationError
from backstay.kernel.suite import Part, Suite
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import PluginRefused, build
from backstay.web.blueprint import PluginBlueprint, requires
from backstay.web.request import Settings
from backstay.web.transaction import _digest

SYSTEM = operator_context("system:test")


@pytest.fixture
def probe_app(suite: Suite, database: Database, probe: ModuleType) -> Any:
    return build(probe.with_probe(suite), database, secret_key=SECRET)


@pytest.fixture
def clerk(probe_app: Flask, database: Database, alpha: CompanyRef, probe: ModuleType) -> Browser:
    make_user(database, "clerk", [probe.READ, probe.WRITE], alpha)
    return Browser.for_user(probe_app, database, "clerk")


@pytest.fixture
def reader(probe_app: Flask, database: Database, alpha: CompanyRef, probe: ModuleType) -> Any:
    make_user(database, "reader", [probe.READ], alpha)
    return Browser.for_user(probe_app, database, "reader")


def logins(database: Database) -> Any:
    with database.read(SYSTEM) as session:
        return set(session.scalars(select(User.login)))


def denials(database: Database) -> Any:
    with database.read(SYSTEM) as session:
        return session.execute(
            select(AuditEvent.actor, AuditEvent.entity_id, AuditEvent.label, AuditEvent.company_id)
            .where(AuditEvent.action == "deny")
            .order_by(AuditEvent.id)
        ).all()


def test_a_form_that_is_sent_twice_is_carried_out_once(clerk: Browser, database: Database) -> None:
    first = clerk.post("/c/ALPHA/probe/add", {"login": "one"}, idem="a" * 24)
    second = clerk.post("/c/ALPHA/probe/add", {"login": "one"}, idem="a" * 24)
    assert [first.status_code, second.status_code] == [303, 303]
    assert first.location == second.location == "/c/ALPHA/probe/"
    assert logins(database) >= {"one"}


def test_static_files_are_kept_for_ever_whoever_is_signed_in(reader: Browser) -> None:
    page = reader.get("/c/ALPHA/").text
    href = re.search(r'href="(/static/[^"]+/theme\.css)"', page)
    assert href
    for address, kept in (
        (href[1], "public, max-age=31536000, immutable"),
        ("/static/0/theme.css", "no-cache"),
    ):
        response = reader.client.get(address, headers={"Accept-Encoding": "gzip"})
        assert response.headers["Cache-Control"] == kept
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.headers["Content-Encoding"] == "gzip"
        assert "Set-Cookie" not in response.headers
    assert reader.client.get("/static/0/../../app.py").status_code == 404
    missing = reader.client.get("/static/0/none.css")
    assert (missing.status_code, missing.mimetype) == (404, "text/html")


@pytest.mark.parametrize("place", ["add", "outside"])
def test_a_form_without_a_token_is_refused(place: str, clerk: Browser, database: Database) -> None:
    answer = clerk.post(f"/c/ALPHA/probe/{place}", {"login": "one"}, idem="")
    assert answer.status_code == 400
    assert "Open the page again; nothing was saved." in answer.text
    assert "one" not in logins(database)


def test_a_form_that_needs_no_token_is_carried_out(clerk: Browser) -> None:
    assert clerk.post("/me/appearance", {"theme": "dark"}, idem="").status_code == 303
    assert clerk.post("/sign-out", idem="").status_code == 303


def test_a_busy_database_is_not_asked_for_ever(
    clerk: Browser, database: Database, probe: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstay.web.transaction._PATIENCE", -1.0)
    busy = OperationalError("insert", {}, OSError("database is locked"))
    probe.failures.extend([busy])
    assert clerk.post("/c/ALPHA/probe/add", {"login": "one"}).status_code == 503
    assert "one" not in logins(database)


def test_another_form_under_the_same_token_is_refused(clerk: Browser, database: Database) -> None:
    clerk.post("/c/ALPHA/probe/add", {"login": "one"}, idem="a" * 24)
    answer = clerk.post("/c/ALPHA/probe/add", {"login": "two"}, idem="a" * 24)
    assert answer.status_code == 409
    assert "two" not in logins(database)


def test_a_refused_form_changes_nothing_and_can_be_sent_again(
    clerk: Browser, database: Database
) -> None:
    refused = clerk.post("/c/ALPHA/probe/add", {"login": "one", "refuse": "1"}, idem="a" * 24)
    assert refused.status_code == 422
    assert "one" not in logins(database)
    assert clerk.post("/c/ALPHA/probe/add", {"login": "one"}, idem="a" * 24).status_code == 303
    assert "one" in logins(database)


def test_a_double_click_on_two_threads_does_it_once(
    probe_app: Flask, clerk: Browser, database: Database
) -> None:
    twin = Browser.for_user(probe_app, database, "clerk")
    answers = []

    def click(browser: Browser) -> Any:
        answers.append(browser.post("/c/ALPHA/probe/add", {"login": "one"}, idem="b" * 24))

    threads = [threading.Thread(target=click, args=(b,)) for b in (clerk, twin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [303, 303]
    assert "one" in logins(database)


def test_an_exception_leaves_nothing_behind(
    clerk: Browser, database: Database, probe: ModuleType
) -> None:
    probe.failures.append(ZeroDivisionError("inner detail"))
    answer = clerk.post("/c/ALPHA/probe/add", {"login": "one"})
    assert answer.status_code == 500
    assert "inner detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "one" not in logins(database)


def test_a_serialization_failure_is_tried_again(
    clerk: Browser, database: Database, probe: ModuleType
) -> None:
    class Busy(Exception):
        sqlstate = "40001"

        def __str__(self: Any) -> Any:
            return "database is locked"

    probe.failures.append(OperationalError("update", {}, Busy()))
    assert clerk.post("/c/ALPHA/probe/add", {"login": "one"}).status_code == 303
    assert "one" in logins(database)
    probe.failures.extend(OperationalError("update", {}, Busy()) for _ in range(9))
    answer = clerk.post("/c/ALPHA/probe/add", {"login": "two"})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "two" not in logins(database)
    probe.failures.clear()


def test_work_outside_a_transaction_is_done_once_too(clerk: Browser, probe: ModuleType) -> None:
    data = {"login": "one"}
    assert clerk.post("/c/ALPHA/probe/outside", data, idem="c" * 24).location == "/done/one"
    probe.inside.clear()
    assert clerk.post("/c/ALPHA/probe/outside", data, idem="c" * 24).location == "/done/one"
    assert not probe.inside.is_set()
    probe.failures.append(ZeroDivisionError())
    assert clerk.post("/c/ALPHA/probe/outside", data, idem="d" * 24).status_code == 500
    assert clerk.post("/c/ALPHA/probe/outside", data, idem="d" * 24).status_code == 303


def test_work_whose_process_died_can_be_sent_again_after_a_while(
    clerk: Browser, probe: ModuleType, database: Database
) -> None:
    data = {"login": "one"}
    token = "e" * 24
    clerk.post("/c/ALPHA/probe/outside", data, idem=token)
    for age, status, done_again in ((5, 409, False), (15, 303, True)):
        with database.engine.begin() as connection:
            connection.execute(
                update(IdempotencyRecord)
                .where(IdempotencyRecord.token == token)
                .values(status=0, at=now() - timedelta(minutes=age)),
                execution_options={"scope_checked": True},
            )
        probe.inside.clear()
        assert clerk.post("/c/ALPHA/probe/outside", data, idem=token).status_code == status
        assert probe.inside.is_set() is done_again


def test_htmx_is_sent_on_with_a_header_of_its_own(clerk: Browser) -> None:
    answer = clerk.post("/c/ALPHA/probe/add", {"login": "one"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/c/ALPHA/probe/")


def test_a_page_that_is_read_cannot_write(clerk: Browser, database: Database) -> None:
    assert clerk.get("/c/ALPHA/probe/write").status_code == 500
    assert "g" not in logins(database)


def test_without_the_permission_it_is_403_and_recorded_once(
    reader: Browser, database: Database, alpha: CompanyRef, probe: ModuleType
) -> None:
    answer = reader.post("/c/ALPHA/probe/add", {"login": "one"})
    assert answer.status_code == 403
    assert "write probes" in answer.text
    assert denials(database) == [("reader", probe.WRITE.name, "POST /c/ALPHA/probe/add", alpha.id)]


def test_a_refusal_by_a_service_is_recorded_too(reader: Browser, database: Database) -> None:
    assert reader.get("/c/ALPHA/probe/error/forbidden").status_code == 403
    assert [d.label for d in denials(database)] == ["GET /c/ALPHA/probe/error/forbidden"]


@pytest.mark.parametrize("code", ["BETA", "NOWHERE", "alpha"])
def test_another_company_is_404_and_recorded(
    reader: Browser, database: Database, code: Any
) -> None:
    assert reader.get(f"/c/{code}/probe/").status_code == 404
    assert [d.actor for d in denials(database)] == ["reader"]


def test_a_grant_for_all_companies_opens_each(
    probe_app: Flask, database: Database, probe: ModuleType
) -> None:
    make_user(database, "boss", [probe.READ])
    boss = Browser.for_user(probe_app, database, "boss")
    assert boss.get("/c/ALPHA/probe/").status_code == 200
    assert boss.get("/c/BETA/probe/").status_code == 200


def test_an_archived_company_can_be_read_but_not_written(
    clerk: Browser, database: Database, alpha: CompanyRef
) -> None:
    with database.write(SYSTEM) as session:
        session.get_one(Company, alpha.id).state = CompanyState.ARCHIVED
    assert clerk.get("/c/ALPHA/probe/").status_code == 200
    answer = clerk.post("/c/ALPHA/probe/add", {"login": "one"})
    assert answer.status_code == 403
    assert "archived" in answer.text


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("invalid", 422, "Too much &lt;b&gt;."),
        ("conflict", 409, "It is posted."),
        ("unavailable", 503, "Busy."),
        ("bug", 500, "mistake in the program"),
        ("gone", 503, "does not answer"),
    ],
)
def test_errors_are_pages_for_people(reader: Browser, kind: Any, status: Any, text: Any) -> None:
    answer = reader.get(f"/c/ALPHA/probe/error/{kind}")
    assert answer.status_code == status
    assert text in answer.text
    assert "secret inner detail" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert 'aria-label="Work areas"' in answer.text


def test_htmx_gets_an_error_that_fits_into_the_open_page(reader: Browser) -> None:
    answer = reader.get("/c/ALPHA/probe/error/conflict", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#main"
    assert "It is posted." in answer.text
    assert "<html" not in answer.text
    assert "<script" not in answer.text


def test_the_sidebar_shows_what_may_be_opened(
    reader: Browser, probe_app: Flask, database: Database, beta: CompanyRef
) -> None:
    page = reader.get("/c/ALPHA/probe/").status_code
    home = reader.get("/c/ALPHA/").text
    assert page == 200
    assert '<a href="/c/ALPHA/probe/"' in home
    make_user(database, "other", ["core.signed_in"], beta)
    other = Browser.for_user(probe_app, database, "other")
    assert "/probe/" not in other.get("/c/BETA/").text


def test_the_start_page_opens_the_company_last_worked_in(
    probe_app: Flask, database: Database, probe: ModuleType
) -> None:
    make_user(database, "boss", [probe.READ])
    boss = Browser.for_user(probe_app, database, "boss")
    boss.get("/c/BETA/probe/")
    assert boss.get("/").location == "/c/BETA/"


@pytest.mark.parametrize("path", ["/c/ALPHA/probe/", "/c/ALPHA/"])
def test_a_page_takes_one_connection_at_a_time(
    reader: Browser, database: Database, path: str
) -> None:
    """Also the first in a company, which notes that the session works in it."""
    taken: set[int] = set()
    most = []

    def take(connection: Any, *_more: Any) -> None:
        taken.add(id(connection))
        most.append(len(taken))

    def give(connection: Any, *_more: Any) -> None:
        taken.discard(id(connection))

    for engine in database.engines:
        event.listen(engine, "checkout", take)
        event.listen(engine, "checkin", give)
    assert reader.get(path).status_code == 200
    assert max(most) == 1
    with database.read(SYSTEM) as session:
        assert session.scalar(select(SignIn.company_code)) == "ALPHA"


def test_a_route_without_a_mark_stops_the_build(
    suite: Suite, database: Database, probe: ModuleType
) -> None:
    pages = PluginBlueprint("probe", __name__)

    @pages.get("/open")
    def open_to_all() -> Any:
        return "oops"

    with pytest.raises(ConfigurationError, match=r"probe/open.*neither"):
        build(
            probe.with_part(suite, Part("core", blueprints=(pages,))), database, secret_key=SECRET
        )


def test_a_route_with_an_undeclared_permission_stops_the_build(
    suite: Suite, database: Database, probe: ModuleType
) -> None:
    pages = PluginBlueprint("probe", __name__)

    @pages.get("/open")
    @requires(probe.READ)
    def undeclared() -> Any:
        return "oops"

    with pytest.raises(ConfigurationError, match=r"core\.probe\.read"):
        build(
            probe.with_part(suite, Part("core", blueprints=(pages,))), database, secret_key=SECRET
        )


def test_a_plugins_bad_route_names_the_plugin(
    suite: Suite, database: Database, probe: ModuleType
) -> None:
    if "ledger" not in suite.running:
        pytest.skip("no plugin is installed")
    pages = PluginBlueprint("ledger", __name__, name="ledger_bad")

    @pages.get("/bad")
    def bad() -> Any:
        return "oops"

    with pytest.raises(PluginRefused) as refused:
        build(
            probe.with_part(suite, Part("ledger", blueprints=(pages,))), database, secret_key=SECRET
        )
    assert refused.value.plugin == "ledger"


def test_a_blueprint_may_not_reach_for_the_application(probe: ModuleType) -> None:
    pages = probe.blueprint()
    for name in ("before_app_request", "app_errorhandler", "record", "record_once"):
        with pytest.raises(ConfigurationError):
            getattr(pages, name)(lambda *_args: None)


def test_other_host_names_are_refused_where_they_are_configured(
    suite: Suite, database: Database
) -> None:
    settings = Settings(hosts=("books.example",))
    app = build(suite, database, secret_key=SECRET, settings=settings)
    browser = Browser(app)
    assert browser.get("/sign-in", base_url="https://books.example").status_code == 200
    refused = browser.get("/sign-in", base_url="https://evil.example")
    assert refused.status_code == 400
    assert "Content-Security-Policy" in refused.headers


def test_a_configured_proxy_says_who_asks_and_how(suite: Suite, database: Database) -> None:
    app = build(suite, database, secret_key=SECRET, settings=Settings(proxies=1))
    browser = Browser(app)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    page = browser.get("/sign-in", headers=headers)
    assert "Strict-Transport-Security" in page.headers
    form = {"login": "nobody", "password": "nothing at all"}
    browser.post("/sign-in", form, headers={**headers, "Referer": "https://localhost/sign-in"})
    with database.read(SYSTEM) as session:
        query = select(AuditEvent.ip).where(AuditEvent.action == "sign_in")
        assert session.scalars(query).all() == ["192.0.2.7"]


def test_the_digest_of_a_form_tells_nothing_without_the_server_s_secret(probe_app: Flask) -> None:
    digests = set()
    for secret in ("one", "two"):
        probe_app.secret_key = secret
        with probe_app.test_request_context("/me/password", method="POST", data={"new": "guess"}):
            digests.add(_digest())
    assert len(digests) == 2
