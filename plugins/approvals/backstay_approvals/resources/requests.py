"""Requests: the history of everything that was asked, decided and carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.spi import Choice, Column, Empty, Filter, Kind, Panel, Resource, Section
from backstay.spi import lazy as _
from backstay_approvals.models import Request, RequestState
from backstay_approvals.permissions import REQUEST_VIEW
from backstay_approvals.services.people import in_words, names_of_roles
from backstay_approvals.services.requests import opened_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

STATES: Final = (
    Choice(RequestState.OPEN.value, _("Waits"), "info"),
    Choice(RequestState.APPROVED.value, _("Approved"), "ok"),
    Choice(RequestState.REJECTED.value, _("Sent back"), "bad"),
    Choice(RequestState.WITHDRAWN.value, _("Taken back"), "neutral"),
    Choice(RequestState.VOID.value, _("Void"), "warn"),
)


def stages_of(session: Session, request: Request) -> dict[str, Any]:
    """Who has to approve and who did, for ``approvals/stages.html``."""
    opened = opened_of(session, [request])[0]
    names = names_of_roles(session)
    return {
        "stages": [
            (in_words(session, stage, names), stage.people, opened.approved_by(position))
            for position, stage in enumerate(opened.stages, 1)
        ],
        "problem": "",
    }


def _decisions(session: Session, request: Request) -> Sequence[tuple[str, str]]:
    """What was decided belongs into its history."""
    return [
        ("approvals_decision", str(one.id)) for one in opened_of(session, [request])[0].decisions
    ]


REQUESTS: Final = Resource(
    name="approvals.request",
    path="requests",
    model=Request,
    view=REQUEST_VIEW,
    label=_("Request for approval"),
    label_many=_("Requests for approval"),
    icon="shield-check",
    help=_("Everything that was asked for and decided. Nothing of it can be changed."),
    columns=(
        Column("label", _("Record"), Request.label, link=True),
        Column("requested_at", _("Asked"), Request.requested_at, Kind.INSTANT, sortable=True),
        Column("requested_by", _("By"), Request.requested_by),
        Column("amount", _("Amount"), Request.amount, Kind.MONEY, total=False),
        Column("rule", _("Rule"), Request.rule),
        Column("state", _("State"), Request.state, Kind.STATE, STATES),
        Column("record", _("Kind"), Request.record, Kind.CODE, in_list=False),
        Column("record_id", _("Number of the record"), Request.record_id, Kind.CODE, in_list=False),
        Column("closed_at", _("Ended"), Request.closed_at, Kind.INSTANT, in_list=False),
        Column("closed_by", _("Ended by"), Request.closed_by, in_list=False),
        Column("reason", _("Reason"), Request.reason, in_list=False),
    ),
    filters=(Filter("state", _("State"), Request.state, STATES),),
    search=(Request.label, Request.requested_by),
    order=("-requested_at",),
    title=lambda request: str(request.label),
    state="state",
    sections=(
        Section(
            _("Request"),
            (
                "record",
                "record_id",
                "amount",
                "rule",
                "requested_by",
                "requested_at",
                "closed_by",
                "closed_at",
                "reason",
            ),
        ),
    ),
    panels=(Panel(_("Who has to approve"), "approvals/stages.html", stages_of),),
    history=_decisions,
    empty=Empty(
        _("Nothing was asked yet"),
        _("Here stands what waited for others, who decided, and why."),
        "shield-check",
    ),
)
