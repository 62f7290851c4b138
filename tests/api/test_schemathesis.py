"""The API against its own document: generated requests find no answer that it does not describe.

Requests that fit the document and requests that break it, seeded and bounded by count, about
records that are there and records that are not, on both databases. What a check reports is a
failure of the test, unless ``EXPLAINED`` says why it is meant.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks
from sqlalchemy import select

from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.testing.api import ApiClient
from backstay.testing.web import make_user, web_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]
CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.ignored_auth,
]
"""All of its checks but two kinds: ``positive_data_acceptance``, because a rule of the business may
refuse what fits the schema (an entry that does not balance), and those on resources made and
deleted in sequence, which need links between operations that the document does not have."""


@dataclass(frozen=True)
class Explained:
    """A finding that is meant.

    Arguments:
        check: what reports it: the title of the finding.
        place: the beginning of the operation's name; empty for all.
    """

    check: str
    place: str
    reason: str


EXPLAINED: Final[tuple[Explained, ...]] = ()
EXAMPLES: Final = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 6}
OF_NO_RECORD: Final = 3
"""Examples of each mode about records that are not there: all are answered 404."""


SETTINGS: Final = hypothesis.settings(
    deadline=None,
    database=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture
def filled(database: Database, suite: Suite, alpha: CompanyRef) -> None:
    """A company with the demo records of all plugins."""
    with database.write(operator_context("system:test", company=alpha), suite) as session:
        company = session.scalars(select(Company).where(Company.id == alpha.id)).one()
        for part in suite.parts:
            for choice in part.company_setup:
                choice.apply(session, company, choice.default)
                session.flush()
        for part in suite.parts:
            for demo in part.demo:
                demo.fill(session, company)
                session.flush()


class Attack:
    """Sends generated requests and gathers what the checks say of the answers."""

    def __init__(self, app: Flask, database: Database, suite: Suite) -> None:
        self.app, self.database, self.suite = app, database, suite
        self.tried: Counter[GenerationMode] = Counter()
        self.answered: Counter[int] = Counter()
        self.findings: dict[tuple[str, str], str] = {}
        self.unsent = 0

    def program(self, login: str) -> ApiClient:
        """A program that may do everything."""
        make_user(self.database, login, list(self.suite.permissions))
        return ApiClient.for_user(self.app, self.database, self.suite, login)

    def run(self, operation: Any, number: int) -> None:
        """Try an operation with a token of its own, because some take tokens away."""
        program = self.program(f"a{number}")
        headers = {"Authorization": f"Bearer {program.token}"}
        records = [None, record_of(program, operation.path)] if "{id}" in operation.path else [None]
        for record in records:
            for mode, examples in EXAMPLES.items():
                values = {"company": "ALPHA"} if "{company}" in operation.path else {}
                values |= {} if record is None else {"id": record}
                strategy = operation.as_strategy(generation_mode=mode, path_parameters=values)

                nowhere = record is None and "{id}" in operation.path

                @hypothesis.seed(7)
                @hypothesis.settings(SETTINGS, max_examples=OF_NO_RECORD if nowhere else examples)
                @hypothesis.given(case=strategy)
                def send(case: Any) -> None:
                    response = case.call(headers=headers)
                    self.tried[case.meta.generation.mode] += 1
                    self.answered[response.status_code] += 1
                    left = [checks.negative_data_rejection] if unsent(case, response) else []
                    self.unsent += len(left)
                    try:
                        case.validate_response(
                            response, checks=CHECKS, excluded_checks=left, headers=headers
                        )
                    except FailureGroup as group:
                        self.note(operation, group.exceptions)
                    except Failure as one:
                        self.note(operation, [one])

                with suppress(hypothesis.errors.Unsatisfiable):  # there is nothing to break
                    send()

    def note(self, operation: Any, failures: Sequence[BaseException]) -> None:
        """Keep findings unless they are explained."""
        for failure in failures:
            name = type(failure).__name__
            if not any(
                one.check == name and operation.label.startswith(one.place) for one in EXPLAINED
            ):
                self.findings.setdefault((name, operation.label), str(failure)[:1000])


def unsent(case: Any, response: Any) -> set[str]:
    """Parameters of a request that its request line does not have.

    Breaking ``additionalProperties``, schemathesis adds a parameter of a strange name whose value
    may be an empty list. Written as ``application/x-www-form-urlencoded`` a list of no values is no
    text at all: ``{"account": "1", "": []}`` is sent as ``?account=1``, which breaks nothing and is
    rightly answered 200. As soon as such a parameter is sent it is refused, whatever its value:
    test_malformed has a test of that.
    """
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    query = case.query if isinstance(case.query, dict) else {}
    return {name for name, value in query.items() if value == []} - sent.keys()


def record_of(program: ApiClient, path: str) -> str | None:
    """The id of a record that is there: the last of the list, where nobody's own token is."""
    listed = program.get(path.partition("/{id}")[0].replace("{company}", "ALPHA"))
    items = (listed.json or {}).get("items") or [{}]
    found: str | None = items[-1].get("id")
    return found


def test_generated_requests_get_described_answers(
    web_app: Flask,
    database: Database,
    suite: Suite,
    filled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The limit of wrong tokens from one address has a test of its own, in test_tokens.
    monkeypatch.setattr("backstay.access.callers.PER_SOURCE", 10**6)
    attack = Attack(web_app, database, suite)
    attack.program("zz-last")
    reading = attack.program("reader")
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", web_app, headers={"Authorization": f"Bearer {reading.token}"}
    )
    # 412 refuses as well: an If-Match that is no ETag of the record.
    schema.config.checks.negative_data_rejection.expected_statuses.append("412")
    for number, result in enumerate(schema.get_all_operations()):
        attack.run(result.ok(), number)
    assert attack.findings == {}
    # Most requests must come as far as the work itself, or nothing of it is looked at.
    done = sum(count for status, count in attack.answered.items() if status < 300)
    assert done > 150, attack.answered
    assert attack.answered[401] < sum(attack.answered.values()) / 5, attack.answered
    assert attack.tried.total() > 1000
    assert attack.unsent < attack.tried.total() / 50, attack.unsent
