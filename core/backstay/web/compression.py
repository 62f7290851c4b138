"""Sending pages compressed: the same list is a sixth as long, and clerks work over slow lines too.

A compressed page's length could betray a secret in it to somebody who makes the page repeat their
guesses (BREACH). The token of a session's forms is such a secret, so a page's length is random.
"""

from __future__ import annotations

import secrets
import struct
import zlib
from typing import TYPE_CHECKING, Final

from flask import request

if TYPE_CHECKING:
    from flask import Response

_LEVEL: Final = 1
"""Nine tenths of what level 6 saves, in a third of its time."""
_SHORTEST: Final = 1024
_MOST_PADDING: Final = 64
_HEADER: Final = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x04\xff"
"""Of a gzip member (RFC 1952): deflate, with a file name, without a time, of no known system."""


def compress(response: Response) -> Response:
    """Compress an HTML page for a browser that understands gzip; leave everything else alone."""
    if (
        response.mimetype != "text/html"
        or response.is_streamed
        or response.direct_passthrough
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"]:
        return response
    body = response.get_data()
    if len(body) >= _SHORTEST:
        response.set_data(packed(body))
        response.headers["Content-Encoding"] = "gzip"
    return response


def packed(body: bytes) -> bytes:
    """A gzip member whose file name is noise of a random length."""
    name = b"x" * secrets.randbelow(_MOST_PADDING)
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join(
        (
            _HEADER,
            name,
            b"\0",
            deflate.compress(body),
            deflate.flush(),
            struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF),
        )
    )
