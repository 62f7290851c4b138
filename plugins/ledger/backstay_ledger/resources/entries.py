"""Journal entries: the list and the record page; they are written in the entry editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import and_, func, select

from backstay.spi import (
    Attachments,
    Column,
    Conflict,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_ledger.models import Entry, EntryReference, EntryState, Journal, Line, Period
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, ENTRY_DRAFT
from backstay_ledger.resources.accounts import uses_account
from backstay_ledger.resources.choices import ENTRY_KINDS, ENTRY_STATES
from backstay_ledger.resources.entry_actions import ACTIONS, OpenEditor
from backstay_ledger.resources.entry_api import ENTRY_API
from backstay_ledger.resources.entry_lines import entry_lines
from backstay_ledger.resources.import_buttons import journal_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_AMOUNT: Final = (
    select(func.sum(Line.amount))
    .where(Line.entry_id == Entry.id, Line.amount > 0)
    .correlate(Entry)
    .scalar_subquery()
)
_PERIOD: Final = (
    select(Period.starts_on).where(Period.id == Entry.period_id).correlate(Entry).scalar_subquery()
)


def _number(text: Any) -> str:
    """The number; drafts have none."""
    return str(text) or translate("Draft")


def _month(first_day: Any) -> str:
    return f"{first_day:%Y-%m}"


def _title(entry: Entry) -> str:
    """The number, or what the draft is about."""
    if entry.number_text:
        return entry.number_text
    if entry.state is EntryState.WAITING:
        return entry.memo or translate("Entry without a memo")
    return translate("Draft: %(memo)s", memo=entry.memo) if entry.memo else translate("Draft")


def _in_period(period_id: str) -> ColumnElement[bool]:
    """Entries posted in a period. Its days are said too, so that the list begins at them."""
    wanted = int(period_id)
    first, last = (
        select(day).where(Period.id == wanted).scalar_subquery()
        for day in (Period.starts_on, Period.ends_on)
    )
    return and_(Entry.period_id == wanted, Entry.date >= first, Entry.date <= last)


def _attached(session: Session, entry: Entry) -> Sequence[tuple[str, str]]:
    """The references attached later, whose events belong into the entry's history."""
    found = session.scalars(
        select(EntryReference.id).where(EntryReference.entry_id == entry.id).limit(20)
    )
    return [(EntryReference.__tablename__, str(key)) for key in found]


def _keeps_vouchers(_session: Session, entry: Entry) -> str | None:
    """Evidence of a posted entry is kept as long as the books are, like the entry itself."""
    if entry.state is EntryState.POSTED:
        return translate(
            "A posted entry keeps its vouchers, like the books themselves. If this is the wrong"
            " one, attach the right one beside it."
        )
    return None


def _written_in_the_editor(_session: Session, _command: OpenEditor) -> NoReturn:
    raise Conflict(translate("Entries are written in the entry editor."))


ENTRIES: Final = Resource(
    name="ledger.entry",
    path="entries",
    model=Entry,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Journal entry"),
    label_many=_("Journal entries"),
    icon="receipt-2",
    help=_(
        "Drafts can be changed. Posted entries are final: they are corrected by a reversal, and"
        " their numbers run without gaps."
    ),
    columns=(
        Column(
            "number",
            _("Number"),
            func.coalesce(Entry.number_text, ""),
            Kind.CODE,
            link=True,
            format=_number,
        ),
        Column("date", _("Date"), Entry.date, Kind.DATE, sortable=True),
        Column("journal", _("Journal"), Journal.code),
        Column("memo", _("Memo"), Entry.memo),
        Column("reference", _("Reference"), Entry.reference),
        Column("amount", _("Amount"), _AMOUNT, Kind.MONEY),
        Column("state", _("State"), Entry.state, Kind.STATE, ENTRY_STATES),
        Column("period", _("Period"), _PERIOD, format=_month, in_list=False),
        Column("kind", _("Kind"), Entry.kind, choices=ENTRY_KINDS, in_list=False),
        Column("created_by", _("Written by"), Entry.created_by, in_list=False),
        Column("created_at", _("Written at"), Entry.created_at, Kind.INSTANT, in_list=False),
        Column("posted_by", _("Posted by"), Entry.posted_by, in_list=False),
        Column("posted_at", _("Posted at"), Entry.posted_at, Kind.INSTANT, in_list=False),
        Column("submitted_by", _("Submitted by"), Entry.submitted_by, in_list=False),
        Column("approved_by", _("Approved by"), Entry.approved_by, in_list=False),
    ),
    filters=(
        Filter("state", _("State"), Entry.state, ENTRY_STATES),
        Filter("journal", _("Journal"), Entry.journal_id, kind="picker", picker="ledger.journal"),
        Filter(
            "account",
            _("Account"),
            None,
            kind="picker",
            picker="ledger.account",
            condition=uses_account,
        ),
        Filter(
            "period",
            _("Period"),
            Entry.period_id,
            kind="picker",
            picker="ledger.period",
            condition=_in_period,
        ),
        Filter("from", _("From"), Entry.date, kind="date_from"),
        Filter("to", _("To"), Entry.date, kind="date_to"),
    ),
    search=(Entry.number_text, Entry.reference, Entry.memo),
    search_label=_("Search number, reference, memo"),
    order=("-date",),
    joins=lambda statement: statement.join(Journal, Journal.id == Entry.journal_id),
    title=_title,
    state="state",
    steps=(EntryState.DRAFT.value, EntryState.POSTED.value),
    sections=(
        Section(
            _("Entry"),
            (
                "journal",
                "date",
                "period",
                "reference",
                "memo",
                "kind",
            ),
        ),
    ),
    panels=(Panel(_("Lines"), "ledger/entry_lines.html", entry_lines, flush=True),),
    create=Operation(_written_in_the_editor, OpenEditor, ENTRY_DRAFT, _("New journal entry")),
    create_endpoint="ledger.entry_new",
    update=Operation(_written_in_the_editor, OpenEditor, ENTRY_DRAFT, _("Edit draft")),
    update_states=(EntryState.DRAFT.value,),
    edit_endpoint="ledger.entry_edit",
    actions=ACTIONS,
    empty=Empty(
        _("No entries yet"),
        _(
            "Every movement of money is an entry with at least two lines. Write the first one, or"
            " import a journal from a CSV file."
        ),
        "receipt-2",
    ),
    buttons=journal_import,
    history=_attached,
    api=ENTRY_API,
    attachments=Attachments(
        attach=ENTRY_DRAFT,
        label=_("Vouchers"),
        help=_(
            "Invoices, receipts, statements: what proves the entry. They can be added after it was"
            " posted, too, but then they stay."
        ),
        keeps=_keeps_vouchers,
    ),
)
