"""What can be done with an entry, by its state: the one table that pages and tests read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from backstay.spi import (
    Action,
    Bulk,
    Operation,
    company_of,
    flash_done,
    redirect_to,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_ledger.approval.resource import WAITING_ACTIONS, said_of, say_posted
from backstay_ledger.closing.services.adjustments import (
    PostAdjustment,
    post_adjustment,
)
from backstay_ledger.closing.services.plans import (
    ReverseLater,
    first_of_the_next_month,
    not_to_be_reversed_later,
    reverse_later,
)
from backstay_ledger.models import Entry, EntryState, PeriodState
from backstay_ledger.permissions import ENTRY_DRAFT, ENTRY_POST, ENTRY_REVERSE
from backstay_ledger.resources.entry_bulk import (
    not_to_be_posted,
    not_to_be_reversed,
    reversal_of_many,
)
from backstay_ledger.services.drafts import (
    CopyEntry,
    DeleteDraft,
    PostDraft,
    copy_entry,
    delete_draft,
    post_draft,
)
from backstay_ledger.services.fiscal_years import period_on
from backstay_ledger.services.references import AttachReference, attach_reference
from backstay_ledger.services.reversal import ReverseEntry, reversals_of, reverse_entry
from backstay_ledger.tax.cash_basis import ReleaseTax, nothing_waits, release_tax

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Posted

_DRAFT: Final = (EntryState.DRAFT.value,)
_POSTED: Final = (EntryState.POSTED.value,)


@dataclass(frozen=True, slots=True)
class OpenEditor:
    """Entries are written in a page of their own; there is nothing to fill in before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyForToday:
    """An entry that a draft dated today is made from."""

    id: int


def copy_for_today(session: Session, command: CopyForToday) -> Entry:
    """Copy an entry into a draft dated today, which its editor may date otherwise."""
    day = today(company_of(session).time_zone)
    return copy_entry(session, CopyEntry(id=command.id, date=day))


def _reversed(_session: Session, posted: Posted) -> Response:
    flash_done(
        said_of(posted)
        if posted.waits
        else translate("Reversed by %(number)s, which is shown here.", number=posted.number)
    )
    return redirect_to(resource_url("ledger.entry", "record", id=posted.id))


def _to_the_copy(_session: Session, draft: Entry) -> Response:
    flash_done(translate("This is the copy: check date and amounts, then post it."))
    return redirect_to(url_for("ledger.entry_edit", id=draft.id))


def _to_the_list(_session: Session, _nothing: None) -> Response:
    flash_done(translate("Draft deleted."))
    return redirect_to(resource_url("ledger.entry"))


def _was_reversed(session: Session, entry: Entry) -> str | None:
    reversal = reversals_of(session, entry.id).reversed_by
    if reversal is None:
        return None
    return translate("It was reversed by %(number)s already.", number=reversal[1])


def _reversal_day(session: Session, entry: Entry) -> dict[str, Any]:
    """The entry's own date while that can be posted to, else today."""
    period = period_on(session, entry.date)
    still_open = period is not None and period.state is PeriodState.OPEN
    return {
        "on": entry.date if still_open else today(company_of(session).time_zone),
        "reason": "",
    }


ACTIONS: Final = (
    *WAITING_ACTIONS,
    Action(
        "post",
        Operation(post_draft, PostDraft, ENTRY_POST, _("Post"), respond=say_posted),
        icon="check",
        states=_DRAFT,
        leads_to=EntryState.POSTED.value,
        past=_("posted this"),
        primary=True,
        bulk=Bulk(skips=not_to_be_posted),
    ),
    Action(
        "post_adjustment",
        Operation(
            post_adjustment,
            PostAdjustment,
            ENTRY_POST,
            _("Post as adjustment"),
            respond=say_posted,
        ),
        icon="check",
        states=_DRAFT,
        leads_to=EntryState.POSTED.value,
        past=_("posted this as an adjustment"),
        confirm=_(
            "It is posted in the thirteenth period of its fiscal year, dated the year's last day,"
            " apart from the entries of the months."
        ),
    ),
    Action(
        "reverse",
        Operation(
            reverse_entry,
            ReverseEntry,
            ENTRY_REVERSE,
            _("Reverse"),
            initial=_reversal_day,
            help=_(
                "Posts the same lines with debit and credit exchanged. Both entries stay in the"
                " books and point to each other; an entry can be reversed once."
            ),
            respond=_reversed,
        ),
        icon="arrow-back-up",
        states=_POSTED,
        past=_("reversed this"),
        refuses=_was_reversed,
        bulk=Bulk(skips=not_to_be_reversed, initial=reversal_of_many),
    ),
    Action(
        "reverse_later",
        Operation(
            reverse_later,
            ReverseLater,
            ENTRY_REVERSE,
            _("Reverse later"),
            initial=first_of_the_next_month,
            help=_("For accruals: a job reverses it on that day by itself."),
            done=_("Its reversal is planned."),
        ),
        icon="calendar",
        states=(EntryState.POSTED.value,),
        past=_("planned the reversal of this"),
        refuses=not_to_be_reversed_later,
    ),
    Action(
        "release_tax",
        Operation(
            release_tax,
            ReleaseTax,
            ENTRY_POST,
            _("Tax by payment"),
            initial=lambda session, _entry: {
                "percent": "100",
                "on": today(company_of(session).time_zone),
            },
            help=_(
                "The tax of this document is due when it is paid. Say how much is paid by now, and"
                " that share of it is posted to its account and counts in the return."
            ),
            respond=say_posted,
        ),
        icon="coins",
        states=_POSTED,
        past=_("released its tax"),
        refuses=nothing_waits,
    ),
    Action(
        "copy",
        Operation(
            copy_for_today,
            CopyForToday,
            ENTRY_DRAFT,
            _("Copy"),
            respond=_to_the_copy,
        ),
        icon="copy",
        past=_("copied this"),
    ),
    Action(
        "attach",
        Operation(
            attach_reference,
            AttachReference,
            ENTRY_DRAFT,
            _("Attach a reference"),
            initial=lambda _session, _entry: {},
            help=_(
                "The entry itself stays as it was posted; the reference is kept beside it and"
                " can't be changed afterwards."
            ),
            done=_("Reference attached."),
        ),
        icon="paperclip",
        states=_POSTED,
        past=_("attached a reference"),
    ),
    Action(
        "delete",
        Operation(delete_draft, DeleteDraft, ENTRY_DRAFT, _("Delete draft"), respond=_to_the_list),
        icon="trash",
        states=_DRAFT,
        past=_("deleted this"),
        danger=True,
        confirm=_("Delete this draft? Only the audit trail will remember it."),
        bulk=Bulk(),
    ),
)
