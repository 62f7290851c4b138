"""What both databases refuse by themselves, whoever sends the SQL.

Each statement here comes over a plain connection of the driver, made to look like Backstay's own:
so it is the rules of double entry that refuse, not the rule that changes come through Backstay.
"""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

from typing import Any

import pytest

from backstay_ledger.services.fiscal_years import ClosePeriod, close_period

POST = (
    "UPDATE ledger_entry SET state = 'posted', number = {number},"
    " number_text = 'GEN-2026-' || '{number:06d}', fiscal_year_id = {year}, period_id = {period},"
    " posted_by = 'x', posted_at = 1 WHERE id = {entry}"
)
DATE_LINES = "UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {entry}"
RAISE_COUNTER = "UPDATE ledger_sequence_head SET last_number = {number}"


def post(raw: Any, ids: Any, name: Any, *before: Any, **changes: Any) -> None:
    """Post a draft by SQL after other statements."""
    values = {**ids, "entry": ids[name], **changes}
    raw.run(*(statement.format(**values) for statement in (*before, POST)))


FROZEN = {
    "the memo": "UPDATE ledger_entry SET memo = 'x' WHERE id = {posted}",
    "the state": "UPDATE ledger_entry SET state = 'draft' WHERE id = {posted}",
    "the row": "DELETE FROM ledger_entry WHERE id = {posted}",
    "an amount": "UPDATE ledger_line SET amount = amount * 2 WHERE entry_id = {posted}",
    "an account": "UPDATE ledger_line SET account_id = {unused} WHERE entry_id = {posted}",
    "a line": "DELETE FROM ledger_line WHERE entry_id = {posted} AND line_no = 1",
    "all its lines": "DELETE FROM ledger_line WHERE entry_id = {posted}",
    "a late line": (
        "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units,"
        " text) VALUES ({posted}, 3, {company}, {account}, 10000, 2, '')"
    ),
    "a line of another entry": (
        "UPDATE ledger_line SET entry_id = {posted}, line_no = 9 WHERE entry_id = {good}"
        " AND line_no = 1"
    ),
    "a line given away": (
        "UPDATE ledger_line SET entry_id = {good}, line_no = 9 WHERE entry_id = {posted}"
        " AND line_no = 1"
    ),
}


