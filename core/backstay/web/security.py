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
_ON_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": _FEATURES,
}


def csp_nonce() -> str:
    """The nonce of this response, the same wherever it is printed."""
    nonce: str | None = g.get("csp_nonce")
    if nonce is None:
        nonce = g.csp_nonce = secrets.token_urlsafe(18)
    return nonce


def secure(response: Response, *, hsts: int) -> Response:
    """Set the security headers; pages are never stored by a browser or a proxy."""
    headers = response.headers
    policy = _POLICY.format(nonce=csp_nonce())
    saved = headers.get("Content-Disposition", "").startswith("attachment")
    ours = {"Content-Security-Policy": policy + _SANDBOX if saved else policy, **_ON_ALL}
    if request_id := g.get("request_id"):
        ours["X-Request-ID"] = request_id
    if "Cache-Control" not in headers:
        ours["Cache-Control"] = "no-store"
    if request.is_secure and hsts:
        ours["Strict-Transport-Security"] = f"max-age={hsts}"
    for name in ours.keys() & headers.keys():
        del headers[name]
    headers.extend(ours)
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
