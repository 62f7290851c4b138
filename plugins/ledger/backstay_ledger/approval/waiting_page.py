"""What the page of a waiting entry says: who has to approve it, and who did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.spi import gettext as _
from backstay.spi import ngettext
from backstay.spi import view as ui
from backstay_ledger.approval.holding import ACTION, RECORD, running_approvals

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Entry


def waiting_notes(session: Session, entry: Entry) -> tuple[ui.Note, ...]:
    """One note for each stage, or one where any second person approves."""
    approvals = running_approvals(session)
    standing = None
    if approvals is not None:
        standing = approvals.standing(session, RECORD, ACTION, entry.id)
    if standing is None:
        message = _(
            "%(who)s submitted it, and it is over the limit: somebody else has to approve it, and"
            " that posts it.",
            who=entry.submitted_by,
        )
        return (ui.Note(message, "info", _("Waits for approval")),)
    notes: list[ui.Note] = []
    for stage in standing.stages:
        text = ngettext(
            "%(n)s person has to approve: %(who)s.",
            "%(n)s people have to approve: %(who)s.",
            stage.people,
            who=stage.who,
        )
        done = len(stage.approved_by) >= stage.people
        if stage.approved_by:
            text += " " + _("Approved by %(people)s.", people=", ".join(stage.approved_by))
        notes.append(ui.Note(text, "ok" if done else "info", _("Waits for approval")))
    return tuple(notes)
