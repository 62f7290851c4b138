"""A working day in a real browser, from the first start to a trial balance that is right."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backstay.testing.requirements import data_folder
from tests.e2e.browser import Person
from tests.e2e.servers import first_passwords

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

PASSWORD = "nine-lanterns-at-dusk"
SMALL = {"width": 390, "height": 844}
SCREENS = (
    "/c/DEMO/",
    "/c/DEMO/ledger/",
    "/c/DEMO/ledger/accounts",
    "/c/DEMO/ledger/accounts/new",
    "/c/DEMO/ledger/entries",
    "/c/DEMO/ledger/entries/new",
    "/c/DEMO/ledger/journals",
    "/c/DEMO/ledger/fiscal-years",
    "/c/DEMO/ledger/periods",
    "/c/DEMO/ledger/trial-balance",
    "/c/DEMO/ledger/general-ledger",
    "/c/DEMO/ledger/opening-balances",
    "/c/DEMO/ledger/open-items",
    "/c/DEMO/core/imports",
    "/c/DEMO/core/imports/new",
    "/c/DEMO/core/imports/new/ledger.journal",
    "/me/",
    "/me/password",
    "/me/sessions",
)
ADMIN_SCREENS = (
    "/admin/users",
    "/admin/users/new",
    "/admin/roles",
    "/admin/roles/new",
    "/admin/companies",
    "/admin/companies/new",
    "/admin/sessions",
    "/admin/modules",
    "/admin/modules/ledger",
    "/admin/modules/ledger/disable",
    "/admin/audit",
    "/admin/jobs",
)


@pytest.fixture(scope="module")
def admin_password(browser: Browser, address: str, home: Path) -> str:
    """The administrator's own password, set in place of the one-time password."""
    person = Person.arrive(browser, address)
    person.sign_in("admin", first_passwords(home)["admin"], change_to=PASSWORD)
    assert not person.complaints
    person.context.close()
    return PASSWORD


def import_file(person: Person, company: str, kind: str, path: Path) -> None:
    """Upload, read the preview, confirm, and wait until it is done."""
    page = person.page
    page.goto(f"/c/{company}/core/imports/new/{kind}")
    page.locator("input[type=file]").set_input_files(path)
    person.follow(page.locator("main button[type=submit]").first)
    go_on = page.get_by_role("button", name=re.compile(r"^Import \d+ (accounts|entries)$"))
    go_on.wait_for()
    person.look()
    person.follow(go_on)
    page.get_by_role("link", name="Undo this import", exact=True).wait_for()
    person.look()


