"""Which parties are known: asked while one is typed, and said when it is written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import jsonify, request

from backstay.spi import flash_problem, requires, session
from backstay.spi import gettext as _
from backstay_ledger.open_items.parties import matching_parties
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.permissions import BOOKS_VIEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response


@blueprint.get("/parties", endpoint="parties")
@requires(BOOKS_VIEW)
def parties_by_text() -> Response:
    """Known parties that contain ``q``, twenty at most."""
    return jsonify(matching_parties(session(), request.args.get("q", "").strip()[:80]))


def say_spellings(spellings: Mapping[str, str]) -> None:
    """Say which parties are known in another spelling; what was typed is kept all the same.

    Arguments:
        spellings: what was typed, and how it is known (:func:`other_spellings`).
    """
    for typed, known in spellings.items():
        message = _(
            "There is a party “%(known)s” already; “%(typed)s” was taken as another one.",
            known=known,
            typed=typed,
        )
        flash_problem(message)
