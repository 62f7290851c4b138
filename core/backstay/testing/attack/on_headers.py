"""What every response carries: its policy, its type, whether it may be kept, and its cookies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from backstay.testing.attack.arena import EVERYBODY, Arena
from backstay.testing.attack.findings import Finding

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

SERVER_ERROR: Final = 500
POLICY: Final = (
    "default-src 'none'",
    "script-src 'nonce-",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
)
FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CACHE: Final = frozenset({"no-store", "no-cache", "public, max-age=31536000, immutable"})
SHOWN: Final = frozenset(
    {
        "text/html",
        "text/css",
        "text/javascript",
        "text/plain",
        "application/json",
        "application/problem+json",
        "image/svg+xml",
        "image/png",
        "font/woff2",
    }
)
"""Types that a browser shows; everything else must be sent as a file to keep."""


def headers(arena: Arena) -> Iterator[Finding]:
    """Every response carries the security headers, errors as well; cookies carry their flags."""
    for role, browser in (("anonymous", arena.stranger()), (EVERYBODY, arena.browser())):
        for route in arena.every_route():
            path = arena.address(route)
            answers = [browser.client.open(path, method=route.method)]
            if route.is_api:
                answers += [
                    # A change is about no record, so that it does not revoke the very token.
                    arena.send(browser, route, path if route.method == "GET" else route.path()),
                    browser.program.send("OPTIONS", path),
                ]
            elif route.method == "GET":
                answers += [
                    browser.client.get(route.path()),
                    browser.client.get(path, headers={"HX-Request": "true"}),
                    browser.client.delete(path),
                    browser.client.options(path),
                ]
            for answered in answers:
                yield from (Finding(route.place, said, role) for said in unsafe_headers(answered))


def unsafe_headers(response: TestResponse) -> Iterator[str]:
    """What is wrong with a response's headers."""
    sent = response.headers
    policy = sent.get("Content-Security-Policy", "")
    if missing := [part for part in POLICY if part not in policy]:
        yield f"its Content-Security-Policy lacks {', '.join(missing)}"
    if "unsafe" in policy:
        yield "its Content-Security-Policy allows what is unsafe"
    for name, value in FIXED.items():
        if sent.get(name) != value:
            yield f"{name} is {sent.get(name)!r} instead of {value!r}"
    if "Permissions-Policy" not in sent:
        yield "it has no Permissions-Policy"
    if sent.get("Cache-Control") not in CACHE:
        yield f"Cache-Control is {sent.get('Cache-Control')!r}: nothing may keep a page"
    if response.status_code >= SERVER_ERROR:
        yield f"answers {response.status_code}"
    yield from _unsafe_type(response)
    yield from _unsafe_cookies(response)


def _unsafe_cookies(response: TestResponse) -> Iterator[str]:
    for cookie in response.headers.getlist("Set-Cookie"):
        name = cookie.partition("=")[0]
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        if lacks := {"secure", "httponly", "samesite=lax", "path=/"} - flags:
            yield f"the cookie {name} lacks {', '.join(sorted(lacks))}"
        if not name.startswith("__Host-"):
            yield f"the cookie {name} is not named __Host-…"


def _unsafe_type(response: TestResponse) -> Iterator[str]:
    kind, _, rest = response.headers.get("Content-Type", "").partition(";")
    disposition = response.headers.get("Content-Disposition", "")
    if kind not in SHOWN and not disposition.startswith("attachment") and response.data:
        yield f"sends {kind or 'no type'} to be shown instead of kept as a file"
    if kind.startswith("text/") and "charset=utf-8" not in rest.replace(" ", "").lower():
        yield f"sends {kind} without its charset"
