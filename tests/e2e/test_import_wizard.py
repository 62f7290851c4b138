"""The import wizard in a real browser: columns, dates, mending, leaving out, cancelling, undo."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from tests.e2e.browser import Person
from tests.e2e.servers import first_passwords

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

AT = "/c/DEMO/core/imports"
OPEN = datetime.now(UTC).date().replace(day=1).isoformat()
"""A day of this month: the demo company has closed its older ones."""
CHART = "number,title,kind\n8100,Gifts,income\n8200,Fines,wrong\n8300,Prizes,income\n"


@pytest.fixture(scope="module")
def clerk(browser: Browser, address: str, home: Path) -> Person:
    return somebody(browser, address, home)


def somebody(browser: Browser, address: str, home: Path) -> Person:
    """The accountant of the demo company."""
    person = Person.arrive(browser, address, reduced_motion="reduce")
    person.sign_in("accountant", first_passwords(home)["accountant"])
    return person


def upload(person: Person, path: Path, kind: str = "ledger.chart") -> None:
    person.page.goto(f"{AT}/new/{kind}")
    person.page.locator("input[type=file]").set_input_files(path)
    person.follow(person.page.locator("main button[type=submit]").first)


def screen(person: Person, name: str) -> None:
    """Look at the page: accessible, quiet, no wider than a phone; a picture where asked for."""
    folder = os.environ.get("BACKSTAY_SCREENS")
    for colours in ("light", "dark"):
        person.page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        person.page.reload()  # a switch of colours under way is neither light nor dark
        person.look()
        if folder:
            person.page.screenshot(path=f"{folder}/{name}-{colours}.png", full_page=True)
    person.page.emulate_media(color_scheme="light")
    person.page.reload()
    person.page.set_viewport_size({"width": 390, "height": 844})
    person.look()
    if folder:
        person.page.screenshot(path=f"{folder}/{name}-390.png", full_page=True)
    person.page.set_viewport_size({"width": 1280, "height": 720})


def test_columns_are_matched_rows_mended_and_the_import_is_undone(
    clerk: Person, tmp_path: Path
) -> None:
    page = clerk.page
    (tmp_path / "chart.csv").write_text(CHART, encoding="utf-8")
    upload(clerk, tmp_path / "chart.csv")
    page.get_by_role("link", name="Columns and formats").wait_for()
    screen(clerk, "refused")
    clerk.follow(page.get_by_role("link", name="Columns and formats", exact=True))
    screen(clerk, "layout")
    page.get_by_label("title").select_option("name")
    page.get_by_label("kind").select_option("type")
    clerk.follow(page.get_by_role("button", name="Check again", exact=True))
    page.get_by_role("link", name="Mend the rows").wait_for()
    screen(clerk, "problems")
    clerk.follow(page.get_by_role("link", name="Mend the rows", exact=True))
    screen(clerk, "rows")
    page.locator("#cell-3-type").fill("expense")
    clerk.follow(page.get_by_role("button", name="Check this row"))
    clerk.follow(page.get_by_role("button", name="Import 3 accounts", exact=True))
    page.get_by_role("link", name="Undo this import", exact=True).wait_for()
    screen(clerk, "done")
    clerk.follow(page.get_by_role("link", name="Undo this import", exact=True))
    page.get_by_label("Reason").fill("only a trial")
    clerk.follow(page.get_by_role("button", name="Undo the import", exact=True))
    page.get_by_text("3 accounts were deleted.").first.wait_for()


def test_a_sheet_of_a_workbook_is_chosen_matched_imported_and_undone(
    clerk: Person, tmp_path: Path
) -> None:
    page = clerk.page
    with xlsxwriter.Workbook(tmp_path / "chart.xlsx") as book:
        book.add_worksheet("Accounts").write_row(0, 0, ("no", "what", "sort", "since"))
        sheet = book.add_worksheet("Chart")
        sheet.write_row(0, 0, ("Konto", "Bezeichnung", "Art"))
        sheet.write_row(1, 0, (8501, "Raffle", "income"))
        sheet.write_row(2, 0, (8502, "=1+1", "expense"))
    upload(clerk, tmp_path / "chart.xlsx")
    clerk.follow(page.get_by_role("link", name="Columns and formats", exact=True))
    page.get_by_role("combobox", name="Sheet").select_option("Chart")
    clerk.follow(page.get_by_role("button", name="Check again", exact=True))
    page.get_by_role("cell", name="8501").wait_for()
    page.get_by_label("Konto").select_option("code")
    page.get_by_label("Bezeichnung").select_option("name")
    page.get_by_label("Art").select_option("type")
    screen(clerk, "sheet")
    page.get_by_label("Konto").select_option("code")
    page.get_by_label("Bezeichnung").select_option("name")
    page.get_by_label("Art").select_option("type")
    clerk.follow(page.get_by_role("button", name="Check again", exact=True))
    clerk.follow(page.get_by_role("button", name="Import 2 accounts", exact=True))
    clerk.follow(page.get_by_role("link", name="Undo this import", exact=True))
    page.get_by_label("Reason").fill("only a trial")
    clerk.follow(page.get_by_role("button", name="Undo the import", exact=True))
    page.get_by_text("2 accounts were deleted.").first.wait_for()


def test_decimal_commas_are_told_where_the_file_is_unclear(clerk: Person, tmp_path: Path) -> None:
    page = clerk.page
    rows = f"N1;{OPEN};1010;1.234;\nN1;{OPEN};4000;;1.234\n"
    (tmp_path / "unclear.csv").write_text(f"entry;date;account;debit;credit\n{rows}", "utf-8")
    upload(clerk, tmp_path / "unclear.csv", "ledger.journal")
    page.get_by_text("can be 1.234 or 1234").wait_for()
    clerk.follow(page.get_by_role("link", name="Columns and formats", exact=True))
    page.get_by_label("Numbers are written").select_option("comma")
    clerk.follow(page.get_by_role("button", name="Check again", exact=True))
    page.get_by_role("button", name="Import 1 entry").wait_for()
    page.get_by_role("cell", name="1234", exact=True).first.wait_for()
    page.locator("summary", has_text="More").click()
    page.set_viewport_size({"width": 390, "height": 844})
    box = page.locator(".page-actions .menu-panel").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    clerk.look()
    page.set_viewport_size({"width": 1280, "height": 720})
    clerk.follow(page.get_by_role("link", name="Columns and formats", exact=True))
    screen(clerk, "numbers")


def test_bad_rows_are_left_out_and_come_back_as_a_file(clerk: Person, tmp_path: Path) -> None:
    page = clerk.page
    content = CHART.replace("number,title,kind", "code,name,type")
    (tmp_path / "chart2.csv").write_text(content, encoding="utf-8")
    upload(clerk, tmp_path / "chart2.csv")
    leave = page.get_by_role("button", name="leave the rest out")
    leave.wait_for()
    address = page.url
    answer = clerk.context.request.get(f"{address}/left-out.csv")
    assert "8200,Fines,wrong," in answer.body().decode("utf-8-sig")
    leave.click()
    clerk.follow(page.locator("[data-confirm-yes]"))
    page.get_by_role("link", name="Undo this import", exact=True).wait_for()
    screen(clerk, "in-part")


def test_a_check_under_way_is_cancelled(clerk: Person, tmp_path: Path) -> None:
    page = clerk.page
    rows = "".join(f"x{n},{OPEN},1000,1.00,\nx{n},{OPEN},4000,,1.00\n" for n in range(60000))
    (tmp_path / "big.csv").write_text("entry,date,account,debit,credit\n" + rows, encoding="utf-8")
    upload(clerk, tmp_path / "big.csv", "ledger.journal")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_text("nothing was imported").first.wait_for()
    page.get_by_text("Discarded").first.wait_for()
