"""Ageing as of any day: the buckets, the parties, and that no figure of the past changes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from backstay_ledger.open_items.ageing import ageing
from backstay_ledger.open_items.items import open_items

AS_OF = date(2026, 6, 30)


def rows(desk: Any, as_of: date = AS_OF) -> dict[tuple[str, str], tuple[int, ...]]:
    with desk.books.read() as session:
        return {
            (row.account, row.party): tuple(int(one) for one in row.amounts)
            for row in ageing(session, as_of)
        }


def test_each_item_is_in_the_bucket_of_its_days_overdue(desk: Any) -> None:
    for place, (days, amount) in enumerate(
        ((-5, 1), (0, 2), (1, 4), (30, 8), (31, 16), (60, 32), (61, 64), (90, 128), (91, 256))
    ):
        due = AS_OF - timedelta(days=days)
        desk.item(f"i{place}", str(amount), day=date(2026, 1, 5), due=due)
    desk.item("undated", "-512", day=AS_OF)
    desk.item("bill", "-7", account="2000", party="BEST", day=date(2026, 5, 31))
    desk.item("later", "99", day=date(2026, 7, 1))
    assert rows(desk) == {
        ("1100", "ACME"): (3 - 512, 12, 48, 192, 256),
        ("2000", "BEST"): (0, -7, 0, 0, 0),
    }


def test_a_past_day_never_changes(desk: Any) -> None:
    days = [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30)]
    desk.item("invoice", "100", day=date(2026, 3, 1), due=date(2026, 4, 1))
    desk.item("abroad", "90", abroad="100", day=date(2026, 3, 1), due=date(2026, 4, 1))
    known = [rows(desk, day) for day in days[:1]]
    desk.item("payment", "-60", day=date(2026, 4, 10))
    desk.item("paid", "-80", abroad="-80", day=date(2026, 4, 10))
    (first,) = desk.allocate(("invoice", "payment", None), on=date(2026, 4, 11))
    known.append(rows(desk, days[1]))
    desk.allocate(("abroad", "paid", None), on=date(2026, 5, 1))
    known.append(rows(desk, days[2]))
    desk.undo(first, on=date(2026, 6, 2))
    known.append(rows(desk, days[3]))
    assert [rows(desk, day) for day in days] == known
    assert known == [
        {("1100", "ACME"): (190, 0, 0, 0, 0)},
        {("1100", "ACME"): (0, 40 + 90 - 80, 0, 0, 0)},
        {("1100", "ACME"): (0, 0, 40 + 18, 0, 0)},
        {("1100", "ACME"): (0, 0, 0, 118 - 60, 0)},
    ]
    for day in days:
        with desk.books.read() as session:
            single = sum((one.residual_base for one in open_items(session, day)), Decimal(0))
        assert single == sum(sum(one) for one in rows(desk, day).values())
        assert single == desk.balance("1100", day)
