"""A bookkeeper's day without the mouse: enters, pastes, posts, corrects and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backstay import web
from tests.e2e.browser import Person, chromium
from tests.e2e.servers import first_passwords, installation
from tests.resources.published import TODAY, amounts, dates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

NEW = "/c/DEMO/ledger/entries/new"
SHEET = (
    "Text\tAccount\tAmount\n"
    "Paper\t6000\t120.50\n"
    '"Ink, ""blue"""\t6000\t(20.50)\n'
    "Nobody\t999999\t7\n"
    "Paid\t1000\t-107.00\n"
)
SCRIPTS = Path(web.__file__).parent / "static" / "js"
_READ = """([rows, days, today]) => {
  %s
  const marks = { en: ['.', ','], de: [',', '.'], fr: [',', '\\u202f'] };
  const words = { 'not-a-number': 'not an amount', 'by-zero': 'divides by zero',
    'too-fine': 'too many decimals', 'too-large': 'too large' };
  const plain = { decimal: '.', group: '' };
  const amounts = rows.map(([locale, text]) => {
    const [decimal, group] = marks[locale];
    const { units, problem } = parse(text, 2, { decimal, group });
    return problem ? words[problem] : format(units, 2, plain, false);
  });
  return [amounts, days.map(([text]) => readDay(text, today) ?? 'not a date')];
}"""


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    home: Path = tmp_path_factory.mktemp("typing") / "home"
    with installation(home, home.with_suffix(".log")) as address, chromium() as browser:
        yield _signed_in(browser, address, home)


def _signed_in(browser: Browser, address: str, home: Path) -> Person:
    person = Person.arrive(browser, address)
    person.sign_in("accountant", first_passwords(home)["accountant"])
    return person


def pick(page: Page, line: int, code: str) -> None:
    """Type a code into the focused account and take it."""
    page.locator(f"#lines-{line}-account:focus").wait_for()
    page.keyboard.type(code)
    page.locator(f"#lines-{line}-account-list [aria-selected=true]", has_text=code).wait_for()
    page.keyboard.press("Enter")
    page.locator(f"#lines-{line}-text:focus").wait_for()


def paste(page: Page, text: str) -> None:
    """What Ctrl+V does with cells of a spreadsheet."""
    page.evaluate(
        """text => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text/plain', text);
          document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def reach(page: Page, name: str) -> None:
    """Press Tab until the button or link of that name has the focus."""
    for _step in range(80):
        if page.evaluate("document.activeElement.textContent").strip().startswith(name):
            return
        page.keyboard.press("Tab")
    message = f"{name} can't be reached by Tab"
    raise AssertionError(message)


def test_the_browser_reads_what_is_published(clerk: Person) -> None:
    clerk.page.goto(NEW)
    halves = [(SCRIPTS / name).read_text(encoding="utf-8") for name in ("amounts.js", "dates.js")]
    rows, days = amounts(), dates()
    # The page's policy lets no test import a script: its source is evaluated by the debugger.
    script = _READ % "\n".join(halves).replace("export ", "")
    found = clerk.page.evaluate(script, [rows, days, TODAY])
    assert found[0] == [row[2] for row in rows]
    assert found[1] == [day[1] for day in days]


def test_a_day_is_typed_without_the_mouse(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#journal").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("t")
    page.keyboard.press("Enter")
    page.keyboard.type("R-7")
    page.keyboard.press("Enter")
    page.keyboard.type("Stationery")
    page.keyboard.press("Enter")
    pick(page, 0, "6000")
    page.keyboard.press("Enter")
    page.keyboard.type("=120*1.19")
    page.keyboard.press("Enter")
    pick(page, 1, "1000")
    page.keyboard.press("Control+b")
    assert page.locator("#lines-1-credit").input_value() == "142.80"
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    page.locator("[data-keep-state]", has_text="Kept at").wait_for()
    posted(page)
    clerk.look()

    paste_and_post(clerk)
    correct(clerk)

    page.keyboard.press("Control+k")
    page.keyboard.type("trial balance")
    marked = page.locator("#palette-list [role=option][aria-selected=true]")
    marked.filter(has_text="Trial balance").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/ledger/trial-balance*")
    clerk.look()


def posted(page: Page) -> None:
    """Post by key; the entry's page has its number."""
    page.keyboard.press("Control+Enter")
    page.locator("h1", has_text="GEN-").or_(page.locator("#problems")).first.wait_for()
    assert "GEN-" in page.locator("h1").inner_text(), page.locator("#problems").inner_text()


def paste_and_post(clerk: Person) -> None:
    """Paste columns in another order; mend the unknown account, remove a line, post."""
    page = clerk.page
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    paste(page, SHEET)
    page.locator("td", has_text="There is no account “999999”").wait_for()
    assert page.locator("#lines-1-text").input_value() == 'Ink, "blue"'
    assert page.locator("#lines-1-credit").input_value() == "20.50"
    clerk.look()
    page.locator("#lines-2-account").focus()
    page.keyboard.press("Control+Delete")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.locator("#lines-3-account:focus").wait_for()
    # 120.50 - 20.50 is 100: the payment of 107 is put right by key.
    page.keyboard.press("Control+b")
    assert page.locator("#lines-3-credit").input_value() == "100.00"
    posted(page)


def correct(clerk: Person) -> None:
    """Reverse the entry, then copy the wrong one into a draft and post it right."""
    page = clerk.page
    wrong = page.url
    reach(page, "Reverse")
    page.keyboard.press("Enter")
    page.wait_for_url("**/do/reverse*")
    page.locator("[name=reason]").focus()
    page.keyboard.type("Wrong amount")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/do/" not in url)
    page.goto(wrong)
    reach(page, "Copy")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit")
    page.locator("#lines-0-debit").focus()
    page.keyboard.type("=130")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+b")
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    posted(page)


def test_what_was_not_finished_is_offered_again(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#memo").focus()
    page.keyboard.type("Not finished")
    page.keyboard.press("Enter")
    page.keyboard.type("no such account")
    page.keyboard.press("Tab")
    page.locator("[data-keep-state]", has_text="Kept at").wait_for()
    page.goto(NEW)
    reach(page, "Not finished")
    page.keyboard.press("Enter")
    page.wait_for_url("**sheet=*")
    assert page.locator("#lines-0-account").input_value() == "no such account"
    clerk.look()
