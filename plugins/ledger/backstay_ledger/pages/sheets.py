"""Keeping the editor's content while it is typed, and throwing it away on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import jsonify, request, url_for

from backstay.spi import (
    Conflict,
    Invalid,
    context,
    flash_done,
    instant_text,
    now,
    redirect_to,
    requires,
    session,
)
from backstay.spi import gettext as _
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.entry_form import typed_lines
from backstay_ledger.pages.typed_content import as_typed
from backstay_ledger.pages.vouchers import addresses
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.sheets import KeepSheet, drop_sheet, keep_sheet

if TYPE_CHECKING:
    from flask import Response

_DIGITS = 18


@blueprint.post("/entries/sheets", endpoint="sheet_keep")
@requires(ENTRY_DRAFT)
def keep() -> Response:
    """Keep what is typed; answers in JSON with the new version, or says why it was not kept."""
    db = session()
    form = request.form
    try:
        kept = keep_sheet(
            db,
            KeepSheet(
                key=form.get("sheet", ""),
                version=_whole(form.get("sheet_version", "")) or 0,
                content=as_typed(form, typed_lines(form)),
                entry_id=_whole(form.get("entry_id", "")),
                entry_version=_whole(form.get("version", "")),
            ),
        )
    except (Conflict, Invalid) as problem:
        answer = jsonify({"message": problem.message})
        answer.status_code = problem.status
        return answer
    at = instant_text(now(), context().time_zone, context().locale).rpartition(" ")[2]
    message = (
        _("Kept at %(at)s. Somebody else changed this draft; saving shows both versions.", at=at)
        if kept.behind
        else _("Kept at %(at)s", at=at)
    )
    return jsonify(
        {
            "version": kept.version,
            "message": message,
            "behind": kept.behind,
            "vouchers": addresses(kept.id),
        }
    )


@blueprint.post("/entries/sheets/<key>/drop", endpoint="sheet_drop")
@requires(ENTRY_DRAFT)
def drop(key: str) -> Response:
    """Throw an unfinished entry away."""
    drop_sheet(session(), key)
    flash_done(_("Thrown away."))
    return redirect_to(url_for("ledger.entry_new"))


def _whole(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS + 1):
        return None
    found = int(text)
    return found if found < 2**63 else None
