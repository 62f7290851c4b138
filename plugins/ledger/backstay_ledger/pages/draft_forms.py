"""Filling the entry editor: with nothing, with a draft as it is stored, or with what was sent."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from flask import url_for
from sqlalchemy import and_, or_, select

from backstay.spi import (
    NotFound,
    company_of,
    context_of,
    editable_decimal,
    instant_text,
    resource_url,
    symbols,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.currencies.units import has_coin
from backstay_ledger.dimensions.editing import dimensions_for
from backstay_ledger.dimensions.sets import pairs_of, written_pairs
from backstay_ledger.models import Account, Entry, EntryKind, Journal, JournalKind, Line
from backstay_ledger.open_items.managed import has_managed_accounts
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.pages.entry_form import (
    Editor,
    EntryHeader,
    Unfinished,
    account_picker,
    accounts_by_text,
    day_words,
)
from backstay_ledger.pages.line_grid import TypedLine, split_amount
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.pages.typed_content import typed_again
from backstay_ledger.permissions import ENTRY_POST
from backstay_ledger.services.drafts import DraftLine, SaveDraft
from backstay_ledger.services.sheets import sheets_of
from backstay_ledger.tax.drafts import codes_by_line
from backstay_ledger.tax.editing import tax_codes
from backstay_ledger.tax.stored import stored_taxes
from backstay_ledger.tax.typed import written_tax

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.datastructures import MultiDict

    from backstay_ledger.models import EntrySheet
    from backstay_ledger.pages.entry_form import Understood

_FEWEST_ROWS: Final = 4
_LATEST: Final = 200


def load_entry(session: Session, entry_id: int) -> Entry:
    """An entry of the company.

    Raises:
        NotFound: the company has no such entry.
    """
    entry = session.scalars(select(Entry).where(Entry.id == entry_id)).one_or_none()
    if entry is None:
        raise NotFound(_("There is no such entry in this company."))
    return entry


def header(
    session: Session,
    entry: Entry | None = None,
    sent: MultiDict[str, str] | None = None,
) -> EntryHeader:
    """The fields above the lines, filled from what was sent, from a draft, or with defaults."""
    journals = _journals(session, entry)
    chosen = next((code for key, code, _name in journals if entry and key == entry.journal_id), "")
    form = EntryHeader(
        formdata=sent,
        data={
            "journal": chosen or _last_used(session, journals),
            "date": (entry.date if entry else company_today(session)).isoformat(),
            "reference": entry.reference if entry else "",
            "memo": entry.memo if entry else "",
            "exchange": entry is not None and entry.kind is EntryKind.EXCHANGE,
        },
    )
    form.date.render_kw = {**(form.date.render_kw or {}), **day_words(company_today(session))}
    form.journal.choices = [(code, f"{code} {name}") for _key, code, name in journals]
    return form


def stored_lines(session: Session, entry: Entry) -> tuple[TypedLine, ...]:
    """The lines of an entry as rows of the grid."""
    found = session.execute(
        select(
            Account.id,
            Account.code,
            Account.name,
            Line.text,
            Line.amount,
            Line.currency,
            Line.amount_currency,
            Line.minor_units_currency,
            OpenItem.party,
            OpenItem.due_date,
            Line.dimset_id,
        )
        .join(Account, Account.id == Line.account_id)
        .outerjoin(
            OpenItem,
            and_(OpenItem.entry_id == Line.entry_id, OpenItem.line_no == Line.line_no),
        )
        .where(Line.entry_id == entry.id)
        .order_by(Line.line_no)
    ).all()
    sets = pairs_of(session, (row.dimset_id for row in found if row.dimset_id), entry.company_id)
    locale = context_of(session).locale
    said = codes_by_line(stored_taxes(session, [entry.id], entry.company_id).get(entry.id, ()))
    return tuple(
        TypedLine(
            n,
            str(row.id),
            f"{row.code} {row.name}",
            row.text,
            *split_amount(row.amount, entry.minor_units, locale),
            row.currency or "",
            editable_decimal(abs(row.amount_currency), locale, row.minor_units_currency or 0)
            if row.amount_currency is not None
            else "",
            tax=written_tax(**said.get(n + 1, {})),
            party=row.party or "",
            due=row.due_date.isoformat() if row.due_date else "",
            dimensions=written_pairs(sets[row.dimset_id].pairs) if row.dimset_id in sets else "",
        )
        for n, row in enumerate(found)
    )


def editor(
    session: Session,
    form: EntryHeader,
    lines: tuple[TypedLine, ...],
    entry: Entry | None = None,
    sheet: EntrySheet | None = None,
    key: str = "",
) -> Editor:
    """The page around a form and its lines.

    Arguments:
        sheet: the unfinished entry that is gone on with.
        key: of the window's sheet, where the form was sent and is shown again.
    """
    company = company_of(session)
    may_post = context_of(session).may(ENTRY_POST)
    back = (
        resource_url("ledger.entry", "record", id=entry.id)
        if entry
        else resource_url("ledger.entry")
    )
    return Editor(
        title=_("Edit draft") if entry else _("New journal entry"),
        help=_(
            "Enter moves on, Ctrl+B puts the difference on a line, Ctrl+Enter posts, Ctrl+/ shows"
            " all keys. A draft is in no report and has no number until it is posted."
        )
        if may_post
        else _(
            "Enter moves on, Ctrl+B puts the difference on a line, Ctrl+S saves the draft, Ctrl+/"
            " shows all keys. A draft is in no report and has no number until somebody posts it."
        ),
        form=form,
        lines=lines,
        action=url_for("ledger.entry_save", id=entry.id)
        if entry
        else url_for("ledger.entry_create"),
        version=str(entry.version) if entry else "",
        entry_id=str(entry.id) if entry else "",
        sheet=sheet.key if sheet else key or secrets.token_urlsafe(16),
        sheet_version=sheet.version if sheet else 0,
        unfinished=() if sheet or key else _unfinished(session, entry),
        currency=company.currency,
        minor_units=company.minor_units,
        picker_url=account_picker(),
        accounts_url=accounts_by_text(),
        templates_url=resource_url("ledger.template", "picker"),
        marks=symbols(context_of(session).locale),
        status=ui.Tag(_("Draft"), "warn") if entry else None,
        blank=max(1, _FEWEST_ROWS - len(lines)),
        tax_codes=tax_codes(session),
        coins=has_coin(session),
        open_items=any(line.party or line.due for line in lines) or has_managed_accounts(session),
        dimensions=dimensions_for(session, [line.dimensions for line in lines]),
        actions=(
            ui.Button(_("Cancel"), back, kind="ghost"),
            ui.Button(_("Save draft"), name="do", value="save", shortcut="Ctrl+S"),
            *(
                (
                    ui.Button(
                        _("Post and new"), name="do", value="next", shortcut="Ctrl+Shift+Enter"
                    ),
                )
                if may_post and entry is None
                else ()
            ),
        ),
        primary=ui.Button(
            _("Post"),
            icon="check",
            kind="primary",
            name="do",
            value="post",
            shortcut="Ctrl+Enter",
            disabled_reason=None
            if may_post
            else _("Posting is for roles with the permission “post entries”. Save the draft."),
        ),
    )


def draft_command(
    session: Session, understood: Understood, entry: Entry | None, version: str
) -> SaveDraft:
    """What was understood, as the service takes it; a form without problems has a date."""
    return SaveDraft(
        id=entry.id if entry else None,
        version=int(version) if version.isascii() and version.isdecimal() else None,
        journal=understood.journal,
        date=understood.day or company_today(session),
        memo=understood.memo,
        reference=understood.reference,
        exchange=understood.exchange,
        lines=tuple(
            DraftLine(
                account=line.account_id,
                debit=line.amount if line.amount > 0 else None,
                credit=-line.amount if line.amount < 0 else None,
                text=line.text,
                currency=line.currency,
                amount_currency=line.amount_currency,
                tax_code=line.tax.code,
                tax_included=line.tax.included,
                tax_line=line.tax.is_tax,
                party=line.party,
                due_date=line.due_date,
                dimensions=line.dimensions,
            )
            for line in understood.lines
        ),
    )


def _unfinished(session: Session, entry: Entry | None) -> tuple[Unfinished, ...]:
    """What whoever asks has typed before and not saved: of this draft, or of any entry."""
    context = context_of(session)
    return tuple(
        Unfinished(
            _(
                "%(memo)s; lines: %(lines)s; kept %(at)s",
                memo=sheet.content.get("memo") or _("Entry without a memo"),
                lines=len(sheet.content.get("lines", ())),
                at=instant_text(sheet.saved_at, context.time_zone, context.locale),
            ),
            _beginning(sheet),
            url_for("ledger.entry_edit", id=entry.id, sheet=sheet.key)
            if entry
            else url_for("ledger.entry_new", sheet=sheet.key),
            ui.Button(
                _("Throw away"),
                url_for("ledger.sheet_drop", key=sheet.key),
                method="post",
                kind="ghost",
            ),
        )
        for sheet in sheets_of(session, entry.id if entry else None, limit=5)
    )


def _beginning(sheet: EntrySheet) -> str:
    """What tells an unfinished entry from others of its minute: date, reference, first line."""
    lines = typed_again(sheet.content)[1]
    first = lines[0] if lines else TypedLine(0)
    parts = (
        str(sheet.content.get("date", "")),
        str(sheet.content.get("reference", "")),
        first.account_text,
        first.debit or first.credit,
    )
    return " · ".join(part for part in parts if part)


def _journals(session: Session, entry: Entry | None) -> list[tuple[int, str, str]]:
    """Journals that take entries by hand, and the one that a draft is in already."""
    offered = and_(Journal.active.is_(True), Journal.kind != JournalKind.OPENING)
    wanted = offered if entry is None else or_(offered, Journal.id == entry.journal_id)
    found = session.execute(
        select(Journal.id, Journal.code, Journal.name).where(wanted).order_by(Journal.code)
    )
    return [(row.id, row.code, row.name) for row in found]


def _last_used(session: Session, journals: list[tuple[int, str, str]]) -> str:
    """The journal that the person used last, else the general one."""
    codes = {key: code for key, code, _name in journals}
    # Among the latest only: somebody who never wrote an entry is not looked for in all of them.
    latest = (
        select(Entry.id, Entry.journal_id, Entry.created_by)
        .order_by(Entry.id.desc())
        .limit(_LATEST)
        .subquery()
    )
    last = session.scalar(
        select(latest.c.journal_id)
        .where(
            latest.c.created_by == context_of(session).actor.label,
            latest.c.journal_id.in_(codes),
        )
        .order_by(latest.c.id.desc())
        .limit(1)
    )
    if last is not None:
        return codes[last]
    general = "GEN"
    return general if general in codes.values() else next(iter(codes.values()), "")
