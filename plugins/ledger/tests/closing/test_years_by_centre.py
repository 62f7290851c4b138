"""Scenario 15 by cost centre: each carries what it earned; a cancelled closing leaves nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.contracts.ledger import Posting, PostingLine
from backstay.errors import Conflict
from backstay_ledger.closing.services.years import CloseYear, ReopenYear, close_year, reopen_year
from backstay_ledger.dimensions.slices import slice_of
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    EditValue,
    RequireDimension,
    add_dimension,
    add_value,
    edit_value,
    require_dimension,
)
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, account_by_code, add_accounts
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    CreateFiscalYear,
    close_period,
    create_fiscal_year,
    list_fiscal_years,
)

from .steps import YEAR_END, sound

CENTRE = "cost_centre"
NEXT_END = date(2027, 12, 31)


@pytest.fixture
def centres(books: Any) -> Any:
    """Two fiscal years, cost centres 1 and 2; sales require one, and so do retained earnings."""
    with books.write() as session:
        create_fiscal_year(session, CreateFiscalYear(starts_on=date(2027, 1, 1)))
        retained = CreateAccount(
            code="3900", name="Retained earnings", account_class=AccountClass.EQUITY
        )
        add_accounts(session, [retained])
        key = add_dimension(session, AddDimension(code=CENTRE, name="Cost centre")).id
        for code in ("1", "2"):
            add_value(session, AddValue(dimension_id=key, code=code, name=f"Centre {code}"))
        for code in ("4000", "3900"):
            account = account_by_code(session, code).id
            require_dimension(session, RequireDimension(account_id=account, dimension_id=key))
    return books


def sell(books: Any, amount: str, centre: str, day: date) -> None:
    books.post(
        Posting(
            key="",
            journal="GEN",
            date=day,
            lines=(
                PostingLine("1000", Decimal(amount)),
                PostingLine("4000", -Decimal(amount), dimensions=((CENTRE, centre),)),
            ),
        )
    )


def close(books: Any, index: int) -> None:
    with books.read() as session:
        year = list_fiscal_years(session)[index].id
        account = account_by_code(session, "3900").id
    for (period,) in books.rows(
        "SELECT id FROM ledger_period WHERE fiscal_year_id = :year AND kind <> 'closing'"
        " AND state <> 'closed'",
        year=year,
    ):
        with books.write() as session:
            close_period(session, ClosePeriod(id=period))
    with books.write() as session:
        close_year(session, CloseYear(id=year, account=account))


def cancel(books: Any, index: int) -> None:
    with books.write() as session:
        year = list_fiscal_years(session)[index].id
        reopen_year(session, ReopenYear(id=year, reason="late bill"))


def carried(books: Any, centre: str) -> dict[str, Decimal]:
    """Balances of a cost centre by account, everything that is posted, credit positive."""
    with books.read() as session:
        within = slice_of(session, [f"{CENTRE}={centre}"]).within(session)
        return {row.code: row.credit - row.debit for row in trial_balance(session, None, within)}


def test_scenario_15_is_kept_apart_by_cost_centre(centres: Any) -> None:
    sell(centres, "400", "1", date(2026, 3, 15))
    sell(centres, "200", "2", date(2026, 3, 15))
    close(centres, 0)
    lines = centres.rows(
        "SELECT a.code, v.code, l.amount FROM ledger_line l"
        " JOIN ledger_entry e ON e.id = l.entry_id JOIN ledger_account a ON a.id = l.account_id"
        " JOIN ledger_dimset_value s ON s.dimset_id = l.dimset_id"
        " JOIN ledger_dimension_value v ON v.id = s.value_id"
        " WHERE e.kind = 'closing' ORDER BY 1, 2"
    )
    assert [(code, centre, amount / 10_000) for code, centre, amount in lines] == [
        ("3900", "1", -400),  # credit
        ("3900", "2", -200),
        ("4000", "1", 400),  # debit
        ("4000", "2", 200),
    ]
    assert carried(centres, "1") == {"3900": Decimal(400)}
    assert carried(centres, "2") == {"3900": Decimal(200)}
    with pytest.raises(Conflict, match="is closed"):
        sell(centres, "1", "1", date(2026, 3, 15))

    sell(centres, "300", "2", date(2027, 3, 15))
    close(centres, 1)
    assert carried(centres, "1") == {"3900": Decimal(400)}
    assert carried(centres, "2") == {"3900": Decimal(500)}  # 200 + 300
    assert sound(centres)

    cancel(centres, 1)
    assert carried(centres, "1") == {"3900": Decimal(400)}
    assert carried(centres, "2") == {"3900": Decimal(200), "4000": Decimal(300)}
    cancel(centres, 0)
    assert carried(centres, "1") == {"4000": Decimal(400)}
    assert carried(centres, "2") == {"4000": Decimal(500)}
    assert sound(centres)


def test_what_was_posted_before_it_was_required_is_closed_too(centres: Any) -> None:
    """Purchases without a cost centre, sales of one that is not valid any more."""
    sell(centres, "400", "1", date(2026, 3, 15))
    centres.post(centres.posting(("5000", "600"), ("1000", "-600"), date=YEAR_END))
    key = centres.value("SELECT id FROM ledger_dimension")
    value = centres.value("SELECT id FROM ledger_dimension_value WHERE code = '1'")
    with centres.write() as session:
        purchases = account_by_code(session, "5000").id
        require_dimension(session, RequireDimension(account_id=purchases, dimension_id=key))
        ended = EditValue(id=value, name="Centre 1", valid_to=date(2026, 6, 30))
        edit_value(session, ended)
    close(centres, 0)
    assert carried(centres, "1") == {"3900": Decimal(400)}
    assert carried(centres, "-") == {"1000": Decimal(200), "3900": Decimal(-600)}
    assert sound(centres)
    cancel(centres, 0)
    assert carried(centres, "-") == {"1000": Decimal(200), "5000": Decimal(-600)}
    assert sound(centres)
