"""Drafts: saved unfinished, changed, posted, copied and deleted; two editors never overwrite."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from backstay.audit.models import AuditEvent
from backstay.errors import Conflict, Invalid, NotFound, Stale
from backstay_ledger.models import EntryState
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.drafts import (
    CopyEntry,
    DeleteDraft,
    DraftLine,
    PostDraft,
    SaveDraft,
    as_typed,
    copy_entry,
    delete_draft,
    draft_from,
    post_draft,
    post_entry,
    save_draft,
)
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    ReopenPeriod,
    close_period,
    period_on,
    reopen_period,
)
from backstay_ledger.services.references import (
    AttachReference,
    attach_reference,
    references_of,
)
from backstay_ledger.services.stored import stored_entry


def draft(*amounts: Any, **values: Any) -> Any:
    lines = tuple(
        DraftLine(
            account=code,
            debit=Decimal(amount) if Decimal(amount) > 0 else None,
            credit=-Decimal(amount) if Decimal(amount) < 0 else None,
        )
        for code, amount in zip(("1100", "4000", "5000"), amounts, strict=False)
    )
    return SaveDraft(
        **{"journal": "GEN", "date": date(2026, 3, 15), "lines": lines, "memo": "m", **values}
    )


def saved(books: Any, command: Any) -> Any:
    with books.write() as session:
        entry = save_draft(session, command)
        return entry.id, entry.version


def events(books: Any, entry_id: Any) -> Any:
    with books.read() as session:
        found = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.entity == "ledger_entry", AuditEvent.entity_id == str(entry_id))
            .order_by(AuditEvent.id)
        ).all()
        return [(one.action, one.before, one.after) for one in found]


def test_a_draft_need_not_balance_and_has_no_number(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-4.00"))
    with books.read() as session:
        row = stored_entry(session, entry_id).row
    assert (row.state, row.number, row.number_text, version) == (EntryState.DRAFT, None, None, 1)
    assert books.rows("SELECT DISTINCT date FROM ledger_line") == [(None,)]
    assert books.count("ledger_balance") == 0


def test_what_is_typed_comes_back_as_it_was(books: Any) -> None:
    command = draft("5.00", "-4.00", reference="R")
    entry_id, _version = saved(books, command)
    with books.read() as session:
        typed = as_typed(stored_entry(session, entry_id))
    assert replace(typed, id=None, version=None) == command


def test_an_account_may_be_given_by_id(books: Any) -> None:
    with books.read() as session:
        account = account_by_code(session, "1100")
    lines = (
        DraftLine(account=account.id, debit=Decimal(1)),
        DraftLine(account=3, debit=Decimal(1)),
    )
    with books.write() as session, pytest.raises(Invalid) as caught:
        save_draft(session, draft(lines=lines))
    assert [problem.field for problem in caught.value.problems] == ["lines.1.account"]


@pytest.mark.parametrize(
    ("debit", "credit", "message"),
    [
        ("1", "1", "not both"),
        (None, None, "no amount"),
        ("0", "0", "no amount"),
        ("-1", None, "negative"),
        ("NaN", None, "not an amount"),
    ],
)
def test_a_line_has_one_positive_amount(books: Any, debit: Any, credit: Any, message: Any) -> None:
    line = DraftLine(
        account="1100",
        debit=None if debit is None else Decimal(debit),
        credit=None if credit is None else Decimal(credit),
    )
    with books.write() as session, pytest.raises(Invalid) as caught:
        save_draft(session, draft(lines=(line,), journal="NONE"))
    assert [problem.field for problem in caught.value.problems] == ["lines.0.debit", "journal"]
    assert message in caught.value.problems[0].message


def test_a_draft_is_changed_and_the_trail_says_how(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-4.00"))
    changed = draft("5.00", "-5.00", id=entry_id, version=version, memo="better")
    assert saved(books, changed) == (entry_id, 2)
    [created, updated] = events(books, entry_id)
    assert created[0] == "create"
    assert updated[1]["memo"] == "m"
    assert updated[2]["memo"] == "better"
    assert [line["amount"] for line in updated[1]["lines"]] == ["5", "-4"]
    assert [line["amount"] for line in updated[2]["lines"]] == ["5", "-5"]


def test_saving_the_same_again_changes_nothing(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-4.00"))
    again = saved(books, draft("5.00", "-4.00", id=entry_id, version=version))
    assert again == (entry_id, version)
    assert len(events(books, entry_id)) == 1


def test_two_editors_do_not_overwrite_one_another(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-4.00"))
    saved(books, draft("5.00", "-5.00", id=entry_id, version=version))
    for command in (
        lambda session: save_draft(session, draft("6", "-6", id=entry_id, version=version)),
        lambda session: post_entry(session, draft("6", "-6", id=entry_id, version=version)),
        lambda session: post_draft(session, PostDraft(id=entry_id, version=version)),
        lambda session: delete_draft(session, DeleteDraft(id=entry_id, version=version)),
    ):
        with books.write() as session, pytest.raises(Stale):
            command(session)


def test_a_saved_draft_is_posted(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-5.00"))
    with books.write() as session:
        posted = post_draft(session, PostDraft(id=entry_id, version=version))
    assert (posted.id, posted.number) == (entry_id, "GEN-2026-000001")
    assert [event[0] for event in events(books, entry_id)] == ["create", "post"]
    assert books.rows("SELECT DISTINCT e.date = l.date FROM ledger_line l, ledger_entry e") == [
        (True,)
    ]
    for command in (
        lambda session: post_draft(session, PostDraft(id=entry_id)),
        lambda session: save_draft(session, draft("6", "-6", id=entry_id)),
        lambda session: delete_draft(session, DeleteDraft(id=entry_id)),
    ):
        with books.write() as session, pytest.raises(Conflict, match="GEN-2026-000001"):
            command(session)


def test_an_unfinished_draft_is_not_posted(books: Any) -> None:
    entry_id, _version = saved(books, draft("5.00", "-4.00"))
    with books.write() as session, pytest.raises(Invalid, match=r"out by 1\.00 EUR"):
        post_draft(session, PostDraft(id=entry_id))


def test_the_editor_posts_without_saving_first(books: Any) -> None:
    with books.write() as session:
        assert post_entry(session, draft("5", "-5")).number == "GEN-2026-000001"


def test_the_editor_posts_the_changed_draft(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-4.00"))
    with books.write() as session:
        command = draft("7", "-7", id=entry_id, version=version, date=date(2026, 4, 1))
        assert post_entry(session, command).id == entry_id
    assert books.value("SELECT max(debit) FROM ledger_balance") == 70_000
    with books.write() as session, pytest.raises(Invalid):
        post_entry(session, draft("7", "-6"))


def test_a_deleted_draft_is_gone_and_the_trail_knows_what_it_was(books: Any) -> None:
    entry_id, version = saved(books, draft("5.00", "-4.00"))
    with books.write() as session:
        delete_draft(session, DeleteDraft(id=entry_id, version=version))
    assert books.count("ledger_entry") == books.count("ledger_line") == 0
    action, before, after = events(books, entry_id)[-1]
    assert (action, after) == ("delete", None)
    assert len(before["lines"]) == 2


def test_a_copy_is_a_new_draft(books: Any) -> None:
    posted = books.post(books.sale("12.50", memo="rent", reference="R"))
    with books.write() as session:
        copy = copy_entry(session, CopyEntry(id=posted.id, date=date(2026, 4, 15)))
        shown = draft_from(session, CopyEntry(id=posted.id))
    assert (copy.state, copy.memo, copy.date) == (EntryState.DRAFT, "rent", date(2026, 4, 15))
    assert copy.idempotency_key is None
    assert [line.debit or line.credit for line in shown.lines] == [Decimal("12.5")] * 2


def test_drafts_of_another_company_do_not_exist(books: Any, other_books: Any) -> None:
    entry_id, _version = saved(books, draft("5.00", "-5.00"))
    for command in (
        lambda session: post_draft(session, PostDraft(id=entry_id)),
        lambda session: save_draft(session, draft("6", "-6", id=entry_id)),
        lambda session: delete_draft(session, DeleteDraft(id=entry_id)),
        lambda session: copy_entry(session, CopyEntry(id=entry_id)),
    ):
        with other_books.write() as session, pytest.raises(NotFound):
            command(session)


def test_a_period_with_drafts_is_not_closed_and_names_them(books: Any) -> None:
    saved(books, draft("5.00", "-4.00", memo="unfinished rent"))
    with books.write() as session:
        period = period_on(session, date(2026, 3, 1))
        with pytest.raises(Conflict, match=r"1 draft .*2026-03-15 unfinished rent"):
            close_period(session, ClosePeriod(id=period.id))


def test_no_draft_is_saved_into_a_closed_period(books: Any) -> None:
    with books.write() as session:
        period = period_on(session, date(2026, 3, 1))
        close_period(session, ClosePeriod(id=period.id))
        with pytest.raises(Conflict, match="2026-03 is closed"):
            save_draft(session, draft("5.00", "-5.00"))
        with pytest.raises(Conflict, match="closed already"):
            close_period(session, ClosePeriod(id=period.id))
        with pytest.raises(Invalid, match="Say why"):
            reopen_period(session, ReopenPeriod(id=period.id, reason=" "))
        reopen_period(session, ReopenPeriod(id=period.id, reason="a late bill"))
        save_draft(session, draft("5.00", "-5.00"))
    assert books.value("SELECT count(*) FROM core_audit WHERE reason = 'a late bill'") > 0


def test_references_are_attached_to_posted_entries_for_good(books: Any, other_books: Any) -> None:
    posted = books.post(books.sale())
    with books.write() as session:
        attach_reference(session, AttachReference(id=posted.id, reference=" INV-7 ", note="n"))
        with pytest.raises(Invalid):
            attach_reference(session, AttachReference(id=posted.id, reference=" "))
    with books.read() as session:
        assert [one.reference for one in references_of(session, posted.id)] == ["INV-7"]
    with other_books.write() as session, pytest.raises(NotFound):
        attach_reference(session, AttachReference(id=posted.id, reference="x"))
    with other_books.read() as session:
        assert references_of(session, posted.id) == []
