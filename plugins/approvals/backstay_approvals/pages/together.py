"""Several approvals at once: only what was previewed and ticked, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request, url_for

from backstay.contracts.approvals import Verdict
from backstay.spi import (
    Invalid,
    company_of,
    flash_done,
    ngettext,
    page,
    redirect_to,
    requires,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_approvals.pages.blueprint import blueprint
from backstay_approvals.pages.shown import shown
from backstay_approvals.permissions import INBOX_USE
from backstay_approvals.services.inbox import decide_request, waiting_for_me

if TYPE_CHECKING:
    from flask import Response

MOST: Final = 20
"""So many previews stand on one page: more are not looked at."""


@blueprint.get("/together", endpoint="together")
@requires(INBOX_USE)
def show_together() -> Response:
    """Each of the oldest with all that it says, and a box to tick."""
    db = session()
    return page(
        "approvals/together.html",
        page=ui.HomePage(title=_("Approve several"), subtitle=company_of(db).name),
        items=[shown(db, one.row) for one in waiting_for_me(db)[:MOST]],
        approve=ui.Button(_("Approve what is ticked"), icon="check", shortcut="Ctrl+Enter"),
        nothing=ui.EmptyState(_("Nothing waits for you"), icon="shield-check"),
    )


@blueprint.post("/together", endpoint="approve_together")
@requires(INBOX_USE)
def approve_together() -> Response:
    """Approve what was ticked; one that can't be approved lets nothing of it happen."""
    db = session()
    picked = request.form.getlist("pick")[:MOST]
    if not picked:
        raise Invalid(_("Tick what you have looked at and approve."), field="pick")
    for pick in picked:
        number, _dot, digest = pick.partition(".")
        if not (number.isascii() and number.isdecimal()) or len(number) > 18:  # noqa: PLR2004
            raise Invalid(_("This page is out of date. Open it again."), field="pick")
        decide_request(db, int(number), digest, Verdict.APPROVE, "")
    flash_done(ngettext("%(n)s approved.", "%(n)s approved.", len(picked)))
    return redirect_to(url_for("approvals.inbox"))
