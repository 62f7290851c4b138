"""A month of a company, from its opening balances to a closed period with its statements.

The documents at the month's end are those of the published company where they are at hand, and
otherwise the few of ``a_month/documents.csv``; the figures follow from them.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backstay.testing.requirements import data_folder
from tests.e2e.beginning import begin, set_up
from tests.e2e.browser import Person
from tests.e2e.desk import Desk, line
from tests.e2e.evidence import (
    ACCRUED,
    CENT,
    GROSS,
    OWED,
    OWING,
    PAID,
    PAID_AT,
    RECEIVED,
    SOLD,
    Evidence,
    Month,
    evidence,
)
from tests.e2e.second_person import second_person
from tests.e2e.servers import cli, environment, first_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

PASSWORD = "nine-lanterns-at-dusk"
BOOKS = "/c/MILL/ledger"
NOVEMBER, DECEMBER = "2026-11-30", "2026-12-01"
OWN = Path(__file__).parent / "a_month" / "documents.csv"


@pytest.fixture(scope="module")
def papers() -> Evidence:
    """The published documents where they are at hand, else our own."""
    folder = data_folder()
    return evidence(OWN if folder is None else folder / "finance" / "company" / "documents.csv")


@pytest.fixture(scope="module")
def desks(browser: Browser, address: str, home: Path) -> Iterator[dict[str, Desk]]:
    """A company without anything in its books, its accountant and its controller."""
    admin = Person.arrive(browser, address)
    admin.sign_in("admin", first_passwords(home)["admin"], change_to=PASSWORD)
    office = Desk(admin, BOOKS)
    office.fill(
        "/admin/companies/new",
        {
            "code": "MILL",
            "name": "Mill Road Ltd",
            "currency": "INR",
            "fiscal_year_start": "11",
            "chart": "trading",
        },
    )
    desks = {}
    for login, roles in (
        ("books", ["accountant"]),
        ("eyes", ["controller", "approver", "approvalkeeper"]),
        ("deputy", ["controller", "approver"]),
        ("chief", ["accountant", "controller", "approver", "approvalkeeper"]),
    ):
        office.fill(
            "/admin/users/new",
            {"login": login, "name": login, "roles": roles, "In company": "MILL"},
        )
        one_time = admin.page.locator("main .facts code").nth(1).inner_text()
        person = Person.arrive(browser, address)
        person.sign_in(login, one_time, change_to=PASSWORD)
        desks[login] = Desk(person, BOOKS)
    admin.context.close()
    desks["eyes"].fill(f"{BOOKS}/approval-limits/new", {"amount": "300000", "Journal": "BNK"})
    yield desks
    for desk in desks.values():
        desk.person.context.close()


def test_a_month(desks: dict[str, Desk], papers: Evidence, home: Path) -> None:
    accountant, controller = desks["books"], desks["eyes"]
    set_up(accountant, papers)
    begin(accountant)
    buy_and_sell(accountant, papers)
    pay(accountant, controller, papers)
    settle(accountant, papers)
    plan(accountant, papers)
    revalue(accountant, papers)
    close(accountant, controller)
    read_the_statements(accountant, papers)
    assert not accountant.person.complaints
    assert not controller.person.complaints
    found = cli(environment(home), "ledger", "check", "--company", "MILL", "--json")
    assert json.loads(found) == []


def test_a_second_person(desks: dict[str, Desk]) -> None:
    second_person(desks["eyes"], desks["deputy"], desks["chief"])


def buy_and_sell(desk: Desk, papers: Evidence) -> None:
    """The invoice and the bills of the month; their tax lines are added by key."""
    page = desk.page
    owed = f"={SOLD}*{GROSS}"
    desk.entry(
        "SAL",
        "2026-11-28",
        "Goods of November",
        line("1100", "debit", owed, party="Vector Ltd"),
        line("4000", "credit", SOLD, tax="S20"),
    )
    page.keyboard.press("Alt+x")
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    assert desk.post()
    bills = (
        ("2026-11-12", "6610", papers.audit, "Audit-Pro"),
        ("2026-11-30", "6200", papers.energy, "Gridpower"),
    )
    for day, account, net, party in bills:
        desk.entry(
            "PUR",
            day,
            f"Bill of {party}",
            line(account, "debit", net, tax="P20"),
            line("2000", "credit", f"={net}*{GROSS}", party=party),
        )
        page.keyboard.press("Alt+x")
        page.locator("[data-balance]", has_text="Balanced").wait_for()
        assert desk.post()
    desk.entry(
        "PUR",
        "2026-11-14",
        "Nordwerk NW-2210",
        line("5000", "debit", papers.bill * papers.at, currency="EUR", foreign=str(papers.bill)),
        line(
            "2010",
            "credit",
            papers.bill * papers.at,
            currency="EUR",
            foreign=str(papers.bill),
            party="Nordwerk",
            due="2027-01-13",
        ),
    )
    assert desk.post()


def pay(desk: Desk, controller: Desk, papers: Evidence) -> None:
    """Payments; a large one waits for a second person, who works the inbox by keyboard."""
    desk.entry(
        "BNK",
        "2026-11-27",
        "Vector pays",
        line("1010", "debit", RECEIVED),
        line("1100", "credit", RECEIVED, party="Vector Ltd"),
    )
    assert not desk.post()
    desk.entry(
        "BNK",
        "2026-11-26",
        "Nordwerk, first part",
        line("2010", "debit", PAID * PAID_AT, currency="EUR", foreign=str(PAID), party="Nordwerk"),
        line("1010", "credit", PAID * PAID_AT),
        exchange=True,
    )
    assert desk.post()
    desk.entry(
        "BNK",
        "2026-11-16",
        "Qubit, QB-88",
        line("6600", "debit", papers.prepaid),
        line("1010", "credit", papers.prepaid),
    )
    assert not desk.post()
    inbox = controller.page
    inbox.goto("/c/MILL/approvals/inbox")
    inbox.locator("#preview", has_text="Vector pays").wait_for()
    inbox.keyboard.press("a")
    inbox.locator("#preview", has_text="Qubit").wait_for()
    controller.person.look()
    inbox.keyboard.press("a")
    controller.said("Nothing waits for you")


def settle(desk: Desk, papers: Evidence) -> None:
    """Receipts and payments meet their documents; what the bank's rate costs is booked at once."""
    page = desk.page
    lost = (PAID * (PAID_AT - papers.at)).quantize(CENT)
    for party, left in (("Vector Ltd", "Allocated."), ("Nordwerk", "books the difference")):
        page.goto(f"{BOOKS}/open-items?as_of={NOVEMBER}&party={party}")
        page.locator("input[name=debit]").check()
        page.locator("input[name=credit]").check()
        page.keyboard.press("Control+Enter")
        desk.said(left)
    desk.person.look()
    ageing = {row["party"]: row["total"] for row in desk.rows(f"ageing.csv?as_of={NOVEMBER}")}
    assert ageing == {
        "Vector Ltd": f"{SOLD * GROSS - RECEIVED:.2f}",
        "Audit-Pro": f"{-papers.audit * GROSS:.2f}",
        "Gridpower": f"{-papers.energy * GROSS:.2f}",
        "Nordwerk": f"{-(papers.bill - PAID) * papers.at:.2f}",
        "Harbour Ltd": f"{OWED:.2f}",
        "Oldmill": f"{-OWING:.2f}",
    }
    losses = {
        row["account"]: row["debit"] for row in desk.rows(f"trial-balance.csv?as_of={NOVEMBER}")
    }
    assert losses["7050"] == f"{lost:.2f}"


