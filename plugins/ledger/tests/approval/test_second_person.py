"""Entries over a limit: a second person posts them, and the database holds that too."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay.contracts.ledger import Ledger
from backstay.errors import Conflict, Forbidden, Invalid, Stale
from backstay.kernel.suite import require
from backstay_ledger.approval.deciding import (
    ApproveEntry,
    SendBack,
    TakeBack,
    approve_entry,
    send_back,
    take_back,
)
from backstay_ledger.approval.limits import DropLimit, SetLimit, drop_limit, set_limit
from backstay_ledger.models import Entry
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.drafts import (
    DeleteDraft,
    DraftLine,
    PostDraft,
    SaveDraft,
    delete_draft,
    post_draft,
    save_draft,
)
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

REFUSED = (sqlite3.Error, psycopg.Error)


def post(people: Any, login: str, amount: str, **values: Any) -> Any:
    with people.at_work(login) as session:
        return require(session, Ledger).post(session, people.books.sale(amount, **values))


def approve(people: Any, login: str, entry_id: int) -> Any:
    with people.at_work(login) as session:
        return approve_entry(session, ApproveEntry(id=entry_id))


def amounts(amount: str) -> tuple[DraftLine, ...]:
    return (
        DraftLine(account="1100", debit=Decimal(amount)),
        DraftLine(account="4000", credit=Decimal(amount)),
    )


def draft(people: Any, login: str, amount: str) -> int:
    lines = amounts(amount)
    with people.at_work(login) as session:
        command = SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines, memo="Machine")
        return save_draft(session, command).id


def test_an_entry_over_the_limit_waits_and_the_second_person_posts_it(people: Any) -> None:
    people.limit("1000")
    assert not post(people, "maker", "1000.00").waits
    held = post(people, "maker", "1000.01")
    assert (held.number, held.waits) == ("", True)
    assert people.books.value("SELECT count(*) FROM ledger_line WHERE date IS NULL") == 2
    posted = approve(people, "checker", held.id)
    assert (posted.id, posted.number, posted.waits) == (held.id, "GEN-2026-000002", False)
    assert tuple(people.entry(held.id)) == (
        "posted",
        "GEN-2026-000002",
        "maker",
        "maker",
        "checker",
        "checker",
    )
    actions = people.books.rows(
        "SELECT action, actor FROM core_audit WHERE entity = 'ledger_entry' AND entity_id = :id"
        " ORDER BY id",
        id=str(held.id),
    )
    assert [tuple(row) for row in actions] == [
        ("create", "maker"),
        ("submit", "maker"),
        ("approve", "checker"),
        ("post", "checker"),
    ]


@pytest.mark.parametrize("login", ["maker", "admin"])
def test_whoever_submitted_an_entry_does_not_decide_on_it(people: Any, login: str) -> None:
    people.limit("1000")
    held = post(people, login, "5000")
    with pytest.raises(Forbidden, match="somebody else"):
        approve(people, login, held.id)
    with pytest.raises(Forbidden, match="somebody else"), people.at_work(login) as session:
        send_back(session, SendBack(id=held.id, reason="No"))
    assert people.entry(held.id).state == "waiting"


def test_whoever_wrote_a_draft_does_not_approve_it_when_another_submits_it(people: Any) -> None:
    people.limit("1000")
    entry_id = draft(people, "maker", "5000")
    with people.at_work("checker") as session:
        assert post_draft(session, PostDraft(id=entry_id)).waits
    for login in ("maker", "checker"):
        with pytest.raises(Forbidden):
            approve(people, login, entry_id)
    assert approve(people, "admin", entry_id).number == "GEN-2026-000001"


def test_the_command_line_approves_nothing(people: Any) -> None:
    people.limit("1000")
    held = post(people, "maker", "5000")
    with pytest.raises(Forbidden, match="sign in"), people.books.write() as session:
        approve_entry(session, ApproveEntry(id=held.id))


def test_what_waits_can_not_be_changed_posted_or_deleted(people: Any) -> None:
    people.limit("1000")
    entry_id = draft(people, "maker", "5000")
    with people.at_work("maker") as session:
        post_draft(session, PostDraft(id=entry_id))
    lines = (
        DraftLine(account="1100", debit=Decimal(1)),
        DraftLine(account="4000", credit=Decimal(1)),
    )
    changed = SaveDraft(id=entry_id, journal="GEN", date=date(2026, 3, 15), lines=lines)
    for work in (
        lambda session: save_draft(session, changed),
        lambda session: post_draft(session, PostDraft(id=entry_id)),
        lambda session: delete_draft(session, DeleteDraft(id=entry_id)),
    ):
        with (
            pytest.raises(Conflict, match="waits for approval"),
            people.at_work("maker") as session,
        ):
            work(session)


def test_sent_back_it_is_a_draft_again_and_a_smaller_one_needs_nobody(people: Any) -> None:
    people.limit("1000")
    held = post(people, "maker", "5000")
    with pytest.raises(Invalid, match="changed"), people.at_work("checker") as session:
        send_back(session, SendBack(id=held.id, reason=" "))
    with people.at_work("checker") as session:
        version = session.get_one(Entry, held.id).version
        entry = send_back(session, SendBack(id=held.id, reason="Split it", version=version))
        assert (entry.state.value, entry.submitted_by) == ("draft", None)
    assert (
        people.books.value(
            "SELECT reason FROM core_audit WHERE action = 'send_back' AND actor = 'checker'"
        )
        == "Split it"
    )
    lines = (
        DraftLine(account="1100", debit=Decimal(9)),
        DraftLine(account="4000", credit=Decimal(9)),
    )
    with people.at_work("maker") as session:
        save_draft(
            session, SaveDraft(id=held.id, journal="GEN", date=date(2026, 3, 15), lines=lines)
        )
        assert post_draft(session, PostDraft(id=held.id)).number == "GEN-2026-000001"


def test_who_only_writes_drafts_takes_back_nobody_elses(people: Any) -> None:
    people.limit("1000")
    held = post(people, "maker", "5000")
    writer = people.context("admin", frozenset({ENTRY_DRAFT.name}))
    with pytest.raises(Forbidden, match="maker"), people.books.write(writer) as session:
        take_back(session, TakeBack(id=held.id))
    with pytest.raises(Stale), people.at_work("maker") as session:
        take_back(session, TakeBack(id=held.id, version=1))
    with people.at_work("maker") as session:
        take_back(session, TakeBack(id=held.id))
    assert people.entry(held.id).state == "draft"
    with pytest.raises(Conflict, match="not wait"):
        approve(people, "checker", held.id)


def test_a_journal_can_have_a_limit_of_its_own(people: Any) -> None:
    bank = people.books.value(
        "SELECT id FROM ledger_journal WHERE code = 'BNK' AND company_id = :company",
        company=people.books.company.id,
    )
    people.limit("1000")
    limit = people.limit("50", bank)
    assert post(people, "maker", "60", journal="BNK").waits
    assert not post(people, "maker", "60").waits
    with pytest.raises(Invalid, match="already"):
        people.limit("7", bank)
    with pytest.raises(Invalid, match="already"):
        people.limit("7")
    with pytest.raises(Invalid, match="negative"), people.books.write() as session:
        set_limit(session, SetLimit(amount=Decimal(-1)))
    with people.books.write() as session:
        drop_limit(session, DropLimit(id=limit))
    assert not post(people, "maker", "60", journal="BNK").waits


def test_the_limit_of_one_company_is_nothing_to_another(people: Any, other_books: Any) -> None:
    people.limit("1")
    assert not other_books.post(other_books.sale("5000")).waits


def test_asked_again_under_its_key_it_still_waits(people: Any) -> None:
    people.limit("1000")
    held = post(people, "maker", "5000", key="K1")
    again = post(people, "maker", "5000", key="K1")
    assert (again.id, again.existed, again.waits) == (held.id, True, True)
    with pytest.raises(Conflict, match="other content"):
        post(people, "maker", "5001", key="K1")
    approve(people, "checker", held.id)
    after = post(people, "maker", "5000", key="K1")
    assert (after.id, after.number, after.waits) == (held.id, "GEN-2026-000001", False)


def test_of_many_only_those_over_the_limit_wait(people: Any) -> None:
    people.limit("1000")
    books = people.books
    with people.at_work("maker") as session:
        done = require(session, Ledger).post_many(
            session, [books.sale("10"), books.sale("2000"), books.sale("20")]
        )
    assert [one.number for one in done] == ["GEN-2026-000001", "", "GEN-2026-000002"]
    assert [one.waits for one in done] == [False, True, False]


def test_a_reversal_follows_the_same_rule(people: Any) -> None:
    first = post(people, "maker", "5000")
    people.limit("1000")
    command = ReverseEntry(id=first.id, on=date(2026, 3, 20), reason="Wrong")
    with people.at_work("maker") as session:
        held = reverse_entry(session, command)
        assert held.waits
    with pytest.raises(Conflict, match="not posted yet"), people.at_work("maker") as session:
        reverse_entry(session, command)
    with people.at_work("maker") as session:
        take_back(session, TakeBack(id=held.id))
    lines = (
        DraftLine(account="1100", debit=Decimal(1)),
        DraftLine(account="4000", credit=Decimal(1)),
    )
    with pytest.raises(Conflict, match="mirrors"), people.at_work("maker") as session:
        save_draft(
            session, SaveDraft(id=held.id, journal="GEN", date=date(2026, 3, 20), lines=lines)
        )
    with people.at_work("maker") as session:
        assert post_draft(session, PostDraft(id=held.id)).waits
    approve(people, "checker", held.id)
    assert people.books.value("SELECT sum(debit) - sum(credit) FROM ledger_balance") == 0
    assert (
        people.books.value(
            "SELECT count(*) FROM ledger_entry WHERE reverses_id = :id AND state = 'posted'",
            id=first.id,
        )
        == 1
    )


def test_a_period_is_not_closed_while_an_entry_in_it_waits(people: Any) -> None:
    people.limit("1000")
    held = post(people, "maker", "5000", memo="Machine")
    with pytest.raises(Conflict, match="Machine"), people.books.write() as session:
        period = period_on(session, date(2026, 3, 15))
        close_period(session, ClosePeriod(id=period.id, reason="End of March"))
    assert people.entry(held.id).state == "waiting"


REPLACED = (
    "INTO ledger_entry (id, company_id, journal_id, date, state, memo, reference, kind,"
    " payload_hash, minor_units, created_by, created_at, version, idempotency_key, reverses_id)"
    " SELECT 5, company_id, journal_id, date, 'draft', 'x', '', kind, 'h', 2, 'x', 1, 1, {key},"
    " {reverses} FROM ledger_entry WHERE id = {id}"
)


def test_sqlite_replaces_no_entry_that_waits(people: Any, raw: Any) -> None:
    if not raw.is_sqlite:
        return  # PostgreSQL has no REPLACE
    posted = post(people, "maker", "7")
    people.limit("1")
    other = draft(people, "maker", "3")
    with people.at_work("maker") as session:
        reverse = ReverseEntry(id=posted.id, on=date(2026, 3, 15), reason="x", key="again")
        assert reverse_entry(session, reverse).waits
    held = people.books.value("SELECT id FROM ledger_entry WHERE state = 'waiting'")
    by_key = {"key": "'again'", "reverses": "NULL", "id": held}
    by_reversal = {"key": "NULL", "reverses": posted.id, "id": held}
    for statement in (
        "INSERT OR REPLACE " + REPLACED.format(**by_key),
        "INSERT OR REPLACE " + REPLACED.format(**by_reversal),
        f"UPDATE OR REPLACE ledger_entry SET idempotency_key = 'again' WHERE id = {other}",
        f"UPDATE OR REPLACE ledger_entry SET reverses_id = {posted.id} WHERE id = {other}",
    ):
        with pytest.raises(REFUSED, match="waits for approval"):
            raw.run(statement)
    assert people.entry(held).state == "waiting"


WAITING = {
    "its memo": "UPDATE ledger_entry SET memo = 'x' WHERE id = {id}",
    "its memo as a draft": "UPDATE ledger_entry SET state = 'draft', memo = 'x' WHERE id = {id}",
    "its submitter": (
        "UPDATE ledger_entry SET state = 'draft', submitted_by = 'other', approved_by = 'checker'"
        " WHERE id = {id}"
    ),
    "its writer": "UPDATE ledger_entry SET state = 'draft', created_by = 'x' WHERE id = {id}",
    "the row": "DELETE FROM ledger_entry WHERE id = {id}",
    "an amount": "UPDATE ledger_line SET amount = amount * 2 WHERE entry_id = {id}",
    "a line": "DELETE FROM ledger_line WHERE entry_id = {id} AND line_no = 1",
    "an approval by its writer": (
        "UPDATE ledger_entry SET state = 'draft', approved_by = 'maker' WHERE id = {id}"
    ),
    "an approval of nothing": (
        "UPDATE ledger_entry SET state = 'draft', approved_by = 'checker', submitted_by = NULL"
        " WHERE id = {id}"
    ),
    "posted at once": (
        "UPDATE ledger_entry SET state = 'posted', approved_by = 'checker', number = 1,"
        " number_text = 'GEN-2026-000001', posted_by = 'x', posted_at = 1 WHERE id = {id}"
    ),
}


@pytest.mark.parametrize("what", WAITING)
def test_sql_changes_nothing_that_waits(people: Any, raw: Any, what: str) -> None:
    people.limit("1000")
    held = post(people, "maker", "5000")
    before = (
        people.books.rows("SELECT * FROM ledger_entry"),
        people.books.rows("SELECT * FROM ledger_line ORDER BY line_no"),
    )
    with pytest.raises(REFUSED):
        raw.run(WAITING[what].format(id=held.id))
    assert before == (
        people.books.rows("SELECT * FROM ledger_entry"),
        people.books.rows("SELECT * FROM ledger_line ORDER BY line_no"),
    )


POST = (
    "UPDATE ledger_entry SET state = 'posted', number = 1, number_text = 'GEN-2026-000001',"
    " fiscal_year_id = {year}, period_id = {period}, posted_by = 'maker', posted_at = 1{more}"
    " WHERE id = {id}"
)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ("", "second person"),
        (", approved_by = 'checker'", "approval"),
        (", submitted_by = 'maker', approved_by = 'maker'", "approval"),
        (", submitted_by = 'checker', approved_by = 'checker'", "approval"),
        (", created_by = 'x', submitted_by = 'x', approved_by = 'maker'", "Who wrote"),
    ],
)
def test_sql_posts_nothing_over_the_limit_without_a_second_person(
    people: Any, raw: Any, more: str, match: str
) -> None:
    people.limit("1000")
    entry_id = draft(people, "maker", "5000")
    with people.books.read() as session:
        period = period_on(session, date(2026, 3, 15))
    values = {"id": entry_id, "year": period.fiscal_year_id, "period": period.id}
    with pytest.raises(REFUSED, match=match):
        raw.run(
            "INSERT INTO ledger_sequence_head (company_id, journal_id, fiscal_year_id, last_number)"
            f" SELECT company_id, journal_id, {period.fiscal_year_id}, 1 FROM ledger_entry"
            f" WHERE id = {entry_id}",
            f"UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {entry_id}",
            POST.format(more=more, **values),
        )
    assert people.entry(entry_id).state == "draft"
