"""Refusals of the API: problem+json (RFC 9457), the same words that a page would show.

``type`` is stable and for programs, ``detail`` and ``errors`` are for people. Each error names the
field (``lines.2.account`` is in the third line) and, for rows of a file, the row.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import Response, g

from backstay.web.proxied import this_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.errors import Problem

API_PREFIX: Final = "/api/"
REFERENCE: Final = "api_reference.page"
"""The one page below the prefix that is for people with a browser."""
PROBLEM_TYPE: Final = "application/problem+json"
_CODES: Final = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    412: "stale",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    428: "precondition-required",
    429: "too-many-requests",
    503: "unavailable",
}


def is_api() -> bool:
    """Whether the request is one of a program, which is answered in JSON and knows no cookie."""
    asked = this_request()
    return asked.path.startswith(API_PREFIX) and asked.endpoint != REFERENCE


def problem_type(status: int) -> str:
    """The stable name of a kind of refusal."""
    return f"urn:backstay:problem:{_CODES.get(status, 'error')}"


def problem_response(
    status: int,
    message: object,
    problems: Sequence[Problem] = (),
    more: dict[str, Any] | None = None,
) -> Response:
    """A refusal.

    Arguments:
        problems: what is wrong where; without them the message is the one problem.
        more: further members, such as both versions of a record.
    """
    body = {
        "type": problem_type(status),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(message),
        "request_id": g.get("request_id", ""),
        "errors": [{"field": one.field, "row": one.row, "message": one.message} for one in problems]
        or [{"field": None, "row": None, "message": str(message)}],
        **(more or {}),
    }
    response = Response(json.dumps(body, ensure_ascii=False), status, mimetype=PROBLEM_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Backstay"'
    return response
