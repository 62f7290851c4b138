"""Reading what a program sends: exactly one meaning, or a refusal.

Repeated parameters and repeated members of an object are refused, because two readers would take
different ones of them; so are NaN and the infinities, which are no JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flask import request

from backstay.errors import BackstayError, Malformed, Problem
from backstay.i18n import gettext as _
from backstay.names import names_instead
from backstay.web.proxied import this_request

if TYPE_CHECKING:
    from collections.abc import Collection

LARGEST_BODY: Final = 1024 * 1024
"""Bytes; an entry of a thousand lines has about 150 KiB."""
MOST_PROBLEMS: Final = 100
"""Named at once: a body can have a hundred thousand, and nobody reads on."""
_JSON: Final = frozenset({"application/json", "application/merge-patch+json"})
_UTF8: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
_UNPACKED: Final = frozenset({"", "identity"})


class UnsupportedMediaType(BackstayError):
    """The body is no JSON, packed, or in another encoding than UTF-8."""

    status = 415


class TooLarge(BackstayError):
    """The body has more than :data:`LARGEST_BODY`."""

    status = 413


def read_parameters(known: Collection[str]) -> dict[str, str]:
    """The query parameters by name.

    Raises:
        Malformed: one is given twice, or is not known here.
    """
    found: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in known:
            raise Malformed(
                _(
                    "There is no parameter “%(name)s” here. %(instead)s",
                    name=name[:40],
                    instead=names_instead(name, sorted(known)),
                ),
                field=name[:40],
            )
        if len(values) > 1:
            raise Malformed(_("The parameter “%(name)s” is given twice.", name=name), field=name)
        found[name] = values[0]
    return found


def read_bytes() -> bytes:
    """The body as it was sent.

    Raises:
        TooLarge: it has more than :data:`LARGEST_BODY`.
    """
    asked = this_request()
    if (asked.content_length or 0) <= LARGEST_BODY:
        sent = asked.get_data(cache=True)
        # What comes in chunks says no length, and is cut off there without a word.
        if asked.content_length is not None or len(sent) < LARGEST_BODY:
            return sent
    raise TooLarge(
        _("The body is larger than %(most)s KiB: send less at once.", most=LARGEST_BODY // 1024)
    )


def read_object() -> dict[str, Any]:
    """The JSON object of the body; an empty body is an empty object.

    Raises:
        TooLarge: it has more than :data:`LARGEST_BODY`.
        UnsupportedMediaType: the headers say that it is something else.
        Malformed: it is no JSON object, or a member is given twice.
    """
    sent = read_bytes()
    if not sent:
        return {}
    asked = this_request()
    if asked.mimetype not in _JSON:
        raise UnsupportedMediaType(_("Send JSON with “Content-Type: application/json”."))
    if asked.headers.get("Content-Encoding", "").strip().lower() not in _UNPACKED:
        raise UnsupportedMediaType(_("Send the body unpacked, without “Content-Encoding”."))
    if asked.mimetype_params.get("charset", "").lower() not in _UTF8:
        raise UnsupportedMediaType(_("Send JSON in UTF-8: it has no other encoding (RFC 8259)."))
    try:
        text = sent.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            _("The body is not UTF-8: see its byte %(number)s.", number=error.start + 1)
        ) from error
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Malformed(_("The body is not valid JSON: %(why)s", why=str(error)[:200])) from error
    except RecursionError as error:
        raise Malformed(_("The body is nested too deeply.")) from error
    except ValueError as error:  # of more digits than Python reads
        raise Malformed(_("A number of the body has too many digits.")) from error
    if not isinstance(value, dict):
        raise Malformed(_("The body must be a JSON object."))
    return value


def unknown_member(name: str, known: Collection[str], place: str = "") -> Problem:
    """What is said of a member that is not taken, at ``place`` if that is not its name alone."""
    return Problem(
        _("There is no field of this name. %(instead)s", instead=names_instead(name, known)),
        place or name[:80],
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        counted = Counter(name for name, _value in pairs)
        twice = next(name for name, count in counted.items() if count > 1)
        raise Malformed(
            _("The member “%(name)s” is given twice.", name=twice[:40]), field=twice[:80]
        )
    return made


def _no_constant(name: str) -> NoReturn:
    raise Malformed(_("The body is not valid JSON: %(name)s is no number.", name=name))
