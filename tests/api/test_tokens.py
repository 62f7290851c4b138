"""What opens the API: tokens, their reach and their end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from backstay.access.core_permissions import USER_VIEW
from backstay.access.models import User, UserState
from backstay.access.throttle import PER_SOURCE
from backstay.access.token_models import ApiToken, ApiTokenUse
from backstay.access.tokens import (
    CreateToken,
    RevokeToken,
    create_token,
    pepper_from,
    revoke_token,
)
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.errors import Forbidden, Invalid
from backstay.testing.api import ApiClient
from backstay.testing.web import SECRET, Browser, make_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

SYSTEM = operator_context("system:test")
PROBLEM = "application/problem+json"


def token_row(database: Database, token: str) -> ApiToken:
    with database.read(SYSTEM) as session:
        return session.scalars(select(ApiToken).where(ApiToken.prefix == token[:12])).one()


def test_a_token_reads_for_its_owner_and_is_kept_as_a_hash_only(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    answer = program.get("core/users")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert [one["login"] for one in answer.json["items"]] == ["root"]
    assert re.fullmatch(r"bst_[a-z0-9]{8}_[\w-]{43}", program.token)
    row = token_row(database, program.token)
    assert program.token[12:] not in f"{row.secret_hash} {row.prefix} {row.name}"


def test_without_a_token_nothing_opens_even_with_a_cookie(web_app: Flask, admin: Browser) -> None:
    for path in ("/api/v1/core/users", "/api/v1/openapi.json", "/api/v1/none", "/api/v2/"):
        for client in (admin.client, web_app.test_client()):
            refused = client.get(path)
            assert refused.status_code == 401, path
            assert refused.mimetype == PROBLEM
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic eA==", "Bearer x", "Bearer bst_a_b"])
def test_what_is_no_token_is_refused(web_app: Flask, admin: Browser, header: str) -> None:
    refused = web_app.test_client().get("/api/v1/core/users", headers={"Authorization": header})
    assert refused.status_code == 401


def test_a_revoked_token_opens_nothing_at_once(
    connect: Callable[..., ApiClient], database: Database, suite: Suite
) -> None:
    program = connect()
    assert program.get("core/users").status_code == 200
    with database.write(SYSTEM, suite) as session:
        revoke_token(session, RevokeToken(id=token_row(database, program.token).id))
    assert program.get("core/users").status_code == 401


def test_a_token_of_a_disabled_owner_opens_nothing_at_once(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    make_user(database, "clerk", [USER_VIEW])
    program = connect("clerk")
    assert program.get("core/users").status_code == 200
    with database.write(SYSTEM) as session:
        user = session.scalars(select(User).where(User.login == "clerk")).one()
        user.state = UserState.DISABLED
    refused = program.get("core/users")
    assert refused.status_code == 401
    assert "disabled. An administrator can enable them" in refused.json["detail"]


def test_an_expired_token_opens_nothing(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    with database.write(SYSTEM) as session:
        session.execute(
            update(ApiToken).values(expires_at=now() - timedelta(seconds=1)),
            execution_options={"audited": True},
        )
    assert program.get("core/users").status_code == 401


def test_a_token_may_no_more_than_its_owner_and_its_scope(
    connect: Callable[..., ApiClient], database: Database, alpha: CompanyRef, suite: Suite
) -> None:
    narrow = connect(permissions=("core.role.view",))
    assert narrow.get("core/roles").status_code == 200
    assert narrow.get("core/users").status_code == 403
    outside = [path for path in narrow.get("openapi.json").json["paths"] if "/c/" not in path]
    assert outside == ["/api/v1/core/roles", "/api/v1/core/roles/{id}"]
    inside = connect(companies=("ALPHA",))
    assert inside.get("core/users").status_code == 403
    assert inside.get("c/ALPHA/core/audit").status_code == 200
    assert inside.get("c/BETA/core/audit").status_code == 404
    make_user(database, "clerk", [USER_VIEW], alpha)
    with database.write(SYSTEM, suite) as session:
        clerk = session.scalars(select(User.id).where(User.login == "clerk")).one()
        for scope in ({"permissions": ("core.user.create",)}, {"companies": ("BETA",)}):
            with pytest.raises(Invalid):
                create_token(
                    session,
                    CreateToken(name="x", user_id=clerk, **scope),
                    pepper=pepper_from(SECRET),
                )


def test_a_token_is_used_from_its_networks_only(connect: Callable[..., ApiClient]) -> None:
    program = connect(networks="192.0.2.0/24 2001:db8::/32")
    for address, status in (
        ("192.0.2.7", 200),
        ("::ffff:192.0.2.7", 200),
        ("2001:db8::1", 200),
        ("127.0.0.1", 403),
        ("192.0.3.1", 403),
    ):
        answer = program.get("core/users", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status, address


def test_the_last_use_is_noted_coarsely(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    for _time in range(3):
        program.get("core/users")
    with database.read(SYSTEM) as session:
        use = session.scalars(select(ApiTokenUse)).one()
    assert now() - use.at < timedelta(minutes=1)


def test_wrong_tokens_are_recorded_and_slowed_down(
    web_app: Flask, connect: Callable[..., ApiClient], database: Database
) -> None:
    client = web_app.test_client()
    wrong = {"Authorization": f"Bearer bst_aaaaaaaa_{'x' * 43}"}
    statuses = [
        client.get("/api/v1/core/users", headers=wrong).status_code
        for _time in range(PER_SOURCE + 2)
    ]
    assert statuses == [401] * PER_SOURCE + [429] * 2
    late = client.get("/api/v1/core/users", headers=wrong)
    assert int(late.headers["Retry-After"]) > 0
    with database.read(SYSTEM) as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "api_token")).all()
    assert len(events) == PER_SOURCE
    assert connect().get("core/users").status_code == 200
    assert Browser(web_app).get("/sign-in").status_code == 200


def test_nobody_makes_a_token_for_another_person(
    database: Database, suite: Suite, web_app: Flask, admin: Browser
) -> None:
    other = make_user(database, "other")
    from backstay.access.grants import context_for_login

    acting = context_for_login(database, "root", None)
    with (
        database.write(acting, suite) as session,
        pytest.raises(Forbidden),
    ):
        create_token(session, CreateToken(name="x", user_id=other), pepper=b"x")


def test_own_tokens_are_made_shown_once_and_revoked_in_the_browser(
    admin: Browser, web_app: Flask
) -> None:
    assert "no tokens" in admin.get("/me/tokens/").text
    assert admin.post("/me/tokens/new", {"name": "", "days": "90"}).status_code == 422
    assert (
        admin.post("/me/tokens/new", {"name": "x", "days": "90", "networks": "nowhere"}).status_code
        == 422
    )
    made = admin.post("/me/tokens/new", {"name": "Nightly", "days": "30"})
    assert made.status_code == 200, made.text
    token = re.search(r"bst_[a-z0-9]{8}_[\w-]{43}", made.text)
    assert token
    headers = {"Authorization": f"Bearer {token[0]}"}
    assert web_app.test_client().get("/api/v1/core/users", headers=headers).status_code == 200
    shown = admin.get("/me/tokens/").text
    assert "Nightly" in shown
    assert token[0] not in shown
    revoke = re.search(r'action="(/me/tokens/\d+/revoke)"', shown)
    assert revoke
    assert admin.post(revoke[1]).status_code == 303
    assert web_app.test_client().get("/api/v1/core/users", headers=headers).status_code == 401


def test_a_service_account_uses_tokens_and_never_signs_in(
    admin: Browser, web_app: Flask, database: Database
) -> None:
    person = make_user(database, "boss")
    made = admin.post(
        "/admin/service-accounts/new",
        {"login": "shop", "name": "Web shop", "responsible_id": str(person), "purpose": "Orders"},
    )
    assert made.status_code == 303, made.text
    place = made.location
    user_id = place.rpartition("/")[2]
    assert "Web shop" in admin.get(place).text
    assert "Web shop" not in admin.get("/admin/users").text
    shown = admin.post(
        f"/admin/service-accounts/{user_id}/token", {"name": "Orders", "days": "365"}
    )
    token = re.search(r"bst_[a-z0-9]{8}_[\w-]{43}", shown.text)
    assert token, shown.text
    headers = {"Authorization": f"Bearer {token[0]}"}
    api = web_app.test_client()
    assert api.get("/api/v1/openapi.json", headers=headers).status_code == 200
    assert api.get("/api/v1/core/users", headers=headers).status_code == 403
    reset = admin.post(f"/admin/users/{user_id}/do/reset_password", {"reason": ""})
    assert reset.status_code == 404
    with database.write(SYSTEM) as session:
        from backstay.access.passwords import hash_password

        session.get_one(User, int(user_id)).password_hash = hash_password("correct horse battery")
    browser = Browser(web_app)
    browser.get("/sign-in")
    refused = browser.post("/sign-in", {"login": "shop", "password": "correct horse battery"})
    assert refused.status_code == 422
    assert admin.get(place).status_code == 200
    assert "Orders" in admin.get("/admin/api-tokens").text


def test_a_service_account_stops_when_nobody_answers_for_it(
    admin: Browser, web_app: Flask, database: Database, suite: Suite
) -> None:
    gone, next_one = make_user(database, "gone"), make_user(database, "next")
    admin.post(
        "/admin/service-accounts/new",
        {"login": "shop", "name": "Web shop", "responsible_id": str(gone), "purpose": ""},
    )
    program = ApiClient.for_user(web_app, database, suite, "shop")
    assert program.get("openapi.json").status_code == 200
    assert admin.post(f"/admin/users/{gone}/do/disable", {"reason": "Left"}).status_code == 303
    refused = program.get("openapi.json")
    assert refused.status_code == 401
    assert "answers for this service account is disabled" in refused.json["detail"]
    assert "Service accounts" in refused.json["detail"]

    place = f"/admin/service-accounts/{program_id(database)}"
    another = admin.post(f"{place}/token", {"name": "More", "days": "90", "networks": ""})
    assert "Name another one first" in another.text
    form = {"name": "Web shop", "responsible_id": str(next_one), "purpose": ""}
    mended = admin.post(f"{place}/edit", {**form, "version": "1"})
    assert mended.status_code == 303, mended.text
    assert program.get("openapi.json").status_code == 200


def program_id(database: Database) -> int:
    with database.read(SYSTEM) as session:
        return session.scalars(select(User.id).where(User.login == "shop")).one()
