"""The keys that pages declare, pressed in a browser without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import backstay

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

KEYS = Path(backstay.__file__).parent / "web" / "static" / "js" / "keys.js"
PAGE = """<main><input aria-label="Amount">
<button data-shortcut="Alt+1" onclick="document.title += ' first'">First</button>
<button data-shortcut="Alt+2" onclick="document.title += ' second'">Second</button></main>"""


def test_alt_and_a_digit_take_what_is_proposed_in_fields_too(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(PAGE)
    # No module: it runs at once, and the keys need not wait for it.
    page.add_script_tag(path=str(KEYS))
    page.keyboard.press("Alt+2")
    page.get_by_label("Amount").focus()
    page.keyboard.press("Alt+1")
    page.keyboard.press("Alt+3")
    page.keyboard.press("1")
    assert page.title() == "second first"
    page.close()
