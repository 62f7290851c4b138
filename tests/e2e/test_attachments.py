"""Files are attached by keyboard, by drop and by paste in a real browser; their previews appear."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.e2e.browser import Person, leaving
from tests.e2e.servers import first_passwords

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

_MADE = """text => {
  const made = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  made.items.add(new File([bytes], NAME, {type: "image/png"}));
  return made;
}"""


def picture(colour: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_vouchers_are_attached_by_keyboard_drop_and_paste_and_are_seen(
    browser: Browser, address: str, home: Path, tmp_path: Path
) -> None:
    paper = tmp_path / "invoice.pdf"
    Image.new("RGB", (620, 877), "white").save(paper, "PDF")
    program = tmp_path / "invoice.png"
    program.write_bytes(b"MZ\x90\x00")
    clerk = Person.arrive(browser, address)
    page = clerk.page
    clerk.sign_in("accountant", first_passwords(home)["accountant"])
    page.goto("/c/DEMO/ledger/entries")
    clerk.follow(page.locator("tbody a.row-link").first)

    with page.expect_file_chooser() as chosen:
        page.locator("#attach-file").press("Space")
    with leaving(page):
        chosen.value.set_files(paper)
    page.wait_for_selector("li:has-text('invoice.pdf') img")
    clerk.look()

    dropped = page.evaluate_handle(_MADE.replace("NAME", "'scan.png'"), picture("teal"))
    with leaving(page):
        page.dispatch_event("main", "drop", {"dataTransfer": dropped})
    page.wait_for_selector("li:has-text('scan.png') img")

    pasted = page.evaluate_handle(_MADE.replace("NAME", "'screenshot.png'"), picture("navy"))
    with leaving(page):
        page.evaluate(
            "made => document.querySelector('main').dispatchEvent(new ClipboardEvent('paste',"
            " {clipboardData: made, bubbles: true, cancelable: true}))",
            pasted,
        )
    page.wait_for_selector("li:has-text('screenshot.png') img")

    with leaving(page):
        page.locator("#attach-file").set_input_files(program)
    page.wait_for_selector(".note.bad:has-text('is not what the name says')")
    clerk.look()

    clerk.follow(page.get_by_role("link", name="invoice.pdf", exact=True))
    page.wait_for_selector("img.page-picture")
    clerk.look()
