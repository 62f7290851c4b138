"""Which accounts pasted texts name: many answered at once, for the grids of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import jsonify, request

from backstay.spi import requires, session
from backstay_ledger.pages.accounts_by_line import by_texts
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.permissions import BOOKS_VIEW

if TYPE_CHECKING:
    from flask import Response

_MOST: Final = 500


@blueprint.get("/accounts-by-text", endpoint="accounts_by_text")
@requires(BOOKS_VIEW)
def accounts_by_text() -> Response:
    """For each ``text`` of the query its account; ``id`` is null where there is none."""
    texts = request.args.getlist("text")[:_MOST]
    found = by_texts(session(), texts)
    return jsonify(
        [
            {
                "text": text,
                "id": None if (account := found.named(text)) is None else str(account.id),
                "label": "" if account is None else account.label,
            }
            for text in texts
        ]
    )
