"""Reading what a program sends: exactly one meaning, or a refusal.

Repeated parameters and repeated members of an object are refused, because two readers would take
different ones of them; so are NaN and the infinities, which are no JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flask import request

from backstay.errors import BackstayError, Malformed
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Collection

_JSON: Final = frozenset({"application/json", "application/merge-patch+json"})


class UnsupportedMediaType(BackstayError):
    """The body is no JSON."""

    status = 415


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
                    "There is no parameter “%(name)s” here. Known are: %(known)s.",
                    name=name[:40],
                    known=", ".join(sorted(known)) or _("none"),
                ),
                field=name[:40],
            )
        if len(values) > 1:
            raise Malformed(_("The parameter “%(name)s” is given twice.", name=name), field=name)
        found[name] = values[0]
    return found


def read_object() -> dict[str, Any]:
    """The JSON object of the body; an empty body is an empty object.

    Raises:
        UnsupportedMediaType: the content type says that it is something else.
        Malformed: it is no JSON object, or a member is given twice.
    """
    sent = request.get_data(cache=True)
    if not sent:
        return {}
    if request.mimetype not in _JSON:
        raise UnsupportedMediaType(_("Send JSON with “Content-Type: application/json”."))
    try:
        value = json.loads(sent, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Malformed(_("The body is not valid JSON: %(why)s", why=str(error)[:200])) from error
    except RecursionError as error:
        raise Malformed(_("The body is nested too deeply.")) from error
    except ValueError as error:  # of more digits than Python reads
        raise Malformed(_("A number of the body has too many digits.")) from error
    if not isinstance(value, dict):
        raise Malformed(_("The body must be a JSON object."))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(
            _("The member “%(name)s” is given twice.", name=twice[:40]), field=twice[:80]
        )
    return made


def _no_constant(name: str) -> NoReturn:
    raise Malformed(_("The body is not valid JSON: %(name)s is no number.", name=name))
