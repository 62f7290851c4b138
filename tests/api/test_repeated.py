"""Requests that come twice, at once, too late or into a failure."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError, OperationalError

from backstay.access import idempotency
from backstay.access.models import IdempotencyRecord, Role
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import operator_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session
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


@pytest.mark.parametrize(
    "problem",
    [OperationalError("delete", {}, Exception("database is locked")), ZeroDivisionError("odd")],
    ids=["busy", "broken"],
)
def test_clearing_away_neither_waits_nor_spoils_what_is_done(
    problem: Exception,
    connect: Callable[..., ApiClient],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_engine: object) -> NoReturn:
        raise problem

    monkeypatch.setattr(idempotency, "EVERY", 1)
    monkeypatch.setattr(idempotency, "forget_old", fail)
    assert connect().post("core/roles", ROLE, headers=KEY).status_code == 201
    assert roles(database) == 1


# --- the commit that goes with its proof ------------------------------------------------------


on_postgresql = pytest.mark.parametrize(
    "database",
    [pytest.param("postgres", marks=pytest.mark.needs("postgresql"))],
    indirect=True,
)
"""SQLite has one writer at a time and no statement that fails for the sake of another."""


def fails_with(database: Database, state: str, times: int, *, at_commit: bool) -> None:
    """Let the database refuse so many proofs, when they are written or when they are committed."""
    kind = "CONSTRAINT TRIGGER" if at_commit else "TRIGGER"
    when = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    with database.engine.begin() as connection:
        # A sequence goes on although the transaction is rolled back.
        connection.exec_driver_sql("CREATE SEQUENCE refusals")
        connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('refusals') <= {times} THEN"
            f" RAISE EXCEPTION 'refused for the test' USING ERRCODE = '{state}'; END IF;"
            " RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE {kind} refuse AFTER UPDATE ON core_idempotency {when}"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )


def traces(database: Database) -> tuple[int, int, int]:
    """Roles, rows of the trail about them, and proofs."""
    with database.read(operator_context("system:test")) as session:
        about = AuditEvent.entity == Role.__tablename__, AuditEvent.label.contains("Clerk")
        trail = session.scalar(select(func.count(AuditEvent.id)).where(*about)) or 0
    return roles(database), trail, proofs(database)


@on_postgresql
@pytest.mark.parametrize("at_commit", [False, True])
def test_a_serialization_failure_of_the_last_round_trip_is_tried_again(
    at_commit: bool, connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    fails_with(database, "40001", 2, at_commit=at_commit)
    made = program.post("core/roles", ROLE, headers=KEY)
    assert made.status_code == 201, made.text
    assert traces(database) == (1, 1, 1)
    again = program.post("core/roles", ROLE, headers=KEY)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == made.json
    assert traces(database) == (1, 1, 1)


@on_postgresql
@pytest.mark.parametrize("at_commit", [False, True])
def test_without_its_proof_nothing_is_committed_and_the_key_stays_free(
    at_commit: bool, connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    fails_with(database, "P0001", 1, at_commit=at_commit)
    failed = program.post("core/roles", ROLE, headers=KEY)
    assert failed.status_code == 500
    assert traces(database) == (0, 0, 0)
    made = program.post("core/roles", ROLE, headers=KEY)
    assert made.status_code == 201, made.text
    assert traces(database) == (1, 1, 1)


@on_postgresql
def test_a_database_that_stays_busy_is_said_and_nothing_is_saved(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    fails_with(database, "40001", 99, at_commit=True)
    busy = program.post("core/roles", ROLE, headers=KEY)
    assert busy.status_code == 503
    assert "Retry-After" in busy.headers
    assert traces(database) == (0, 0, 0)


@on_postgresql
def test_a_connection_that_is_lost_with_the_commit_is_an_error_and_the_next_request_works(
    connect: Callable[..., ApiClient], database: Database
) -> None:
    program = connect()
    fails_with(database, "P0001", 0, at_commit=True)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF nextval('refusals') <= 1 THEN PERFORM pg_terminate_backend(pg_backend_pid());"
            " END IF; RETURN NULL; END $$"
        )
    lost = program.post("core/roles", ROLE, headers=KEY)
    assert lost.status_code in {500, 503}
    assert lost.mimetype == PROBLEM
    assert traces(database) == (0, 0, 0)
    assert program.post("core/roles", ROLE, headers=KEY).status_code == 201
    assert traces(database) == (1, 1, 1)


@on_postgresql
def test_a_failure_that_a_service_passed_over_is_not_answered_as_done(
    connect: Callable[..., ApiClient], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(session: Session, *_values: Any) -> None:
        with suppress(DBAPIError):
            session.connection().exec_driver_sql("SELECT 1 / 0")

    program = connect()
    monkeypatch.setattr("backstay.access.roles.add_permissions", careless)
    for headers in ({}, KEY):
        answered = program.post("core/roles", ROLE, headers=headers)
        assert answered.status_code == 500, answered.text
    assert traces(database) == (0, 0, 0)
