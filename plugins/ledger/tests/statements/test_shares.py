"""Shares in companies: their days, their accounts, and what services and the database refuse."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay.errors import Invalid, NotFound
from backstay_ledger.statements.group_shares import holdings_of, shares_of
from backstay_ledger.statements.groups import DeleteGroup, delete_group, group_by_code
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.share_edits import (
    DeleteShare,
    EditShare,
    delete_share,
    edit_share,
)

from .holding import NEW_YEAR, NEW_YEARS_EVE, OCTOBER, SUMMER, alone, buy, figures, read, share


def test_shares_of_a_company_follow_each_other(parent: Any) -> None:
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    with parent.read() as session:
        first, second = shares_of(session, group_by_code(session, "all").id)
        assert (first.valid_from, first.valid_to) == (NEW_YEAR, date(2026, 6, 30))
        assert (second.valid_from, second.valid_to, second.share) == (SUMMER, None, Decimal("0.9"))
    with parent.write() as session:
        values = {"member": "GAMMA", "share": "80", "valid_from": NEW_YEAR}
        edit_share(session, EditShare(id=first.id, valid_to=date(2026, 6, 30), **values))
    with pytest.raises(Invalid) as refused, parent.write() as session:
        edit_share(session, EditShare(id=first.id, valid_to=SUMMER, **values))
    assert refused.value.problems[0].field == "valid_from"
    with parent.write() as session:
        delete_share(session, DeleteShare(id=second.id))
    assert days(parent) == [(NEW_YEAR, None)]
    with pytest.raises(NotFound), parent.write() as session:
        delete_share(session, DeleteShare(id=second.id))


def days(parent: Any) -> list[tuple[date, date | None]]:
    """Of each share in GAMMA, the first and the last day."""
    with parent.read() as session:
        rows = shares_of(session, group_by_code(session, "all").id, "GAMMA")
        return [(one.valid_from, one.valid_to) for one in rows]


def test_a_share_that_goes_gives_its_days_to_the_one_before(parent: Any) -> None:
    """A share in the middle, then one that has a last day; the first one leaves no day behind."""
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    share(parent, "95", OCTOBER, valid_to=NEW_YEARS_EVE)
    with parent.read() as session:
        first, second, third = (
            one.id for one in shares_of(session, group_by_code(session, "all").id)
        )
    for gone, left in (
        (second, [(NEW_YEAR, date(2026, 10, 14)), (OCTOBER, NEW_YEARS_EVE)]),
        (third, [(NEW_YEAR, NEW_YEARS_EVE)]),
        (first, []),
    ):
        with parent.write() as session:
            delete_share(session, DeleteShare(id=gone))
        assert days(parent) == left


@pytest.mark.parametrize("start", [date(2026, 3, 1), date(2026, 9, 1), date(2026, 1, 2)])
def test_a_share_that_begins_on_another_day_moves_the_end_of_the_one_before(
    parent: Any, start: date
) -> None:
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    with parent.read() as session:
        second = shares_of(session, group_by_code(session, "all").id)[1].id
    values = {"id": second, "member": "GAMMA", "share": "90"}
    with parent.write() as session:
        edit_share(session, EditShare(valid_from=start, **values))
    moved = [(NEW_YEAR, start - timedelta(days=1)), (start, None)]
    assert days(parent) == moved
    for taken in (NEW_YEAR, date(2025, 6, 1)):
        with pytest.raises(Invalid) as refused, parent.write() as session:
            edit_share(session, EditShare(valid_from=taken, **values))
        assert [one.field for one in refused.value.problems] == ["valid_from"]
    assert days(parent) == moved


def test_a_further_share_has_the_accounts_of_the_one_before(parent: Any) -> None:
    """Goodwill of 100 stays when the share changes and nobody names the accounts again."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, dividends="ALPHA 4700")
    share(parent, "90", SUMMER, investment="")
    with parent.read() as session:
        second = shares_of(session, group_by_code(session, "all").id)[1]
        assert (second.investment, second.dividends) == ("ALPHA 1400", "ALPHA 4700")
    assert figures(read(parent, Part.BALANCE_SHEET))["?goodwill"] == (0, 0, 100, 100)
    values = {"member": "GAMMA", "share": "90", "valid_from": SUMMER}
    with parent.write() as session:
        edit_share(session, EditShare(id=second.id, dividends="ALPHA 4800", **values))
    with parent.read() as session:
        second = shares_of(session, group_by_code(session, "all").id)[1]
        assert (second.investment, second.dividends) == ("", "ALPHA 4800")


