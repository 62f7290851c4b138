"""Posting entries: the one path by which anything gets into the books.

A batch goes through in a fixed order, so that concurrent batches neither deadlock nor tear gaps
into the numbers: periods (shared lock), new entries as drafts with their lines, counters (row lock,
raised), one step to posted that the database checks and adds to the balances, audit rows. Where
somebody else may be posting the same entry, the counters are locked before it is written.
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
    Event,
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
from backstay_ledger.services.lookups import PeriodRef, ask_existing, other_content
from backstay_ledger.services.orders import Checked, Order
from backstay_ledger.services.stored import stored_entries
from backstay_ledger.services.validation import check_orders
from backstay_ledger.tax.entries import completed, orders_of
from backstay_ledger.tax.reasons import write_reasons

ENTRIES: Final = table_of(Entry)
LINES: Final = table_of(Line)
_KEYS: Final = ("company_id", "id")


@dataclass(frozen=True, slots=True)
class _Begun:
    """An order that is checked, in its period, with the row that it has as a draft."""

    checked: Checked
    period: PeriodRef
    draft: EntryRow

    @property
    def series(self) -> Series:
        """The counter that it takes its number of."""
        return self.checked.journal.id, self.period.fiscal_year_id

    @property
    def is_new(self) -> bool:
        """Whether the draft is written with it; otherwise it was there before."""
        return self.checked.order.draft_id is None


@dataclass(frozen=True, slots=True)
class _Step:
    """An order on its way: as a draft, and the row as it will be when posted."""

    begun: _Begun
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
        if _may_have_twins(session, checked):
            heads = lock_counters(session, company, dict.fromkeys(_series(checked), 0))()
            checked = _posted_meanwhile(session, company, checked)
            begun = _begin(session, company, checked)
            steps = _number(session, begun, heads)
            with _sent(session, begun):
                _write_new(session, begun)
                _write_posted(session, steps, Counter(one.series for one in begun), company)
        else:
            begun = _begin(session, company, checked)
            with _sent(session, begun):
                _write_new(session, begun)
                # Whoever numbers entries of the same journal waits from here on for our commit.
                raised = lock_counters(session, company, Counter(one.series for one in begun))
            steps = _number(session, begun, raised())
            with _sent(session, begun):
                _write_posted(session, steps, {}, company)
    announce(session, [step.posted for step in steps])
    posted = {
        id(step.begun.checked): Posted(step.posted.id, str(step.posted.number_text))
        for step in steps
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


def _series(checked: Sequence[Checked]) -> Iterator[Series]:
    """The counters that numbers may be taken of."""
    for one in checked:
        if one.period is not None and one.existing is None:
            yield one.journal.id, one.period.fiscal_year_id


def _may_have_twins(session: Session, checked: Sequence[Checked]) -> bool:
    """Whether somebody else may be posting one of them: under its key, or as the same reversal."""
    return session.get_bind().dialect.name != "sqlite" and any(  # which has one writer at a time
        one.existing is None and (one.order.posting.key or one.order.reverses_id is not None)
        for one in checked
    )


def _posted_meanwhile(
    session: Session, company: CompanyRef, checked: Sequence[Checked]
) -> list[Checked]:
    """Look the keys up once more: while we waited for the counters, a twin may have been posted."""
    keys = [
        one.order.posting.key for one in checked if one.existing is None and one.order.posting.key
    ]
    found = ask_existing(session, company.id, keys)()
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


def _begin(session: Session, company: CompanyRef, checked: Sequence[Checked]) -> list[_Begun]:
    """The draft of each order that is not posted yet, as it is or will be written."""
    todo = [one for one in checked if one.existing is None]
    drafts = stored_entries(
        session, [one.order.draft_id for one in todo if one.order.draft_id is not None]
    )
    context = context_of(session)
    begun: list[_Begun] = []
    for new_id, one in zip(new_ids(len(todo)), todo, strict=True):
        if one.period is None:
            message = "an order without a period can't be posted"
            raise Invalid(message, field="date")
        draft = (
            new_entry(new_id, company, context, one)
            if one.order.draft_id is None
            else drafts[one.order.draft_id].row
        )
        begun.append(_Begun(one, one.period, draft))
    return begun


def _number(session: Session, begun: Sequence[_Begun], heads: Mapping[Series, int]) -> list[_Step]:
    """Give each its number, beginning after the last that its counter had before."""
    label, at = context_of(session).actor.label, now()
    last = dict(heads)
    steps: list[_Step] = []
    for one in begun:
        number = last[one.series] = last[one.series] + 1
        journal, draft = one.checked.journal, one.draft
        posted = replace(
            draft,
            journal_id=journal.id,
            fiscal_year_id=one.period.fiscal_year_id,
            period_id=one.period.id,
            date=one.checked.order.posting.date,
            state=EntryState.POSTED,
            number=number,
            number_text=f"{journal.code}-{one.period.year}-{number:06d}",
            payload_hash=one.checked.payload_hash,
            posted_by=label,
            posted_at=at,
            version=draft.version + 1,
        )
        steps.append(_Step(one, posted))
    return steps


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


@contextmanager
def _sent(session: Session, begun: Sequence[_Begun]) -> Iterator[None]:
    """Send what is written at once, where nothing of it has to be read back."""
    lines = sum(len(one.checked.lines) for one in begun)
    if lines < LARGE and all(one.is_new for one in begun):
        with together(session.connection()):
            yield
    else:
        yield


def _write_new(session: Session, begun: Sequence[_Begun]) -> None:
    """Insert the drafts that are not there yet, with lines, items and reasons."""
    made = [one for one in begun if one.is_new]
    if not made:
        return
    insert_rows(session, ENTRIES, ENTRY_COLUMNS, [entry_values(one.draft) for one in made])
    refresh_statistics(session, ENTRIES, len(made))
    lines = [
        values
        for one in made
        for values in line_values(one.draft, one.checked.lines, one.checked.order.posting.date)
    ]
    insert_rows(session, LINES, LINE_COLUMNS, lines)
    refresh_statistics(session, LINES, len(lines))
    write_reasons(session, [(one.draft, one.checked.order) for one in made])
    insert_rows(
        session,
        ITEMS,
        ITEM_COLUMNS,
        item_values((one.draft, one.checked.lines, one.checked.order.posting.date) for one in made),
    )


def _write_posted(
    session: Session,
    steps: Sequence[_Step],
    raises: Mapping[Series, int],
    company: CompanyRef,
) -> None:
    """Raise counters by so much and take the step to posted.

    Raises:
        Conflict: a draft that was there before is not any more.
    """
    if not steps:
        return
    raise_counters(session, company, raises)
    note_late(session, [(step.posted, step.begun.checked.late) for step in steps])
    kept = [step for step in steps if not step.begun.is_new]
    if kept:
        update_rows(
            session,
            LINES,
            ("company_id", "entry_id"),
            ("date",),
            [(step.posted.company_id, step.posted.id, step.posted.date) for step in kept],
        )
        replace_items(session, [(step.posted, step.begun.checked.lines) for step in kept])
    count = update_rows(
        session,
        ENTRIES,
        _KEYS,
        POSTED_COLUMNS,
        [tuple(getattr(step.posted, name) for name in _KEYS + POSTED_COLUMNS) for step in steps],
    )
    record_many(session, [_event(step) for step in steps])
    if kept:
        if count() != len(steps):
            raise Conflict(_("A draft was changed or deleted at this moment. Nothing was posted."))
        session.expire_all()


def _event(step: _Step) -> Event:
    checked = step.begun.checked
    if step.begun.is_new:
        return entry_event("post", step.posted, checked.lines, taxes=checked.order.taxes)
    return entry_event("post", step.posted, None, before=step.begun.draft)
