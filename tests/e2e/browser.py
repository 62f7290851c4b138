"""Pages in a real Chromium, each watched for console errors and looked at by axe."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backstay.testing.chromium import axe_source, find_chromium, launch_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's browser, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_chromium()), args=launch_args()
        )
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody at a browser of their own."""

    base: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def arrive(cls, browser: Browser, base: str, **options: Any) -> Person:
        """Open a browser window.

        Arguments:
            options: of Playwright's ``new_context``, such as ``color_scheme`` and ``viewport``.
        """
        context = browser.new_context(base_url=base, **options)
        person = cls(base, context, context.new_page())
        person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
        person.page.on(
            "console",
            lambda message: (
                person.complaints.append(message.text)
                # The browser reports a refused form (422) as an error of its own.
                if message.type == "error" and "status of 422" not in message.text
                else None
            ),
        )
        return person

    def sign_in(self, login: str, password: str, *, change_to: str = "") -> None:
        """Sign in, and replace a one-time password when asked to."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Login").fill(login)
        self.page.locator("input[name=password]").fill(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        if change_to:
            self.page.wait_for_url("**/me/password")
            fields = self.page.locator("main input[type=password]").all()
            fields[0].fill(password)
            for one in fields[1:]:
                one.fill(change_to)
            self.page.keyboard.press("Enter")
            self.page.wait_for_url(lambda url: "/me/password" not in url)

    def look(self, path: str = "") -> None:
        """Open a page (or stay), and find nothing wrong with it.

        It must be accessible, quiet in the console, and no wider than its window.
        """
        if path:
            answer = self.page.goto(path)
            assert answer is not None
            assert answer.status == 200, f"{path}: {answer.status}"
        # Evaluated by the browser's debugger, which the page's policy does not bind.
        self.page.evaluate(axe_source())
        found = self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES
        )
        violations = [
            (one["id"], [node["html"][:160] for node in one["nodes"][:3]])
            for one in found["violations"]
        ]
        where = f"{self.page.url}: "
        assert not violations, where + json.dumps(violations, indent=1)
        width = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, f"{where}{width} px too wide"
        assert not self.complaints, f"{where}{self.complaints}"
