"""Entries through the API: written, read, changed, posted, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from backstay.testing.api import ApiClient
from backstay.testing.web import make_user
from backstay_ledger.models import LONGEST_CODE, Entry
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_DRAFT, PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

    from .conftest import Books

ROOT = "/api/v1/c/ALPHA/ledger/"
Connect = "Callable[..., ApiClient]"


@pytest.fixture
def connect(
    web_app: Flask, database: Database, suite: Suite, alpha: CompanyRef
) -> Callable[..., ApiClient]:
    def to(login: str, *permissions: object, **scope: Any) -> ApiClient:
        make_user(database, login, permissions, alpha)  # type: ignore[arg-type]
        return ApiClient.for_user(web_app, database, suite, login, ROOT, **scope)

    return to


@pytest.fixture
def program(connect: Callable[..., ApiClient], books: Books) -> ApiClient:
    """May do everything in the ledger of ALPHA, which has books."""
    return connect("ada", *PERMISSIONS)


def sale(amount: str = "119.00", **changes: Any) -> dict[str, Any]:
    return {
        "journal": "GEN",
        "date": "2026-03-05",
        "memo": "Sale",
        "lines": [
            {"account": "1100", "debit": amount},
            {"account": "4000", "credit": amount, "text": "Goods"},
        ],
        **changes,
    }


def test_accounts_with_the_long_names_of_journals_are_posted_to(
    program: ApiClient, books: Books
) -> None:
    code = "assets:bank:" + "x" * (LONGEST_CODE - 12)
    made = program.post("accounts", {"code": code, "name": "Bank", "account_class": "asset"})
    assert made.status_code == 201, made.text
    lines = [{"account": code, "debit": "5.00"}, {"account": "4000", "credit": "5.00"}]
    posted = program.post("entries/actions/post", sale(lines=lines))
    assert posted.status_code == 201, posted.text
    kept = program.get(f"entries/{posted.json['id']}").json["lines"]
    assert [line["account"] for line in kept] == [code, "4000"]


def places(response: Any) -> dict[str, str]:
    assert response.mimetype == "application/problem+json", response.text
    return {one["field"]: one["message"] for one in response.json["errors"]}


def test_an_entry_is_created_and_posted_in_one_call(program: ApiClient) -> None:
    posted = program.post("entries/actions/post", sale())
    assert posted.status_code == 201, posted.text
    assert posted.json["number"] == "GEN-2026-000001"
    shown = program.get(posted.headers["Location"])
    assert shown.status_code == 200, shown.text
    assert shown.json["id"] == posted.json["id"]
    assert shown.json["state"] == "posted"
    no_tax = {"tax_code": "", "tax_included": None, "tax_line": False}
    assert shown.json["lines"] == [
        {
            "account": "1100",
            "debit": "119.00",
            "credit": None,
            "text": "",
            "currency": None,
            "amount_currency": None,
            **no_tax,
            "tax_code": "",
            "tax_included": None,
            "tax_line": False,
            "party": "",
            "due_date": None,
            "dimensions": "",
        },
        {
            "account": "4000",
            "debit": None,
            "credit": "119.00",
            "text": "Goods",
            "currency": None,
            "amount_currency": None,
            **no_tax,
            "tax_code": "",
            "tax_included": None,
            "tax_line": False,
            "party": "",
            "due_date": None,
            "dimensions": "",
        },
    ]


def test_a_draft_is_created_changed_and_posted(program: ApiClient) -> None:
    made = program.post("entries", sale())
    assert made.status_code == 201, made.text
    place, tag = made.headers["Location"], made.headers["ETag"]
    assert made.json["state"] == "draft"
    changed = program.patch(place, {"memo": "Another"}, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    assert changed.json["memo"] == "Another"
    assert len(changed.json["lines"]) == 2
    assert changed.headers["ETag"] != tag
    posted = program.post(f"{place}/actions/post", headers={"If-Match": changed.headers["ETag"]})
    assert posted.status_code == 200, posted.text
    again = program.post(f"{place}/actions/post")
    assert again.status_code == 409
    late = program.patch(place, {"memo": "x"}, headers={"If-Match": changed.headers["ETag"]})
    assert late.status_code == 409


def test_a_stale_change_is_refused_with_both_versions(program: ApiClient) -> None:
    made = program.post("entries", sale())
    place, tag = made.headers["Location"], made.headers["ETag"]
    assert program.patch(place, {"memo": "Mine"}).status_code == 428
    first = program.patch(place, {"memo": "Theirs"}, headers={"If-Match": tag})
    late = program.patch(place, {"memo": "Mine"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert late.json["yours"] == {"memo": "Mine"}
    assert late.json["current"]["memo"] == "Theirs"
    assert late.json["etag"] == first.headers["ETag"]
    stale = program.post(f"{place}/actions/post", headers={"If-Match": tag})
    assert stale.status_code == 412
    assert program.get(place).json["memo"] == "Theirs"


def test_a_draft_is_deleted(program: ApiClient) -> None:
    place = program.post("entries", sale()).headers["Location"]
    assert program.post(f"{place}/actions/delete").status_code == 204
    assert program.get(place).status_code == 404


def test_every_mistake_is_named_with_its_field(program: ApiClient) -> None:
    wrong = program.post(
        "entries/actions/post",
        {
            "journal": "GEN",
            "date": "5.3.2026",
            "lines": [{"account": 1100, "debit": 119.0}, {"account": "4000", "credti": "119.00"}],
            "number": 7,
        },
    )
    assert wrong.status_code == 422
    assert set(places(wrong)) == {
        "date",
        "lines.0.account",
        "lines.0.debit",
        "lines.1.credti",
        "number",
    }
    unbalanced = sale()
    unbalanced["lines"][0]["debit"] = "120.00"
    assert set(places(program.post("entries/actions/post", unbalanced))) == {"lines"}
    unknown = sale()
    unknown["lines"][1]["account"] = "9999"
    assert set(places(program.post("entries", unknown))) == {"lines.1.account"}
    finer = program.post("entries", sale("1.001"))
    assert set(places(finer)) == {"lines.0.debit", "lines.1.credit"}


@pytest.mark.parametrize(
    "amount", ["1e3", "NaN", "Infinity", "1,5", " 1", "1.00001", "1" * 16, "", "٣"]
)
def test_what_is_no_exact_amount_is_refused(program: ApiClient, amount: str) -> None:
    refused = program.post("entries", sale(amount))
    assert refused.status_code == 422
    assert set(places(refused)) == {"lines.0.debit", "lines.1.credit"}


def test_a_repeated_key_is_answered_again_and_posts_once(program: ApiClient, books: Books) -> None:
    headers = {"Idempotency-Key": "order 4711".replace(" ", "-")}
    first = program.post("entries/actions/post", sale(), headers=headers)
    again = program.post("entries/actions/post", sale(), headers=headers)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = program.post("entries/actions/post", sale("1.00"), headers=headers)
    assert other.status_code == 422
    assert len(books.entries()) == 1
    # A refusal is not remembered: the program may mend it and send it under the same key.
    key = {"Idempotency-Key": "order-4712"}
    assert program.post("entries", sale(journal="NONE"), headers=key).status_code == 422
    assert program.post("entries", sale(), headers=key).status_code == 201


def test_who_may_only_draft_posts_nothing(
    connect: Callable[..., ApiClient], books: Books, database: Database
) -> None:
    clerk = connect("ben", BOOKS_VIEW, ENTRY_DRAFT)
    assert clerk.post("entries/actions/post", sale()).status_code == 403
    made = clerk.post("entries", sale())
    assert made.status_code == 201
    assert clerk.post(f"{made.headers['Location']}/actions/post").status_code == 403
    narrow = connect("ada", *PERMISSIONS, permissions=(BOOKS_VIEW.name,))
    assert narrow.get("entries").status_code == 200
    assert narrow.post("entries", sale()).status_code == 403
    with database.read(books.context, books.suite) as session:
        assert session.scalar(select(func.count(Entry.id))) == 1


def test_the_list_is_filtered_searched_and_paged_by_key(program: ApiClient) -> None:
    for number in range(5):
        program.post("entries", sale(memo=f"Draft {number}"))
    program.post("entries/actions/post", sale(memo="Posted"))
    first = program.get("entries?state=draft&limit=2&sort=date")
    assert first.status_code == 200, first.text
    assert first.json["count"] == 5
    seen = [one["id"] for one in first.json["items"]]
    assert all(isinstance(one, str) for one in seen)
    page = first
    while page.json["after"]:
        page = program.get(f"entries?state=draft&limit=2&sort=date&after={page.json['after']}")
        seen += [one["id"] for one in page.json["items"]]
    assert len(seen) == len(set(seen)) == 5
    assert page.json["before"]
    assert [one["memo"] for one in program.get("entries?q=posted").json["items"]] == ["Posted"]
    elsewhere = program.get(f"entries?state=posted&limit=2&sort=date&after={first.json['after']}")
    assert elsewhere.status_code == 400
    marks = f"after={first.json['after']}&before={page.json['before']}"
    both = program.get(f"entries?state=draft&limit=2&sort=date&{marks}")
    assert both.status_code == 400
    assert both.json["errors"][0]["field"] == "before"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 400),
        ("limit=201", 400),
        ("limit=x", 400),
        ("limit=1&limit=2", 400),
        ("state=draft&state=posted", 400),
        ("colour=red", 400),
        ("sort=memo", 400),
        ("after=nonsense", 400),
        ("state=lost", 422),
        ("from=yesterday", 422),
        ("account=1x", 422),
    ],
)
def test_a_query_that_means_nothing_is_refused(program: ApiClient, query: str, status: int) -> None:
    refused = program.get(f"entries?{query}")
    assert refused.status_code == status, refused.text
    assert refused.mimetype == "application/problem+json"


def test_books_of_another_company_are_not_there(program: ApiClient, other_books: Books) -> None:
    theirs = other_books.account("1000")
    assert program.get(f"accounts/{theirs}").status_code == 404
    assert program.get("/api/v1/c/BETA/ledger/accounts").status_code == 404
    assert program.get("/api/v1/c/NONE/ledger/accounts").status_code == 404
    assert program.get(f"accounts/{2**64}").status_code == 404


def test_an_account_is_made_read_and_changed(program: ApiClient) -> None:
    made = program.post("accounts", {"code": "1200", "name": "Cash", "account_class": "asset"})
    assert made.status_code == 201, made.text
    place = made.headers["Location"]
    read = program.get(place)
    assert read.json == made.json
    assert {"code": "1200", "name": "Cash", "active": True}.items() <= read.json.items()
    changed = program.patch(
        place, {"name": "Till", "active": False}, headers={"If-Match": read.headers["ETag"]}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json["name"], changed.json["code"]) == ("Till", "1200")
    assert places(program.post("accounts", {"code": "1200", "name": "x"})).keys() == {
        "account_class"
    }
    taken = program.post("accounts", {"code": "1200", "name": "x", "account_class": "asset"})
    assert set(places(taken)) == {"code"}
