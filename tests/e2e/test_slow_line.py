"""On a line that answers late, what people do meanwhile counts, and is done once."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.browser import Person
from tests.e2e.servers import first_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Route

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

LIMITS = "/c/DEMO/ledger/approval-limits"


def slow_down(person: Person, milliseconds: int) -> None:
    """Let every answer take so long from now on."""
    devtools = person.context.new_cdp_session(person.page)
    devtools.send("Network.enable")
    line = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    devtools.send("Network.emulateNetworkConditions", {**line, "latency": milliseconds})


@pytest.fixture
def controller(browser: Browser, address: str, home: Path) -> Iterator[Person]:
    person = Person.arrive(browser, address)
    person.sign_in("controller", first_passwords(home)["controller"])
    yield person
    assert not person.complaints
    person.context.close()


def test_a_form_is_saved_with_what_was_typed_before_the_search_has_answered(
    controller: Person,
) -> None:
    page = controller.page
    slow_down(controller, 600)
    journal = page.get_by_role("combobox", name="Journal")
    # Without the one that is typed, the limit would hold for all journals, or for the one before.
    for before, code in (("", "BNK"), ("SAL", "GEN")):
        page.goto(f"{LIMITS}/new")
        page.locator("[name=amount]").fill("5000")
        journal.focus()
        if before:
            page.keyboard.type(before)
            page.locator("[role=option][aria-selected=true]", has_text=before).click()
        journal.select_text()
        page.keyboard.insert_text(code)
        controller.press("Enter")
        assert code in page.locator("main .facts").first.inner_text()
    page.goto(f"{LIMITS}/new")
    page.locator("[name=amount]").fill("5000")
    journal.focus()
    page.keyboard.insert_text("no such journal")
    page.keyboard.press("Enter")
    page.get_by_role("option", name="Nothing found").wait_for()
    assert page.url.endswith("/new")
    assert journal.input_value() == "no such journal"
    # What was emptied on purpose is saved as empty.
    journal.fill("")
    controller.press("Enter")
    assert "All" in page.locator("main .facts").first.inner_text()


def test_the_preview_follows_to_the_last_row_though_the_first_one_comes_late(
    controller: Person,
) -> None:
    page, keys = controller.page, controller.page.keyboard
    page.goto("/c/DEMO/ledger/entries")
    held: list[Route] = []
    page.route("**/preview", lambda route: route.continue_() if held else held.append(route))
    keys.press("j")
    with page.expect_request("**/preview"):
        keys.press(" ")
    for _row in range(2):
        keys.press("j")
        page.wait_for_function(
            "() => document.activeElement.closest('tr').id === preview.dataset.of"
        )
    last = page.evaluate("document.activeElement.innerText")
    held[0].continue_()
    page.locator("#preview h2", has_text=last).wait_for()


@contextmanager
def waiting_jobs(home: Path) -> Iterator[None]:
    """Inside, jobs wait: the runner is held."""
    with closing(sqlite3.connect(home / "backstay.db")) as database:
        newest = "SELECT pid FROM core_process WHERE kind = 'runner' ORDER BY started_at DESC"
        (runner,) = database.execute(newest).fetchone()
    os.kill(runner, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(runner, signal.SIGCONT)


def test_the_page_of_a_job_leads_on_though_that_takes_longer_than_a_look_at_the_job(
    controller: Person, home: Path
) -> None:
    page = controller.page
    page.goto("/c/DEMO/ledger/entries/export/xlsx?state=posted")
    slow_down(controller, 2_500)
    with waiting_jobs(home):
        controller.press("Control+Enter")
        page.locator("#progress[hx-get]").wait_for()
    page.get_by_role("link", name="Download", exact=True).wait_for()
