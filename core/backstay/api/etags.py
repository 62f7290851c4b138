"""ETags of records, and the ``If-Match`` with which a change names the one it is based on."""

from __future__ import annotations

import re
from typing import Final

from backstay.errors import Malformed
from backstay.i18n import gettext as _

HEADER: Final = "If-Match"
ANY: Final = "*"
WEAK: Final = "W/"
_PART: Final = re.compile(r'[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")?[ \t]*(?:,|$)')


def etag(version: int) -> str:
    """The ETag of a version of a record."""
    return f'"v{version}"'


def read_if_match(header: str) -> frozenset[str]:
    """The ETags of a list; ``*`` stands alone. Weak ones keep their ``W/``, and so match nothing.

    Source: RFC 9110, 8.8.3 and 13.1.1.

    Raises:
        Malformed: it is neither ``*`` nor a list of ETags.
    """
    if header == ANY:
        return frozenset({ANY})
    found: set[str] = set()
    place = 0
    while place < len(header):
        part = _PART.match(header, place)
        if part is None:
            found.clear()
            break
        if part[1]:
            found.add(part[1])
        place = part.end()
    if not found:
        raise Malformed(
            _(
                "If-Match holds no ETag. Send the one that the record was read with, in its"
                " quotation marks, like %(example)s; several are separated by commas.",
                example=etag(3),
            ),
            field=HEADER,
        )
    return frozenset(found)
