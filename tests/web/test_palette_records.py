"""The palette finds records of the lists that one may open, and tells where the word stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backstay.admin_part import PERMISSIONS
from backstay.db.context import Context, operator_context
from backstay.kernel.load import load
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import build
from backstay_ledger.models import AccountClass
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import CreateAccount, add_accounts

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


@pytest.fixture
def accounts(database: Database, suite: Suite, alpha: CompanyRef, beta: CompanyRef) -> None:
    for company, name in ((alpha, "Cash at bank"), (beta, "Cash abroad")):
        context: Context = operator_context("cli:test", company=company)
        with database.write(context, suite) as session:
            add_accounts(
                session,
                [CreateAccount(code="1000", name=name, account_class=AccountClass.ASSET)],
            )


def records(browser: Browser, words: str, company: str = "ALPHA") -> list[dict[str, Any]]:
    found = browser.get(f"/me/palette?company={company}&q={words}").json
    return [item for item in found if item["id"]]


@pytest.mark.usefixtures("accounts")
def test_records_come_after_pages_with_ids_as_texts(
    web_app: Flask, database: Database, alpha: CompanyRef
) -> None:
    make_user(database, "clerk", [BOOKS_VIEW], alpha)
    clerk = Browser.for_user(web_app, database, "clerk")
    (item,) = records(clerk, "cash")
    assert item["group"] == "Chart of accounts"
    assert "Cash at bank" in item["label"]
    assert item["href"] == f"/c/ALPHA/ledger/accounts/{item['id']}"
    assert isinstance(item["id"], str)
    everything = clerk.get("/me/palette?company=ALPHA&q=acc").json
    assert [bool(one["id"]) for one in everything] == sorted(bool(one["id"]) for one in everything)
    assert clerk.get(item["href"]).status_code == 200


@pytest.mark.usefixtures("accounts")
def test_records_of_lists_that_one_may_not_open_are_not_found(
    web_app: Flask, database: Database, alpha: CompanyRef
) -> None:
    make_user(database, "admin", PERMISSIONS)
    admin = Browser.for_user(web_app, database, "admin")
    make_user(database, "clerk", [BOOKS_VIEW], alpha)
    clerk = Browser.for_user(web_app, database, "clerk")
    assert {item["group"] for item in records(admin, "admin")} >= {"Users"}
    assert records(clerk, "admin") == []
    assert records(admin, "cash") == []
    assert records(clerk, "cash", company="BETA") == []
    assert records(clerk, "abroad") == []


@pytest.mark.usefixtures("accounts")
def test_the_preview_names_the_field_in_which_the_word_stands(
    web_app: Flask, database: Database
) -> None:
    make_user(database, "admin", PERMISSIONS)
    admin = Browser.for_user(web_app, database, "admin")
    (company,) = records(admin, "ltd")
    assert company["group"] == "Companies"
    assert "Alpha Ltd" in company["label"] + company["hint"]


@pytest.mark.usefixtures("accounts")
def test_records_of_a_module_that_is_off_are_not_found(
    web_app: Flask, database: Database, alpha: CompanyRef
) -> None:
    make_user(database, "clerk", [BOOKS_VIEW], alpha)
    assert len(records(Browser.for_user(web_app, database, "clerk"), "cash")) == 1
    without = build(load(()), database, secret_key=SECRET)
    assert records(Browser.for_user(without, database, "clerk"), "cash") == []
