"""What a real browser finds wrong with a page: axe's complaints, its width, its console."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from backstay.testing.chromium import axe_source, find_chromium, launch_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""The sets of axe's rules that pages must keep."""
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
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", list(RULES)
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


__all__ = ["RULES", "chromium", "listen", "too_wide", "violations"]
