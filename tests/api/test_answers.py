"""How the API answers: headers, refusals, the document and its page."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from backstay.api.openapi import document
from backstay.testing.routes import api_routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.kernel.suite import Suite
    from backstay.testing.api import ApiClient
    from backstay.testing.web import Browser

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "body", "options", "status"),
    [
        ("GET", "core/none", None, {}, 404),
        ("DELETE", "core/users", None, {}, 405),
        ("PUT", "core/users/7", {}, {}, 405),
        ("GET", "core/users/7", None, {}, 404),
        ("GET", "core/users?limit=1&limit=1", None, {}, 400),
        ("GET", "core/users/7?x=1", None, {}, 400),
        ("GET", "core/users?q=" + "a" * 101, None, {}, 400),
        ("GET", "core/users?state=", None, {}, 400),
        ("POST", "core/roles", b"{", {}, 400),
        ("POST", "core/roles", b"[]", {}, 400),
        ("POST", "core/roles", b'{"code": "a", "code": "b"}', {}, 400),
        ("POST", "core/roles", b'{"code": NaN}', {}, 400),
        ("POST", "core/roles", b"[" * 100_000, {}, 400),
        ("POST", "core/roles", b"\xff\xfe", {}, 400),
        ("POST", "core/roles", b"code=a", {"content_type": "text/plain"}, 415),
        ("POST", "core/roles", b" " * (1024 * 1024 + 1), {}, 413),
        ("POST", "core/roles", {"code": "a", "colour": 1}, {}, 422),
        ("POST", "core/roles", {"code": "\ud800", "name": "x"}, {}, 422),
        ("POST", "core/roles", {}, {"headers": {"Idempotency-Key": "a b"}}, 400),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_refusal_is_a_problem_document(
    connect: Callable[..., ApiClient],
    method: str,
    path: str,
    body: object,
    options: dict[str, object],
    status: int,
) -> None:
    refused = connect().send(method, path, body, **options)  # type: ignore[arg-type]
    assert refused.status_code == status, refused.text
    assert refused.mimetype == PROBLEM
    assert refused.json["status"] == status
    assert refused.json["type"].startswith("urn:backstay:problem:")
    assert refused.json["errors"][0]["message"]
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_method_that_is_not_taken_is_told_which_are(connect: Callable[..., ApiClient]) -> None:
    refused = connect().send("PUT", "core/users/7", {})
    assert refused.json["detail"] == "This address takes GET, PATCH only."
    assert "PATCH" in refused.headers["Allow"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_body_that_can_not_be_read_is_told_why(connect: Callable[..., ApiClient]) -> None:
    program = connect()
    for body, why in (
        (b'{"code": ' + b"1" * 5000 + b"}", "A number of the body has too many digits."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"code": NaN}', "The body is not valid JSON: NaN is no number."),
    ):
        refused = program.send("POST", "core/roles", body)
        assert refused.status_code == 400
        assert refused.json["errors"][0]["message"] == why


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_id_beyond_what_numbers_hold_is_taken_as_text_and_refused_as_number(
    connect: Callable[..., ApiClient],
) -> None:
    program = connect()
    user = program.get("core/users").json["items"][0]["id"]
    assert int(user) > 2**53
    give = f"core/users/{user}/actions/give_role"
    for wrong in (2**53 + 1, "x", str(2**63), "-1", ""):
        refused = program.post(give, {"role": "auditor", "company_id": wrong})
        assert refused.status_code == 422
        assert "company_id" in {one["field"] for one in refused.json["errors"]}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_head_and_options_answer_sanely(connect: Callable[..., ApiClient]) -> None:
    program = connect()
    head = program.send("HEAD", "core/users")
    assert (head.status_code, head.data) == (200, b"")
    options = program.send("OPTIONS", "core/users")
    assert options.status_code == 200
    assert "GET" in options.headers["Allow"]
    assert "Access-Control-Allow-Origin" not in options.headers


def test_the_document_has_every_route_of_the_api(web_app: Flask, suite: Suite) -> None:
    made = document(suite)
    json.dumps(made)
    described = {
        (method.upper(), path) for path, methods in made["paths"].items() for method in methods
    }
    routed = {
        (one.method, re.sub("<(?:int:)?([a-z]+)>", r"{\1}", one.rule))
        for one in api_routes(web_app)
        if not one.rule.endswith("/openapi.json")
    }
    assert described == routed
    assert len(
        {one["operationId"] for path in made["paths"].values() for one in path.values()}
    ) == (len(described))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_reference_can_be_read_and_searched(admin: Browser) -> None:
    index = admin.get("/api/v1/")
    assert index.status_code == 200
    assert "/api/v1/core/roles" in index.text
    found = admin.get("/api/v1/?q=disable").text
    assert "actions/disable" in found
    assert "/api/v1/core/roles" not in found
    one = admin.get("/api/v1/?resource=core.role").text
    assert "curl -X POST" in one
    assert "ledger.entry" not in index.text
