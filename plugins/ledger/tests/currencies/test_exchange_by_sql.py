"""What both databases refuse of exchanges by themselves, whoever sends the SQL."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import period_on

REFUSED = (sqlite3.Error, psycopg.Error)
POST = (
    "UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {draft}",
    "UPDATE ledger_sequence_head SET last_number = 2",
    (
        "UPDATE ledger_entry SET state = 'posted', number = 2, number_text = 'GEN-2026-000002',"
        " fiscal_year_id = {year}, period_id = {period}, posted_by = 'x', posted_at = 1"
        " WHERE id = {draft}"
    ),
)


def line(what: str, number: int) -> str:
    return f"UPDATE ledger_line SET {what} WHERE entry_id = {{draft}} AND line_no = {number}"


@pytest.fixture
def ids(dollars: Any, entry: Any) -> Any:
    """A posted exchange, and a draft that pays 400.00 EUR with 363.64 USD as an exchange."""
    payment = (("2000", "363.64", "EUR", "400.00"), ("1000", "-363.64"))
    posted = dollars.post(entry(*payment, exchange=True))
    lines = (
        DraftLine(
            account="2000",
            debit=Decimal("363.64"),
            currency="EUR",
            amount_currency=Decimal("400.00"),
        ),
        DraftLine(account="1000", credit=Decimal("363.64")),
    )
    with dollars.write() as session:
        draft = save_draft(
            session, SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines, exchange=True)
        ).id
        period = period_on(session, date(2026, 3, 15))
        return {
            "posted": posted.id,
            "draft": draft,
            "year": period.fiscal_year_id,
            "period": period.id,
        }


def run(raw: Any, ids: Any, *statements: str) -> None:
    raw.run(*(statement.format(**ids) for statement in (*statements, *POST)))


def test_an_exchange_may_be_posted_by_the_statements_that_the_program_sends(
    raw: Any, dollars: Any, ids: Any
) -> None:
    run(raw, ids)
    assert dollars.value("SELECT count(*) FROM ledger_entry WHERE state = 'posted'") == 2


AS_REVERSAL = "UPDATE ledger_entry SET kind = 'reversal', reverses_id = {posted} WHERE id = {draft}"
WRONG = {
    "no exchange": ("UPDATE ledger_entry SET kind = 'normal' WHERE id = {draft}",),
    "a value of its own in an ordinary entry": (
        "UPDATE ledger_entry SET kind = 'normal' WHERE id = {draft}",
        line("amount_currency = 0", 1),
    ),
    "an amount without a value": (
        line("amount = 3636400", 1),
        line(
            "amount = -3636400, currency = 'EUR', minor_units_currency = 2,"
            " amount_currency = -3999900",
            2,
        ),
    ),
    "the reversal of an exchange on the same side": (AS_REVERSAL,),
    "the reversal of an exchange by half": (
        AS_REVERSAL,
        line("amount = -3636400, amount_currency = -2000000", 1),
        line("amount = 3636400", 2),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_sql_can_not_post_a_wrong_exchange(raw: Any, dollars: Any, ids: Any, what: str) -> None:
    before = dollars.rows("SELECT * FROM ledger_balance ORDER BY 1, 2, 3, 4")
    with pytest.raises(REFUSED, match="in a foreign currency"):
        run(raw, ids, *WRONG[what])
    assert dollars.rows("SELECT * FROM ledger_balance ORDER BY 1, 2, 3, 4") == before


def test_a_posted_exchange_does_not_become_an_ordinary_entry(
    raw: Any, dollars: Any, ids: Any
) -> None:
    with pytest.raises(REFUSED, match="posted entry"):
        raw.run(f"UPDATE ledger_entry SET kind = 'normal' WHERE id = {ids['posted']}")


def test_the_mirror_of_an_exchange_is_its_reversal(raw: Any, dollars: Any, ids: Any) -> None:
    run(
        raw,
        ids,
        AS_REVERSAL,
        line("amount = -3636400, amount_currency = -4000000", 1),
        line("amount = 3636400", 2),
    )
    assert dollars.value("SELECT count(*) FROM ledger_entry WHERE kind = 'reversal'") == 1


RATE = (
    "INSERT INTO ledger_fx_rate (id, company_id, date, base, quote, kind, rate, source, version)"
    " VALUES (5, {company}, "
)
WRONG_RATES = {
    "nothing": (RATE + "'2026-01-02', 'EUR', 'USD', 'spot', 0, '', 1)", "ck_ledger_fx_rate_rate"),
    "less than nothing": (
        RATE + "'2026-01-02', 'EUR', 'USD', 'spot', -1, '', 1)",
        "ck_ledger_fx_rate_rate",
    ),
    "of a currency in itself": (
        RATE + "'2026-01-02', 'EUR', 'EUR', 'spot', 1, '', 1)",
        "ck_ledger_fx_rate_currencies",
    ),
    "in small letters": (
        RATE + "'2026-01-02', 'EUR', 'usd', 'spot', 1, '', 1)",
        "ck_ledger_fx_rate_currencies",
    ),
    "of another kind": (
        RATE + "'2026-01-02', 'EUR', 'USD', 'best', 1, '', 1)",
        "ck_ledger_fx_rate_kind",
    ),
    "twice": (
        RATE + "'2026-01-01', 'EUR', 'USD', 'spot', 1, '', 1)",
        "with this key already|uq_ledger_fx_rate",
    ),
    "of another company": ("UPDATE ledger_fx_rate SET company_id = {other}", "never change"),
}


@pytest.mark.parametrize("what", WRONG_RATES)
def test_sql_can_not_write_a_wrong_rate(
    raw: Any, dollars: Any, other_books: Any, what: str
) -> None:
    ids = {"company": dollars.company.id, "other": other_books.company.id}
    good = RATE.replace("(5,", "(4,") + "'2026-01-01', 'EUR', 'USD', 'spot', 10389000000, '', 1)"
    raw.run(good.format(**ids))
    statement, match = WRONG_RATES[what]
    with pytest.raises(REFUSED, match=match):
        raw.run(statement.format(**ids))
    assert dollars.rows("SELECT id, rate FROM ledger_fx_rate") == [(4, 10389000000)]


def test_rates_are_written_through_backstay_only(foreign: Any, dollars: Any) -> None:
    statement = RATE + "'2026-01-01', 'EUR', 'USD', 'spot', 10389000000, '', 1)"
    with pytest.raises(REFUSED, match=r"backstay_audit_context_required|through Backstay only"):
        foreign.run(statement.format(company=dollars.company.id))
