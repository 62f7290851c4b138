"""Somebody who keeps books in a browser: forms, pickers, entries, reports."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.browser import Person


class Desk:
    """Somebody at work, with what their hands do again and again."""

    def __init__(self, person: Person, books: str) -> None:
        """Sit down.

        Arguments:
            books: the address of the company's ledger, such as ``/c/MILL/ledger``.
        """
        self.person = person
        self.page = person.page
        self.books = books

    def fill(self, path: str, values: Mapping[str, Any], *, label: str = "") -> None:
        """Open a form, fill in fields by their names, and save it.

        Pickers are named by the label that people read; a list of checkboxes takes its values.
        """
        page = self.page
        page.goto(path)
        for name, value in values.items():
            if name[0].isupper():
                self.choose(page.get_by_role("combobox", name=name, exact=True), value)
                continue
            field = page.locator(f"main [name={name}]")
            if isinstance(value, list):
                for one in value:
                    page.locator(f"main [name={name}][value={one}]").check()
            elif field.count() > 1:
                page.locator(f"main [name={name}][value={value}]").check()
            elif value is True:
                field.check()
            elif field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        self.press(label)

    def choose(self, picker: Any, text: str) -> None:
        """Type into a picker and take what it finds."""
        picker.click()
        picker.fill(text)
        self.page.locator("[role=option][aria-selected=true]", has_text=text).wait_for()
        self.page.keyboard.press("Enter")

    def press(self, label: str = "") -> None:
        """Press the one primary button, or the button of that name, and read what it led to."""
        page = self.page
        main = page.locator("main")
        button = (
            main.get_by_role("button", name=label, exact=True)
            if label
            else main.locator("button[type=submit].primary")
        )
        with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
            self.person.follow(button.first)
        assert sent.value.status < 400, page.locator("main").inner_text()

    def entry(
        self, journal: str, day: str, memo: str, *lines: Mapping[str, str], exchange: bool = False
    ) -> None:
        """Type an entry; its button is not pressed yet."""
        page = self.page
        page.goto(f"{self.books}/entries/new")
        page.locator("#journal").select_option(label=None, value=journal)
        page.locator("#date").fill(day)
        page.locator("#memo").fill(memo)
        if any("currency" in line for line in lines):
            page.locator("[data-fx-toggle]").click()
        for n, line in enumerate(lines):
            if not page.locator(f"#lines-{n}-account").count():
                page.locator("[data-add-line]").click()
            self.choose(page.locator(f"#lines-{n}-account"), line["account"])
            page.locator(f"#lines-{n}-text:focus").wait_for()
            for cell in ("text", "party", "due", "tax", "debit", "credit", "currency", "foreign"):
                if cell in line:
                    page.locator(f"#lines-{n}-{cell}").fill(line[cell])
        if exchange:
            page.locator("[name=exchange]").check()

    def post(self) -> str:
        """Post what was typed by key; returns its number, or nothing when it waits."""
        page = self.page
        page.keyboard.press("Control+Enter")
        page.locator("main", has_text="posted this").or_(page.locator("#problems")).or_(
            page.locator("main", has_text="Waits for approval")
        ).first.wait_for()
        assert not page.locator("#problems").count(), page.locator("#problems").inner_text()
        found = re.search(r"[A-Z]{3}-[\d-]*\d{6}", page.locator("h1").inner_text())
        return found[0] if found else ""

    def said(self, text: str) -> None:
        """The page says so."""
        self.page.locator("body", has_text=text).first.wait_for()

    def rows(self, path: str) -> list[dict[str, str]]:
        """The rows of a report, as it is downloaded."""
        answer = self.person.context.request.get(f"{self.person.base}{self.books}/{path}")
        assert answer.status == 200, answer.text()
        return list(csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig"))))

    def figures(self, path: str) -> dict[str, Decimal]:
        """A statement as it is downloaded: the last column by account or heading."""
        return {row["code"]: Decimal(list(row.values())[-1]) for row in self.rows(path)}


def line(account: str, side: str, amount: Decimal | str, **cells: str) -> dict[str, str]:
    """A line of an entry."""
    return {"account": account, side: str(amount), **cells}