@pytest.mark.parametrize("what", FROZEN)
def test_a_posted_entry_and_its_lines_are_final(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    refuse(raw, "reverse it", FROZEN[what], **ids)


REPLACED = {
    "the entry": (
        "INSERT OR REPLACE INTO ledger_entry (id, company_id, journal_id, date, state, memo,"
        " reference, kind, payload_hash, minor_units, created_by, created_at, version)"
        " VALUES ({posted}, {company}, {journal}, '2026-03-15', 'draft', 'x', '', 'normal', 'h',"
        " 2, 'x', 1, 1)"
    ),
    "the entry by a draft": "UPDATE OR REPLACE ledger_entry SET id = {posted} WHERE id = {good}",
    "a line": (
        "INSERT OR REPLACE INTO ledger_line (entry_id, line_no, company_id, account_id, amount,"
        " minor_units, text) VALUES ({posted}, 1, {company}, {account}, 10000, 2, '')"
    ),
    "a line by a draft's": (
        "UPDATE OR REPLACE ledger_line SET entry_id = {posted} WHERE entry_id = {good}"
    ),
    "an account": (
        "INSERT OR REPLACE INTO ledger_account (id, company_id, code, name, account_class, active,"
        " version) VALUES (7, {company}, '1100', 'x', 'asset', 1, 1)"
    ),
    "an account by another": (
        "UPDATE OR REPLACE ledger_account SET code = '1100' WHERE id = {unused}"
    ),
    "a period": (
        "INSERT OR REPLACE INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on,"
        " ends_on, state, version) VALUES ({period}, {company}, {year}, 3, '2026-03-01',"
        " '2026-03-31', 'open', 1)"
    ),
    "a counter": (
        "INSERT OR REPLACE INTO ledger_sequence_head (company_id, journal_id, fiscal_year_id,"
        " last_number) VALUES ({company}, {journal}, {year}, 0)"
    ),
}


@pytest.mark.parametrize("what", REPLACED)
def test_sqlite_replaces_nothing_that_is_final(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    if not raw.is_sqlite:
        return  # PostgreSQL has no REPLACE
    refuse(raw, "reverse it|already|never change", REPLACED[what], **ids)


TRUNCATED = ("ledger_entry", "ledger_line", "ledger_balance", "ledger_sequence_head")


@pytest.mark.parametrize("table", TRUNCATED)
def test_postgresql_truncates_nothing_that_is_final(
    raw: Any, books: Any, ids: Any, table: Any, refuse: Any
) -> None:
    if raw.is_sqlite:
        return  # SQLite has no TRUNCATE
    refuse(raw, "reverse it|can not be written|never deleted", f"TRUNCATE {table} CASCADE")


def test_a_draft_is_posted_by_sql_only_as_the_services_would(
    raw: Any, books: Any, ids: Any, refuse: Any
) -> None:
    post(raw, ids, "good", DATE_LINES, RAISE_COUNTER)
    assert books.value("SELECT count(*) FROM ledger_entry WHERE state = 'posted'") == 3
    assert (
        books.value(
            "SELECT debit FROM ledger_balance WHERE account_id = :account",
            account=ids["account"],
        )
        == 1_050_000
    )


WRONG_POSTINGS = {
    "unbalanced": ("bad", (DATE_LINES, RAISE_COUNTER), {}, "Debit and credit differ"),
    "one line": ("short", (DATE_LINES, RAISE_COUNTER), {}, "at least two lines"),
    "lines without the date": ("good", (RAISE_COUNTER,), {}, "Lines have the date"),
    "lines of another day": (
        "good",
        ("UPDATE ledger_line SET date = '2026-03-16' WHERE entry_id = {entry}", RAISE_COUNTER),
        {},
        "Lines have the date",
    ),
    "a date outside the period": ("february", (DATE_LINES, RAISE_COUNTER), {}, "in its period"),
    "a number beyond the counter": ("good", (DATE_LINES,), {}, "from the counter"),
    "a gap": ("good", (DATE_LINES, RAISE_COUNTER), {"number": 3}, "no gaps"),
    "a number in use": (
        "good",
        (DATE_LINES, RAISE_COUNTER),
        {"number": 1},
        "reverse it|uq_ledger_entry",
    ),
    "more decimals than the currency": (
        "good",
        (
            DATE_LINES,
            "UPDATE ledger_entry SET minor_units = 3 WHERE id = {entry}",
            (
                "UPDATE ledger_line SET minor_units = 3, amount = amount + 10 * (3 - 2 * line_no)"
                " WHERE entry_id = {entry}"
            ),
            RAISE_COUNTER,
        ),
        {},
        "decimals of the currency",
    ),
    "lines with other decimals": (
        "good",
        (
            DATE_LINES,
            "UPDATE ledger_line SET minor_units = 3 WHERE entry_id = {entry}",
            RAISE_COUNTER,
        ),
        {},
        "Lines have the date, company and decimals",
    ),
    "a foreign currency out of balance": (
        "good",
        (
            DATE_LINES,
            (
                "UPDATE ledger_line SET currency = 'USD', minor_units_currency = 2,"
                " amount_currency = amount * line_no WHERE entry_id = {entry}"
            ),
            RAISE_COUNTER,
        ),
        {},
        "foreign currency",
    ),
    "a reversal of a draft": (
        "good",
        (
            DATE_LINES,
            "UPDATE ledger_entry SET kind = 'reversal', reverses_id = {bad} WHERE id = {entry}",
            RAISE_COUNTER,
        ),
        {},
        "Only a posted entry",
    ),
}


@pytest.mark.parametrize("what", WRONG_POSTINGS)
def test_sql_can_not_post(raw: Any, books: Any, refuse: Any, ids: Any, what: Any) -> None:
    name, before, changes, match = WRONG_POSTINGS[what]
    values = {**ids, "entry": ids[name], **changes}
    refuse(raw, match, *before, POST, **values)


def test_sql_can_not_post_into_a_closed_period(raw: Any, books: Any, refuse: Any, ids: Any) -> None:
    with books.write() as session:
        for name in ("good", "bad", "short"):
            session.connection().exec_driver_sql(
                f"UPDATE ledger_entry SET date = '2026-04-01' WHERE id = {ids[name]}"
            )
        close_period(session, ClosePeriod(id=ids["period"]))
    refuse(
        raw,
        "period is closed",
        "UPDATE ledger_entry SET date = '2026-03-15' WHERE id = {entry}",
        DATE_LINES,
        RAISE_COUNTER,
        POST,
        **{**ids, "entry": ids["good"]},
    )


def test_sql_can_not_post_with_another_company_s_account_or_period(
    raw: Any, books: Any, ids: Any, refuse: Any
) -> None:
    if raw.is_sqlite:  # its foreign keys are off here: the trigger has to know
        refuse(
            raw,
            "accounts of the same company",
            "UPDATE ledger_line SET account_id = {other_account} WHERE entry_id = {entry}"
            " AND line_no = 1",
            DATE_LINES,
            RAISE_COUNTER,
            POST,
            **{**ids, "entry": ids["good"]},
        )
    else:
        refuse(
            raw,
            "foreign key",
            "UPDATE ledger_line SET account_id = {other_account} WHERE entry_id = {good}",
            **ids,
        )
    refuse(
        raw,
        "in its period|foreign key",
        DATE_LINES,
        RAISE_COUNTER,
        POST,
        **{**ids, "entry": ids["good"], "period": ids["other_period"]},
    )


def test_an_entry_is_not_born_posted(raw: Any, books: Any, refuse: Any, ids: Any) -> None:
    refuse(
        raw,
        "begins as a draft",
        "INSERT INTO ledger_entry (id, company_id, journal_id, fiscal_year_id, period_id, date,"
        " state, number, number_text, memo, reference, kind, payload_hash, minor_units,"
        " created_by, created_at, posted_by, posted_at, version) VALUES (5, {company}, {journal},"
        " {year}, {period}, '2026-03-15', 'posted', 2, 'GEN-2026-000002', '', '', 'normal', 'h',"
        " 2, 'x', 1, 'x', 1, 1)",
        **ids,
    )
