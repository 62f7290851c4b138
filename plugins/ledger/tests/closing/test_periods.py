"""Who may post when: soft-closed, closed and locked periods, locks, exceptions, adjustments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Conflict, Forbidden, Invalid
from backstay.spi import now, today
from backstay_ledger.closing.models import LockScope
from backstay_ledger.closing.services.adjustments import PostAdjustment, post_adjustment
from backstay_ledger.closing.services.locks import (
    ApproveException,
    MoveLock,
    RequestException,
    RevokeException,
    SetLock,
    approve_exception,
    move_lock,
    request_exception,
    revoke_exception,
    set_lock,
)
from backstay_ledger.closing.services.periods import (
    AddAdjustmentPeriod,
    add_adjustment_period,
)
from backstay_ledger.models import PeriodState
from backstay_ledger.permissions import ENTRY_POST, SOFT_CLOSED_POST
from backstay_ledger.services.balances import balances, trial_balance, turnover
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import (
    period_on,
)

from .steps import MARCH, YEAR_END, allow, move, person, post_as, sound


def test_in_a_soft_closed_period_only_those_post_who_may(books: Any) -> None:
    move(books, "soft-closed")
    with pytest.raises(Conflict, match="soft-closed"):
        post_as(books, person(books, "ben", ENTRY_POST), books.sale())
    posted = post_as(books, person(books, "ada", ENTRY_POST, SOFT_CLOSED_POST), books.sale())
    assert books.rows("SELECT entry_id, exception_id, posted_by FROM ledger_late_posting") == [
        (posted.id, None, "ada")
    ]
    assert sound(books)


def test_a_draft_may_be_written_in_a_soft_closed_period_not_in_a_closed_one(books: Any) -> None:
    draft = SaveDraft(
        journal="GEN", date=MARCH, lines=(DraftLine(account="1000", debit=Decimal(5)),)
    )
    move(books, "soft-closed", "closed")
    with pytest.raises(Conflict, match="2026-03 is closed"), books.write() as session:
        save_draft(session, draft)
    move(books, "open", "soft-closed")
    with books.write() as session:
        save_draft(session, draft)
    with pytest.raises(Conflict, match="draft"):
        move(books, "closed")


def test_whoever_is_refused_is_told_the_way_out(books: Any) -> None:
    ben = person(books, "ben", ENTRY_POST)
    draft = SaveDraft(
        journal="GEN", date=MARCH, lines=(DraftLine(account="1000", debit=Decimal(5)),)
    )
    ways = {
        "soft-closed": ("Date it later, ask one of them, or have a second person approve", ""),
        "closed": (
            "Date it later, have the period reopened, or have a second person approve an exception",
            "Date the draft later, or have the period reopened",
        ),
        "locked": ("Date it in a period that is open", "Date the draft in a period that is open"),
    }
    for state, (said, said_of_draft) in ways.items():
        move(books, state)
        with pytest.raises(Conflict, match=said):
            post_as(books, ben, books.sale())
        if said_of_draft:
            with pytest.raises(Conflict, match=said_of_draft), books.write() as session:
                save_draft(session, draft)
    with pytest.raises(Conflict, match="correct it in a later period"):
        move(books, "open")


def test_periods_move_in_order_and_a_locked_one_never_again(books: Any) -> None:
    with pytest.raises(Conflict, match="not closed yet"):
        move(books, "locked")
    move(books, "closed", "open", "soft-closed", "open", "closed", "locked")
    for state, said in (("open", "for good"), ("closed", "closed already"), ("locked", "already")):
        with pytest.raises(Conflict, match=said):
            move(books, state)
    with pytest.raises(Conflict, match="not open"):
        move(books, "soft-closed")
    reasons = books.rows(
        "SELECT reason FROM core_audit WHERE entity = 'ledger_period' AND action = 'update'"
        " ORDER BY id"
    )
    assert [reason for (reason,) in reasons][-1] == "audited"
    assert ("late bill",) in reasons


def test_an_exception_lets_one_person_post_where_it_is_closed_and_each_use_is_noted(
    books: Any,
) -> None:
    move(books, "closed")
    ben = person(books, "ben", ENTRY_POST)
    with pytest.raises(Conflict, match="2026-03 is closed"):
        post_as(books, ben, books.sale())
    exception = allow(books)
    posted = post_as(books, ben, books.sale())
    assert books.rows("SELECT entry_id, exception_id, posted_by FROM ledger_late_posting") == [
        (posted.id, exception, "ben")
    ]
    with pytest.raises(Conflict, match="is closed"):
        post_as(books, person(books, "zoe"), books.sale())
    with books.write(person(books, "carl")) as session:
        revoke_exception(session, RevokeException(id=exception))
    with pytest.raises(Conflict, match="is closed"):
        post_as(books, ben, books.sale())
    assert sound(books)


def test_an_exception_holds_for_its_days_and_its_sub_ledger(books: Any) -> None:
    move(books, "closed")
    move(books, "closed", day=date(2026, 2, 1))
    allow(books, scope=LockScope.RECEIVABLE)
    ben = person(books, "ben", ENTRY_POST)
    with pytest.raises(Conflict, match="is closed"):
        post_as(books, ben, books.sale())  # a general journal
    with pytest.raises(Conflict, match="2026-02 is closed"):
        post_as(books, ben, books.sale(journal="SAL", date=date(2026, 2, 3)))
    assert post_as(books, ben, books.sale(journal="SAL")).number == "SAL-2026-000001"


def test_an_exception_ends_by_itself(books: Any, monkeypatch: Any) -> None:
    move(books, "closed")
    allow(books)
    later = now() + timedelta(days=3)
    monkeypatch.setattr("backstay_ledger.closing.services.late.now", lambda: later)
    with pytest.raises(Conflict, match="is closed"):
        post_as(books, person(books, "ben"), books.sale())


def test_a_second_person_approves_and_that_is_never_the_maker_nor_the_user(books: Any) -> None:
    command = RequestException(
        user="ben",
        scope=LockScope.ALL,
        first_day=MARCH,
        last_day=MARCH,
        until=today() + timedelta(days=1),
        reason="late bill",
    )
    with books.write(person(books, "ada")) as session:
        exception = request_exception(session, command).id
    for login in ("ada", "ben"):
        administrator = replace(person(books, login), permissions=None)
        with pytest.raises(Forbidden, match="second person"), books.write(administrator) as session:
            approve_exception(session, ApproveException(id=exception))
    with pytest.raises(Invalid, match="is over"), books.write() as session:
        request_exception(session, replace(command, until=date(2020, 1, 1)))
    with pytest.raises(Invalid, match="before the first"), books.write() as session:
        request_exception(session, replace(command, last_day=date(2026, 3, 1)))


def test_a_locked_period_has_no_exception(books: Any) -> None:
    allow(books)
    move(books, "closed", "locked")
    with pytest.raises(Conflict, match="for good"):
        post_as(books, person(books, "ben"), books.sale())


def test_a_lock_closes_a_sub_ledger_in_an_open_period(books: Any) -> None:
    with books.write() as session:
        lock = set_lock(session, SetLock(scope=LockScope.RECEIVABLE, up_to=MARCH)).id
    with pytest.raises(Conflict, match="locked for this sub-ledger"):
        books.post(books.sale(journal="SAL"))
    books.post(books.sale())  # a general journal
    books.post(books.sale(journal="SAL", date=date(2026, 3, 16)))
    allow(books, scope=LockScope.RECEIVABLE)
    post_as(books, person(books, "ben"), books.sale(journal="SAL"))
    with pytest.raises(Conflict, match="already"), books.write() as session:
        set_lock(session, SetLock(scope=LockScope.RECEIVABLE, up_to=date(2026, 3, 14)))
    with books.write() as session:
        move_lock(session, MoveLock(id=lock, up_to=None, reason="found another bill"))
    books.post(books.sale(journal="SAL"))
    assert sound(books)


def thirteenth(books: Any) -> Any:
    with books.write() as session:
        year = period_on(session, YEAR_END).fiscal_year_id
        return add_adjustment_period(session, AddAdjustmentPeriod(id=year))


def test_adjustments_lie_in_the_thirteenth_period_where_that_is_chosen(books: Any) -> None:
    with pytest.raises(Invalid, match="No fiscal year with an adjustment period"):
        books.post(books.sale(date=YEAR_END, adjustment=True))
    assert thirteenth(books).label == "2026-13"
    with pytest.raises(Conflict, match="has an adjustment period"):
        thirteenth(books)
    with pytest.raises(Invalid, match="No fiscal year with an adjustment period"):
        books.post(books.sale(date=MARCH, adjustment=True))
    books.post(books.sale("7.00", date=YEAR_END))
    move(books, "closed", day=YEAR_END)
    books.post(books.sale("5.00", date=YEAR_END, adjustment=True))
    assert books.rows(
        "SELECT p.number, count(*) FROM ledger_entry e JOIN ledger_period p ON p.id = e.period_id"
        " GROUP BY 1 ORDER BY 1"
    ) == [(12, 1), (13, 1)]
    assert sound(books)


def test_a_draft_is_posted_as_an_adjustment(books: Any) -> None:
    lines = (
        DraftLine(account="1100", debit=Decimal(5)),
        DraftLine(account="4000", credit=Decimal(5)),
    )
    with books.write() as session:
        draft = save_draft(session, SaveDraft(journal="GEN", date=MARCH, lines=lines)).id
    with books.write() as session:
        post_adjustment(session, PostAdjustment(id=draft))
    assert str(books.value("SELECT date FROM ledger_entry")) == "2026-12-31"
    assert sound(books)
    assert books.value(
        "SELECT p.kind FROM ledger_entry e JOIN ledger_period p ON p.id = e.period_id"
    ) == ("adjustment")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 1, 1), YEAR_END),
        (date(2026, 12, 5), YEAR_END),
        (date(2026, 12, 20), YEAR_END),
        (YEAR_END, YEAR_END),
        (date(2026, 1, 1), date(2026, 12, 30)),
        (date(2026, 12, 20), date(2026, 12, 30)),
        (date(2026, 12, 1), date(2026, 12, 12)),
    ],
)
def test_reports_of_any_span_have_adjustments_once(books: Any, start: date, end: date) -> None:
    thirteenth(books)
    books.post(books.sale("1.00", date=date(2026, 12, 3)))
    books.post(books.sale("20.00", date=date(2026, 12, 25)))
    books.post(books.sale("300.00", date=YEAR_END))
    books.post(books.sale("4000.00", date=YEAR_END, adjustment=True))
    debits = books.value(
        "SELECT sum(amount) FROM ledger_line WHERE amount > 0 AND date BETWEEN :start AND :end",
        start=start if not books.database.is_sqlite else str(start),
        end=end if not books.database.is_sqlite else str(end),
    )
    with books.read() as session:
        found = sum(debit for debit, _credit in turnover(session, start, end).values())
        assert int(found * 10_000) == (debits or 0)
        assert sum(balances(session, end).values()) == 0
        shown = sum(row.debit for row in trial_balance(session, YEAR_END))
    assert shown == Decimal("4321.00")


def test_states_are_those_of_the_table(books: Any) -> None:
    assert [state.value for state in PeriodState] == ["open", "soft-closed", "closed", "locked"]
    assert books.count("ledger_period") == 12
