"""Two transactions of PostgreSQL at once: neither relies on what the other is changing.

READ COMMITTED lets both read the old rows, so a guard that only looks is passed by both. Each of
these waits, and decides when the other has committed. SQLite has one writer at a time.
"""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url

from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.models import AccountClass
from backstay_ledger.opening_wizard.opening import BeginOpening, begin_opening
from backstay_ledger.services.accounts import CreateAccount, account_by_code, add_accounts
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import CreateFiscalYear, create_fiscal_year
from backstay_ledger.services.lookups import ask_periods
from backstay_ledger.services.posting import post
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from plugins.ledger.tests.managing import manage

from .test_posting_by_sql import DATE_LINES, POST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.parametrize(
    "database",
    [pytest.param("postgres", marks=pytest.mark.needs("postgresql"))],
    indirect=True,
)

WAITED = "it waited and went through"
COUNT = "UPDATE ledger_sequence_head SET last_number = last_number + 1 WHERE company_id = {company}"
POSTING = (DATE_LINES, COUNT, POST)


@pytest.fixture
def both(books: Any) -> Callable[..., str]:
    """Run the first statements, then the second ones beside them, and commit the first.

    Before that, when the second waits, ``then`` is called. Returns what the second was told; where
    it went through, ``WAITED`` or nothing.
    """
    url = make_url(books.database.url).set(drivername="postgresql")

    def connect() -> psycopg.Connection:
        connection = psycopg.connect(url.render_as_string(hide_password=False))
        connection.execute("SELECT set_config('backstay.actor', 'intruder', false)")
        connection.commit()
        return connection

    def run(
        first: Sequence[str],
        second: Sequence[str],
        then: Callable[[], object] = lambda: None,
        **values: Any,
    ) -> str:
        told: list[str] = []
        waited = ""
        beside = connect()

        def work() -> None:
            try:
                for statement in second:
                    beside.execute(statement.format(**values))
                beside.commit()
            except psycopg.Error as error:
                told.append(str(error))
            finally:
                beside.close()

        thread = threading.Thread(target=work)
        with connect() as ahead, connect() as watching:
            watching.autocommit = True
            for statement in first:
                ahead.execute(statement.format(**values))
            thread.start()
            waits = (
                "SELECT 1 FROM pg_stat_activity WHERE pid = "
                f"{beside.info.backend_pid} AND wait_event_type = 'Lock'"
            )
            while thread.is_alive() and not waited:
                waited = WAITED if watching.execute(waits).fetchone() else ""
                time.sleep(0.01)
            then()
            ahead.commit()
        thread.join()
        return "".join(told) or waited

    return run


def draft_of(books: Any, *lines: DraftLine, day: date = date(2026, 3, 15)) -> int:
    with books.write() as session:
        return save_draft(session, SaveDraft(journal="GEN", date=day, lines=lines)).id


def write(books: Any, *statements: str, **values: Any) -> None:
    with books.database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT set_config('backstay.actor', 'x', true)")
        for statement in statements:
            connection.exec_driver_sql(statement.format(**values))


def five(account: str = "1100", **values: Any) -> tuple[DraftLine, DraftLine]:
    return (
        DraftLine(account=account, debit=Decimal(5), **values),
        DraftLine(account="4000", credit=Decimal(5)),
    )


def test_nothing_is_posted_in_a_period_that_is_being_closed(
    books: Any, both: Any, ids: Any
) -> None:
    close = "UPDATE ledger_period SET state = 'closed' WHERE id = {period}"
    assert "is closed" in both([close], POSTING, **{**ids, "entry": ids["good"]})


def test_a_period_is_closed_after_what_is_being_posted(books: Any, both: Any, ids: Any) -> None:
    close = "UPDATE ledger_period SET state = 'closed' WHERE id = {period}"
    assert both(POSTING, [close], **{**ids, "entry": ids["good"]}) == WAITED
    assert books.value("SELECT count(*) FROM ledger_entry WHERE number = 2") == 1


LOCK = (
    "INSERT INTO ledger_lock (id, company_id, scope, up_to, reason, version)"
    " VALUES (1, {company}, 'all', '2026-03-31', 'filed', 1)"
)


def test_nothing_is_posted_up_to_a_day_that_is_being_locked(
    books: Any, both: Any, ids: Any
) -> None:
    assert "locked for this" in both([LOCK], POSTING, **{**ids, "entry": ids["good"]})


