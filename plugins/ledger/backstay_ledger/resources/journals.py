"""Journals: the books of first entry, each with its own gapless numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from backstay.spi import Column, Empty, Filter, Kind, Operation, Related, Resource, Section
from backstay.spi import lazy as _
from backstay_ledger.models import Entry, Journal
from backstay_ledger.permissions import BOOKS_VIEW, JOURNAL_EDIT
from backstay_ledger.services.journals import (
    JOURNAL_KINDS,
    CreateJournal,
    EditJournal,
    create_journal,
    edit_journal,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_MANY: Final = 10_001


def _entries(session: Session, journal: Journal) -> int:
    some = select(Entry.id).where(Entry.journal_id == journal.id).limit(_MANY).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _active(_session: Session) -> Sequence[ColumnElement[bool]]:
    return (Journal.active.is_(True),)


JOURNALS: Final = Resource(
    name="ledger.journal",
    path="journals",
    model=Journal,
    view=BOOKS_VIEW,
    label=_("Journal"),
    label_many=_("Journals"),
    icon="notebook",
    help=_("Entries are numbered without gaps in each journal and fiscal year."),
    columns=(
        Column("code", _("Code"), Journal.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), Journal.name, link=True),
        Column("kind", _("Kind"), Journal.kind, choices=JOURNAL_KINDS),
        Column("active", _("Active"), Journal.active, Kind.BOOL),
    ),
    filters=(Filter("kind", _("Kind"), Journal.kind, JOURNAL_KINDS, kind="select"),),
    search=(Journal.code, Journal.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda journal: str(journal.label),
    sections=(Section(_("Journal"), ("code", "name", "kind", "active")),),
    create=Operation(
        create_journal, CreateJournal, JOURNAL_EDIT, _("New journal"), done=_("Journal created.")
    ),
    update=Operation(
        edit_journal, EditJournal, JOURNAL_EDIT, _("Edit journal"), done=_("Journal saved.")
    ),
    related=(Related(_("Entries"), "ledger.entry", "journal", _entries, "receipt-2"),),
    empty=Empty(
        _("No journals yet"),
        _("A journal groups entries of one kind: sales, purchases, the bank, everything else."),
        "notebook",
    ),
    picker_label=lambda journal: str(journal.label),
    picker_criteria=_active,
)
