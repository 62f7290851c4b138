"""Headers on every response, the nonce of the Content-Security-Policy, and safe redirects."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import g, request

if TYPE_CHECKING:
    from flask import Response

_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'; require-trusted-types-for 'script'; trusted-types htmx"
)
"""``htmx`` is the one policy that hx-csp creates; without it every swap fails."""

_SANDBOX: Final = "; sandbox"
"""For files that are saved: whatever one contains, a browser that opens it runs nothing of it."""
_LONGEST: Final = 2000
_PATH: Final = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]*")
_FEATURES: Final = (
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
)


def csp_nonce() -> str:
    """The nonce of this response, the same wherever it is printed."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    nonce: str = g.csp_nonce
    return nonce


def secure(response: Response, *, hsts: int) -> Response:
    """Set the security headers; pages are never stored by a browser or a proxy."""
    headers = response.headers
    policy = _POLICY.format(nonce=csp_nonce())
    saved = headers.get("Content-Disposition", "").startswith("attachment")
    headers["Content-Security-Policy"] = policy + _SANDBOX if saved else policy
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = _FEATURES
    if "request_id" in g:
        headers["X-Request-ID"] = g.request_id
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if request.is_secure and hsts:
        headers["Strict-Transport-Security"] = f"max-age={hsts}"
    return response


def safe_next(target: str | None, default: str = "/") -> str:
    """A path on this server, or the default: never another site, scheme or a trick with slashes."""
    if not target or len(target) > _LONGEST or not _PATH.fullmatch(target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    # Browsers fold "/./" and "/x/.." before they look at the slashes.
    pieces = parts.path.split("/")[1:]
    if parts.scheme or parts.netloc or "" in pieces[:-1] or {".", ".."} & set(pieces):
        return default
    return target


def is_loopback(host: str) -> bool:
    """Whether the browser keeps Secure cookies of this host over plain http."""
    name = urlsplit(f"//{host}").hostname or ""
    return name in {"localhost", "::1"} or name.startswith("127.") or name.endswith(".localhost")