def test_accounts_are_those_of_one_company(parent: Any) -> None:
    """What stands on an account is set off for one company, whichever share names it."""
    share(parent, "80", NEW_YEAR, dividends="ALPHA 4700")
    for values in ({}, {"investment": "ALPHA 4700"}, {"investment": "", "dividends": "ALPHA 14*"}):
        with pytest.raises(Invalid) as refused:
            share(parent, "60", SUMMER, member="DELTA", **values)
        assert "GAMMA" in refused.value.problems[0].message
    share(parent, "60", SUMMER, member="DELTA", investment="GAMMA 1400")
    share(parent, "70", OCTOBER, member="DELTA", investment="BETA 1400")
    with parent.read() as session:
        held = holdings_of(session, group_by_code(session, "all"))
    assert [one.company for one in held["DELTA"].investment] == ["BETA"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"member": "ALPHA", "investment": ""}, "member"),
        ({"member": "OMEGA"}, "member"),
        ({"share": "0"}, "share"),
        ({"share": "100.00000001"}, "share"),
        ({"share": "-5"}, "share"),
        ({"share": "half"}, "share"),
        ({"valid_to": date(2025, 12, 31)}, "valid_to"),
        ({"investment": "ALPHA"}, "investment"),
        ({"investment": "OMEGA 1400"}, "investment"),
        ({"investment": "GAMMA 1400"}, "investment"),
        ({"dividends": "ALPHA 9..1"}, "dividends"),
        ({"dividends": "class:income"}, "dividends"),
        ({"dividends": "ALPHA class:income"}, "dividends"),
        ({"investment": "ALPHA 1400; 1510"}, "investment"),
        ({"investment": "ALPHA 1400\nALPHA 14*"}, "investment"),
        ({"dividends": "ALPHA 4700..4900"}, "dividends"),
        ({"dividends": "ALPHA 1500"}, "dividends"),
        ({"valid_from": date(2026, 3, 1), "member": "DELTA"}, "valid_from"),
        ({"valid_from": date(2026, 1, 10), "member": "DELTA"}, "valid_from"),
    ],
)
def test_what_is_wrong_with_a_share_is_said_at_its_field(
    parent: Any, values: dict[str, Any], field: str
) -> None:
    share(parent, "50", NEW_YEAR, member="DELTA", valid_to=date(2026, 1, 31), investment="")
    share(parent, "50", NEW_YEAR, member="BETA", investment="ALPHA 15*", dividends="ALPHA 4800")
    values = {"share": "80", "start": values.pop("valid_from", NEW_YEAR), **values}
    with pytest.raises(Invalid) as refused:
        share(parent, values.pop("share"), values.pop("start"), **values)
    assert {one.field for one in refused.value.problems} == {field}


def test_a_company_with_shares_stays_in_its_group_and_they_go_with_it(parent: Any) -> None:
    share(parent, "80", NEW_YEAR)
    with pytest.raises(Invalid) as refused:
        alone(parent, "BETA")
    assert {one.field for one in refused.value.problems} == {"members"}
    share(parent, "60", NEW_YEAR, member="DELTA", investment="", dividends="BETA 4700")
    with pytest.raises(Invalid) as refused:
        alone(parent, "GAMMA", "DELTA")
    assert {one.field for one in refused.value.problems} == {"members"}
    assert "BETA 4700" in refused.value.problems[0].message
    alone(parent, "GAMMA", "DELTA", "BETA")
    with parent.write() as session:
        delete_group(session, DeleteGroup(id=group_by_code(session, "all").id))
    assert parent.count("ledger_group_share") == 0


def test_a_share_of_a_holder_that_is_gone_is_an_answer(parent: Any, raw: Any) -> None:
    share(parent, "60", NEW_YEAR, member="DELTA", investment="BETA 1400")
    raw.run("UPDATE ledger_company_group SET members = 'GAMMA; DELTA'")
    with pytest.raises(Invalid, match="DELTA"):
        read(parent, Part.BALANCE_SHEET)


REFUSED = (sqlite3.Error, psycopg.Error)
INSERT = (
    "INSERT INTO ledger_group_share (id, company_id, group_id, member, valid_from, valid_to,"
    " share, investment, dividends, version) SELECT 4711, company_id, group_id, member, {days},"
    " {share}, '', '', 1 FROM ledger_group_share"
)


@pytest.mark.parametrize(
    "statement",
    [
        INSERT.format(days="'2026-12-01', NULL", share="1"),
        INSERT.format(days="'2025-01-01', '2026-01-01'", share="1"),
        INSERT.format(days="'2025-01-01', '2025-12-31'", share="0"),
        INSERT.format(days="'2025-01-01', '2025-12-31'", share="10000000001"),
        INSERT.format(days="'2025-12-31', '2025-01-01'", share="1"),
        "UPDATE ledger_group_share SET share = 0",
        "UPDATE ledger_group_share SET share = 10000000001",
        "UPDATE ledger_group_share SET member = 'BETA'",
        "DELETE FROM ledger_company_group",
    ],
)
def test_the_database_refuses_what_no_share_can_be(parent: Any, raw: Any, statement: str) -> None:
    share(parent, "80", NEW_YEAR)
    with pytest.raises(REFUSED):
        raw.run(statement)
    assert parent.count("ledger_group_share") == 1
    assert parent.value("SELECT share FROM ledger_group_share") == 8_000_000_000


def test_two_shares_of_a_company_can_not_be_moved_onto_each_other(parent: Any, raw: Any) -> None:
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    with pytest.raises(REFUSED):
        raw.run("UPDATE ledger_group_share SET valid_to = NULL WHERE valid_to IS NOT NULL")
