"""What both databases refuse by themselves, whoever sends the SQL.

Each statement here comes over a plain connection of the driver, made to look like Backstay's own:
so it is the rules of double entry that refuse, not the rule that changes come through Backstay.
"""

from __future__ import annotations

from typing import Any

import pytest

LINE = (
    "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units,"
    " currency, amount_currency, minor_units_currency, text) VALUES ({good}, 3, "
)
WRONG_ROWS = {
    "a zero line": (
        LINE + "{company}, {account}, 0, 2, NULL, NULL, NULL, '')",
        "ck_ledger_line_amount",
    ),
    "a third decimal": (
        LINE + "{company}, {account}, 12345, 2, NULL, NULL, NULL, '')",
        "ck_ledger_line_minor_units",
    ),
    "a foreign amount on the other side": (
        LINE + "{company}, {account}, 10000, 2, 'USD', -10000, 2, '')",
        "ck_ledger_line_currency",
    ),
    "a currency without an amount": (
        LINE + "{company}, {account}, 10000, 2, 'USD', NULL, NULL, '')",
        "ck_ledger_line_currency",
    ),
    "a third decimal abroad": (
        LINE + "{company}, {account}, 10000, 2, 'USD', 12345, 2, '')",
        "ck_ledger_line_minor_units_currency",
    ),
    "a line of another company": (
        LINE + "{other}, {other_account}, 10000, 2, NULL, NULL, NULL, '')",
        "of the same company|foreign key",
    ),
    "a line without an entry": (
        (
            "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount,"
            " minor_units, text) VALUES (1, 3, {company}, {account}, 10000, 2, '')"
        ),
        "of the same company|foreign key",
    ),
    "a balance": ("UPDATE ledger_balance SET debit = 0", "can not be written"),
    "a deleted balance": ("DELETE FROM ledger_balance", "can not be written"),
    "a deleted account": ("DELETE FROM ledger_account WHERE id = {account}", "in use|foreign key"),
    "a moved account": (
        "UPDATE ledger_account SET company_id = {other}, code = 'X' WHERE id = {account}",
        "never change",
    ),
    "a deleted period": ("DELETE FROM ledger_period WHERE id = {period}", "in use|foreign key"),
    "a moved period": (
        "UPDATE ledger_period SET ends_on = '2026-04-30' WHERE id = {period}",
        "never change",
    ),
    "an overlapping period": (
        (
            "INSERT INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on, ends_on,"
            " state, version) VALUES (3, {company}, {year}, 13, '2026-12-31', '2026-12-31', 'open',"
            " 1)"
        ),
        "overlap|ex_ledger_period_dates",
    ),
    "a period outside its year": (
        (
            "INSERT INTO ledger_period (id, company_id, fiscal_year_id, number, starts_on, ends_on,"
            " state, version) VALUES (3, {company}, {year}, 13, '2027-01-01', '2027-01-31', 'open',"
            " 1)"
        ),
        "inside its fiscal year",
    ),
    "an overlapping year": (
        (
            "INSERT INTO ledger_fiscal_year (id, company_id, code, starts_on, ends_on)"
            " VALUES (3, {company}, 'X', '2026-12-31', '2027-12-30')"
        ),
        "overlap|ex_ledger_fiscal_year_dates",
    ),
    "a lower counter": ("UPDATE ledger_sequence_head SET last_number = 0", "only rises"),
    "a deleted counter": ("DELETE FROM ledger_sequence_head", "never deleted"),
    "another code of a used journal": (
        "UPDATE ledger_journal SET code = 'X' WHERE id = {journal}",
        "part of their numbers",
    ),
    "a deleted journal": ("DELETE FROM ledger_journal WHERE id = {journal}", "in use|foreign key"),
    "a deleted draft with lines": (
        "DELETE FROM ledger_entry WHERE id = {good}",
        "before the draft|foreign key",
    ),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_sql_can_not_write(raw: Any, books: Any, refuse: Any, ids: Any, what: Any) -> None:
    statement, match = WRONG_ROWS[what]
    if raw.is_sqlite and what == "a balance":
        # There the rule is that only Backstay's connections write; see the next test.
        return
    refuse(raw, match, statement, **ids)


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
def test_a_foreign_connection_changes_nothing_at_all(
    foreign: Any, books: Any, ids: Any, table: Any, refuse: Any
) -> None:
    refuse(
        foreign,
        "through Backstay only|audit_context_required|can not be written",
        FOREIGN[table],
        **ids,
    )


def test_a_trigger_of_one_s_own_is_no_way_to_the_balances(
    foreign: Any, books: Any, ids: Any, refuse: Any
) -> None:
    if foreign.is_sqlite:
        return  # there a temporary trigger calls the same missing function
    refuse(
        foreign,
        "can not be written",
        "CREATE TEMP TABLE lever (n int)",
        "CREATE FUNCTION pg_temp.pull() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN UPDATE ledger_balance SET debit = 0; RETURN NEW; END $$",
        "CREATE TRIGGER pull BEFORE INSERT ON lever FOR EACH ROW EXECUTE FUNCTION pg_temp.pull()",
        "INSERT INTO lever VALUES (1)",
    )
