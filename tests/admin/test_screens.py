"""The administration in the browser, as an administrator meets it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import (
    AUDIT_VIEW,
    CONTACT_VIEW,
    PERMISSIONS,
    USER_VIEW,
)
from backstay.access.models import Grant, Role, SignIn, User, UserState
from backstay.access.passwords import verify_password
from backstay.audit.models import AuditEvent
from backstay.clock import today
from backstay.companies.models import Company
from backstay.home import Home
from backstay.kernel import pages, plans
from backstay.kernel.models import PluginRow
from backstay.kernel.states import LEADS_TO, Step
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import build

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

    from .conftest import Office

SCREENS = (
    "/admin/users",
    "/admin/users/new",
    "/admin/users.csv",
    "/admin/roles",
    "/admin/roles/new",
    "/admin/grants",
    "/admin/sessions",
    "/admin/companies",
    "/admin/companies/new",
    "/admin/companies/pick?q=al",
    "/admin/modules",
    "/admin/modules/ledger",
    "/admin/modules/ledger/disable",
    "/admin/modules/ledger/enable",
    "/admin/modules/ledger/upgrade",
    "/admin/modules/ledger/retire",
    "/admin/modules/ledger/purge",
    "/admin/audit",
    "/admin/audit.csv",
    "/c/ALPHA/core/audit",
)


@pytest.mark.parametrize("path", SCREENS)
def test_every_screen_opens_for_the_administrator(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", SCREENS)
def test_no_screen_opens_for_somebody_without_the_permission(
    web_app: Flask, office: Office, alpha: CompanyRef, path: str
) -> None:
    office.user("nobody", must_change_password=False)
    stranger = Browser.for_user(web_app, office.database, "nobody")
    assert stranger.get(path).status_code in {403, 404}


def test_administration_does_not_open_with_a_role_in_one_company(
    web_app: Flask, office: Office, alpha: CompanyRef
) -> None:
    make_user(office.database, "local", PERMISSIONS, alpha)
    local = Browser.for_user(web_app, office.database, "local")
    assert local.get("/admin/users").status_code == 403
    assert local.get("/admin/audit").status_code == 403
    assert local.get("/c/ALPHA/core/audit").status_code == 200
    assert local.get("/c/BETA/core/audit").status_code == 404


def test_a_new_user_s_password_is_shown_once(browser: Browser, office: Office) -> None:
    browser.get("/admin/users/new")
    form = {"login": "clerk", "name": "Clerk", "time_zone": "UTC", "password": "mine instead"}
    response = browser.post("/admin/users/new", form)
    assert response.status_code == 200
    password = re.search(r"<code>([a-z0-9]+(?:-[a-z0-9]+){3})</code>", response.text)
    assert password is not None
    with office.read() as session:
        user = session.scalars(select(User).where(User.login == "clerk")).one()
        assert user.must_change_password
        assert verify_password(user.password_hash, password[1])
    assert password[1] not in browser.get(f"/admin/users/{user.id}").text


def test_a_refused_user_form_says_what_is_wrong_at_the_field(
    browser: Browser, office: Office
) -> None:
    browser.get("/admin/users/new")
    response = browser.post(
        "/admin/users/new",
        {"login": "auditing", "name": "A", "time_zone": "UTC", "roles": "auditor"},
    )
    assert response.status_code == 422
    assert 'id="valid_to-error"' in response.text
    with office.read() as session:
        assert not session.scalars(select(User).where(User.login == "auditing")).all()


def test_a_role_is_given_and_taken_on_the_user_s_page(
    browser: Browser, office: Office, alpha: CompanyRef
) -> None:
    user_id = office.user("clerk")
    path = f"/admin/users/{user_id}"
    browser.get(f"{path}/do/give_role")
    until = (today() + timedelta(days=9)).isoformat()
    given = browser.post(
        f"{path}/do/give_role",
        {"role": "auditor", "company_id": str(alpha.id), "valid_to": until},
    )
    assert (given.status_code, given.headers["Location"]) == (303, path)
    shown = browser.get(path).text
    assert "Auditor" in shown
    assert "Alpha Ltd" in shown
    with office.read() as session:
        grant_id = session.scalars(select(Grant.id).where(Grant.user_id == user_id)).one()
    assert f"/admin/grants/{grant_id}/do/revoke" in shown
    browser.get(f"/admin/grants/{grant_id}/do/revoke")
    taken = browser.post(f"/admin/grants/{grant_id}/do/revoke", {"reason": "moved on"})
    assert (taken.status_code, taken.headers["Location"]) == (303, path)
    shown = browser.get(path).text
    assert "No roles yet" in shown
    assert "moved on" in shown


def test_disabling_signs_the_user_out_of_an_open_browser(
    browser: Browser, office: Office, web_app: Flask
) -> None:
    user_id = make_user(office.database, "leaver", (USER_VIEW,))
    theirs = Browser.for_user(web_app, office.database, "leaver")
    assert theirs.get("/admin/users").status_code == 200
    browser.get(f"/admin/users/{user_id}/do/disable")
    done = browser.post(f"/admin/users/{user_id}/do/disable", {"reason": "left"})
    assert done.status_code == 303
    assert theirs.get("/admin/users").status_code in {302, 303}
    assert browser.post(f"/admin/users/{user_id}/do/disable").status_code == 409
    with office.read() as session:
        assert session.get_one(User, user_id).state is UserState.DISABLED


def test_one_s_own_account_offers_no_disabling_and_says_why(
    browser: Browser, office: Office
) -> None:
    shown = browser.get(f"/admin/users/{office.admin_id}").text
    assert "You can&#39;t disable your own account." in shown
    refused = browser.post(f"/admin/users/{office.admin_id}/do/disable", {"reason": ""})
    assert refused.status_code == 403


def test_addresses_are_masked_without_the_permission_for_contact_data(
    web_app: Flask, office: Office
) -> None:
    office.user("mail", email="secret@example.org", must_change_password=False)
    make_user(office.database, "looker", (USER_VIEW, AUDIT_VIEW))
    make_user(office.database, "reader", (USER_VIEW, AUDIT_VIEW, CONTACT_VIEW))
    with office.read() as session:
        user_id = session.scalars(select(User.id).where(User.login == "mail")).one()
        event_id = session.scalars(
            select(AuditEvent.id).where(
                AuditEvent.entity == "core_user", AuditEvent.entity_id == str(user_id)
            )
        ).one()
    paths = (
        "/admin/users",
        "/admin/users.csv",
        f"/admin/users/{user_id}",
        f"/admin/audit/{event_id}",
    )
    looker = Browser.for_user(web_app, office.database, "looker")
    reader = Browser.for_user(web_app, office.database, "reader")
    for path in paths:
        if path.endswith(".csv") or "audit" not in path:
            assert "secret@example.org" in reader.get(path).text, path
        assert "secret@example.org" not in looker.get(path).text, path


def test_a_session_is_ended_by_an_administrator(
    browser: Browser, office: Office, web_app: Flask
) -> None:
    make_user(office.database, "other", (USER_VIEW,))
    theirs = Browser.for_user(web_app, office.database, "other")
    with office.read() as session:
        session_id = session.scalars(
            select(SignIn.id).join(User, User.id == SignIn.user_id).where(User.login == "other")
        ).one()
    assert "other" in browser.get("/admin/sessions").text
    done = browser.post(f"/admin/sessions/{session_id}/do/revoke")
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/sessions")
    assert theirs.get("/admin/users").status_code in {302, 303}


def test_a_role_form_explains_every_permission_and_a_role_can_be_deleted(
    browser: Browser, office: Office
) -> None:
    page = browser.get("/admin/roles/new").text
    assert page.count('name="permissions"') == len(office.suite.permissions) - 1
    assert "switch modules on and off, update and uninstall them" in page
    made = browser.post(
        "/admin/roles/new",
        {"code": "helper", "name": "Helper", "permissions": ["core.user.view"]},
    )
    assert made.status_code == 303, made.text
    with office.read() as session:
        role = session.scalars(select(Role).where(Role.code == "helper")).one()
        assert [row.permission for row in role.permissions] == ["core.user.view"]
    path = f"/admin/roles/{role.id}"
    assert "see users" in browser.get(path).text
    listed = browser.get("/admin/roles?q=helper").text
    assert re.search(r">1</td>\s*<td[^>]*>0</td>", listed), listed
    edit = browser.get(f"{path}/edit").text
    assert re.search(r'value="core\.user\.view" checked', edit)
    changed = browser.post(
        f"{path}/edit", {"version": "1", "name": "Helper", "permissions": ["core.role.view"]}
    )
    assert changed.status_code == 303, changed.text
    late = browser.post(
        f"{path}/edit", {"version": "1", "name": "Late", "permissions": ["core.audit.view"]}
    )
    assert late.status_code == 409
    done = browser.post(f"{path}/do/delete")
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/roles")


def test_the_company_form_asks_what_the_modules_ask(browser: Browser, office: Office) -> None:
    page = browser.get("/admin/companies/new").text
    for part in office.suite.parts:
        for question in part.company_setup:
            for name in (question.name, *(one.name for one in question.details)):
                assert f'name="{name}"' in page
    with office.read() as session:
        answers = {
            question.name: question.choices_for(session)[0].value
            for part in office.suite.parts
            for question in part.company_setup
        }
    made = browser.post(
        "/admin/companies/new",
        {
            "code": "NEW",
            "name": "New Ltd",
            "currency": "CHF",
            "fiscal_year_start": "7",
            "time_zone": "Europe/Zurich",
            **answers,
        },
    )
    assert made.status_code == 303, made.text
    with office.read() as session:
        company = session.scalars(select(Company).where(Company.code == "NEW")).one()
        assert (company.fiscal_year_start, company.minor_units) == (7, 2)
    assert browser.get("/c/NEW/").status_code == 200
    taken = browser.post(
        "/admin/companies/new",
        {"code": "NEW", "name": "X", "currency": "CHF", "time_zone": "UTC"},
    )
    assert taken.status_code == 422
    assert 'id="code-error"' in taken.text


def test_the_audit_trail_is_searched_and_shows_both_values(
    browser: Browser, office: Office
) -> None:
    user_id = office.user("renamed")
    browser.get(f"/admin/users/{user_id}/edit")
    browser.post(
        f"/admin/users/{user_id}/edit", {"version": "1", "name": "Other", "time_zone": "UTC"}
    )
    listed = browser.get("/admin/audit?q=admin&action=changed&entity=user").text
    event = re.search(r'href="(/admin/audit/\d+)"', listed)
    assert event is not None
    shown = browser.get(event[1]).text
    assert "Renamed" in shown
    assert "Other" in shown
    assert f"/admin/users/{user_id}" in shown
    assert browser.get("/admin/audit?from=2999-01-01").text.count("row-link") == 0
    assert browser.get("/admin/audit?from=nonsense").status_code == 422


def test_a_company_s_audit_trail_shows_its_own_events_only(
    browser: Browser, office: Office, alpha: CompanyRef, beta: CompanyRef
) -> None:
    with office.read() as session:
        foreign = session.scalars(
            select(AuditEvent.id).where(AuditEvent.company_id == beta.id)
        ).first()
        outside = session.scalars(
            select(AuditEvent.id).where(AuditEvent.company_id.is_(None))
        ).first()
    assert browser.get(f"/admin/audit/{foreign}").status_code == 200
    assert browser.get(f"/c/BETA/core/audit/{foreign}").status_code == 200
    assert browser.get(f"/c/ALPHA/core/audit/{foreign}").status_code == 404
    assert browser.get(f"/c/ALPHA/core/audit/{outside}").status_code == 404


def test_taking_the_audit_trail_away_is_itself_recorded(browser: Browser, office: Office) -> None:
    response = browser.get("/admin/audit.csv?action=create")
    assert response.text.startswith("\ufeffat,actor,action")
    with office.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "export")).one()
        assert event.actor == "admin"


def test_explain_says_which_role_decides(browser: Browser, office: Office) -> None:
    user_id = office.user("clerk", "administrator")
    path = f"/admin/users/{user_id}/explain"
    assert browser.get(path).status_code == 200
    assert "Yes: clerk may see users" in browser.get(f"{path}?permission=core.user.view").text
    if "ledger.entry.post" in office.suite.permissions:
        asked = browser.get(f"{path}?permission=ledger.entry.post&company=ALPHA").text
        assert "No: no role of clerk" in asked
    assert browser.get(f"{path}?permission=core.no.such").status_code == 404
    assert browser.get(f"{path}?permission=core.user.view&company=NONE").status_code == 422


def test_a_module_is_switched_off_by_another_process_that_may_write(
    office: Office,
    suite: Suite,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page waits without a transaction of its own: on SQLite that would block the other."""
    asked: list[tuple[str, Step, str, str]] = []

    def elsewhere(
        _home: Home, name: str, step: Step, actor: str, reason: str, give: list[str]
    ) -> plans.Result:
        assert give == []
        with office.write() as session:
            session.get_one(PluginRow, name).state = LEADS_TO[step]
        asked.append((name, step, actor, reason))
        return plans.Result(ok=True, message="It is off now.")

    monkeypatch.setattr(pages, "run_step", elsewhere)
    app = build(suite, database, secret_key=SECRET, home_folder=Home(tmp_path))
    with office.write() as session:
        session.get_one(User, office.admin_id).must_change_password = False
    browser = Browser.for_user(app, database, "admin")
    browser.get("/admin/modules/ledger/disable")
    done = browser.post("/admin/modules/ledger/disable", {"reason": "not needed"})
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/modules/ledger")
    assert asked == [("ledger", Step.DISABLE, "admin", "not needed")]
    shown = browser.get("/admin/modules/ledger").text
    assert "It is off now." in shown
    assert "Switch on" in shown


def test_unknown_ids_are_not_found(browser: Browser) -> None:
    for path in (
        "/admin/users/1",
        "/admin/users/1/explain",
        "/admin/roles/1",
        "/admin/grants/1",
        "/admin/sessions/1",
        "/admin/companies/1",
        "/admin/audit/1",
        "/admin/modules/nothing",
        "/admin/modules/ledger/explode",
    ):
        assert browser.get(path).status_code == 404, path
