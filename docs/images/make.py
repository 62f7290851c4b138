"""Makes the pictures of the README from a fresh demo installation.

``python docs/images/make.py`` in the environment of ``./run install test``; needs a Chromium, found
as the browser tests find it. The pictures are overwritten.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import Page, sync_playwright

from backstay.testing.chromium import find_chromium, launch_args

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE: Final = Path(__file__).parent
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 780)
LARGEST: Final = 200_000
PASSWORD: Final = "shown on pictures only"  # noqa: S105


@contextmanager
def running(home: str) -> Iterator[str]:
    """Start an installation with demo data; yields its address."""
    command = [sys.executable, "-m", "backstay", "--home", home]
    with subprocess.Popen(
        [*command, "start", "--port", "0", "--workers", "1"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None  # noqa: S101
            url = next(
                line.partition("running:")[2].strip()
                for line in server.stdout
                if "running:" in line
            )
            # The first administrator has to choose a password first; this one does not.
            subprocess.run(
                [
                    *command,
                    *("user", "create", "administrator", "--name", "Administrator"),
                    *("--role", "administrator", "--password-stdin"),
                ],
                input=PASSWORD,
                text=True,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            yield url
        finally:
            server.terminate()


def password_of(home: str, login: str) -> str:
    """The password of a demo user, from the note of the first start."""
    for line in (Path(home) / "first-sign-in.txt").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(" ")
        if name == login:
            return rest.split()[0]
    message = f"there is no demo user {login}"
    raise LookupError(message)


def sign_in(page: Page, url: str, login: str, password: str) -> None:
    """Sign in and wait for the first page."""
    page.goto(f"{url}sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda found: "sign-in" not in found)


def fill_entry(page: Page) -> None:
    """Type a balanced entry into the editor, without saving it."""
    page.get_by_label("Reference").first.fill("B-2041")
    page.get_by_label("Memo").fill("Office rent and energy")
    lines = (
        ("6100", "Office rent", "1450.00", ""),
        ("6200", "Electricity", "128.40", ""),
        ("1010", "", "", "1578.40"),
    )
    for number, (account, text, debit, credit) in enumerate(lines):
        row = page.locator("table[data-lines] tbody tr").nth(number)
        picker = row.get_by_role("combobox")
        picker.press_sequentially(account)
        # Not by role: the options of the select above count as well, though they are hidden.
        page.locator("[role=option]", has_text=account).first.wait_for()
        picker.press("Enter")
        if text:
            row.get_by_label("Text").fill(text)
        if debit:
            row.get_by_label("Debit").fill(debit)
        if credit:
            row.get_by_label("Credit").fill(credit)
    page.get_by_label("Memo").focus()


def shoot(page: Page, name: str) -> None:
    """Save what is to be seen."""
    page.wait_for_load_state("networkidle")
    path = HERE / f"{name}.png"
    page.screenshot(path=path, animations="disabled", caret="hide")
    size = path.stat().st_size
    print(f"{path.name}: {size // 1024} KB")
    if size > LARGEST:
        message = f"{path.name} is too large for a README: {size} bytes"
        raise ValueError(message)


def main() -> None:
    """Make all pictures."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium on the PATH (apt install chromium, or set BACKSTAY_CHROMIUM)")
    with tempfile.TemporaryDirectory() as home, running(home) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=launch_args())

        def open_as(login: str, password: str, size: tuple[int, int], scheme: str) -> Page:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="en-GB",
            )
            page = context.new_page()
            sign_in(page, url, login, password)
            return page

        accountant = ("accountant", password_of(home, "accountant"))
        books = f"{url}c/DEMO/ledger"
        page = open_as(*accountant, DESKTOP, "light")
        page.goto(f"{books}/")
        shoot(page, "ledger-home")
        page.goto(f"{books}/entries/new")
        fill_entry(page)
        shoot(page, "entry-editor")
        page.goto(f"{books}/trial-balance")
        shoot(page, "trial-balance")
        page = open_as(*accountant, DESKTOP, "dark")
        page.goto(f"{books}/entries")
        shoot(page, "entries-dark")
        page = open_as(*accountant, PHONE, "light")
        page.goto(f"{books}/trial-balance")
        shoot(page, "phone")
        page = open_as("administrator", PASSWORD, DESKTOP, "light")
        page.goto(f"{url}admin/modules/ledger")
        shoot(page, "module")
        browser.close()


if __name__ == "__main__":
    main()