def exported(person: Person, path: str) -> list[dict[str, str]]:
    """The rows of a CSV export."""
    answer = person.context.request.get(f"{person.base}{path}")
    assert answer.status == 200
    return list(csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig"))))


@pytest.mark.needs("data")
def test_an_accountant_brings_in_a_companys_books_and_posts_an_entry(
    browser: Browser, address: str, admin_password: str
) -> None:
    folder = data_folder()
    assert folder is not None
    books = folder / "finance" / "company"
    one_time = make_company_and_accountant(browser, address, admin_password)
    clerk = Person.arrive(browser, address)
    clerk.sign_in("books", one_time, change_to=PASSWORD)
    import_file(clerk, "ACME", "ledger.chart", books / "chart.csv")
    import_file(clerk, "ACME", "ledger.journal", books / "journal.csv")
    with (books / "trial_balance.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["account"]: (row["debit"], row["credit"]) for row in csv.DictReader(file)}
    assert trial_balance(clerk) == expected
    assert len(expected) == 21
    paste_lines(clerk)
    post_an_entry(clerk)
    after = trial_balance(clerk)
    assert after["6900"] == ("135120.50", "0.00")
    assert after["1000"] == ("1400639.50", "0.00")
    clerk.look("/c/ACME/ledger/trial-balance")
    clerk.context.close()


def make_company_and_accountant(browser: Browser, address: str, admin_password: str) -> str:
    """The administrator's part of the day; returns the accountant's one-time password."""
    admin = Person.arrive(browser, address)
    admin.sign_in("admin", admin_password)
    page = admin.page
    page.goto("/admin/companies/new")
    page.get_by_label("Code").fill("ACME")
    page.locator("[name=name]").fill("Acme Instruments Ltd")
    page.locator("[name=currency]").select_option("EUR")
    admin.follow(page.locator("main button[type=submit].primary"))
    assert not page.url.endswith("/new"), page.locator("main").inner_text()
    admin.look()
    page.goto("/admin/users/new")
    page.locator("[name=login]").fill("books")
    page.locator("[name=name]").fill("The books of Acme")
    page.locator("[name=roles][value=accountant]").check()
    page.get_by_role("combobox", name="In company").fill("ACME")
    page.get_by_role("option", name="ACME").first.click()
    admin.follow(page.locator("main button[type=submit].primary"))
    shown = page.locator("main .facts code").nth(1)
    admin.look()
    one_time = shown.inner_text()
    admin.context.close()
    return one_time


def trial_balance(person: Person) -> dict[str, tuple[str, str]]:
    """The exported trial balance: account -> debit, credit."""
    rows = exported(person, "/c/ACME/ledger/trial-balance.csv?as_of=2026-12-31")
    return {row["account"]: (row["debit"], row["credit"]) for row in rows}


def paste_lines(clerk: Person) -> None:
    """Rows of a spreadsheet become lines, and each account that exists is found."""
    page = clerk.page
    page.goto("/c/ACME/ledger/entries/new")
    page.locator("#lines-0-account").focus()
    page.evaluate(
        """() => {
            const cells = new DataTransfer();
            cells.setData("text/plain", "6900\\t10.00\\n1000\\t-10.00\\n");
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: cells, bubbles: true, cancelable: true})
            );
        }"""
    )
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    page.locator("#lines-1-credit:focus").wait_for()
    for line, code in enumerate(("6900", "1000")):
        page.wait_for_function(
            "([id, start]) => document.getElementById(id).value.startsWith(start)",
            arg=[f"lines-{line}-account", f"{code} "],
        )
    assert page.locator("table .cell-error").all_inner_texts() == []
    clerk.follow(page.get_by_role("link", name="Cancel"))


def post_an_entry(clerk: Person) -> None:
    """One entry, by keyboard: first out by a cent and refused, then right."""
    page = clerk.page
    page.goto("/c/ACME/ledger/entries/new")
    page.locator("#journal:focus").wait_for()
    page.locator("[name=memo]").fill("Stationery")
    page.locator("#lines-0-account").focus()
    # Enter takes the account and moves on: to the text, the debit, the credit, the next line.
    for line, (account, side, amount) in enumerate(
        (("6900", "debit", "120.50"), ("1000", "credit", "120.49"))
    ):
        page.locator(f"#lines-{line}-account:focus").wait_for()
        page.keyboard.type(account)
        page.locator("[role=option][aria-selected=true]", has_text=account).wait_for()
        page.keyboard.press("Enter")
        page.locator(f"#lines-{line}-text:focus").wait_for()
        page.keyboard.press("Enter")
        page.locator(f"#lines-{line}-debit:focus").wait_for()
        if side == "credit":
            page.keyboard.press("Enter")
            page.locator(f"#lines-{line}-credit:focus").wait_for()
        page.keyboard.type(amount)
        page.keyboard.press("Enter")
    page.locator("[data-balance]", has_text="Out by 0.01").wait_for()
    clerk.press("Control+Enter")
    page.locator("[role=alert]").first.wait_for()
    assert "0.01" in page.locator("main").inner_text()
    clerk.look()
    page.locator("#lines-1-credit").fill("120.50")
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    clerk.press("Control+Enter")
    clerk.look()
    assert "GEN-2026-" in page.locator("h1").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_every_screen_of_the_ledger_is_accessible(
    browser: Browser, address: str, home: Path, admin_password: str, scheme: str, size: str
) -> None:
    options = {"viewport": SMALL} if size == "narrow" else {}
    person = Person.arrive(browser, address, color_scheme=scheme, **options)
    person.look("/sign-in")
    person.sign_in("accountant", first_passwords(home)["accountant"])
    for screen in SCREENS:
        person.look(screen)
    for listing in ("accounts", "entries", "periods"):
        person.page.goto(f"/c/DEMO/ledger/{listing}")
        person.follow(person.page.locator("tbody a").first)
        person.look()
    person.context.close()


def test_a_telephone_says_what_it_shows_and_leaves_room_for_thumbs(
    browser: Browser, address: str, home: Path
) -> None:
    clerk = Person.arrive(browser, address, viewport=SMALL)
    clerk.sign_in("accountant", first_passwords(home)["accountant"])
    page = clerk.page
    rows = page.locator("table[data-lines] tbody tr")
    page.goto("/c/DEMO/ledger/entries/new")
    assert rows.count() == 2
    page.locator("#lines-1-credit").press("Enter")
    assert rows.count() == 3
    assert rows.nth(2).locator("input:focus").count() == 1
    page.goto("/c/DEMO/ledger/entries")
    thumb = page.locator("td.pick input").first.bounding_box()
    assert thumb is not None
    assert min(thumb["width"], thumb["height"]) >= 24
    said = "one => getComputedStyle(one, '::before').content"
    page.goto("/c/DEMO/ledger/accounts")
    assert page.locator("td.bool:not(:empty)").first.evaluate(said) == '"Active"'
    page.goto("/c/DEMO/ledger/periods")
    days = page.locator("tbody tr").first.locator("td.date")
    assert [day.evaluate(said) for day in days.all()] == ['"First day"', '"Last day"']
    page.goto("/c/DEMO/ledger/charts")
    month = page.locator(".chart .month").first.bounding_box()
    assert month is not None
    assert month["height"] >= 10
    clerk.context.close()


def test_a_telephone_shows_totals_first_and_lines_on_demand(
    browser: Browser, address: str, home: Path
) -> None:
    clerk = Person.arrive(browser, address, viewport=SMALL)
    clerk.sign_in("accountant", first_passwords(home)["accountant"])
    page = clerk.page
    page.goto("/c/DEMO/ledger/general-ledger")
    account = page.locator("table.report tbody").first
    line = account.locator(".row-link").first
    assert account.get_by_text("Closing balance").is_visible()
    assert not line.is_visible()
    page.keyboard.press("j")  # nothing is there to move to, and nothing breaks
    account.locator(".unfold").click()
    assert line.is_visible()
    page.keyboard.press("Space")  # the mark has the focus: the keyboard folds it again
    assert not line.is_visible()
    page.goto("/c/DEMO/ledger/journal-report")
    entry = page.locator("table.report tbody").first
    assert not entry.locator("tr").last.is_visible()
    entry.locator(".unfold").click()
    assert entry.locator("tr").last.is_visible()
    page.goto("/c/DEMO/")
    ways = page.get_by_role("region", name="Taxes")
    assert not ways.get_by_role("link", name="Tax codes").is_visible()
    ways.locator(".unfold").click()
    assert ways.get_by_role("link", name="Tax codes").is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.get_by_role("link", name="Required dimensions").is_visible()
    page.goto("/c/DEMO/ledger/general-ledger")
    assert line.is_visible()
    assert not clerk.complaints
    clerk.context.close()


def test_texts_have_their_room_beside_dates_and_figures(
    browser: Browser, address: str, home: Path
) -> None:
    clerk = Person.arrive(browser, address, viewport={"width": 1280, "height": 800})
    clerk.sign_in("accountant", first_passwords(home)["accountant"])
    page = clerk.page
    page.goto("/c/DEMO/ledger/entries/new")
    for cell in ("text", "party"):
        box = page.locator(f"#lines-0-{cell}").bounding_box()
        assert box is not None
        assert box["width"] > 100, cell
    # The total's label is longer than a date, and widens the column of the dates no more.
    page.goto("/c/DEMO/ledger/general-ledger")
    clerk.follow(page.locator("tr.group a").first)
    page.locator("tr.total", has_text="Closing balance of all pages").wait_for()
    date = page.locator("thead th").first.bounding_box()
    assert date is not None
    assert date["width"] < 130
    page.goto("/c/DEMO/ledger/entries?q=Closing")
    clerk.follow(page.locator("tbody a").first)
    page.locator(".columns td .clip").first.wait_for()
    cut = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).length"
    assert page.locator(".columns td .clip").evaluate_all(cut) == 0
    clerk.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_every_screen_of_the_administration_is_accessible(
    browser: Browser, address: str, admin_password: str, scheme: str, size: str
) -> None:
    options = {"viewport": SMALL} if size == "narrow" else {}
    person = Person.arrive(browser, address, color_scheme=scheme, **options)
    person.sign_in("admin", admin_password)
    for screen in ADMIN_SCREENS:
        person.look(screen)
    for listing in ("users", "roles", "companies", "audit"):
        person.page.goto(f"/admin/{listing}")
        person.follow(person.page.locator("tbody a").first)
        person.look()
    person.context.close()


def test_a_module_is_switched_off_and_on_in_the_browser(
    browser: Browser, address: str, home: Path, admin_password: str
) -> None:
    admin = Person.arrive(browser, address)
    admin.sign_in("admin", admin_password)
    clerk = Person.arrive(browser, address)
    clerk.sign_in("bookkeeper", first_passwords(home)["bookkeeper"])

    def take(verb: str, name: str) -> None:
        admin.page.goto(f"/admin/modules/{name}/{verb}")
        admin.follow(
            admin.page.locator("main button[type=submit].primary, main button.danger").first
        )
        assert not admin.page.url.endswith("able"), admin.page.locator("main").inner_text()

    take("disable", "auditfiles")  # it needs the ledger, and would stand in its way
    for verb, status in (("disable", 404), ("enable", 200)):
        take(verb, "ledger")
        answer = clerk.page.goto("/c/DEMO/ledger/entries")
        assert answer is not None
        assert answer.status == status
        if status != 200:
            assert "switched off" in clerk.page.content()
            assert "Ledger" not in clerk.page.locator("nav").first.inner_text()
    take("enable", "auditfiles")
    admin.context.close()
    clerk.context.close()


def test_the_palette_finds_pages_by_keyboard(
    browser: Browser, address: str, home: Path, admin_password: str
) -> None:
    person = Person.arrive(browser, address)
    person.sign_in("accountant", first_passwords(home)["accountant"])
    person.page.keyboard.press("Control+k")
    person.page.keyboard.type("trial")
    person.page.get_by_role("option", name="Trial balance").first.wait_for()
    person.look()
    person.press("Enter")
    assert person.page.url.endswith("/ledger/trial-balance")
    person.context.close()
