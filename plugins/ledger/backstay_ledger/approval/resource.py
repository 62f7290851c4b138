"""The list of limits, and what can be done with an entry that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func

from backstay.spi import (
    Action,
    Bulk,
    Column,
    Empty,
    Kind,
    Operation,
    Resource,
    Section,
    context,
    flash_done,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_ledger.approval.deciding import (
    ApproveEntry,
    SendBack,
    TakeBack,
    approve_entry,
    send_back,
    take_back,
)
from backstay_ledger.approval.limits import (
    ChangeLimit,
    DropLimit,
    SetLimit,
    change_limit,
    drop_limit,
    set_limit,
)
from backstay_ledger.models import ApprovalLimit, Entry, EntryState, Journal
from backstay_ledger.permissions import (
    APPROVAL_LIMIT_EDIT,
    BOOKS_VIEW,
    ENTRY_APPROVE,
    ENTRY_DRAFT,
    ENTRY_POST,
)

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Posted

_ALL_OTHERS: Final = "*"
"""Stands for the journals without a limit of their own; it is no code of a journal."""
_WAITING: Final = (EntryState.WAITING.value,)


def say_posted(_session: Session, posted: Posted) -> Response:
    """Back to the entry, with what became of it."""
    flash_done(said_of(posted))
    return redirect_to(resource_url("ledger.entry", "record", id=posted.id))


def said_of(posted: Posted) -> str:
    """That an entry is posted, or that it waits and for whom."""
    if posted.waits:
        return translate("It waits for approval: over the limit, a second person posts it.")
    return translate("Posted as %(number)s.", number=posted.number)


def _approved(_session: Session, posted: Posted) -> Response:
    flash_done(
        translate("Approved. It waits for further people.")
        if posted.waits
        else translate("Approved and posted as %(number)s.", number=posted.number)
    )
    return redirect_to(resource_url("ledger.entry", "record", id=posted.id))


def _own(_session: Session, entry: Entry) -> str | None:
    """Why the reader can't decide on it."""
    if context().actor.label in {entry.created_by, entry.submitted_by}:
        return translate("You wrote or submitted it: somebody else decides.")
    return None


def _others(_session: Session, entry: Entry) -> str | None:
    """Why the reader can't take it back."""
    here = context()
    made_by = {entry.created_by, entry.submitted_by}
    if here.actor.label not in made_by and not here.may(ENTRY_POST):
        return translate("Only %(who)s can take it back.", who=entry.submitted_by)
    return None


def _empty(_session: Session, _record: Any) -> dict[str, Any]:
    return {}


WAITING_ACTIONS: Final = (
    Action(
        "approve",
        Operation(approve_entry, ApproveEntry, ENTRY_APPROVE, _("Approve"), respond=_approved),
        icon="check",
        states=_WAITING,
        past=_("approved this"),
        primary=True,
        refuses=_own,
    ),
    Action(
        "send_back",
        Operation(
            send_back,
            SendBack,
            ENTRY_APPROVE,
            _("Send back"),
            initial=_empty,
            help=_("It becomes a draft again, and whoever submitted it reads the reason."),
            done=_("Sent back."),
        ),
        icon="arrow-back-up",
        states=_WAITING,
        leads_to=EntryState.DRAFT.value,
        past=_("sent this back"),
        refuses=_own,
    ),
    Action(
        "take_back",
        Operation(take_back, TakeBack, ENTRY_DRAFT, _("Take back"), done=_("It is a draft again.")),
        icon="arrow-back-up",
        states=_WAITING,
        leads_to=EntryState.DRAFT.value,
        past=_("took this back"),
        refuses=_others,
    ),
)


def _for_journal(code: Any) -> str:
    return translate("All others") if code == _ALL_OTHERS else str(code)


LIMITS: Final = Resource(
    name="ledger.approval_limit",
    path="approval-limits",
    model=ApprovalLimit,
    view=BOOKS_VIEW,
    label=_("Approval limit"),
    label_many=_("Approval limits"),
    icon="shield-check",
    help=_(
        "An entry whose debits are more than the limit waits until somebody approves it who neither"
        " wrote nor submitted it. The database keeps that, too."
    ),
    columns=(
        Column(
            "journal",
            _("Journal"),
            func.coalesce(Journal.code, _ALL_OTHERS),
            link=True,
            format=_for_journal,
        ),
        Column("amount", _("Limit"), ApprovalLimit.amount, Kind.MONEY, total=False),
    ),
    joins=lambda statement: statement.outerjoin(Journal, Journal.id == ApprovalLimit.journal_id),
    title=lambda _row: translate("Approval limit"),
    sections=(Section(_("Limit"), ("journal", "amount")),),
    create=Operation(
        set_limit, SetLimit, APPROVAL_LIMIT_EDIT, _("New limit"), done=_("The limit is in force.")
    ),
    update=Operation(
        change_limit,
        ChangeLimit,
        APPROVAL_LIMIT_EDIT,
        _("Change limit"),
        done=_("The limit is in force."),
    ),
    actions=(
        Action(
            "delete",
            Operation(
                drop_limit,
                DropLimit,
                APPROVAL_LIMIT_EDIT,
                _("Take away"),
                done=_("The limit is gone."),
            ),
            icon="trash",
            danger=True,
            confirm=_("Take this limit away? Entries of any amount are then posted by one person."),
            bulk=Bulk(),
        ),
    ),
    empty=Empty(
        _("No limit"),
        _("Everybody who may post entries posts them alone, whatever the amount."),
        "shield-check",
    ),
)
