"""Lists in a real browser: moved through by keyboard, looked at, chosen, saved, acted on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import python_calamine

from tests.e2e.browser import Person
from tests.e2e.servers import first_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

ENTRIES = "/c/DEMO/ledger/entries"
TOO_WIDE = """[...document.querySelectorAll(".table-scroll, .preview-body")]
    .filter(one => one.scrollWidth > one.clientWidth).map(one => one.className)"""


@pytest.fixture
def accountant(browser: Browser, address: str, home: Path) -> Iterator[Person]:
    person = Person.arrive(browser, address)
    person.sign_in("accountant", first_passwords(home)["accountant"])
    person.page.goto(ENTRIES)
    yield person
    assert not person.complaints
    person.context.close()


def heads(person: Person) -> list[str]:
    return [
        one.strip() for one in person.page.locator("#list thead th:not(.pick)").all_inner_texts()
    ]


def test_rows_are_walked_selected_looked_at_and_opened_by_keyboard(accountant: Person) -> None:
    page, keys = accountant.page, accountant.page.keyboard
    keys.press("j")
    keys.press("j")
    keys.press("x")
    keys.press("ArrowDown")
    keys.press("x")
    keys.press("ArrowUp")
    assert page.locator("[data-bulk-count]").inner_text() == "2 selected"
    assert page.locator("#list tr[data-picked]").count() == 2
    keys.press(" ")
    page.locator("#preview h2").wait_for()
    accountant.look()
    assert page.evaluate(TOO_WIDE) == []
    before = page.locator("#preview h2").inner_text()
    keys.press("j")
    page.wait_for_function(
        "before => document.querySelector('#preview h2')?.innerText !== before", arg=before
    )
    keys.press("Escape")
    page.locator("#preview").wait_for(state="hidden")
    focused = page.evaluate("document.activeElement.href")
    accountant.press("Enter")
    assert page.url == focused


def test_columns_are_chosen_by_keyboard_and_kept_in_a_view(accountant: Person) -> None:
    page, keys = accountant.page, accountant.page.keyboard
    page.locator(".columns-menu summary").focus()
    keys.press("Enter")
    menu = page.locator(".columns-menu")
    menu.get_by_label("Reference", exact=True).focus()
    keys.press("Space")
    keys.press("ArrowUp")
    assert page.evaluate("document.activeElement.value") == "memo"
    menu.get_by_role("button", name="Move State up").focus()
    keys.press("Enter")
    menu.get_by_role("button", name="Show").focus()
    accountant.press("Enter")
    assert "columns=" in page.url
    assert heads(accountant) == ["Number", "Date", "Journal", "Memo", "State", "Amount"]
    page.locator("#list-filters").get_by_role("checkbox", name="Draft").click()
    page.wait_for_url("**state=draft**")
    page.locator("#list .chip").wait_for()
    accountant.look()
    page.locator(".views-menu summary").click()
    page.get_by_label("Save what is shown as").fill("My drafts")
    page.locator(".save-view").get_by_label("Open the list with it").check()
    accountant.follow(page.get_by_role("button", name="Save view"))
    assert "view=" in page.url
    page.goto(ENTRIES)
    assert page.locator(".views-menu summary").inner_text().strip() == "My drafts"
    assert heads(accountant) == ["Number", "Date", "Journal", "Memo", "State", "Amount"]
    # The filter is taken off: the list no longer shows what the view says.
    accountant.follow(page.locator("#list .chip a"))
    assert "base=" in page.url
    assert "changed" in page.locator(".views-menu summary").inner_text()
    assert page.locator("#list .chip").count() == 0
    page.locator(".views-menu summary").click()
    accountant.follow(page.locator(".views-menu").get_by_role("link", name="My drafts"))
    assert "view=" in page.url
    page.locator(".views-menu summary").click()
    page.get_by_role("button", name="Delete view").click()
    assert page.locator("#confirm [data-confirm-yes]").inner_text() == "Delete view"
    accountant.follow(page.locator("#confirm [data-confirm-yes]"))
    assert page.url.endswith(ENTRIES)
    assert page.locator(".views-menu summary").inner_text().strip() == "Views"


def test_two_states_are_or_and_each_goes_by_its_own_chip(accountant: Person) -> None:
    page = accountant.page
    for state in ("Draft", "Posted"):
        page.locator("#list-filters").get_by_role("checkbox", name=state).click()
        page.locator("#list .chip", has_text=state).wait_for()
    assert [one.strip() for one in page.locator("#list .joiner").all_inner_texts()] == ["or"]
    accountant.follow(page.get_by_role("link", name="Remove filter: State Draft"))
    assert "state=posted" in page.url
    assert page.locator("#list .chip").count() == 1


def test_all_that_match_are_acted_on_after_a_look_at_what_is_skipped(accountant: Person) -> None:
    page = accountant.page
    page.locator("[data-pick-all]").check()
    page.locator("[data-bulk-all]").check()
    assert re.search(r"\d+ records", page.locator("[data-bulk-count]").inner_text())
    accountant.look()
    accountant.follow(page.locator(".bulk-bar").get_by_role("button", name="Post"))
    assert "/bulk/post" in page.url
    accountant.look()
    all_, done, skipped = (int(one) for one in page.locator(".stat-value").all_inner_texts())
    assert all_ > 50
    assert done > 0
    assert all_ == done + skipped
    assert "while this journal entry is “Posted”" in page.locator("main").inner_text()
    accountant.follow(page.locator("main form button[type=submit]"))
    assert page.url.endswith(ENTRIES)
    assert "done" in page.locator("main .note").first.inner_text()
    accountant.page.goto(f"{ENTRIES}?state=draft")
    assert page.locator("#list tbody tr").count() == 3 - done


def test_a_long_list_is_written_while_its_page_tells_how_far_it_is(accountant: Person) -> None:
    page = accountant.page
    # What the list leads to when it has more than 10,000 rows.
    accountant.look(f"{ENTRIES}/export/xlsx?state=posted")
    accountant.press("Control+Enter")
    assert re.search(r"/export/\d+$", page.url)
    page.get_by_role("button", name="Download").or_(
        page.get_by_role("link", name="Download")
    ).wait_for()
    accountant.look()
    assert "Only you can fetch the file" in page.locator("main").inner_text()
    with page.expect_download() as begun:
        page.keyboard.press("Control+Enter")
    file = begun.value
    assert re.fullmatch(r"entries-DEMO-[\d-]+\.xlsx", file.suggested_filename)
    rows = python_calamine.CalamineWorkbook.from_path(file.path()).get_sheet_by_index(0).to_python()
    assert len(rows) > 50
    assert {row[rows[0].index("State")] for row in rows[1:]} == {"posted"}
