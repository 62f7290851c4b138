"""Tax codes, the return and account rules, as an accountant meets them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.services.posting import post

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

PAGES = (
    "/tax-codes",
    "/tax-codes/new",
    "/tax-boxes",
    "/tax-boxes/new",
    "/tax-rounding",
    "/tax-rounding/new",
    "/tax-return",
    "/tax-return.csv",
    "/tax-return.xlsx",
    "/tax-return/lines",
    "/account-rules",
    "/account-rules/new",
    "/account-rules/try",
    "/account-rules/try?role=revenue",
)


def test_every_page_opens_before_anything_was_set_up(accountant: Browser, books: Books) -> None:
    for path in PAGES:
        answer = accountant.get(books.url(path))
        assert answer.status_code == 200, (path, answer.text)


def test_only_who_may_changes_tax(bookkeeper: Browser, books: Books) -> None:
    assert bookkeeper.get(books.url("/tax-codes/new")).status_code == 403


@pytest.fixture
def coded(accountant: Browser, books: Books) -> Books:
    """A box and a code, made with the forms."""
    made = accountant.post(
        books.url("/tax-boxes/new"), {"code": "81", "name": "Sales", "kind": "payable"}
    )
    assert made.status_code in {200, 303}, made.text
    with books.database.read(books.context, books.suite) as session:
        from sqlalchemy import select

        from backstay_ledger.tax.models import TaxBox

        box = session.scalars(select(TaxBox.id)).one()
    made = accountant.post(
        books.url("/tax-codes/new"),
        {
            "code": "S20",
            "name": "Standard",
            "use": "sale",
            "rate": "20",
            "valid_from": "2026-01-01",
            "account_id": str(books.account("2000")),
            "box_id": str(box),
            "fed": "1",
        },
    )
    assert made.status_code in {200, 303}, made.text
    return books


def test_a_code_with_a_limit_is_made_as_the_form_comes_and_refused_where_it_is_told_otherwise(
    accountant: Browser, books: Books
) -> None:
    path = books.url("/tax-codes/new")
    shown = accountant.get(path).text
    assert "As usual" in shown
    said = {
        "code": "WH",
        "name": "Withheld",
        "use": "purchase",
        "rate": "-10",
        "valid_from": "2026-01-01",
        "account_id": str(books.account("2000")),
        "single_threshold": "20000",
    }
    refused = accountant.post(path, {**said, "fed": "1"})
    assert "computed on net amounts, by itself" in refused.text
    select = refused.text.partition('name="fed"')[2].partition("</select>")[0]
    assert re.search(r'<option selected[^>]*value="1"', select), select
    made = accountant.post(path, {**said, "fed": ""})
    assert made.status_code == 303, made.text
    made = accountant.post(path, {**said, "code": "WN", "fed": "0"})
    assert made.status_code == 303, made.text
    made = accountant.post(path, {**said, "code": "WX", "single_threshold": "", "fed": "1"})
    assert made.status_code == 303, made.text
    with books.database.read(books.context, books.suite) as session:
        from sqlalchemy import select

        from backstay_ledger.tax.models import TaxCode

        found = session.execute(select(TaxCode.code, TaxCode.fed).order_by(TaxCode.code)).all()
    assert [tuple(one) for one in found] == [("WH", False), ("WN", False), ("WX", True)]


def test_a_filed_return_is_checked_against_its_hash_when_somebody_asks(
    accountant: Browser, coded: Books
) -> None:
    days = {"starts_on": "2026-03-01", "ends_on": "2026-03-31"}
    assert "File tax return</span></button>" in accountant.get(coded.url("/tax-returns/new")).text
    made = accountant.post(coded.url("/tax-returns/new"), days)
    assert made.status_code == 303, made.text
    shown = accountant.get(made.headers["Location"]).text
    assert "Check the hash" in shown
    assert "their hash agrees" not in shown
    asked = re.search(r'href="([^"]*verify=1)"', shown)
    assert asked is not None
    assert "their hash agrees" in accountant.get(asked[1].replace("&amp;", "&")).text


def test_from_a_code_to_the_return(accountant: Browser, coded: Books) -> None:
    lines = (
        PostingLine("1100", Decimal(120)),
        PostingLine("4000", Decimal(-100), tax_code="S20"),
    )
    posting = Posting(key="k", journal="GEN", date=date(2026, 3, 5), lines=lines, memo="Sale")
    with coded.database.write(coded.context, coded.suite) as session:
        entry = post(session, posting).id
    shown = accountant.get(coded.url(f"/entries/{entry}")).text
    for words in ("Why this tax", "20 %", "Since", "Jan 1, 2026", "By line", "2, tax on 3"):
        assert words in shown
    days = "?from=2026-03-01&to=2026-03-31"
    report = accountant.get(coded.url(f"/tax-return{days}")).text
    assert "To be paid" in report
    assert "20.00" in report
    listed = accountant.get(coded.url("/tax-return.csv" + days)).text
    assert listed.splitlines()[1] == "81,Sales,payable,100.00,20.00"
    assert "S20" in accountant.get(coded.url("/tax-codes")).text


def test_rules_are_tried_out(accountant: Browser, books: Books) -> None:
    made = accountant.post(
        books.url("/account-rules/new"),
        {
            "role": "revenue",
            "account_id": str(books.account("4000")),
            "valid_from": "2026-01-01",
            "country": "AT",
        },
    )
    assert made.status_code in {200, 303}, made.text
    tried = books.url("/account-rules/try?role=revenue&on=2026-05-01&country=")
    assert "4000 Sales" in accountant.get(tried + "AT").text
    assert "No rule leads" in accountant.get(tried + "DE").text
