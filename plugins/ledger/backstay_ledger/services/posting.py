"""Posting entries: the one path by which anything gets into the books.

A batch goes through in a fixed order, so that concurrent batches neither deadlock nor tear gaps
into the numbers: periods (shared lock), counters (row lock), entries as drafts, lines, counters
raised, one step to posted that the database checks and adds to the balances, audit rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine
from backstay.spi import (
    CompanyRef,
    Conflict,
    Context,
    Invalid,
    authorize,
    company_of,
    context_of,
    new_ids,
    now,
    record_many,
    together,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.services.late import note_late
from backstay_ledger.models import Entry, EntryState, Line
from backstay_ledger.open_items.lines import (
    ITEM_COLUMNS,
    ITEMS,
    item_values,
    replace_items,
)
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST
from backstay_ledger.services.announcing import announce
from backstay_ledger.services.bulk_rows import (
    LARGE,
    insert_rows,
    refresh_statistics,
    table_of,
    update_rows,
)
from backstay_ledger.services.content import (
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    POSTED_COLUMNS,
    EntryRow,
    entry_event,
    entry_values,
    line_values,
)
from backstay_ledger.services.counters import Series, lock_counters, raise_counters
from backstay_ledger.services.lookups import existing_by_key, other_content
from backstay_ledger.services.orders import Checked, Order
from backstay_ledger.services.stored import stored_entries
from backstay_ledger.services.validation import check_orders
from backstay_ledger.tax.entries import completed, orders_of
from backstay_ledger.tax.reasons import write_reasons

ENTRIES: Final = table_of(Entry)
LINES: Final = table_of(Line)
_KEYS: Final = ("company_id", "id")


@dataclass(frozen=True, slots=True)
class _Step:
    """An order on its way: the row as it is as a draft and as it will be when posted."""

    checked: Checked
    draft: EntryRow
    posted: EntryRow


def post_many(session: Session, postings: Sequence[Posting]) -> list[Posted]:
    """Post entries, all or none; numbers are given in the order of the list.

    Raises:
        Invalid: lists every problem of every entry, with its row.
        Conflict: the only problems are closed periods or keys used for other content.
    """
    authorize(session, ENTRY_POST)
    return post_orders(session, orders_of(session, postings))


def post(session: Session, posting: Posting) -> Posted:
    """Post one entry (see :func:`post_many`)."""
    return post_many(session, [posting])[0]


def preview(session: Session, posting: Posting) -> list[PostingLine]:
    """Check an entry with the code that posts it, without writing anything.

    Raises:
        Invalid, Conflict: as :func:`post_many`.
    """
    authorize(session, BOOKS_VIEW)
    checked = check_orders(session, [completed(session, posting)], lock=False)[0]
    return list(checked.order.posting.lines)


def post_orders(session: Session, orders: Sequence[Order]) -> list[Posted]:
    """Post orders; the caller has checked the permission for what they are.

    Raises:
        Invalid, Conflict: as :func:`post_many`.
    """
    company = writable_company(session)
    session.flush()
    with guarded():
        checked = check_orders(session, orders, lock=True)
        if any(one.waits for one in checked):
            # Late: what waits is posted by this module in the end.
            from backstay_ledger.approval.holding import post_or_hold

            return post_or_hold(session, company, checked)
        certain = not _may_have_twins(session, checked)
        heads = lock_counters(session, company, _wanted(checked, certain=certain))
        if not certain:
            checked = _posted_meanwhile(session, company, checked)
        steps = _number(session, company, checked, dict(heads))
        _write(session, steps, Counter() if certain else _numbers_of(steps), company)
    announce(session, [step.posted for step in steps])
    posted = {
        id(step.checked): Posted(step.posted.id, str(step.posted.number_text)) for step in steps
    }
    return [posted[id(one)] if one.existing is None else one.existing.posted for one in checked]


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what the database refuses into an error with the message of its guard.

    Raises:
        Conflict: the database refused; the transaction has to be rolled back.
    """
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        message = str(diagnosis.message_primary if diagnosis else error.orig)
        if "idempotency_key" in message:
            raise Conflict(
                _("The same key was used for another entry at this moment. Nothing was saved.")
            ) from error
        if "reverses_id" in message:
            raise Conflict(_("The entry was reversed a moment ago.")) from error
        raise Conflict(
            _("The database refused it and nothing was saved: %(reason)s", reason=message)
        ) from error


def writable_company(session: Session) -> CompanyRef:
    """The company that the session works in.

    Raises:
        Conflict: it is archived.
    """
    company = company_of(session)
    if company.archived:
        raise Conflict(_("Company %(code)s is archived: its books are closed.", code=company.code))
    return company


def _wanted(checked: Sequence[Checked], *, certain: bool) -> Counter[Series]:
    """How many numbers are taken of each counter: none yet where a twin may turn up."""
    wanted: Counter[Series] = Counter()
    for one in checked:
        if one.period is not None and one.existing is None:
            wanted[one.journal.id, one.period.fiscal_year_id] += certain
    return wanted


def _may_have_twins(session: Session, checked: Sequence[Checked]) -> bool:
    """Whether somebody else may have posted one of them since their keys were looked up."""
    return session.get_bind().dialect.name != "sqlite" and any(  # which has one writer at a time
        one.existing is None and one.order.posting.key for one in checked
    )


