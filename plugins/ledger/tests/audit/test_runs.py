"""The nightly job: runs of the checks are kept, and what was posted is sealed (scenario 25)."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, select

from backstay.db.context import operator_context
from backstay.jobs.execute import execute_next
from backstay.spi import enqueue, now
from backstay_ledger.audit.controls import Asked, control_of, read_values
from backstay_ledger.audit.models import CheckRun, Seal
from backstay_ledger.audit.run_jobs import RUN_CHECKS
from backstay_ledger.audit.runs import findings_of, keep_run, last_run
from backstay_ledger.audit.sealing import add_seals, broken_seals, seals_to_make
from backstay_ledger.services.checks import HOW_MANY, check_books


def unguarded(raw: Any, *statements: str) -> None:
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        raw.run(*(f"DROP TRIGGER {name}" for (name,) in names.fetchall()), *statements)
    else:
        raw.run("SET session_replication_role = replica", *statements)


def found(books: Any) -> dict[str, tuple[str, ...]]:
    with books.read() as session:
        return {one.check: one.examples for one in check_books(session)}


def seal(books: Any) -> list[int]:
    """Seal what can be sealed; returns up to which numbers."""
    with books.write() as session:
        made = seals_to_make(session, books.company.id)
        add_seals(session, books.company.id, made)
        return [one.number for one in made]


@pytest.fixture
def five(books: Any) -> Any:
    """Five posted entries, of which three are sealed, and then the other two."""
    books.post_many([books.sale(memo=f"sale {number}") for number in range(3)])
    assert seal(books) == [3]
    books.post_many([books.sale(memo=f"sale {number}") for number in range(3, 5)])
    assert seal(books) == [5]
    assert seal(books) == []
    return books


def test_sealed_books_are_sound(five: Any) -> None:
    assert found(five) == {}


def test_entries_are_read_in_parts(five: Any) -> None:
    parts: list[Any] = []

    def note(state: Any) -> None:
        if "FROM ledger_entry" in str(state.statement):
            parts.append(state.execution_options.get("yield_per"))

    with five.read() as session:
        event.listen(session, "do_orm_execute", note)
        seals_to_make(session, five.company.id)
        assert list(broken_seals(session, five.company.id)) == []
        control = control_of("days_off")
        asked = Asked(date(2026, 1, 1), date(2026, 12, 31), read_values(control, {}))
        next(iter(control.find(session, asked)), None)
    assert parts
    assert all(parts)


def test_a_line_that_was_changed_is_named_with_its_entry(five: Any, raw: Any) -> None:
    number = five.value("SELECT number_text FROM ledger_entry WHERE memo = 'sale 1'")
    chosen = "entry_id = (SELECT id FROM ledger_entry WHERE memo = 'sale 1')"
    unguarded(raw, f"UPDATE ledger_line SET text = 'other' WHERE line_no = 1 AND {chosen}")
    assert found(five)["content"] == (number,)


def test_who_also_changes_the_hash_breaks_the_seal(five: Any, raw: Any) -> None:
    unguarded(raw, f"UPDATE ledger_entry SET payload_hash = '{'0' * 64}' WHERE memo = 'sale 4'")
    assert found(five)["seals"] == ("GEN-2026 4 .. 5",)


def test_an_entry_that_was_taken_away_breaks_the_seal(five: Any, raw: Any) -> None:
    chosen = "(SELECT id FROM ledger_entry WHERE memo = 'sale 4')"
    unguarded(
        raw,
        f"DELETE FROM ledger_line WHERE entry_id = {chosen}",
        "DELETE FROM ledger_entry WHERE memo = 'sale 4'",
        "UPDATE ledger_sequence_head SET last_number = 4",
    )
    assert found(five)["seals"] == ("GEN-2026 4 .. 5",)


def test_a_gap_blocks_sealing(five: Any, raw: Any) -> None:
    five.post(five.sale(memo="later"))
    unguarded(raw, "UPDATE ledger_entry SET number = 9 WHERE memo = 'later'")
    assert seal(five) == []
    assert "numbers" in found(five)


def test_the_digest_is_the_chain_that_the_reference_describes(five: Any) -> None:
    digest = ""
    rows = five.rows("SELECT number, payload_hash FROM ledger_entry ORDER BY number")
    for number, payload_hash in rows:
        digest = hashlib.sha256(f"{digest}:{number}:{payload_hash}".encode()).hexdigest()
    with five.read() as session:
        assert session.scalars(select(Seal.digest).order_by(Seal.number.desc())).first() == digest


def test_a_run_is_kept_with_what_it_found(five: Any, raw: Any) -> None:
    unguarded(raw, "UPDATE ledger_balance SET debit = debit + 100")
    with five.write() as session:
        began_at = now()
        keep_run(session, began_at, check_books(session))
    with five.read() as session:
        run = last_run(session)
        assert run is not None
        assert (run.asked_by, run.checks, run.broken, run.state) == (
            *("cli:test", HOW_MANY),
            *(1, "broken"),
        )
        (finding,) = findings_of(session, run.id)
        assert (finding.check, finding.count > 0) == ("drift", True)
        assert "2026-03-01" in finding.examples


@pytest.mark.parametrize("table", ["ledger_check_run", "ledger_check_finding", "ledger_seal"])
def test_runs_and_seals_never_change(five: Any, raw: Any, table: str) -> None:
    with five.write() as session:
        keep_run(session, now(), [])
        run = session.scalars(select(CheckRun)).one()
    raw.run(
        "INSERT INTO ledger_check_finding (run_id, check_name, company_id, message, count,"
        f" examples) VALUES ({run.id}, 'x', {run.company_id}, 'x', 1, 'x')"
    )
    for change in (f"UPDATE {table} SET company_id = company_id", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match="can not be changed") as refused:
            raw.run(change)
        assert not isinstance(refused.value, AssertionError)


def test_the_job_checks_and_seals_each_company(books: Any, other_books: Any) -> None:
    books.post(books.sale())
    other_books.post(other_books.sale("100"))
    with books.database.write(operator_context("cli:test"), books.suite) as session:
        enqueue(session, RUN_CHECKS, {})
    while execute_next(books.database, lambda: books.suite):
        pass
    for one in (books, other_books):
        with one.read() as session:
            run = last_run(session)
            assert run is not None
            assert (run.broken, run.checks) == (0, HOW_MANY)
            assert session.scalars(select(Seal.number)).all() == [1]


def test_books_that_are_broken_are_not_sealed(books: Any, raw: Any) -> None:
    books.post(books.sale())
    unguarded(raw, "UPDATE ledger_balance SET debit = debit + 100")
    with books.write() as session:
        enqueue(session, RUN_CHECKS, {})
    while execute_next(books.database, lambda: books.suite):
        pass
    with books.read() as session:
        run = last_run(session)
        assert run is not None
        assert run.broken == 1
        assert session.scalars(select(Seal.id)).all() == []
