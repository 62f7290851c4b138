"""Requests that come twice, at once, too late or into a failure."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from sqlalchemy import func, insert, select

from backstay.access import idempotency
from backstay.access.models import IdempotencyRecord, Role
from backstay.clock import now
from backstay.db.context import operator_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from backstay.db.database import Database
    from backstay.testing.api import ApiClient

PROBLEM = "application/problem+json"
ROLE = {"code": "clerk", "name": "Clerk", "permissions": ["core.role.view"]}
KEY = {"Idempotency-Key": "order-4711"}


def roles(database: Database) -> int:
    with database.read(operator_context("system:test")) as session:
        statement = select(func.count()).select_from(Role).where(Role.code == "clerk")
        return session.scalar(statement) or 0


def proofs(database: Database) -> int:
    with database.read(operator_context("system:test")) as session:
        return session.scalar(select(func.count()).select_from(IdempotencyRecord)) or 0


def test_one_key_sent_by_two_threads_at_once_is_carried_out_once(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    programs = [connect(), connect()]
    together = threading.Barrier(2)
    answers: list[TestResponse] = []

    def send(program: ApiClient) -> None:
        together.wait(30)
        answers.append(program.post("core/roles", ROLE, headers=KEY))

    threads = [threading.Thread(target=send, args=(one,)) for one in programs]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    first, second = answers
    assert (first.status_code, second.status_code) == (201, 201), (first.text, second.text)
    assert first.json == second.json
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["ETag"] == second.headers["ETag"]
    assert sorted("Idempotency-Replayed" in one.headers for one in answers) == [False, True]
    assert roles(database) == 1


def test_a_key_with_another_payload_is_refused_and_says_so(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    assert program.post("core/roles", ROLE, headers=KEY).status_code == 201
    for path, body in (
        ("core/roles", {**ROLE, "code": "other"}),
        ("core/service-accounts", ROLE),
    ):
        refused = program.post(path, body, headers=KEY)
        assert refused.status_code == 422
        assert refused.mimetype == PROBLEM
        assert "Idempotency-Key was already used" in refused.json["detail"]
        assert "new key" in refused.json["detail"]
    assert roles(database) == 1


def test_a_refusal_is_not_kept_under_its_key(connect: Callable[..., ApiClient]) -> None:
    program = connect()
    assert program.post("core/roles", {**ROLE, "name": ""}, headers=KEY).status_code == 422
    assert program.post("core/roles", ROLE, headers=KEY).status_code == 201


def test_a_stale_change_is_answered_with_both_versions_and_what_to_do(
    connect: Callable[..., ApiClient],
) -> None:
    program = connect()
    made = program.post("core/roles", ROLE)
    place, tag = made.headers["Location"], made.headers["ETag"]
    missing = program.patch(place, {"name": "Mine"})
    assert missing.status_code == 428
    assert "If-Match" in missing.json["detail"]
    theirs = program.patch(place, {"name": "Theirs"}, headers={"If-Match": tag})
    assert theirs.status_code == 200, theirs.text
    stale = program.patch(place, {"name": "Mine"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert stale.mimetype == PROBLEM
    assert stale.json["yours"] == {"name": "Mine"}
    assert stale.json["current"]["name"] == "Theirs"
    assert "Compare both versions" in stale.json["detail"]
    again = program.patch(place, {"name": "Mine"}, headers={"If-Match": stale.json["etag"]})
    assert (again.status_code, again.json["name"]) == (200, "Mine")


def test_a_mark_of_another_list_is_refused(connect: Callable[..., ApiClient]) -> None:
    program = connect()
    for code in ("a1", "a2", "a3"):
        assert program.post("core/roles", {**ROLE, "code": code}).status_code == 201
    mark = program.get("core/roles?limit=1&q=a").json["after"]
    assert mark
    assert program.get(f"core/roles?limit=1&q=a&after={mark}").status_code == 200
    for other in ("q=b", "q=a&sort=-code", "sort=code"):
        refused = program.get(f"core/roles?limit=1&{other}&after={mark}")
        assert refused.status_code == 400, other
        assert refused.mimetype == PROBLEM
    elsewhere = program.get(f"core/users?limit=1&after={mark}")
    assert elsewhere.status_code == 400


def test_a_mistake_in_the_program_is_a_problem_document_without_internals(
    connect: Callable[..., ApiClient],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down(*_values: Any, **_more: Any) -> NoReturn:
        raise ZeroDivisionError("inner detail of core_role")

    program = connect()
    with monkeypatch.context() as patch:
        patch.setattr("backstay.api.views.read_command", break_down)
        failed = program.post("core/roles", ROLE, headers=KEY)
    assert failed.status_code == 500
    assert failed.mimetype == PROBLEM
    assert set(failed.json) == {"type", "title", "status", "detail", "request_id", "errors"}
    assert failed.json["type"] == "urn:backstay:problem:error"
    for inner in ("inner", "core_role", "Zero", "Traceback", ".py"):
        assert inner not in failed.text
    # Who runs the server finds the cause under the number that the program was given.
    assert failed.json["request_id"] in caplog.text
    assert "inner detail" in caplog.text
    assert program.post("core/roles", ROLE, headers=KEY).status_code == 201
    assert roles(database) == 1


def test_machines_alone_clear_away_what_is_older_than_two_weeks(
    connect: Callable[..., ApiClient], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = connect()
    before = now() - idempotency.KEPT
    row = {"user_id": 7, "request_digest": "", "status": 201, "location": ""}
    with database.engine.begin() as connection:
        connection.execute(
            insert(IdempotencyRecord),
            [{**row, "token": f"old{n}", "at": before - timedelta(days=1)} for n in range(500)]
            + [{**row, "token": f"new{n}", "at": before + timedelta(days=1)} for n in range(10)],
        )
    monkeypatch.setattr(idempotency, "EVERY", 1)
    left = [proofs(database)]
    for number in range(4):
        key = {"Idempotency-Key": f"k{number}"}
        assert program.post("core/roles", {**ROLE, "code": f"r{number}"}, headers=key).json
        left.append(proofs(database))
    most = idempotency.MOST_AT_ONCE
    # Each writes one and clears away at most so many; what is younger stays.
    assert left == [510, 511 - most, 512 - 2 * most, 13, 14]


def test_clearing_away_waits_for_nobody(
    connect: Callable[..., ApiClient],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sqlalchemy.exc import OperationalError

    def busy(_engine: object) -> NoReturn:
        raise OperationalError("delete", {}, Exception("database is locked"))

    monkeypatch.setattr(idempotency, "EVERY", 1)
    monkeypatch.setattr(idempotency, "forget_old", busy)
    assert connect().post("core/roles", ROLE, headers=KEY).status_code == 201
    assert roles(database) == 1
