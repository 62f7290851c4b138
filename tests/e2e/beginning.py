"""How the books of a company begin: taxes, rates, accounts, and what the old books ended with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.evidence import CAPITAL, CASH, COMPUTERS, DEPRECIATED, OWED, OWING, PAID_AT

if TYPE_CHECKING:
    from tests.e2e.desk import Desk
    from tests.e2e.evidence import Evidence


def set_up(desk: Desk, papers: Evidence) -> None:
    """The fiscal year, taxes, rates, and which accounts are settled item by item."""
    years = desk.rows("fiscal-years.csv")
    if not any("2026-11-01" in row.values() for row in years):
        desk.fill(f"{desk.books}/fiscal-years/new", {"starts_on": "2026-11-01"})
    accounts = {row["code"]: row for row in desk.rows("accounts.csv")}
    assert len(accounts) > 60
    for code in ("1100", "2000", "2010"):
        desk.page.goto(f"{desk.books}/accounts?q={code}")
        desk.person.follow(desk.page.locator("tbody a", has_text=code).first)
        assert re.search(r"/accounts/\d+$", desk.page.url)
        desk.fill(f"{desk.page.url}/edit", {"open_item_managed": True})
    for code, name, kind in (("OUT", "Sales", "payable"), ("IN", "Purchases", "deductible")):
        desk.fill(f"{desk.books}/tax-boxes/new", {"code": code, "name": name, "kind": kind})
    for code, use, account, box in (
        ("S20", "sale", "2300", "OUT"),
        ("P20", "purchase", "1180", "IN"),
    ):
        desk.fill(
            f"{desk.books}/tax-codes/new",
            {
                "code": code,
                "name": "Standard rate",
                "use": use,
                "rate": "20",
                "valid_from": "2026-11-01",
                "Account": account,
                "Box": box,
            },
        )

    for day, rate in (
        ("2026-11-14", papers.at),
        ("2026-11-26", PAID_AT),
        ("2026-11-30", papers.then),
    ):
        desk.fill(
            f"{desk.books}/exchange-rates/new",
            {"date": day, "base": "EUR", "quote": "INR", "rate": str(rate)},
        )
    desk.fill(
        f"{desk.books}/exchange-settings/new",
        {
            "Realised exchange gains": "4950",
            "Realised exchange losses": "7050",
            "Unrealised exchange gains": "4950",
            "Unrealised exchange losses": "7050",
        },
    )


def begin(desk: Desk) -> None:
    """What the old books ended with: a trial balance, and the documents that were still open."""
    page = desk.page
    for code in ("9000", "9010"):
        desk.fill(
            f"{desk.books}/accounts/new",
            {"code": code, "name": f"Opening {code}", "account_class": "equity"},
        )
    page.goto(f"{desk.books}/opening")
    page.locator("#day").fill("2026-11-01")
    page.locator("[name=balances_account]").select_option(label="9000 Opening 9000")
    page.locator("[name=items_account]").select_option(label="9010 Opening 9010")
    desk.press("Begin the opening")
    page.goto(f"{desk.books}/opening-balances")
    for code, side, amount in (
        ("1010", "debit", CASH),
        ("1100", "debit", OWED),
        ("1510", "debit", COMPUTERS),
        ("1590", "credit", DEPRECIATED),
        ("2000", "credit", OWING),
        ("3000", "credit", CAPITAL),
    ):
        row = page.locator(f"tr:has([role=combobox][value^='{code} '])")
        row.locator(f"[data-amount={side}]").fill(str(amount))
    page.locator("[data-balance]", has_text="Balanced").first.wait_for()
    desk.press("Post opening balances")
    page.goto(f"{desk.books}/opening/items")
    for n, (account, reference, party, side, amount) in enumerate(
        (
            ("1100", "INV-202610", "Harbour Ltd", "debit", OWED),
            ("2000", "OM-17", "Oldmill", "credit", OWING),
        )
    ):
        desk.choose(page.locator(f"#lines-{n}-account"), account)
        page.locator(f"#lines-{n}-text:focus").wait_for()
        cells = {"text": reference, "party": party, "dated": "2026-10-20", side: str(amount)}
        for cell, value in cells.items():
            page.locator(f"#lines-{n}-{cell}").fill(value)
    desk.press()
    page.goto(f"{desk.books}/opening")
    desk.person.look()
    desk.press("Finish the opening")
    desk.said("0.00")