def plan(desk: Desk, papers: Evidence) -> None:
    """The rent that comes each month, and what was paid for days to come."""
    page = desk.page
    desk.entry(
        "BNK",
        "2026-11-15",
        "Rent of the store",
        line("6100", "debit", papers.rent),
        line("1010", "credit", papers.rent),
    )
    page.keyboard.press("Alt+s")
    page.locator("#template-name").fill("Rent")
    page.keyboard.press("Enter")
    page.locator("#save-template").wait_for(state="hidden")
    desk.person.follow(page.get_by_role("link", name="Cancel"))
    desk.fill(
        f"{BOOKS}/recurring-entries/new",
        {
            "name": "Rent",
            "every": "month",
            "day": "15",
            "starts_on": "2026-11-01",
            "make_as": "posted",
            "Template": "Rent",
        },
    )
    desk.fill(
        f"{BOOKS}/deferrals/new",
        {
            "name": "Support by Qubit",
            "starts_on": "2026-11-16",
            "ends_on": "2027-01-14",
            "amount": str(papers.prepaid),
            "release_by": "day",
            "Income or expense": "6600",
            "Deferred on": "1300",
            "Journal": "GEN",
        },
    )
    desk.said("Deferred, with its release plan.")
    desk.person.look()
    desk.entry(
        "GEN",
        NOVEMBER,
        "Telephone and security, bill to come",
        line("6300", "debit", ACCRUED),
        line("2100", "credit", ACCRUED),
    )
    desk.person.press("Control+s")
    assert "/new" not in page.url, page.locator("main").inner_text()


