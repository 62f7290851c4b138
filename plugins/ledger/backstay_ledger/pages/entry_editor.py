"""Writing an entry: new, or a draft; saved as a draft or posted at once.

A refusal answers with the same page: every line as it was typed, each problem at its place.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from backstay.spi import (
    Conflict,
    Invalid,
    Problem,
    Stale,
    company_of,
    context,
    flash_done,
    page,
    redirect_to,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.approval.resource import said_of
from backstay_ledger.currencies.editing import lines_with_cash
from backstay_ledger.models import EntryState
from backstay_ledger.open_items.parties import other_spellings
from backstay_ledger.open_items.party_pages import say_spellings
from backstay_ledger.pages.accounts_by_line import with_accounts
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.draft_forms import (
    draft_command,
    editor,
    header,
    load_entry,
    stored_lines,
)
from backstay_ledger.pages.entry_conflict import both_versions
from backstay_ledger.pages.entry_form import typed_lines, understand
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.pages.typed_content import from_template, typed_again
from backstay_ledger.pages.vouchers import vouchers_of
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.drafts import post_entry, save_draft
from backstay_ledger.services.sheets import finish_sheet, load_sheet, sheet_of_key
from backstay_ledger.services.templates import load_template
from backstay_ledger.tax.editing import lines_with_tax

if TYPE_CHECKING:
    from flask import Response

    from backstay_ledger.models import Entry
    from backstay_ledger.pages.entry_form import Editor
    from backstay_ledger.pages.line_grid import TypedLine
    from backstay_ledger.services.drafts import SaveDraft

TEMPLATE = "ledger/entry_editor.html"


@blueprint.get("/entries/new", endpoint="entry_new")
@requires(ENTRY_DRAFT)
def new_entry() -> Response:
    """An empty entry, one from a template, the next one, or an unfinished one to go on with."""
    db = session()
    if key := request.args.get("sheet", ""):
        return _go_on(key, None)
    if (template := request.args.get("template", "")).isascii() and template.isdecimal():
        content = load_template(db, int(template[:18])).content
        sent = MultiDict({name: content.get(name, "") for name in ("journal", "reference", "memo")})
        sent["date"] = company_today(db).isoformat()
        lines = from_template(db, content, company_of(db))
        return _show(editor(db, header(db, None, sent), lines), None)
    if day := request.args.get("date", "")[:40]:
        # The next of a pile: in the same journal, and mostly of the same day.
        last = MultiDict({"journal": request.args.get("journal", ""), "date": day})
        return _show(editor(db, header(db, None, last), ()), None)
    return _show(editor(db, header(db), ()), None)


@blueprint.post("/entries/new", endpoint="entry_create")
@requires(ENTRY_DRAFT)
def create_entry() -> Response:
    """Keep a new entry as a draft, or post it."""
    return _save(None)


@blueprint.get("/entries/<int:id>/edit", endpoint="entry_edit")
@requires(ENTRY_DRAFT)
def edit_entry(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """A draft, to be changed."""
    db = session()
    entry = load_entry(db, id)
    if entry.state is not EntryState.DRAFT:
        return redirect_to(resource_url("ledger.entry", "record", id=id))
    if key := request.args.get("sheet", ""):
        return _go_on(key, entry)
    return _show(editor(db, header(db, entry), stored_lines(db, entry), entry), entry)


@blueprint.post("/entries/<int:id>/edit", endpoint="entry_save")
@requires(ENTRY_DRAFT)
def save_entry(id: int) -> Response:  # noqa: A002
    """Save a draft, or save and post it."""
    return _save(load_entry(session(), id))


def _go_on(key: str, entry: Entry | None) -> Response:
    """The editor with what was typed before; a draft that was saved since then is a conflict."""
    db = session()
    sheet = load_sheet(db, key)
    sent, lines = typed_again(sheet.content)
    # It may have been kept before the page had heard which accounts were meant.
    lines = with_accounts(db, lines)
    shown = editor(db, header(db, entry, sent), lines, entry, sheet)
    if entry is not None and sheet.entry_version not in {None, entry.version}:
        message = _("Somebody saved this draft after you had typed this.")
        shown = both_versions(db, shown, entry, message)
    return _show(shown, entry)


def _save(entry: Entry | None) -> Response:
    db = session()
    form = header(db, entry, request.form)
    lines = typed_lines(request.form)
    key = request.form.get("sheet", "")
    shown = editor(db, form, lines, entry, key=key)
    kept = request.form.get("sheet_version", "")
    shown = replace(shown, sheet_version=int(kept) if kept.isascii() and kept.isdecimal() else 0)
    base = request.form.get("version", "")
    if entry is not None and base.isascii() and base.isdecimal():
        # What is mended is still based on what was opened, not on what others saved meanwhile.
        shown = replace(shown, version=base)
    understood = understand(db, form, lines, company_of(db), context().locale)
    problems = understood.problems
    if not problems and _finished_elsewhere(shown):
        message = _(
            "This entry was saved or thrown away in another window. Look at the journal entries"
            " first: saved from here, it is another one."
        )
        problems = (Problem(message),)
        # Whoever wants another one saves again.
        shown = replace(shown, sheet=secrets.token_urlsafe(16), sheet_version=0)
    if problems:
        return _show(shown.with_problems(problems), entry, Invalid.status)
    command = draft_command(db, understood, entry, request.form.get("version", ""))
    try:
        if request.form.get("do") == "tax":
            with_tax = lines_with_tax(db, command, company_of(db), context().locale)
            return _show(_with_lines(shown, with_tax, entry), entry)
        if request.form.get("do") == "cash":
            rounded = lines_with_cash(db, command, company_of(db), context().locale)
            return _show(_with_lines(shown, rounded, entry), entry)
        spellings = other_spellings(db, (line.party for line in command.lines))
        if request.form.get("do") in {"post", "next"}:
            posted = post_entry(db, command)
            entry_id = posted.id
            flash_done(said_of(posted))
        else:
            entry_id = save_draft(db, command).id
            flash_done(_("Draft saved."))
        finish_sheet(db, key, entry_id)
        say_spellings(spellings)
    except Stale as error:
        db.rollback()
        if entry is None:
            raise
        return _show(both_versions(db, shown, entry, error.message), entry, error.status)
    except (Invalid, Conflict) as error:
        db.rollback()
        return _show(shown.with_problems(error.problems), entry, error.status)
    return redirect_to(_after(command, entry_id))


def _with_lines(shown: Editor, lines: tuple[TypedLine, ...], entry: Entry | None) -> Editor:
    """The same page with other lines: it goes on being kept under its key and version."""
    again = editor(session(), shown.form, lines, entry, key=shown.sheet)
    return replace(again, sheet_version=shown.sheet_version, version=shown.version)


def _finished_elsewhere(shown: Editor) -> bool:
    """Whether a new entry that was kept is kept no more, as another window has saved it."""
    kept = bool(shown.sheet_version) and not shown.entry_id
    return kept and sheet_of_key(session(), shown.sheet, lock=True) is None


def _after(command: SaveDraft, entry_id: int) -> str:
    """Where whoever wrote an entry goes on: at its page, or with the next one."""
    if request.form.get("do") == "next":
        day = command.date.isoformat()
        return url_for("ledger.entry_new", journal=command.journal, date=day)
    return resource_url("ledger.entry", "record", id=entry_id)


def _show(shown: Editor, entry: Entry | None, status: int = 200) -> Response:
    kept = sheet_of_key(session(), shown.sheet) if entry is None and shown.sheet_version else None
    return page(
        TEMPLATE,
        page=shown,
        person=context().actor.user_id,
        vouchers=vouchers_of(entry, kept),
        crumbs=_crumbs(entry),
        status=status,
    )


def _crumbs(entry: Entry | None) -> tuple[ui.Crumb, ...]:
    entries = ui.Crumb(_("Journal entries"), resource_url("ledger.entry"))
    if entry is None:
        return (ui.Crumb(_("Money")), entries, ui.Crumb(_("New journal entry")))
    record = ui.Crumb(entry.memo or _("Draft"), resource_url("ledger.entry", "record", id=entry.id))
    return (ui.Crumb(_("Money")), entries, record, ui.Crumb(_("Edit")))
