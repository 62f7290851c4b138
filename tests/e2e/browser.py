"""Pages in a real Chromium, each watched for console errors and looked at by axe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backstay.testing.looking import chromium, listen, too_wide, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


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
        context = browser.new_context(base_url=base, **options)
        page = context.new_page()
        return cls(base, context, page, listen(page))

    def sign_in(self, login: str, password: str, *, change_to: str = "") -> None:
        """Sign in, and replace a one-time password when asked to."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Sign-in name").fill(login)
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
        where = f"{self.page.url}: "
        found = violations(self.page)
        assert not found, where + "\n".join(found)
        width = too_wide(self.page)
        assert width == 0, f"{where}{width} px too wide"
        assert not self.complaints, f"{where}{self.complaints}"


__all__ = ["Person", "chromium"]
