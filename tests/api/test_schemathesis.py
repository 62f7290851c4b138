"""The API against its own document: generated requests find no answer that it does not describe.

Bounded and seeded, against the application itself. Left out are the checks that contradict what is
meant: a request that fits the schema may still be refused by a rule of the business (422), and a
refusal may come before the body is read (401, 403, 404), whatever is wrong in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backstay.testing.api import ApiClient
from backstay.testing.web import make_user, web_app

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_generated_requests_get_described_answers(
    web_app: Flask, database: Database, suite: Suite
) -> None:
    make_user(database, "root", list(suite.permissions))
    client = ApiClient.for_user(web_app, database, suite, "root")
    headers = {"Authorization": f"Bearer {client.token}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", web_app, headers=headers)
    tried = 0
    for result in schema.get_all_operations():
        operation: Any = result.ok()

        @hypothesis.seed(7)
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=False,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def attack(case: Any) -> None:
            nonlocal tried
            if "company" in (case.path_parameters or {}):
                case.path_parameters["company"] = "ALPHA"
            case.call_and_validate(headers=headers, checks=CHECKS)
            tried += 1

        attack()
    assert tried > EXAMPLES * 20
