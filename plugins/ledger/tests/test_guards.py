"""What both databases refuse by themselves, whoever sends the SQL.

Each statement here comes over a plain connection of the driver, made to look like Backstay's own:
so it is the rules of double entry that refuse, not the rule that changes come through Backstay.
"""

from __future__ import annotations

import sqlite3
from datetime import date

import psycopg
import pytest
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on

REFUSED = (sqlite3.Error, psycopg.Error)

POST = (
    "UPDATE ledger_entry SET state = 'posted', number = {number},"
    " number_text = 'GEN-2026-' || '{number:06d}', fiscal_year_id = {year}, period_id = {period},"
    " posted_by = 'x', posted_at = 1 WHERE id = {entry}"
)
DATE_LINES = "UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {entry}"
RAISE_COUNTER = "UPDATE ledger_sequence_head SET last_number = {number}"


@pytest.fixture
def ids(books, other_books):
    """A posted entry, a draft that balances, one that does not, and what they refer to."""
    posted = books.post(books.sale(memo="posted"))
    other_books.post(other_books.sale("100"))

    def draft(*amounts: str, day: date = date(2026, 3, 15)) -> int:
        lines = tuple(
            DraftLine(
                account=code,
                debit=None if amount.startswith("-") else books.sale(amount).lines[0].amount,
                credit=books.sale(amount[1:]).lines[0].amount if amount.startswith("-") else None,
            )
            for code, amount in zip(("1100", "4000", "5000"), amounts, strict=False)
        )
        with books.write() as session:
            return save_draft(session, SaveDraft(journal="GEN", date=day, lines=lines)).id

    ids = {
        "posted": posted.id,
        "good": draft("5.00", "-5.00"),
        "bad": draft("5.00", "-4.00"),
        "short": draft("5.00"),
        "february": draft("5.00", "-5.00", day=date(2026, 2, 15)),
        "company": books.company.id,
        "other": other_books.company.id,
        "number": 2,
    }
    with books.read() as session:
        period = period_on(session, date(2026, 3, 15))
        ids["period"] = period.id
        ids["year"] = period.fiscal_year_id
        ids["february_period"] = period_on(session, date(2026, 2, 1)).id
    for name, code in (("account", "1100"), ("unused", "2000")):
        ids[name] = books.value(
            "SELECT id FROM ledger_account WHERE code = :code AND company_id = :company",
            code=code,
            company=books.company.id,
        )
    ids["other_account"] = books.value(
        "SELECT id FROM ledger_account WHERE code = '1100' AND company_id = :company",
        company=other_books.company.id,
    )
    ids["other_period"] = books.value(
        "SELECT id FROM ledger_period WHERE company_id = :company AND number = 3",
        company=other_books.company.id,
    )
    ids["journal"] = books.value(
        "SELECT id FROM ledger_journal WHERE code = 'GEN' AND company_id = :company",
        company=books.company.id,
    )
    return ids


def refuse(raw, books, match, *statements, **values):
    """The last of the statements is refused, and nothing of all of them stays."""
    tables = ("ledger_entry", "ledger_line", "ledger_balance", "ledger_account", "ledger_period")
    before = [books.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]
    with pytest.raises(REFUSED, match=match):
        raw.run(*(statement.format(**values) for statement in statements))
    assert before == [books.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]


def post(raw, ids, name, *before, **changes):
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
def test_a_posted_entry_and_its_lines_are_final(raw, books, ids, what):
    refuse(raw, books, "reverse it", FROZEN[what], **ids)


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
def test_sqlite_replaces_nothing_that_is_final(raw, books, ids, what):
    if not raw.is_sqlite:
        return  # PostgreSQL has no REPLACE
    refuse(raw, books, "reverse it|already|never change", REPLACED[what], **ids)


TRUNCATED = ("ledger_entry", "ledger_line", "ledger_balance", "ledger_sequence_head")


