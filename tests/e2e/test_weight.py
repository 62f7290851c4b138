"""What a browser really fetches: the first visit, and later pages with what it has kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.browser import Person
from tests.e2e.servers import first_passwords

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

KIB = 1024
FIRST_BYTES, FIRST_REQUESTS, LATER_BYTES = 100 * KIB, 8, 15 * KIB
PAGES = (
    "/c/DEMO/",
    "/c/DEMO/ledger/",
    "/c/DEMO/ledger/entries",
    "/c/DEMO/ledger/entries/new",
    "/c/DEMO/ledger/accounts",
    "/c/DEMO/ledger/trial-balance",
    "/c/DEMO/core/imports",
    "/me/",
)


@dataclass
class Wire:
    """What one page took from the network: bytes of answers with their heads, by address."""

    page: Page
    asked: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Listen to the browser itself: it alone knows what came out of its cache."""
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._sent)
        devtools.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        self.asked[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: dict[str, Any]) -> None:
        # Nothing was transferred for what the browser had kept.
        if event["encodedDataLength"]:
            self.bytes[self.asked[event["requestId"]]] = int(event["encodedDataLength"])

    def open(self, path: str) -> dict[str, int]:
        """Open a page, and wait for what its scripts fetch too."""
        self.asked.clear()
        self.bytes.clear()
        self.page.goto(path)
        self.page.wait_for_load_state("networkidle")
        return dict(self.bytes)


def test_a_first_visit_and_later_pages_are_light(
    browser: Browser, address: str, home: Path
) -> None:
    person = Person.arrive(browser, address)
    person.sign_in("accountant", first_passwords(home)["accountant"])
    signed_in = person.context.storage_state()
    for path in PAGES:
        visitor = Person.arrive(browser, address, storage_state=signed_in)
        wire = Wire(visitor.page)
        first = wire.open(path)
        assert len(first) <= FIRST_REQUESTS, first
        assert sum(first.values()) <= FIRST_BYTES, first
        later = wire.open(path)
        assert path in "".join(later), later
        assert sum(later.values()) < LATER_BYTES, later
        visitor.context.close()
    # The way of a day: with what the first page brought along, each other page is light too.
    wire = Wire(person.page)
    for path in PAGES:
        opened = wire.open(path)
        assert sum(opened.values()) < LATER_BYTES, opened
    person.context.close()
