"""A bookkeeper's day without the mouse: enters, pastes, posts, corrects and reports."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from backstay import web
from tests.e2e.browser import Person
from tests.e2e.servers import first_passwords
from tests.resources.published import TODAY, amounts, dates

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

NEW = "/c/DEMO/ledger/entries/new"
SHEET = (
    "Text\tAccount\tAmount\n"
    "Paper\t6000\t1.120,50\n"
    '"Ink, ""blue"""\t6000\t(€1.020,50)\n'
    "Nobody\t999999\t7\n"
    "Paid\t1000\t-107,00 EUR\n"
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
def clerk(browser: Browser, address: str, home: Path) -> Person:
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
    page.locator("#palette-list [role=option][aria-selected=true]").wait_for()
    # Faster than the search answers: Enter is for what was typed.
    page.keyboard.insert_text("trial balance")
    clerk.press("Enter")
    assert "/ledger/trial-balance" in page.url
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
    # Amounts come as another country writes them.
    assert page.locator("#lines-1-credit").input_value() == "1020.50"
    clerk.look()
    page.locator("#lines-2-account").focus()
    page.keyboard.press("Control+Delete")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.locator("#lines-3-account:focus").wait_for()
    # 1120.50 - 1020.50 is 100: the payment of 107 is put right by key.
    page.keyboard.press("Control+b")
    assert page.locator("#lines-3-credit").input_value() == "100.00"
    posted(page)


