"""What stands behind Flask's ``request`` and ``g``, for code that every request runs.

Each look through one of them finds the context first, which takes longer than what is looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import g, request

if TYPE_CHECKING:
    from flask import Request
    from flask.ctx import _AppCtxGlobals


def this_request() -> Request:
    """The request that is answered."""
    return cast("Request", request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


def kept() -> _AppCtxGlobals:
    """What is kept while it is answered."""
    return cast("_AppCtxGlobals", g._get_current_object())  # noqa: SLF001


__all__ = ["kept", "this_request"]
