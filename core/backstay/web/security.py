"""Headers on every response, the nonce of the Content-Security-Policy, and safe redirects."""

from __future__ import annotations

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
    headers["Content-Security-Policy"] = _POLICY.format(nonce=csp_nonce())
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
    if not target or not target.startswith("/") or len(target) > 2000:  # noqa: PLR2004
        return default
    if target.startswith("//") or "\\" in target:
        return default
    if any(ord(character) <= 32 or ord(character) == 127 for character in target):  # noqa: PLR2004
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    if parts.scheme or parts.netloc:
        return default
    # Browsers fold "/./" and "/x/.." before they look at the slashes.
    if "//" in parts.path or any(piece in {".", ".."} for piece in parts.path.split("/")):
        return default
    return target


def is_loopback(host: str) -> bool:
    """Whether the browser keeps Secure cookies of this host over plain http."""
    name = urlsplit(f"//{host}").hostname or ""
    return name in {"localhost", "::1"} or name.startswith("127.") or name.endswith(".localhost")
