"""What no program should send: each is refused whole, and told where and what to send instead."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from backstay.api.body import LARGEST_BODY, MOST_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.api import ApiClient

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ROLE: dict[str, Any] = {
    "code": "keeper",
    "name": "Keeper",
    "description": "",
    "permissions": ["core.role.view"],
}


def _said(refused: Any) -> dict[str, str]:
    return {one["field"]: one["message"] for one in refused.json["errors"]}


def test_a_mistyped_member_is_told_the_nearest_name_and_all_there_are(
    connect: Callable[..., ApiClient],
) -> None:
    refused = connect().post("core/roles", {**ROLE, "Nmae": "x"})
    assert refused.status_code == 422
    assert _said(refused) == {
        "Nmae": "There is no field of this name. Did you mean “name”?"
        " There are: code, name, description, permissions, read_only, global_only."
    }
    strange = connect().post("core/roles", {**ROLE, "colour": "x"})
    assert _said(strange)["colour"].startswith("There is no field of this name. There are: code,")


def test_a_mistyped_parameter_or_sort_order_is_told_what_there_is(
    connect: Callable[..., ApiClient],
) -> None:
    program = connect()
    refused = program.get("core/roles?limt=5")
    assert refused.status_code == 400
    assert "Did you mean “limit”? There are: after," in _said(refused)["limt"]
    refused = program.get("core/roles?sort=-coed")
    assert refused.status_code == 400
    assert _said(refused) == {
        "sort": "This list can't be sorted by “-coed”. Did you mean “code”? There are: code."
    }


@pytest.mark.parametrize("query", ["=", "=1", "&=", "%C3%B1", "%C3%B1=", "%C3%B1=1&%C3%B1=", "[]="])
def test_a_parameter_of_a_strange_name_is_refused_whatever_its_value(
    connect: Callable[..., ApiClient], query: str
) -> None:
    refused = connect().get(f"core/roles?limit=5&{query}")
    assert refused.status_code == 400
    assert "There are: after, before, limit, q, sort." in str(_said(refused))


@pytest.mark.parametrize("name", ["sort", "limit", "after", "before", "state"])
def test_an_empty_parameter_is_refused_instead_of_passed_over(
    connect: Callable[..., ApiClient], name: str
) -> None:
    refused = connect().get(f"core/users?{name}=")
    assert refused.status_code == 400
    assert name in _said(refused)


def test_a_mark_that_was_cut_names_its_parameter(connect: Callable[..., ApiClient]) -> None:
    for name in ("after", "before"):
        refused = connect().get(f"core/users?{name}=WyJiZ")
        assert refused.status_code == 400
        assert list(_said(refused)) == [name]


def test_a_search_for_a_character_that_no_text_has_is_refused(
    connect: Callable[..., ApiClient],
) -> None:
    assert list(_said(connect().get("core/users?q=%00"))) == ["q"]


def test_a_change_or_action_with_an_if_match_that_is_no_etag_is_told_how_one_looks(
    connect: Callable[..., ApiClient],
) -> None:
    program = connect()
    made = program.post("core/roles", ROLE)
    place = f"core/roles/{made.json['id']}"
    for method, path in (("PATCH", place), ("POST", f"{place}/actions/delete")):
        refused = program.send(method, path, {}, headers={"If-Match": "v1"})
        assert refused.status_code == 400, refused.text
        assert '"v3"' in _said(refused)["If-Match"]
    missing = program.patch(place, {})
    assert (missing.status_code, list(_said(missing))) == (428, ["If-Match"])
    weak = program.patch(place, {}, headers={"If-Match": f"W/{made.headers['ETag']}"})
    assert weak.status_code == 412
    assert "weak ETag" in _said(weak)["If-Match"]
    assert weak.json["etag"] == made.headers["ETag"]
    listed = f'"v99", {made.headers["ETag"]}'
    assert program.patch(place, {}, headers={"If-Match": listed}).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (
            gzip.compress(json.dumps(ROLE).encode(), mtime=0),
            {"Content-Encoding": "gzip"},
            415,
            "unpacked",
        ),
        (json.dumps(ROLE).encode(), {"Content-Encoding": "br"}, 415, "unpacked"),
        (
            json.dumps(ROLE).encode("latin-1"),
            {"Content-Type": "application/json; charset=ISO-8859-1"},
            415,
            "UTF-8",
        ),
        (json.dumps(ROLE).encode("utf-16"), {}, 400, "not UTF-8: see its byte 1"),
        (b'{"code": "caf\xe9"}', {}, 400, "not UTF-8: see its byte 14"),
    ],
    ids=["gzip", "br", "latin-1 and said", "utf-16", "latin-1 and not said"],
)
def test_a_body_that_is_packed_or_in_another_encoding_is_told_so(
    connect: Callable[..., ApiClient],
    body: bytes,
    headers: dict[str, str],
    status: int,
    said: str,
) -> None:
    sent = {"Content-Type": "application/json", **headers}
    refused = connect().send("POST", "core/roles", headers=sent, data=body)
    assert refused.status_code == status, refused.text
    assert said in refused.json["detail"]


def test_a_byte_order_mark_before_utf_8_is_passed_over(connect: Callable[..., ApiClient]) -> None:
    sent = b"\xef\xbb\xbf" + json.dumps(ROLE).encode()
    assert connect().send("POST", "core/roles", sent).status_code == 201


def test_a_large_body_in_chunks_is_refused_and_not_cut(connect: Callable[..., ApiClient]) -> None:
    whole = json.dumps(ROLE).encode()
    # What stands in the first mebibyte would be an order by itself.
    sent = whole + b" " * (LARGEST_BODY - len(whole)) + b"}"
    for extra in ({}, {"Idempotency-Key": "large"}):
        refused = connect().send(
            "POST",
            "core/roles",
            headers={"Content-Type": "application/json", **extra},
            input_stream=io.BytesIO(sent),
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )
        assert refused.status_code == 413, refused.text
        assert "1024 KiB" in refused.json["detail"]


def test_a_body_of_a_hundred_thousand_members_is_answered_shortly(
    connect: Callable[..., ApiClient],
) -> None:
    names = [f'"{number:x}":1' for number in range(80_000)]
    refused = connect().send("POST", "core/roles", ("{" + ",".join(names) + "}").encode())
    assert refused.status_code == 422
    assert len(refused.json["errors"]) == MOST_PROBLEMS
    twice = [*names, names[-1]]
    refused = connect().send("POST", "core/roles", ("{" + ",".join(twice) + "}").encode())
    assert (refused.status_code, list(_said(refused))) == (400, ["1387f"])


def test_an_address_without_a_function_names_the_reference(
    connect: Callable[..., ApiClient],
) -> None:
    refused = connect().get("core/user")
    assert refused.status_code == 404
    assert "/api/v1/" in refused.json["detail"]