def revalue(desk: Desk, papers: Evidence) -> None:
    """What is owed in euros is worth more by the end of the month."""
    desk.page.goto(f"{BOOKS}/revaluation?as_of={NOVEMBER}")
    more = (papers.bill - PAID) * (papers.then - papers.at)
    desk.said(f"{more:,.2f}")
    desk.person.look()
    desk.press("Post")
    desk.said("Posted as GEN-")


def close(desk: Desk, controller: Desk) -> None:
    """The cockpit says what is missing; once nothing blocks, the month is closed for good."""
    page = desk.page
    page.goto(f"{BOOKS}/periods?q=2026-11")
    desk.person.follow(page.locator("tbody a", has_text="2026-11").first)
    period = page.url
    assert re.search(r"/periods/\d+$", period)
    cockpit = f"{period}/closing"
    page.goto(cockpit)
    blocked = page.locator(".task", has_text="Blocks closing")
    assert blocked.count() == 3, blocked.all_inner_texts()
    desk.person.look()
    desk.press("Make what is due")
    desk.said("2 entries made.")
    desk.person.follow(page.get_by_role("link", name="Telephone and security"))
    desk.press("Post")
    desk.said("Posted as GEN-")
    page.goto(cockpit)
    page.locator("[name=words]").last.fill("Bank statement agreed")
    desk.press("Add task")
    assert page.locator(".task", has_text="Blocks closing").count() == 1
    task = page.locator(".task", has_text="Bank statement agreed")
    task.locator("summary").click()
    desk.person.follow(task.get_by_role("button", name="Done"))
    assert page.locator(".task", has_text="Blocks closing").count() == 0
    desk.person.look()
    desk.person.follow(page.get_by_role("link", name="Close period"))
    page.locator("[name=reason]").fill("November is complete")
    desk.press()
    desk.person.look(period)
    desk.said("Closed")
    desk.entry(
        "GEN",
        NOVEMBER,
        "Too late",
        line("6900", "debit", "1.00"),
        line("1000", "credit", "1.00"),
    )
    page.keyboard.press("Control+Enter")
    page.locator("#problems", has_text="2026-11 is closed").wait_for()
    assert all("409" in one for one in desk.person.complaints)
    desk.person.complaints.clear()
    desk.person.follow(page.get_by_role("link", name="Cancel"))


def read_the_statements(desk: Desk, papers: Evidence) -> None:
    """Each figure follows from the documents."""
    span = f"from=2026-11-01&to={NOVEMBER}"
    month = Month(papers)
    if papers.bill == Decimal("2300.00"):  # the published documents
        assert f"{month.profit:.2f} {sum(month.assets.values()):.2f}" == "14691.00 2029440.00"
    boxes = [(row["box"], row["base"], row["tax"]) for row in desk.rows(f"tax-return.csv?{span}")]
    assert boxes == [
        ("IN", f"{month.bought:.2f}", f"{month.input_tax:.2f}"),
        ("OUT", f"{SOLD:.2f}", f"{SOLD * (GROSS - 1):.2f}"),
    ]
    balances = {
        row["account"]: Decimal(row["debit"]) - Decimal(row["credit"])
        for row in desk.rows(f"trial-balance.csv?as_of={NOVEMBER}")
    }
    assert balances == month.balances
    assert desk.figures(f"profit-and-loss.csv?{span}") == month.profit_and_loss
    assert desk.figures(f"balance-sheet.csv?as_of={NOVEMBER}") == month.balance_sheet
    assert desk.figures(f"cash-flow.csv?{span}") == month.cash_flow
    # On the next day the revaluation is taken back, and payment will realise all of it.
    after = desk.rows(f"trial-balance.csv?as_of={DECEMBER}")
    owed = [row["credit"] for row in after if row["account"] == "2010"]
    assert owed == [f"{month.euros * papers.at:.2f}"]
    for report in ("balance-sheet", "cash-flow", "tax-return", "ageing"):
        desk.person.look(f"{BOOKS}/{report}?as_of={NOVEMBER}&{span}")
