"""What both databases refuse of periods, locks and exceptions, whoever sends the SQL."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest

from backstay_ledger.closing.models import LockScope
from backstay_ledger.closing.services.locks import SetLock, set_lock
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft

from .steps import MARCH, allow, move

REFUSED = (sqlite3.Error, psycopg.Error)
POST = (
    "UPDATE ledger_entry SET state = 'posted', number = 1,"
    " number_text = 'GEN-2026-000001', fiscal_year_id = {year}, period_id = {period},"
    " posted_by = '{by}', posted_at = 1 WHERE id = {entry}"
)
DATE_LINES = "UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {entry}"
COUNTER = (
    "INSERT INTO ledger_sequence_head (company_id, journal_id, fiscal_year_id, last_number)"
    " SELECT company_id, journal_id, {year}, 1 FROM ledger_entry WHERE id = {entry}"
)
NOTE = (
    "INSERT INTO ledger_late_posting (entry_id, company_id, exception_id, posted_by, at)"
    " VALUES ({entry}, {company}, {exception}, '{by}', 1)"
)


@pytest.fixture
def ids(books: Any) -> Any:
    """A draft that balances, and what it refers to."""
    lines = (
        DraftLine(account="1100", debit=books.sale().lines[0].amount),
        DraftLine(account="4000", credit=books.sale().lines[0].amount),
    )
    with books.write() as session:
        entry = save_draft(session, SaveDraft(journal="GEN", date=MARCH, lines=lines)).id
    period, year = books.rows("SELECT id, fiscal_year_id FROM ledger_period WHERE number = 3")[0]
    return {
        "entry": entry,
        "period": period,
        "year": year,
        "company": books.company.id,
        "exception": "NULL",
        "by": "ben",
    }


def to_state(books: Any, raw: Any, ids: Any, state: str) -> None:
    """Close the period though a draft remains, which only SQL can."""
    steps = {"locked": ("closed", "locked")}.get(state, (state,))
    raw.run(
        *(f"UPDATE ledger_period SET state = '{one}' WHERE id = {ids['period']}" for one in steps)
    )


def refuse(books: Any, raw: Any, match: str, *statements: str, **values: Any) -> None:
    before = books.rows("SELECT * FROM ledger_entry"), books.rows("SELECT * FROM ledger_balance")
    with pytest.raises(REFUSED, match=match):
        raw.run(*(statement.format(**values) for statement in statements))
    after = books.rows("SELECT * FROM ledger_entry"), books.rows("SELECT * FROM ledger_balance")
    assert after == before


@pytest.mark.parametrize("state", ["soft-closed", "closed", "locked"])
def test_nothing_is_posted_where_it_is_closed(books: Any, raw: Any, ids: Any, state: str) -> None:
    to_state(books, raw, ids, state)
    refuse(books, raw, "is closed", DATE_LINES, COUNTER, POST, **ids)


@pytest.mark.parametrize("state", ["closed", "locked"])
def test_a_note_alone_opens_nothing_but_a_soft_closed_period(
    books: Any, raw: Any, ids: Any, state: str
) -> None:
    to_state(books, raw, ids, state)
    refuse(books, raw, "is closed", NOTE, DATE_LINES, COUNTER, POST, **ids)


def test_with_a_note_an_entry_is_posted_in_a_soft_closed_period(
    books: Any, raw: Any, ids: Any
) -> None:
    to_state(books, raw, ids, "soft-closed")
    raw.run(*(one.format(**ids) for one in (NOTE, DATE_LINES, COUNTER, POST)))
    assert books.value("SELECT state FROM ledger_entry") == "posted"


def test_an_exception_is_its_user_s_alone_and_not_for_a_locked_period(
    books: Any, raw: Any, ids: Any
) -> None:
    exception = allow(books)
    to_state(books, raw, ids, "closed")
    values = {**ids, "exception": exception}
    way = (NOTE, DATE_LINES, COUNTER, POST)
    refuse(books, raw, "is closed", *way, **{**values, "by": "zoe"})
    raw.run(f"UPDATE ledger_period SET state = 'locked' WHERE id = {ids['period']}")
    refuse(books, raw, "is closed", *way, **values)


def test_an_exception_opens_a_closed_period(books: Any, raw: Any, ids: Any) -> None:
    values = {**ids, "exception": allow(books)}
    to_state(books, raw, ids, "closed")
    raw.run(*(one.format(**values) for one in (NOTE, DATE_LINES, COUNTER, POST)))
    assert books.value("SELECT exception_id FROM ledger_late_posting") == values["exception"]


@pytest.mark.parametrize(
    ("scope", "said"), [(LockScope.GENERAL, "locked for this"), (LockScope.ALL, "locked for this")]
)
def test_a_lock_holds(books: Any, raw: Any, ids: Any, scope: LockScope, said: str) -> None:
    with books.write() as session:
        set_lock(session, SetLock(scope=scope, up_to=MARCH))
    refuse(books, raw, said, DATE_LINES, COUNTER, POST, **ids)
    refuse(books, raw, said, NOTE, DATE_LINES, COUNTER, POST, **ids)


MOVES = {
    "open to locked": ("UPDATE ledger_period SET state = 'locked' WHERE number = 3", "once it is"),
    "an unknown state": (
        "UPDATE ledger_period SET state = 'ajar' WHERE number = 3",
        "ck_ledger_period_state",
    ),
    "begun closed": (
        (
            "INSERT INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on, ends_on,"
            " state, version, kind) VALUES (3, {company}, {year}, 13, '2026-12-31', '2026-12-31',"
            " 'closed', 1, 'adjustment')"
        ),
        "begins open",
    ),
    "adjustments in summer": (
        (
            "INSERT INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on, ends_on,"
            " state, version, kind) VALUES (3, {company}, {year}, 13, '2026-06-30', '2026-06-30',"
            " 'open', 1, 'adjustment')"
        ),
        "last day",
    ),
    "another kind": ("UPDATE ledger_period SET kind = 'closing' WHERE number = 3", "never change"),
}


@pytest.mark.parametrize("what", MOVES)
def test_periods_move_and_begin_as_they_may(books: Any, raw: Any, ids: Any, what: str) -> None:
    statement, said = MOVES[what]
    refuse(books, raw, said, statement, **ids)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_period SET state = 'open' WHERE number = 3",
        "UPDATE ledger_period SET state = 'closed' WHERE number = 3",
        "UPDATE ledger_period SET version = 9 WHERE number = 3",
        "DELETE FROM ledger_period WHERE number = 3",
    ],
)
def test_a_locked_period_stays(books: Any, raw: Any, statement: str) -> None:
    move(books, "closed", "locked")
    refuse(books, raw, "stays locked", statement)


EXCEPTION = (
    "INSERT INTO ledger_lock_exception (id, company_id, user_label, scope, first_day, last_day,"
    " until, reason, requested_by, requested_at, approved_by, approved_at)"
    " VALUES (7, {company}, 'ben', 'all', '2026-03-01', '2026-03-31', 9, 'x', 'intruder', 1,"
    " {approval})"
)
EXCEPTIONS = {
    "approved from the start": (EXCEPTION.format(company="{company}", approval="'b', 1"), "begins"),
    "for other days": ("UPDATE ledger_lock_exception SET last_day = '2026-12-31'", "never change"),
    "for another": ("UPDATE ledger_lock_exception SET user_label = 'zoe'", "never change"),
    "for longer": ("UPDATE ledger_lock_exception SET until = until + 1", "never change"),
    "approved by another": ("UPDATE ledger_lock_exception SET approved_by = 'zoe'", "never change"),
    "no more approved": (
        "UPDATE ledger_lock_exception SET approved_by = NULL, approved_at = NULL",
        "never change",
    ),
}


@pytest.mark.parametrize("what", EXCEPTIONS)
def test_an_exception_stays_what_was_approved(books: Any, raw: Any, ids: Any, what: str) -> None:
    allow(books)
    statement, said = EXCEPTIONS[what]
    refuse(books, raw, said, statement, **ids)


def test_who_asked_does_not_approve(books: Any, raw: Any, ids: Any) -> None:
    raw.run(EXCEPTION.format(approval="NULL, NULL", **ids))
    for by in ("intruder", "ben"):
        statement = f"UPDATE ledger_lock_exception SET approved_by = '{by}', approved_at = 1"
        refuse(books, raw, "second_person|own name", statement)


def test_the_note_of_a_late_posting_is_final_and_comes_first(
    books: Any, raw: Any, ids: Any
) -> None:
    to_state(books, raw, ids, "soft-closed")
    raw.run(*(one.format(**ids) for one in (NOTE, DATE_LINES, COUNTER, POST)))
    refuse(books, raw, "never changes", "DELETE FROM ledger_late_posting")
    refuse(books, raw, "never changes", "UPDATE ledger_late_posting SET posted_by = 'zoe'")
    posted = books.value("SELECT id FROM ledger_entry WHERE state = 'posted'")
    late = NOTE.format(**{**ids, "entry": posted})
    refuse(books, raw, "before it is posted|never changes", late)
