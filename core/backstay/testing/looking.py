"""What a real browser finds wrong with a page: axe's complaints, its width, its console."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from backstay.testing.chromium import axe_source, find_chromium, launch_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""The sets of axe's rules that pages must keep."""
PATIENCE: Final = 120_000
"""Milliseconds after which what a page should come to is given up: a slow machine, busy with other
tests, takes many times what a quick one does."""
_MOST_PLACES: Final = 3
_MOST_LETTERS: Final = 160


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


def window(browser: Browser, address: str, **options: Any) -> BrowserContext:
    """Open a window of somebody's own, which waits for pages as long as a slow machine takes.

    Arguments:
        options: of Playwright's ``new_context``, such as ``color_scheme`` and ``viewport``.
    """
    context = browser.new_context(base_url=address, **options)
    context.set_default_timeout(PATIENCE)
    return context


@contextmanager
def leaving(page: Page) -> Iterator[None]:
    """What is done inside leads to another page, or to the same one anew; it is there afterwards.

    Whoever clicks and then waits for a word may find it on the page that is being left.
    """
    page.wait_for_load_state()
    with page.expect_event("load"):
        yield


def listen(page: Page) -> list[str]:
    """Collect from now on what a page says in the console that is an error."""
    complaints: list[str] = []

    def note(message: Any) -> None:
        # The browser reports a refused form (422) as an error of its own.
        if message.type == "error" and "status of 422" not in message.text:
            complaints.append(message.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", note)
    return complaints


def violations(page: Page) -> list[str]:
    """What axe finds in the page as it is shown now: a line for each of its rules, with places."""
    # Evaluated by the browser's debugger, which the page's policy does not bind.
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    # A colour on its way to another one is no colour of the page.
    page.evaluate(
        "document.getAnimations()"
        ".filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))"
        ".forEach(one => one.finish())"
    )
    # What passes is not listed element by element: that took as long as all of the checks.
    found = page.evaluate(
        "tags => axe.run(document,"
        " {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})",
        list(RULES),
    )
    return [
        f"{one['id']}: {one['help']}: "
        + "; ".join(node["html"][:_MOST_LETTERS] for node in one["nodes"][:_MOST_PLACES])
        for one in found["violations"]
    ]


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, int(wider))


__all__ = [
    "PATIENCE",
    "RULES",
    "chromium",
    "leaving",
    "listen",
    "too_wide",
    "violations",
    "window",
]
