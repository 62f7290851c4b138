"""Pages in a real Chromium, each watched for console errors and looked at by axe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backstay.testing.looking import chromium, leaving, listen, too_wide, violations, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page


@dataclass
class Person:
    """Somebody at a browser of their own."""

    base: str
    context: BrowserContext
    page: Page
    complaints: list[str]

    @classmethod
    def arrive(cls, browser: Browser, base: str, **options: Any) -> Person:
        """Open a browser window.

        Arguments:
            options: of Playwright's ``new_context``, such as ``color_scheme`` and ``viewport``.
        """
        context = window(browser, base, **options)
        page = context.new_page()
        return cls(base, context, page, listen(page))

    def sign_in(self, login: str, password: str, *, change_to: str = "") -> None:
        """Sign in, and replace a one-time password when asked to."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Sign-in name").fill(login)
        self.page.locator("input[name=password]").fill(password)
        self.press("Enter")
        assert "/sign-in" not in self.page.url, self.page.locator("main").inner_text()
        if change_to:
            assert self.page.url.endswith("/me/password"), self.page.url
            fields = self.page.locator("main input[type=password]").all()
            fields[0].fill(password)
            for one in fields[1:]:
                one.fill(change_to)
            self.press("Enter")
            assert "/me/password" not in self.page.url, self.page.locator("main").inner_text()

    def follow(self, what: Locator) -> None:
        """Click what leads to another page, and wait for it."""
        with leaving(self.page):
            what.click()

    def press(self, keys: str) -> None:
        """Press what leads to another page, and wait for it."""
        with leaving(self.page):
            self.page.keyboard.press(keys)

    def look(self, path: str = "") -> None:
        """Open a page (or stay), and find nothing wrong with it.

        It must be accessible, quiet in the console, and no wider than its window.
        """
        if path:
            answer = self.page.goto(path)
            assert answer is not None
            assert answer.status == 200, f"{path}: {answer.status}"
        self.page.wait_for_load_state()
        where = f"{self.page.url}: "
        found = violations(self.page)
        assert not found, where + "\n".join(found)
        width = too_wide(self.page)
        assert width == 0, f"{where}{width} px too wide"
        assert not self.complaints, f"{where}{self.complaints}"


__all__ = ["Person", "chromium", "leaving"]