def test_two_entries_do_not_get_one_number(books: Any, both: Any, ids: Any) -> None:
    twin = draft_of(books, *five())
    second = tuple(one.replace("{entry}", str(twin)) for one in POSTING)
    assert "uq_ledger_entry" in both(POSTING, second, **{**ids, "entry": ids["good"]})
    assert books.value("SELECT count(*) FROM ledger_entry WHERE number = 2") == 1


def test_an_entry_is_reversed_by_one_of_two(books: Any, both: Any, ids: Any) -> None:
    twin = draft_of(books, *five())
    turn = "UPDATE ledger_entry SET kind = 'reversal', reverses_id = {posted} WHERE id = {entry}"
    told = both([turn], [turn.replace("{entry}", str(twin))], **{**ids, "entry": ids["good"]})
    assert "uq_ledger_entry_reverses_id" in told


def test_a_journal_keeps_its_code_while_its_first_entry_is_being_posted(
    books: Any, both: Any, ids: Any
) -> None:
    first = (
        "INSERT INTO ledger_sequence_head (company_id, journal_id, fiscal_year_id, last_number)"
        " SELECT company_id, id, {year}, 1 FROM ledger_journal WHERE code = 'SAL'"
        " AND company_id = {company}"
    )
    rename = "UPDATE ledger_journal SET code = 'X' WHERE code = 'SAL' AND company_id = {company}"
    assert "part of their numbers" in both([first], [rename], **ids)


@pytest.fixture
def managed(books: Any) -> dict[str, Any]:
    """A draft on an account that is managed by open items, ready to be posted by SQL."""
    with books.write() as session:
        manage(session, "1100")
    books.post(books.posting(("1000", "1"), ("4000", "-1")))
    draft = draft_of(books, *five(party="ACME"))
    period, year = books.rows("SELECT id, fiscal_year_id FROM ledger_period WHERE number = 3")[0]
    write(
        books,
        "DELETE FROM ledger_open_item WHERE entry_id = {draft}",
        (
            "INSERT INTO ledger_open_item (id, company_id, entry_id, line_no, account_id, party,"
            " date, amount, amount_base, residual, residual_base, hold, hold_reason)"
            " SELECT 7, company_id, entry_id, line_no, account_id, 'ACME', '2026-03-15', amount,"
            " amount, amount, amount, 'none', '' FROM ledger_line WHERE entry_id = {draft}"
            " AND amount > 0"
        ),
        draft=draft,
    )
    return {
        "entry": draft,
        "period": period,
        "year": year,
        "number": 2,
        "company": books.company.id,
    }


TAKE_AWAY = "DELETE FROM ledger_open_item WHERE id = 7"


def test_an_open_item_does_not_go_while_its_entry_is_being_posted(
    books: Any, both: Any, managed: Any
) -> None:
    assert "reverse the entry" in both(POSTING, [TAKE_AWAY], **managed)
    assert books.value("SELECT residual FROM ledger_open_item WHERE id = 7") == 50_000


def test_an_entry_is_not_posted_while_its_open_item_is_going(
    books: Any, both: Any, managed: Any
) -> None:
    assert "needs its open item" in both([TAKE_AWAY], POSTING, **managed)


@pytest.fixture
def at_zero(books: Any, ids: Any) -> Any:
    """The account of the draft stands at zero; what posting adds to is there already."""
    with books.write() as session:
        reverse = ReverseEntry(id=ids["posted"], on=date(2026, 3, 15), reason="all of it")
        reverse_entry(session, reverse)
    return {**ids, "entry": ids["good"], "number": 3}


SWITCH = "UPDATE ledger_account SET open_item_managed = true WHERE id = {account}"


def test_an_account_is_not_managed_by_items_while_a_line_without_one_is_being_posted(
    books: Any, both: Any, at_zero: Any
) -> None:
    assert "stands at zero" in both(POSTING, [SWITCH], **at_zero)


def test_a_line_without_an_item_is_not_posted_while_its_account_is_being_managed_by_items(
    books: Any, both: Any, at_zero: Any
) -> None:
    assert "needs its open item" in both([SWITCH], POSTING, **at_zero)


def test_whoever_holds_a_period_posts_to_an_account_that_is_being_managed_by_items(
    books: Any, both: Any, at_zero: Any
) -> None:
    """As every posting does: the period first, then the lines that refer to the account."""
    with ExitStack() as stack:
        session = stack.enter_context(books.write())
        day = books.sale().date
        assert ask_periods(session, books.company.id, [day], lock=True)()

        def go_on() -> None:
            post(session, books.sale(memo="new"))
            stack.close()

        assert "stands at zero" in both([], [SWITCH], go_on, **at_zero)
    assert books.value("SELECT count(*) FROM ledger_entry WHERE memo = 'new'") == 1


