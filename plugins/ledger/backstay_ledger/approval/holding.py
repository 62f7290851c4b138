"""Entries that wait: submitted instead of posted, and what the approvals know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.approvals import Approvals, Subject
from backstay.contracts.ledger import Posted
from backstay.spi import CompanyRef, Conflict, context_of, find, new_ids, record_event, record_many
from backstay.spi import gettext as _
from backstay_ledger.models import Account, EntryState
from backstay_ledger.open_items.lines import ITEM_COLUMNS, ITEMS, item_values
from backstay_ledger.services.bulk_rows import among, insert_rows, update_rows
from backstay_ledger.services.content import (
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    EntryRow,
    entry_event,
    entry_values,
    line_values,
    payload_hash,
)
from backstay_ledger.services.orders import Checked
from backstay_ledger.services.posting import ENTRIES, LINES, new_entry, post_orders
from backstay_ledger.services.stored import StoredEntry, stored_entries
from backstay_ledger.tax.reasons import write_reasons
from backstay_ledger.tax.rows import sealed

RECORD: Final = "ledger.entry"
ACTION: Final = "post"
_ZERO: Final = Decimal(0)
_KEYS: Final = ("company_id", "id")
_COLUMNS: Final = ("state", "payload_hash", "submitted_by", "approved_by", "version")


def hold(session: Session, company: CompanyRef, checked: Sequence[Checked]) -> list[Posted]:
    """Let entries wait for a second person, whose orders have been checked.

    Those that were no drafts yet are written first. Where the approvals run, each is asked for.
    """
    drafts = _drafts(session, company, checked)
    by = context_of(session).actor.label
    for before, one in zip(drafts, checked, strict=True):
        after = replace(
            before,
            state=EntryState.WAITING,
            payload_hash=one.payload_hash,
            submitted_by=by,
            approved_by=None,
        )
        change_state(session, "submit", before, after)
    approvals = running_approvals(session)
    if approvals is not None:
        stored = stored_entries(session, [draft.id for draft in drafts])
        for draft in drafts:
            approvals.request(session, subject_of(session, stored[draft.id]))
    return [Posted(draft.id, "", waits=True) for draft in drafts]


def post_or_hold(session: Session, company: CompanyRef, checked: Sequence[Checked]) -> list[Posted]:
    """Let wait what is over a limit, and post the others; the results in the same order."""
    held = iter(hold(session, company, [one for one in checked if one.waits]))
    posted = iter(post_orders(session, [one.order for one in checked if not one.waits]))
    return [next(held) if one.waits else next(posted) for one in checked]


def _drafts(session: Session, company: CompanyRef, checked: Sequence[Checked]) -> list[EntryRow]:
    context = context_of(session)
    kept = stored_entries(
        session,
        [one.order.draft_id for one in checked if one.order.draft_id is not None],
        lock=True,
    )
    drafts: list[EntryRow] = []
    made: list[tuple[EntryRow, Checked]] = []
    for new_id, one in zip(new_ids(len(checked)), checked, strict=True):
        if one.order.draft_id is not None:
            drafts.append(kept[one.order.draft_id].row)
            continue
        row = new_entry(new_id, company, context, one)
        made.append((row, one))
        drafts.append(row)
    if made:
        lines = [values for row, one in made for values in line_values(row, one.lines, None)]
        insert_rows(session, ENTRIES, ENTRY_COLUMNS, [entry_values(row) for row, _one in made])
        insert_rows(session, LINES, LINE_COLUMNS, lines)
        insert_rows(
            session, ITEMS, ITEM_COLUMNS, item_values([(r, one.lines, None) for r, one in made])
        )
        write_reasons(session, [(row, one.order) for row, one in made])
        record_many(
            session,
            [entry_event("create", row, one.lines, taxes=one.order.taxes) for row, one in made],
        )
    return drafts


def running_approvals(session: Session) -> Approvals | None:
    """The module of approvals, or None while it is off."""
    return find(session, Approvals)  # type: ignore[type-abstract]


def change_state(session: Session, action: str, before: EntryRow, after: EntryRow) -> EntryRow:
    """Write the state of an entry with who submitted and approved it, and its audit row.

    Raises:
        Conflict: somebody changed it at this moment.
    """
    after = replace(after, version=before.version + 1)
    changed = update_rows(
        session,
        ENTRIES,
        _KEYS,
        _COLUMNS,
        [tuple(getattr(after, name) for name in _KEYS + _COLUMNS)],
    )
    if changed() != 1:
        raise Conflict(_("The entry was changed or deleted at this moment. Nothing was saved."))
    record_event(session, entry_event(action, after, None, before=before))
    session.expire_all()
    return after


def subject_of(session: Session, entry: StoredEntry) -> Subject:
    """An entry as the rules of approvals look at it."""
    row = entry.row
    accounts = sorted({line.account_id for line in entry.lines})
    classes: Sequence[Any] = session.scalars(
        select(Account.account_class)
        .where(Account.company_id == row.company_id, among(session, Account.id, accounts))
        .distinct()
    ).all()
    made_by = tuple(dict.fromkeys(who for who in (row.submitted_by, row.created_by) if who))
    return Subject(
        record=RECORD,
        action=ACTION,
        id=row.id,
        label=row.memo or row.reference or f"{entry.journal} {row.date}",
        digest=sealed(
            payload_hash(
                journal_id=row.journal_id,
                day=row.date,
                kind=row.kind,
                memo=row.memo,
                reference=row.reference,
                source=(row.source_plugin, row.source_type, row.source_id),
                reverses_id=row.reverses_id,
                lines=entry.lines,
            ),
            entry.taxes,
        ),
        made_by=made_by,
        amount=sum((line.amount for line in entry.lines if line.amount > 0), start=_ZERO),
        attributes={
            "journal": (entry.journal,),
            "account": tuple(sorted({line.account for line in entry.lines})),
            "account_class": tuple(sorted(one.value for one in classes)),
            "kind": (row.kind.value,),
        },
    )
