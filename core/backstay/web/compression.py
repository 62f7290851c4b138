"""Sending pages compressed: the same list is a sixth as long, and clerks work over slow lines too.

A compressed page's length could betray a secret in it to somebody who makes the page repeat their
guesses (BREACH). The token of a session's forms is such a secret, so an answer's length is random.
"""

from __future__ import annotations

import gzip
import secrets
from typing import TYPE_CHECKING, Final

import brotli
from flask import request

if TYPE_CHECKING:
    from flask import Response

_SHORTEST: Final = 1024
_LONG: Final = 128 * 1024
"""A page of this length took so long to make that packing it well is little beside it."""
_MOST_PADDING: Final = 32
_PADDING: Final = "X-Padding"


def compress(response: Response) -> Response:
    """Compress an HTML page for a browser that understands it; leave everything else alone."""
    if (
        response.mimetype != "text/html"
        or response.is_streamed
        or response.direct_passthrough
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) < _SHORTEST:
        return response
    accepted = request.accept_encodings
    # Browsers ask for Brotli over TLS and on their own machine alone.
    if accepted["br"]:
        response.set_data(brotli.compress(body, quality=5 if len(body) > _LONG else 2))
        response.headers["Content-Encoding"] = "br"
    elif accepted["gzip"]:
        response.set_data(gzip.compress(body, 6 if len(body) > _LONG else 1, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    else:
        return response
    response.headers[_PADDING] = secrets.token_hex(secrets.randbelow(_MOST_PADDING))
    return response
