"""When two people edited one draft: both versions side by side, header and lines."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from flask import url_for

from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.pages.draft_forms import header, stored_lines

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Entry
    from backstay_ledger.pages.entry_form import Editor
    from backstay_ledger.pages.line_grid import TypedLine


def both_versions(session: Session, shown: Editor, entry: Entry, message: str) -> Editor:
    """The editor with what was typed, what is stored now, and the stored version's number."""
    session.refresh(entry)
    theirs = header(session, entry)
    rows = [
        ui.ConflictRow(field.label.text, str(field.data or ""), str(theirs[field.name].data or ""))
        for field in shown.form
    ]
    rows += [
        ui.ConflictRow(_("Line %(n)s", n=n + 1), _in_words(yours), _in_words(stored))
        for n, (yours, stored) in enumerate(zip_longest(shown.lines, stored_lines(session, entry)))
    ]
    drop = ui.Button(
        _("Drop mine, keep what is saved"),
        url_for("ledger.entry_edit", id=entry.id),
        "arrow-back-up",
    )
    return replace(
        shown,
        version=str(entry.version),
        conflict=ui.Conflict(message, tuple(rows)),
        actions=(drop, *shown.actions),
    )


def _in_words(line: TypedLine | None) -> str:
    """A line in one text: what it says, and the amount with its side."""
    if line is None:
        return ""
    amount = _("debit %(amount)s", amount=line.debit) if line.debit else ""
    amount = amount or (_("credit %(amount)s", amount=line.credit) if line.credit else "")
    foreign = f"{line.currency} {line.foreign}" if line.foreign else ""
    parts = (line.account_text, line.text, line.party, line.due, line.dimensions)
    return " · ".join(part for part in (*parts, foreign, amount) if part)
