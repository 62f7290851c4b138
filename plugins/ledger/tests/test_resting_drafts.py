"""What rests on drafts is declared by its part of the ledger, and costs other drafts nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from backstay.errors import Conflict
from backstay_ledger.models import EntryKind
from backstay_ledger.services import resting_parts
from backstay_ledger.services.drafts import (
    DeleteDraft,
    DraftLine,
    SaveDraft,
    delete_draft,
    save_draft,
)
from backstay_ledger.services.resting import Resting
from backstay_ledger.services.resting_parts import RESTING
from backstay_ledger.services.stored import stored_entry

if TYPE_CHECKING:
    from collections.abc import Callable


def typed(books: Any, amount: str = "100", **values: Any) -> Any:
    lines = (
        DraftLine(account="1100", debit=Decimal(amount)),
        DraftLine(account="4000", credit=Decimal(amount)),
    )
    with books.write() as session:
        command = SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines, **values)
        return save_draft(session, command).id


def statements(books: Any, work: Callable[[], Any]) -> int:
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(books.database.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(books.database.engine, "before_cursor_execute", note)
    return len(sent)


def remove(books: Any, entry_id: int) -> None:
    with books.write() as session:
        delete_draft(session, DeleteDraft(id=entry_id))


def test_a_draft_that_was_typed_is_changed_and_deleted_without_a_further_statement(
    books: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counts() -> tuple[int, int]:
        entry = typed(books)
        changed = statements(books, lambda: typed(books, "200", id=entry))
        return changed, statements(books, lambda: remove(books, entry))

    counts()  # what is remembered of journals and accounts is looked up once
    with_all = counts()
    monkeypatch.setattr(resting_parts, "RESTING", ())
    assert counts() == with_all


def test_the_row_alone_tells_what_rests_on_a_draft(books: Any) -> None:
    entry = typed(books)
    with books.read() as session:
        row = stored_entry(session, entry).row
    assert [one for one in RESTING if one.concerns(row)] == []
    assert [one for one in RESTING if one.concerns(replace(row, idempotency_key="shop-17"))] == []
    some = (
        {"kind": EntryKind.REVERSAL},
        {"kind": EntryKind.OPENING},
        {"source_type": "ledger.deferral"},
        {"kind": EntryKind.EXCHANGE},
        {"idempotency_key": "allocation-rule:1:2:1"},
    )
    for place, values in enumerate(some):
        assert [one.concerns(replace(row, **values)) for one in RESTING] == [
            place == other for other in range(len(RESTING))
        ]


def test_a_part_that_is_declared_is_asked_before_the_draft_changes_or_goes(
    books: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(_session: Any, draft: Any) -> None:
        raise Conflict(f"needed: {draft.row.memo}")

    part = Resting(
        concerns=lambda row: row.memo == "mine",
        on_change=lambda _session, _draft: asked.append("change"),
        on_removal=refuse,
    )
    monkeypatch.setattr(resting_parts, "RESTING", (part,))
    mine, other = typed(books, memo="mine"), typed(books, memo="other")
    typed(books, "200", id=mine, memo="mine")
    typed(books, "200", id=other, memo="other")
    assert asked == ["change"]
    remove(books, other)
    with pytest.raises(Conflict, match="needed: mine"):
        remove(books, mine)
    with books.read() as session:
        assert len(stored_entry(session, mine).lines) == 2
