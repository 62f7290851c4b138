"""One inbox for all that waits for somebody: look, decide, and the next one is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request, url_for

from backstay.contracts.approvals import Outcome, Verdict
from backstay.spi import (
    Conflict,
    Invalid,
    company_of,
    context,
    flash_done,
    flash_problem,
    instant_text,
    page,
    redirect_to,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_approvals.pages.blueprint import blueprint
from backstay_approvals.pages.shown import amount_text, shown
from backstay_approvals.permissions import DEPUTY_NAME, INBOX_USE, REQUEST_VIEW
from backstay_approvals.resources.requests import STATES
from backstay_approvals.services.inbox import (
    asked_by_me,
    decide_request,
    decided_by_me,
    waiting_for_me,
)
from backstay_approvals.services.requests import get_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_approvals.models import Request
    from backstay_approvals.services.requests import Opened


@blueprint.get("/inbox", endpoint="inbox")
@requires(INBOX_USE)
def show_inbox() -> Response:
    """What waits for the reader, with the one that they look at."""
    db = session()
    which = request.args.get("show", "")
    waiting = waiting_for_me(db)
    if which == "asked":
        return _page(db, "asked", len(waiting), rows=_rows(db, asked_by_me(db)))
    if which == "decided":
        return _page(db, "decided", len(waiting), rows=_rows(db, decided_by_me(db)))
    at = _position(waiting, request.args.get("at", ""))
    if at is None:
        return _page(db, "waiting", 0)
    following = waiting[(at + 1) % len(waiting)].row if len(waiting) > 1 else None
    return _page(
        db,
        "waiting",
        len(waiting),
        shown=shown(db, waiting[at].row),
        waiting=[
            {
                "label": one.row.label,
                "who": one.row.requested_by,
                "amount": amount_text(db, one.row),
                "href": url_for("approvals.inbox", at=one.row.id),
                "current": place == at,
            }
            for place, one in enumerate(waiting)
        ],
        next=ui.Button(
            _("Next"), url_for("approvals.inbox", at=following.id), "chevron-right", shortcut="n"
        )
        if following
        else None,
    )


@blueprint.post("/inbox/<int:id>", endpoint="decide")
@requires(INBOX_USE)
def decide_one(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """Approve or send back what was shown."""
    get_request(session(), id)
    try:
        verdict = Verdict(request.form.get("verdict", ""))
    except ValueError:
        raise Invalid(_("Say whether you approve it or send it back."), field="verdict") from None
    try:
        decided = decide_request(
            session(),
            id,
            request.form.get("digest", ""),
            verdict,
            request.form.get("reason", "")[:300],
        )
    except Conflict as error:
        # It changed since it was shown: what waits now is looked at next.
        session().rollback()
        flash_problem(error.message)
        return redirect_to(url_for("approvals.inbox"))
    say = flash_problem if decided.outcome is Outcome.VOID else flash_done
    say(decided.message)
    return redirect_to(url_for("approvals.inbox"))


def home_part(db: Session) -> ui.HomePart | None:
    """What the company's start page says of approvals."""
    count = len(waiting_for_me(db))
    return ui.HomePart(
        (
            ui.Figure(
                _("Waits for your approval"),
                str(count),
                _("the oldest first") if count else _("nothing waits"),
                url_for("approvals.inbox"),
                tone="warn" if count else "ok",
                icon="shield-check",
            ),
        )
    )


def _position(waiting: Sequence[Opened], asked: str) -> int | None:
    if not waiting:
        return None
    found = [place for place, one in enumerate(waiting) if str(one.row.id) == asked]
    return found[0] if found else 0


def _page(db: Session, current: str, count: int, **values: Any) -> Response:
    may = context().may
    label = _("Waits for you (%(count)s)", count=count)
    tabs = (
        ui.Button(label, url_for("approvals.inbox"), name="waiting"),
        ui.Button(_("Asked by you"), url_for("approvals.inbox", show="asked"), name="asked"),
        ui.Button(_("Decided by you"), url_for("approvals.inbox", show="decided"), name="decided"),
    )
    ways = [
        *(
            [ui.Button(_("Several at once"), url_for("approvals.together"), "list-details")]
            if count > 1
            else []
        ),
        *(
            [ui.Button(_("Deputies"), resource_url("approvals.deputy"), "users")]
            if may(DEPUTY_NAME)
            else []
        ),
        *(
            [ui.Button(_("All requests"), resource_url("approvals.request"), "list-details")]
            if may(REQUEST_VIEW)
            else []
        ),
    ]
    known = {
        "shown": None,
        "waiting": (),
        "next": None,
        "rows": None,
        "heads": (
            ui.Head("label", _("Record")),
            ui.Head("when", _("Asked")),
            ui.Head("who", _("By")),
            ui.Head("amount", _("Amount"), "end"),
            ui.Head("state", _("State")),
            ui.Head("reason", _("Reason")),
        ),
        "nothing": ui.EmptyState(
            _("Nothing waits for you") if current == "waiting" else _("Nothing here yet"),
            _("What others submit and you can decide on stands here, the oldest first."),
            icon="shield-check",
        ),
    }
    return page(
        "approvals/inbox.html",
        page=ui.HomePage(title=_("Approvals"), subtitle=company_of(db).name),
        tabs=tabs,
        current=current,
        ways=ways,
        **{**known, **values},
    )


def _rows(db: Session, found: Sequence[Request]) -> tuple[ui.Row, ...]:
    here = context()
    states = {choice.value: choice for choice in STATES}
    may = here.may(REQUEST_VIEW)
    return tuple(
        ui.Row(
            (
                ui.Cell(one.label),
                ui.Cell(instant_text(one.requested_at, here.time_zone, here.locale), "date"),
                ui.Cell(one.requested_by),
                ui.Cell(amount_text(db, one), "money"),
                ui.Cell(states[one.state.value].label, "state", tone=states[one.state.value].tone),
                ui.Cell(one.reason, "prose"),
            ),
            href=resource_url("approvals.request", "record", id=one.id) if may else None,
        )
        for one in found
    )