def test_an_amount_of_this_page_keeps_the_others_as_they_were_pasted(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    # 12.50 speaks for the way of this page, so 0.125 is no 125 and 1.234,50 is asked about.
    paste(page, "6000\t1.234,50\n6000\t0.125\n1000\t-12.50\n")
    for line, amount in enumerate(("1.234,50", "0.125")):
        page.wait_for_function(
            "([id, amount]) => document.getElementById(id)?.value === amount",
            arg=[f"lines-{line}-debit", amount],
        )
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    # Amounts that are still to be worked out tell a column of amounts as well.
    paste(page, "6000\t=3*4\t\n1000\t\t12\n")
    for cell, amount in (("0-debit", "12.00"), ("1-credit", "12.00")):
        page.wait_for_function(
            "([id, amount]) => document.getElementById(id)?.value === amount",
            arg=[f"lines-{cell}", amount],
        )
    clerk.complaints.clear()


def test_a_pile_is_typed_faster_than_the_search_answers(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    page.keyboard.type("10")
    page.locator("#lines-0-account-list [aria-selected=true]", has_text="1000").wait_for()
    # The list is that of two letters still: Enter takes what was typed, not what it marks.
    page.keyboard.insert_text("10")
    page.keyboard.press("Enter")
    page.locator("#lines-0-text:focus").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    pick(page, 1, "6000")
    page.keyboard.press("Control+b")
    page.locator("[data-balance][data-ok=true]", has_text="Balanced").wait_for()
    assert page.locator("#lines-0-account").input_value().startswith("1010 ")
    clerk.press("Control+Shift+Enter")
    assert re.search(r"/entries/new\?.*date=", page.url)
    page.locator("#date:focus").wait_for()
    assert "Posted as GEN-" in page.locator("body").inner_text()


def test_what_is_typed_takes_the_place_of_the_text_of_the_line_above(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    for line, text in enumerate(("Paper", "Ink", "Pens", "Clips", "Tape")):
        pick(page, line, "6000")
        page.keyboard.insert_text(text)
        page.keyboard.press("Enter")
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        assert page.locator(f"#lines-{line}-text").input_value() == text
    clerk.complaints.clear()


def test_columns_without_headings_that_nobody_can_tell_are_not_pasted(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    # The fourth cell of a line is its due date: 12.5 would be the 12th of May.
    paste(page, "6000\tSupplies\tPaper\t12.5\t\n1000\tCash\tPaper\t\t12.5\n")
    page.locator("td.lead .cell-error", has_text="Copy them with their row of headings").wait_for()
    assert not [one for one in page.locator("[data-lines] input").all() if one.input_value()]


def test_hundreds_of_lines_are_kept_and_come_back_when_the_page_is_loaded_again(
    clerk: Person,
) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#lines-0-account").focus()
    paste(page, "".join(f"6000\tLine {n}\t1.00\t\n" for n in range(1, 300)) + "1000\t\t\t299\n")
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    page.locator("[data-keep-state]", has_text="Kept at").wait_for()
    page.reload()
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    assert page.locator("#lines-298-text").input_value() == "Line 299"
    # Between the first lines and the last ones the headings and the balance stay in sight.
    page.locator("#lines-150-text").focus()
    for sight in ("thead th", "tfoot td"):
        box = page.locator(f"[data-lines] {sight}").first.bounding_box()
        size = page.viewport_size
        assert box is not None
        assert size is not None
        assert 0 < box["y"] <= size["height"] - box["height"], sight
    clerk.look()
    clerk.press("Control+s")
    assert "/new" not in page.url
    # What was saved is kept no more: the way back is to an empty entry.
    page.go_back()
    page.wait_for_url(lambda url: url.endswith(NEW))
    clerk.complaints.clear()


def test_a_session_that_ends_while_typing_costs_nothing(clerk: Person, home: Path) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#memo").fill("Before lunch")
    page.locator("[data-keep-state]", has_text="Kept at").wait_for()
    clerk.context.clear_cookies()
    page.locator("#lines-0-account").focus()
    paste(page, "6000\t12\n1000\t-12\n")
    page.locator("[data-keep-state][data-tone=bad]", has_text="You are signed out").wait_for()
    # Posting would leave for the sign-in page without what was typed.
    left: list[str] = []
    page.on("request", lambda sent: left.append(sent.url) if sent.is_navigation_request() else None)
    with page.expect_response("**/entries/sheets"):
        page.keyboard.press("Control+Enter")
    page.evaluate("() => new Promise(done => setTimeout(done))")
    assert left == []
    assert NEW in page.url
    # In another window, and so with other tokens than this page has.
    other = Person(clerk.base, clerk.context, clerk.context.new_page(), [])
    other.sign_in("bookkeeper", first_passwords(home)["bookkeeper"])
    page.keyboard.press("Control+Enter")
    page.locator("[data-keep-state]", has_text="Somebody else is signed in now").wait_for()
    assert NEW in page.url
    clerk.context.clear_cookies()
    other.sign_in("accountant", first_passwords(home)["accountant"])
    other.page.close()
    posted(page)
    clerk.complaints.clear()


def correct(clerk: Person) -> None:
    """Reverse the entry, then copy the wrong one into a draft and post it right."""
    page = clerk.page
    wrong = page.url
    reach(page, "Reverse")
    clerk.press("Enter")
    assert "/do/reverse" in page.url
    page.locator("[name=reason]").focus()
    page.keyboard.type("Wrong amount")
    clerk.press("Enter")
    assert "/do/" not in page.url
    page.goto(wrong)
    reach(page, "Copy")
    clerk.press("Enter")
    assert page.url.endswith("/edit")
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
    clerk.press("Enter")
    assert "sheet=" in page.url
    assert page.locator("#lines-0-account").input_value() == "no such account"
    clerk.look()


def test_leaving_with_unsaved_changes_asks_and_after_keeping_it_does_not(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    # Nothing can be kept: then the page alone has what was typed.
    page.route("**/entries/sheets", lambda route: route.abort())
    page.locator("#memo").focus()
    page.keyboard.type("Only here")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Trial balance").click(no_wait_after=True)
    assert asked == ["beforeunload"]
    assert NEW in page.url
    assert page.locator("#memo").input_value() == "Only here"
    page.locator("[data-keep-state][data-tone=bad]").wait_for()
    page.unroute("**/entries/sheets")
    page.keyboard.press("End")
    page.keyboard.type(" no more")
    page.locator("[data-keep-state]", has_text="Kept at").wait_for()
    page.once("dialog", lambda dialog: (asked.append("again"), dialog.accept()))
    clerk.follow(page.get_by_role("link", name="Trial balance"))
    assert "/ledger/trial-balance" in page.url
    assert asked == ["beforeunload"]
    # The requests that were cut are complaints of the browser's own.
    clerk.complaints.clear()


def test_a_search_that_fails_says_why_and_is_made_again(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    said = '{"message": "The database does not answer."}'
    answer = {"status": 503, "content_type": "application/json", "body": said}
    page.route("**/accounts/pick*", lambda route: route.fulfill(**answer))
    page.locator("#lines-0-account").focus()
    page.keyboard.type("6000")
    page.keyboard.press("Tab")
    page.locator("td.lead .cell-error", has_text="The database does not answer.").wait_for()
    page.locator("#lines-0-debit").fill("7")
    page.locator("#lines-1-account").focus()
    page.keyboard.type("1000")
    page.keyboard.press("Tab")
    page.locator("#lines-1-credit").fill("7")
    # Debit and credit are equal, and yet it can't be posted.
    page.locator("[data-balance][data-ok=false]", has_text="Line 1 has no known account").wait_for()
    page.unroute("**/accounts/pick*")
    page.locator("[data-balance][data-ok=true]", has_text="Balanced").wait_for()
    assert page.locator("td.lead .cell-error").count() == 0
    assert page.locator("#lines-0-account").input_value().startswith("6000 ")
    clerk.complaints.clear()


def picture(name: str, colour: str) -> dict[str, Any]:
    file = io.BytesIO()
    Image.new("RGB", (620, 877), colour).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


_IS_SEEN = """where => {
  const shown = document.querySelector(where);
  const box = shown.getBoundingClientRect();
  const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
  return shown.contains(top);
}"""


def test_vouchers_are_attached_while_the_entry_is_typed(clerk: Person) -> None:
    page = clerk.page
    # Listened to early: a chooser that opens before the browser was told would not be handed out.
    page.on("filechooser", lambda _chooser: None)
    page.goto(NEW)
    page.locator("#memo").click()
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Alt+v")
    chosen.value.set_files([picture("invoice.png", "white")])
    page.wait_for_selector("#voucher-list li:has-text('invoice.png') img")
    page.wait_for_selector(".voucher-page img[src]:visible")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        clerk.look()
    page.set_viewport_size({"width": 1280, "height": 800})
    program = {"name": "virus.png", "mimeType": "image/png", "buffer": b"MZ\x90\x00"}
    page.locator("#voucher-file").set_input_files([program])
    page.locator("[data-voucher-problem]", has_text="is not what the name says").wait_for()
    # Cells of a spreadsheet bring a picture of themselves: they are lines, and no voucher.
    page.locator("#lines-0-account").focus()
    page.evaluate(
        """text => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text/plain', text);
          clipboardData.items.add(new File(['x'], 'cells.png', { type: 'image/png' }));
          document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }""",
        "6000\t12.50\n1000\t-12.50\n",
    )
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    assert page.locator("#voucher-list li").count() == 1
    # Beside the voucher the columns have to scroll; what is typed into, and its balance, do not.
    for place in ("#lines-0-debit", "#lines-1-credit", "[data-balance]:not(:empty)"):
        assert page.evaluate(_IS_SEEN, place), place
    # Whoever goes to a cell below the amounts sees it.
    page.locator("#lines-0-text").focus()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(_IS_SEEN, ":focus"), page.evaluate("document.activeElement.id")
    # Posting at once waits for the voucher that is on its way.
    page.locator("#voucher-file").set_input_files([picture("late.png", "teal")])
    posted(page)
    names = page.locator("#attachments li .attachment-text a").all_inner_texts()
    assert names == ["invoice.png", "late.png"]
    assert "posted this" in page.locator("main").inner_text()
    clerk.complaints.clear()


def test_two_people_on_one_draft_lose_nothing(clerk: Person) -> None:
    page = clerk.page
    page.goto(NEW)
    page.locator("#memo").fill("Ours")
    page.locator("#lines-0-account").focus()
    paste(page, "6000\t10\n1000\t-10\n")
    page.locator("[data-balance]", has_text="Balanced").wait_for()
    clerk.press("Control+s")
    assert "/new" not in page.url
    draft = f"{page.url}/edit"
    browser = clerk.context.browser
    assert browser is not None
    other = Person.arrive(browser, clerk.base)
    other.context.add_cookies(clerk.context.cookies())  # type: ignore[arg-type]
    page.goto(draft)
    other.page.goto(draft)
    page.locator("#memo").fill("Mine")
    clerk.press("Control+s")
    assert "/edit" not in page.url
    other.page.locator("#memo").fill("Theirs")
    other.page.locator("#lines-1-text").fill("By hand")
    other.page.locator("[data-keep-state][data-tone=warn]").wait_for()
    other.press("Control+s")
    other.page.locator("main", has_text="Somebody saved this before you").wait_for()
    shown = other.page.locator("main").inner_text()
    assert "Mine" in shown
    assert other.page.locator("#memo").input_value() == "Theirs"
    assert other.page.locator("#lines-1-text").input_value() == "By hand"
    other.press("Control+s")
    assert "/edit" not in other.page.url
    assert "Theirs" in other.page.locator("h1").inner_text()
    other.context.close()
