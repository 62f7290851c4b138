"""Keeping what is typed in the entry editor while it is typed, so that nothing is lost.

Each window has its own sheet, seen by its writer only: two people on one draft never overwrite each
other here. Whoever saves the draft second gets both versions then, and is told before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    Stale,
    authorize,
    company_of,
    context_of,
    forget_attachments,
    move_attachments,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Entry, EntrySheet
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.posting import writable_company

MOST_SHEETS = 100
SHEETS: Final = "ledger.entry_sheet"
"""What vouchers are filed under until their entry is saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSheet:
    """What stands in an editor now.

    Arguments:
        key: of the window, 16 to 40 letters, digits, ``-`` and ``_``.
        version: of the sheet when this window last kept it; 0 for the first time.
        content: header and lines as they were typed; texts only.
        entry_id, entry_version: the draft that is changed and its version on the screen.
    """

    key: str
    version: int
    content: dict[str, Any]
    entry_id: int | None = None
    entry_version: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The sheet's new version; ``behind`` when somebody saved or posted the draft meanwhile."""

    id: int
    version: int
    behind: bool = False


def keep_sheet(session: Session, command: KeepSheet) -> Kept:
    """Keep a sheet as it is typed.

    Raises:
        Invalid: the key is none.
        Conflict: the sheet was finished in the meantime, or there are too many.
        Stale: the same sheet was kept from another window.
    """
    authorize(session, ENTRY_DRAFT)
    company = writable_company(session)
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,40}", command.key):
        raise Invalid(_("Open the page again."))
    owner = _owner(session)
    sheet = _own(session, EntrySheet.key == command.key)
    if sheet is None:
        if command.version:
            raise Conflict(_("This entry was saved or thrown away in another window."))
        if len(sheets_of(session, limit=MOST_SHEETS)) >= MOST_SHEETS:
            raise Conflict(_("You have 100 unfinished entries. Finish some of them first."))
        sheet = EntrySheet(company_id=company.id, owner_id=owner, key=command.key)
        session.add(sheet)
    elif sheet.version != command.version:
        raise Stale(_("This entry is being typed in another window of yours too."))
    sheet.entry_id = command.entry_id
    sheet.entry_version = command.entry_version
    sheet.content = command.content
    sheet.saved_at = now()
    session.flush()
    return Kept(sheet.id, sheet.version, _behind(session, command))


def drop_sheet(session: Session, key: str) -> None:
    """Throw a sheet of one's own away, with the vouchers that were attached to it."""
    authorize(session, ENTRY_DRAFT)
    sheet = _own(session, EntrySheet.key == key, lock=True)
    if sheet is None:
        return
    forget_attachments(session, SHEETS, sheet.id)
    session.delete(sheet)
    session.flush()


def finish_sheet(session: Session, key: str, entry_id: int) -> None:
    """Forget a sheet of one's own that was saved or posted as an entry, which gets its vouchers."""
    authorize(session, ENTRY_DRAFT)
    sheet = _own(session, EntrySheet.key == key, lock=True)
    if sheet is None:
        return
    entry = session.get_one(Entry, entry_id, populate_existing=True)
    move_attachments(session, SHEETS, sheet.id, "ledger.entry", entry)
    session.delete(sheet)
    session.flush()


def load_sheet(session: Session, key: str) -> EntrySheet:
    """A sheet of one's own.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    authorize(session, ENTRY_DRAFT)
    return _theirs(_own(session, EntrySheet.key == key))


def sheet_of_key(session: Session, key: str, *, lock: bool = False) -> EntrySheet | None:
    """A sheet of one's own, or None while nothing was kept under this key.

    Arguments:
        lock: wait for whoever is saving it in another window.
    """
    return _own(session, EntrySheet.key == key, lock=lock) if key else None


def sheet_by_id(session: Session, sheet_id: int, *, lock: bool = False) -> EntrySheet:
    """A sheet of one's own; locked, it is not finished before a voucher has come to it.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    authorize(session, ENTRY_DRAFT)
    return _theirs(_own(session, EntrySheet.id == sheet_id, lock=lock))


def sheets_of(
    session: Session, entry_id: int | None = None, *, limit: int = 10
) -> Sequence[EntrySheet]:
    """The unfinished entries of whoever asks, latest first; of one draft, or all."""
    wanted = select(EntrySheet).where(
        EntrySheet.company_id == company_of(session).id,
        EntrySheet.owner_id == context_of(session).actor.user_id,
    )
    if entry_id is not None:
        wanted = wanted.where(EntrySheet.entry_id == entry_id)
    return session.scalars(wanted.order_by(EntrySheet.saved_at.desc()).limit(limit)).all()


def _own(session: Session, which: ColumnElement[bool], *, lock: bool = False) -> EntrySheet | None:
    wanted = select(EntrySheet).where(
        EntrySheet.company_id == company_of(session).id,
        EntrySheet.owner_id == context_of(session).actor.user_id,
        which,
    )
    return session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()


def _theirs(sheet: EntrySheet | None) -> EntrySheet:
    if sheet is None:
        raise NotFound(_("There is no such unfinished entry; it was saved or thrown away."))
    return sheet


def _owner(session: Session) -> int:
    owner = context_of(session).actor.user_id
    if owner is None:
        raise Conflict(_("Unfinished entries belong to a person who is signed in."))
    return owner


def _behind(session: Session, command: KeepSheet) -> bool:
    if command.entry_id is None:
        return False
    found = select(func.count()).where(
        Entry.company_id == company_of(session).id,
        Entry.id == command.entry_id,
        Entry.version == command.entry_version,
    )
    return session.scalar(found) == 0
