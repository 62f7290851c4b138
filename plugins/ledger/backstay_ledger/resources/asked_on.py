"""A new record belongs to the one whose page it was asked for on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import has_request_context, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

_DIGITS: Final = 18


def asked_on(parameter: str) -> Callable[[Session, Any], dict[str, Any]]:
    """What a new record begins with: the id in the address, such as ``tree`` for ``tree_id``."""

    def initial(_session: Session, _record: Any) -> dict[str, Any]:
        given = request.args.get(parameter, "") if has_request_context() else ""
        if not given.isdecimal() or len(given) > _DIGITS:
            return {}
        return {f"{parameter}_id": int(given)}

    return initial