@pytest.mark.parametrize("table", TRUNCATED)
def test_postgresql_truncates_nothing_that_is_final(raw, books, ids, table):
    if raw.is_sqlite:
        return  # SQLite has no TRUNCATE
    refuse(raw, books, "reverse it|can not be written|never deleted", f"TRUNCATE {table} CASCADE")


def test_a_draft_is_posted_by_sql_only_as_the_services_would(raw, books, ids):
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
    "a number in use": ("good", (DATE_LINES, RAISE_COUNTER), {"number": 1}, ""),
    "more decimals than the currency": (
        "good",
        (
            DATE_LINES,
            "UPDATE ledger_entry SET minor_units = 3 WHERE id = {entry}",
            "UPDATE ledger_line SET minor_units = 3, amount = amount + 10 * (3 - 2 * line_no)"
            " WHERE entry_id = {entry}",
            RAISE_COUNTER,
        ),
        {},
        "decimals of the currency",
    ),
    "lines with other decimals": (
        "good",
        (DATE_LINES, "UPDATE ledger_line SET minor_units = 3 WHERE entry_id = {entry}",
         RAISE_COUNTER),
        {},
        "Lines have the date, company and decimals",
    ),
    "a foreign currency out of balance": (
        "good",
        (
            DATE_LINES,
            "UPDATE ledger_line SET currency = 'USD', minor_units_currency = 2,"
            " amount_currency = amount * line_no WHERE entry_id = {entry}",
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
def test_sql_can_not_post(raw, books, ids, what):
    name, before, changes, match = WRONG_POSTINGS[what]
    values = {**ids, "entry": ids[name], **changes}
    refuse(raw, books, match, *before, POST, **values)


def test_sql_can_not_post_into_a_closed_period(raw, books, ids):
    with books.write() as session:
        for name in ("good", "bad", "short"):
            session.connection().exec_driver_sql(
                f"UPDATE ledger_entry SET date = '2026-04-01' WHERE id = {ids[name]}"
            )
        close_period(session, ClosePeriod(id=ids["period"]))
    refuse(
        raw,
        books,
        "period is closed",
        "UPDATE ledger_entry SET date = '2026-03-15' WHERE id = {entry}",
        DATE_LINES,
        RAISE_COUNTER,
        POST,
        **{**ids, "entry": ids["good"]},
    )


def test_sql_can_not_post_with_another_company_s_account_or_period(raw, books, ids):
    if raw.is_sqlite:  # its foreign keys are off here: the trigger has to know
        refuse(
            raw,
            books,
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
            books,
            "foreign key",
            "UPDATE ledger_line SET account_id = {other_account} WHERE entry_id = {good}",
            **ids,
        )
    refuse(
        raw,
        books,
        "in its period|foreign key",
        DATE_LINES,
        RAISE_COUNTER,
        POST,
        **{**ids, "entry": ids["good"], "period": ids["other_period"]},
    )


def test_an_entry_is_not_born_posted(raw, books, ids):
    refuse(
        raw,
        books,
        "begins as a draft",
        "INSERT INTO ledger_entry (id, company_id, journal_id, fiscal_year_id, period_id, date,"
        " state, number, number_text, memo, reference, kind, payload_hash, minor_units,"
        " created_by, created_at, posted_by, posted_at, version) VALUES (5, {company}, {journal},"
        " {year}, {period}, '2026-03-15', 'posted', 2, 'GEN-2026-000002', '', '', 'normal', 'h',"
        " 2, 'x', 1, 'x', 1, 1)",
        **ids,
    )


LINE = (
    "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units,"
    " currency, amount_currency, minor_units_currency, text) VALUES ({good}, 3, "
)
WRONG_ROWS = {
    "a zero line": (LINE + "{company}, {account}, 0, 2, NULL, NULL, NULL, '')", ""),
    "a third decimal": (LINE + "{company}, {account}, 12345, 2, NULL, NULL, NULL, '')", ""),
    "a foreign amount on the other side": (
        LINE + "{company}, {account}, 10000, 2, 'USD', -10000, 2, '')",
        "",
    ),
    "a currency without an amount": (
        LINE + "{company}, {account}, 10000, 2, 'USD', NULL, NULL, '')",
        "",
    ),
    "a third decimal abroad": (
        LINE + "{company}, {account}, 10000, 2, 'USD', 12345, 2, '')",
        "",
    ),
    "a line of another company": (
        LINE + "{other}, {other_account}, 10000, 2, NULL, NULL, NULL, '')",
        "",
    ),
    "a line without an entry": (
        "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units,"
        " text) VALUES (1, 3, {company}, {account}, 10000, 2, '')",
        "",
    ),
    "a balance": ("UPDATE ledger_balance SET debit = 0", "can not be written"),
    "a deleted balance": ("DELETE FROM ledger_balance", "can not be written"),
    "a deleted account": ("DELETE FROM ledger_account WHERE id = {account}", ""),
    "a moved account": (
        "UPDATE ledger_account SET company_id = {other}, code = 'X' WHERE id = {account}",
        "never change",
    ),
    "a deleted period": ("DELETE FROM ledger_period WHERE id = {period}", ""),
    "a moved period": (
        "UPDATE ledger_period SET ends_on = '2026-04-30' WHERE id = {period}",
        "never change",
    ),
    "an overlapping period": (
        "INSERT INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on, ends_on,"
        " state, version) VALUES (3, {company}, {year}, 13, '2026-12-31', '2026-12-31', 'open',"
        " 1)",
        "",
    ),
    "a period outside its year": (
        "INSERT INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on, ends_on,"
        " state, version) VALUES (3, {company}, {year}, 13, '2027-01-01', '2027-01-31', 'open',"
        " 1)",
        "inside its fiscal year",
    ),
    "an overlapping year": (
        "INSERT INTO ledger_fiscal_year (id, company_id, code, starts_on, ends_on)"
        " VALUES (3, {company}, 'X', '2026-12-31', '2027-12-30')",
        "",
    ),
    "a lower counter": ("UPDATE ledger_sequence_head SET last_number = 0", "only rises"),
    "a deleted counter": ("DELETE FROM ledger_sequence_head", "never deleted"),
    "another code of a used journal": (
        "UPDATE ledger_journal SET code = 'X' WHERE id = {journal}",
        "part of their numbers",
    ),
    "a deleted journal": ("DELETE FROM ledger_journal WHERE id = {journal}", ""),
    "a deleted draft with lines": ("DELETE FROM ledger_entry WHERE id = {good}", ""),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_sql_can_not_write(raw, books, ids, what):
    statement, match = WRONG_ROWS[what]
    if raw.is_sqlite and what == "a balance":
        # There the rule is that only Backstay's connections write; see the next test.
        return
    refuse(raw, books, match, statement, **ids)


FOREIGN = {
    "ledger_entry": "UPDATE ledger_entry SET memo = 'x' WHERE id = {good}",
    "ledger_line": "UPDATE ledger_line SET text = 'x' WHERE entry_id = {good}",
    "ledger_account": "UPDATE ledger_account SET name = 'x'",
    "ledger_journal": "UPDATE ledger_journal SET name = 'x'",
    "ledger_period": "UPDATE ledger_period SET state = 'closed'",
    "ledger_fiscal_year": (
        "INSERT INTO ledger_fiscal_year (id, company_id, code, starts_on, ends_on)"
        " VALUES (3, {company}, 'X', '2030-01-01', '2030-12-31')"
    ),
    "ledger_sequence_head": "UPDATE ledger_sequence_head SET last_number = 9",
    "ledger_balance": "UPDATE ledger_balance SET debit = 0",
}


@pytest.mark.parametrize("table", FOREIGN)
def test_a_foreign_connection_changes_nothing_at_all(foreign, books, ids, table):
    refuse(
        foreign,
        books,
        "through Backstay only|audit_context_required|can not be written",
        FOREIGN[table],
        **ids,
    )