def _posted_meanwhile(
    session: Session, company: CompanyRef, checked: Sequence[Checked]
) -> list[Checked]:
    """Look the keys up once more: while we waited for the counters, a twin may have been posted."""
    keys = [
        one.order.posting.key for one in checked if one.existing is None and one.order.posting.key
    ]
    found = existing_by_key(session, company.id, keys)
    if not found:
        return list(checked)
    result: list[Checked] = []
    for one in checked:
        twin = found.get(one.order.posting.key) if one.existing is None else None
        if twin is not None and twin.payload_hash != one.payload_hash:
            raise Conflict(
                other_content(one.order.posting.key, twin), field="key", row=one.order.posting.row
            )
        result.append(one if twin is None else replace(one, existing=twin))
    return result


def _number(
    session: Session,
    company: CompanyRef,
    checked: Sequence[Checked],
    heads: dict[Series, int],
) -> list[_Step]:
    """Give each order its ids and number; ``heads`` is raised to the last number used."""
    todo = [one for one in checked if one.existing is None]
    drafts = stored_entries(
        session, [one.order.draft_id for one in todo if one.order.draft_id is not None]
    )
    context = context_of(session)
    at = now()
    steps: list[_Step] = []
    for new_id, one in zip(new_ids(len(todo)), todo, strict=True):
        period = one.period
        if period is None:
            message = "an order without a period can't be posted"
            raise Invalid(message, field="date")
        key = (one.journal.id, period.fiscal_year_id)
        heads[key] += 1
        draft = (
            new_entry(new_id, company, context, one)
            if one.order.draft_id is None
            else drafts[one.order.draft_id].row
        )
        steps.append(
            _Step(
                one,
                draft,
                replace(
                    draft,
                    journal_id=one.journal.id,
                    fiscal_year_id=period.fiscal_year_id,
                    period_id=period.id,
                    date=one.order.posting.date,
                    state=EntryState.POSTED,
                    number=heads[key],
                    number_text=f"{one.journal.code}-{period.year}-{heads[key]:06d}",
                    payload_hash=one.payload_hash,
                    posted_by=context.actor.label,
                    posted_at=at,
                    version=draft.version + 1,
                ),
            )
        )
    return steps


def _numbers_of(steps: Sequence[_Step]) -> Counter[Series]:
    """How many numbers of each counter they took."""
    return Counter(
        (step.checked.journal.id, step.checked.period.fiscal_year_id)
        for step in steps
        if step.checked.period is not None
    )


def new_entry(entry_id: int, company: CompanyRef, context: Context, one: Checked) -> EntryRow:
    """The row of an entry as it begins: a draft."""
    posting = one.order.posting
    source = posting.source
    return EntryRow(
        id=entry_id,
        company_id=company.id,
        journal_id=one.journal.id,
        date=posting.date,
        memo=posting.memo,
        reference=posting.reference,
        kind=one.order.kind,
        source_plugin=source.plugin if source else None,
        source_type=source.type if source else None,
        source_id=source.id if source else None,
        idempotency_key=posting.key or None,
        payload_hash=one.payload_hash,
        reverses_id=one.order.reverses_id,
        minor_units=company.minor_units,
        created_by=context.actor.label,
        created_at=now(),
    )


def _write(
    session: Session,
    steps: Sequence[_Step],
    raises: Mapping[Series, int],
    company: CompanyRef,
) -> None:
    if not steps:
        return
    made = [step for step in steps if step.checked.order.draft_id is None]
    drafts = [entry_values(step.draft) for step in made]
    lines = [
        values
        for step in made
        for values in line_values(step.draft, step.checked.lines, step.posted.date)
    ]
    items = item_values([(step.posted, step.checked.lines) for step in made])
    if len(made) == len(steps) and len(lines) < LARGE:
        # Nothing of it has to be read back. The counter is locked, so the others wait for this.
        with together(session.connection()):
            insert_rows(session, ENTRIES, ENTRY_COLUMNS, drafts)
            insert_rows(session, LINES, LINE_COLUMNS, lines)
            write_reasons(session, [(step.draft, step.checked.order) for step in made])
            insert_rows(session, ITEMS, ITEM_COLUMNS, items)
            _write_posted(session, steps, raises, company)
        return
    insert_rows(session, ENTRIES, ENTRY_COLUMNS, drafts)
    refresh_statistics(session, ENTRIES, len(made))
    insert_rows(session, LINES, LINE_COLUMNS, lines)
    refresh_statistics(session, LINES, len(lines))
    write_reasons(session, [(step.draft, step.checked.order) for step in made])
    insert_rows(session, ITEMS, ITEM_COLUMNS, items)
    kept = [step for step in steps if step.checked.order.draft_id is not None]
    update_rows(
        session,
        LINES,
        ("company_id", "entry_id"),
        ("date",),
        [(step.posted.company_id, step.posted.id, step.posted.date) for step in kept],
    )
    replace_items(session, [(step.posted, step.checked.lines) for step in kept])
    if _write_posted(session, steps, raises, company) != len(steps):
        raise Conflict(_("A draft was changed or deleted at this moment. Nothing was posted."))
    if kept:
        session.expire_all()


def _write_posted(
    session: Session,
    steps: Sequence[_Step],
    raises: Mapping[Series, int],
    company: CompanyRef,
) -> int:
    """Raise counters by so much and take the step to posted; returns how many entries took it."""
    raise_counters(session, company, raises)
    note_late(session, [(step.posted, step.checked.late) for step in steps])
    count = update_rows(
        session,
        ENTRIES,
        _KEYS,
        POSTED_COLUMNS,
        [tuple(getattr(step.posted, name) for name in _KEYS + POSTED_COLUMNS) for step in steps],
    )
    record_many(
        session,
        [
            entry_event("post", step.posted, step.checked.lines, taxes=step.checked.order.taxes)
            if step.checked.order.draft_id is None
            else entry_event("post", step.posted, None, before=step.draft)
            for step in steps
        ],
    )
    return count
