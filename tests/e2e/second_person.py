"""Who approves: a person named by a rule, their deputy for a while, and never the maker."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.e2e.desk import line

if TYPE_CHECKING:
    from tests.e2e.desk import Desk

_INBOX = "/c/MILL/approvals/inbox"


def second_person(keeper: Desk, deputy: Desk, chief: Desk) -> None:
    """The keeper alone may approve large payments; on holiday the deputy does, not the chief."""
    keeper.fill(
        "/c/MILL/approvals/rules/new",
        {
            "name": "Large payments",
            "about": "ledger.entry.post",
            "over_amount": "300000",
            "persons_1": "eyes",
        },
    )
    until = date.today() + timedelta(days=7)  # noqa: DTZ011 - as the company's people read it
    keeper.fill("/c/MILL/approvals/deputies/new", {"login": "deputy", "ends_on": until.isoformat()})
    lines = ("6900", "debit"), ("1010", "credit")
    chief.entry(
        "BNK",
        "2026-12-05",
        "Advance for the mill",
        *(line(account, side, Decimal(400_000)) for account, side in lines),
    )
    assert not chief.post()
    entry = chief.page.url
    # Whoever made it may do everything here, and yet does not decide on it.
    chief.person.look()
    chief.page.locator("main", has_text="eyes").first.wait_for()
    approve = chief.page.locator("main").get_by_role("button", name="Approve")
    assert approve.get_attribute("aria-disabled") == "true" or approve.is_disabled()
    chief.page.goto(_INBOX)
    chief.said("Nothing waits for you")

    inbox = deputy.page
    inbox.goto(_INBOX)
    inbox.locator("#preview", has_text="400,000.00").wait_for()
    deputy.person.look()
    # It is changed while the deputy looks at it: what they press decides on nothing.
    chief.page.goto(entry)
    chief.press("Take back")
    chief.page.goto(f"{entry}/edit")
    chief.page.locator("#lines-0-debit").fill("410000")
    chief.page.locator("#lines-1-credit").fill("410000")
    assert not chief.post()
    inbox.keyboard.press("a")
    deputy.said("was taken back")
    inbox.locator("#preview", has_text="410,000.00").wait_for()
    inbox.keyboard.press("a")
    deputy.said("Posted as BNK-")
    inbox.goto(f"{_INBOX}?show=decided")
    deputy.said("Advance for the mill")
    deputy.person.look()
