"""The rule about what people see: each page in a real browser, on a desk and on a phone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import WSGIRequestHandler, make_server

from backstay.testing.chromium import find_chromium
from backstay.testing.conformance.rules import Bench, NotApplicable
from backstay.testing.looking import chromium, listen, too_wide, violations, window
from backstay.web.app import COOKIE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from backstay.testing.attack.arena import Arena

LOOKS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("on a desk", {"viewport": {"width": 1280, "height": 900}}),
    (
        "on a phone, dark",
        {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    ),
)
"""How each page is looked at, with the options of the browser's window."""
_OK: Final = 200


def accessible(bench: Bench, engine: str) -> Iterator[str]:
    """Each page keeps the rules of accessibility, fits a phone, and makes no errors."""
    if find_chromium() is None:
        raise NotApplicable("no Chromium is here: apt install chromium, or set BACKSTAY_CHROMIUM")
    with bench.arena(engine) as arena:
        paths = html_pages(arena)
        if not paths:
            raise NotApplicable("it has no pages")
        with _served(arena) as address, chromium() as browser:
            # Each look has a window of its own: colours that change in an open one take a while.
            for look, options in LOOKS:
                opened = window(browser, address, reduced_motion="reduce", **options)
                page = opened.new_page()
                complaints = listen(page)
                for path in paths:
                    complaints.clear()
                    page.goto(path)
                    yield from (f"{path} {look}: {one}" for one in _seen(page, complaints))
                opened.close()


def html_pages(arena: Arena) -> list[str]:
    """Addresses of the plugin's whole pages, one of each route; no files, no parts of pages."""
    browser = arena.browser()
    found = []
    for route in arena.routes():
        if route.method != "GET":
            continue
        path = arena.address(route)
        answer = browser.get(path)
        is_page = answer.status_code == _OK and answer.mimetype == "text/html"
        if is_page and "<html" in answer.text:
            found.append(path)
    return found


def _seen(page: Page, complaints: list[str]) -> Iterator[str]:
    yield from violations(page)
    if wider := too_wide(page):
        yield f"it is {wider} px wider than the window"
    yield from (f"it says in the console: {one}" for one in complaints)


class _Silent(WSGIRequestHandler):
    """Says nothing of the requests that it answers."""

    def log(self, *_anything: object) -> None:
        """Leave it unsaid."""


@contextmanager
def _served(arena: Arena) -> Iterator[str]:
    """The application at an address of this machine, for a visitor who is signed in."""
    signed_in = arena.browser().client.get_cookie(COOKIE)
    assert signed_in is not None
    cookie = f"{COOKIE}={signed_in.value}"

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        environ["HTTP_COOKIE"] = cookie
        return arena.app(environ, start)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


__all__ = ["accessible", "html_pages"]