def test_periods_are_locked_in_the_order_in_which_they_were_made(books: Any, both: Any) -> None:
    """As the guards lock them; else two who want the same periods could wait for each other."""
    with books.write() as session:
        create_fiscal_year(session, CreateFiscalYear(starts_on=date(2025, 1, 1)))
    january, december = (
        books.value("SELECT id FROM ledger_period WHERE starts_on = :day", day=day)
        for day in (date(2026, 1, 1), date(2025, 12, 1))
    )

    def lock() -> None:
        with books.write() as session:
            days = [date(2025, 12, 31), date(2026, 1, 1)]
            found = ask_periods(session, books.company.id, days, lock=True)()
            assert [one.id for one in found] == [december, january]

    row = "SELECT 1 FROM ledger_period WHERE id = {id} FOR UPDATE"
    waits = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    with ThreadPoolExecutor() as pool, books.database.engine.begin() as connection:
        connection.exec_driver_sql(row.format(id=january))
        locking = pool.submit(lock)
        while not books.value(waits):
            assert not locking.done()
        connection.exec_driver_sql(f"{row.format(id=december)} NOWAIT")
    locking.result()


def test_posting_waits_for_an_opening_that_is_being_finished_only(
    books: Any, both: Any, at_zero: Any
) -> None:
    begin_books(books)
    move = "UPDATE ledger_opening SET date = '2026-02-01'"
    assert both([move], POSTING, **at_zero) == ""


def begin_books(books: Any) -> None:
    with books.write() as session:
        clearing = [
            CreateAccount(code=code, name=code, account_class=AccountClass.EQUITY)
            for code in ("9000", "9010")
        ]
        add_accounts(session, clearing)
        begin_opening(
            session,
            BeginOpening(
                day=date(2026, 1, 1),
                balances_account=account_by_code(session, "9000").id,
                items_account=account_by_code(session, "9010").id,
            ),
        )


def test_an_opening_is_not_finished_while_its_clearing_account_is_being_posted_to(
    books: Any, both: Any, at_zero: Any
) -> None:
    begin_books(books)
    books.post(books.posting(("9000", "1"), ("4000", "-1")))
    books.post(books.posting(("9000", "-1"), ("4000", "1")))
    draft = draft_of(books, *five("9000"))
    finish = "UPDATE ledger_opening SET finished_at = 1, finished_by = 'x'"
    told = both(POSTING, [finish], **{**at_zero, "entry": draft, "number": 5})
    assert "stand at zero" in told


@pytest.fixture
def centre(books: Any) -> tuple[int, int]:
    """A dimension and a value of it."""
    with books.write() as session:
        dimension = add_dimension(session, AddDimension(code="cost_centre", name="Centre")).id
        value = add_value(session, AddValue(dimension_id=dimension, code="100", name="100")).id
    return dimension, value


def test_a_set_of_values_stays_while_the_first_entry_with_it_is_being_posted(
    books: Any, both: Any, ids: Any, centre: Any
) -> None:
    values = {**ids, "entry": ids["good"], "dimension": centre[0], "value": centre[1]}
    write(
        books,
        "INSERT INTO ledger_dimset (id, company_id, digest) VALUES (3, {company}, 'd')",
        "UPDATE ledger_line SET dimset_id = 3 WHERE entry_id = {entry}",
        **values,
    )
    add = (
        "INSERT INTO ledger_dimset_value (dimset_id, dimension_id, company_id, value_id)"
        " VALUES (3, {dimension}, {company}, {value})"
    )
    assert "A set of values never changes" in both(POSTING, [add], **values)


def test_an_allocation_rule_is_run_once_by_two(
    books: Any, both: Any, ids: Any, centre: Any
) -> None:
    values = {**ids, "dimension": centre[0]}
    write(
        books,
        "INSERT INTO ledger_allocation_rule (id, company_id, name, sources, source_values,"
        " dimension_id, basis, basis_accounts, valid_from, version) VALUES (4, {company},"
        " 'Rent', '5000', '', {dimension}, 'shares', '', '2026-01-01', 1)",
        **values,
    )
    run = (
        "INSERT INTO ledger_allocation_run (id, company_id, rule_id, period_id, attempt, entry_id,"
        " run_by, run_at) VALUES (%s, {company}, 4, {period}, %s, {%s}, 'x', 1)"
    )
    told = both([run % (5, 1, "posted")], [run % (6, 2, "good")], **values)
    assert "run once for a period" in told
