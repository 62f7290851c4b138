"""Vouchers beside the lines of the entry editor, before and after the draft is first saved.

Those of a draft are the entry's own. Those of what was never saved are filed with its sheet, which
only its writer sees, and come to the entry with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import request, url_for

from backstay.spi import (
    AttachmentBlueprint,
    attachments_view,
    fragment,
    redirect_to,
    requires,
    session,
)
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.draft_forms import load_entry
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.resources.entries import ENTRIES
from backstay_ledger.resources.sheets import SHEETS
from backstay_ledger.services.sheets import sheet_by_id

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay.spi import view
    from backstay_ledger.models import Entry, EntrySheet

LIST: Final = "ledger/vouchers.html"


@dataclass(frozen=True, slots=True)
class Vouchers:
    """The panel of the editor. The addresses are empty until a sheet was kept."""

    files: view.AttachmentsView
    list_href: str = ""
    attach_href: str = ""


def vouchers_of(entry: Entry | None, sheet: EntrySheet | None) -> Vouchers:
    """The vouchers of a draft, or of what was not saved yet."""
    if entry is not None:
        list_href = url_for("ledger.entry_vouchers", id=entry.id)
        attach_href = url_for("ledger.entry.attach", id=entry.id)
        return Vouchers(attachments_view(ENTRIES, entry), list_href, attach_href)
    if sheet is not None:
        return Vouchers(attachments_view(SHEETS, sheet), **addresses(sheet.id))
    return Vouchers(attachments_view(SHEETS, None))


def addresses(sheet_id: int) -> dict[str, str]:
    """Where the vouchers of a sheet are listed and attached."""
    return {
        "list_href": url_for("ledger.sheet_vouchers", id=sheet_id),
        "attach_href": url_for("ledger.entry_sheet.attach", id=sheet_id),
    }


@blueprint.get("/entries/<int:id>/vouchers", endpoint="entry_vouchers")
@requires(ENTRY_DRAFT)
def of_entry(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """The list alone."""
    return fragment(LIST, vouchers=vouchers_of(load_entry(session(), id), None))


@blueprint.get("/entries/sheets/<int:id>/vouchers", endpoint="sheet_vouchers")
@requires(ENTRY_DRAFT)
def of_sheet(id: int) -> Response:  # noqa: A002
    """The list alone."""
    return fragment(LIST, vouchers=vouchers_of(None, sheet_by_id(session(), id)))


@blueprint.get("/entries/sheets/<int:id>", endpoint="sheet_open")
@requires(ENTRY_DRAFT)
def open_sheet(id: int) -> Response:  # noqa: A002
    """Go on with an unfinished entry."""
    sheet = sheet_by_id(session(), id)
    if sheet.entry_id is not None:
        return redirect_to(url_for("ledger.entry_edit", id=sheet.entry_id, sheet=sheet.key))
    return redirect_to(url_for("ledger.entry_new", sheet=sheet.key))


def _sheet(working: Session, sheet_id: int) -> EntrySheet:
    return sheet_by_id(working, sheet_id, lock=request.method == "POST")


sheet_files: Final = AttachmentBlueprint(SHEETS, _sheet)
