"""Control queries find what they ask for, and nothing else; samples can be drawn again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Invalid, NotFound
from backstay_ledger.approval.limits import SetLimit, set_limit
from backstay_ledger.audit.controls import CONTROLS, Asked, control_of, read_values
from backstay_ledger.audit.sampling import by_amount
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    ReopenPeriod,
    close_period,
    period_on,
    reopen_period,
)

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def answer(books: Any, name: str, **given: Any) -> list[tuple[Any, ...]]:
    control = control_of(name)
    values = read_values(control, {key: str(value) for key, value in given.items()})
    with books.read() as session:
        rows = list(control.find(session, Asked(*YEAR, values)))
    assert all(len(row) == len(control.columns) + 1 for row in rows)
    return rows


def memos(rows: list[tuple[Any, ...]]) -> list[str]:
    return [row[3] for row in rows]


def at(books: Any, raw: Any, memo: str, moment: datetime) -> None:
    """Pretend that an entry was posted then."""
    micros = int(moment.timestamp()) * 1_000_000
    change = f"UPDATE ledger_entry SET posted_at = {micros} WHERE memo = '{memo}'"  # noqa: S608
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        raw.run(*(f"DROP TRIGGER {name}" for (name,) in names.fetchall()), change)
    else:
        raw.run("SET session_replication_role = replica", change)


def test_one_person_over_the_limit_and_just_below_it(books: Any) -> None:
    books.post(books.sale("5000", memo="large"))
    books.post(books.sale("950", memo="close"))
    books.post(books.sale("1000", memo="just"))
    books.post(books.sale("899.99", memo="small"))
    assert answer(books, "one_person") == []
    with books.write() as session:
        set_limit(session, SetLimit(amount=Decimal(1000)))
    (row,) = answer(books, "one_person")
    assert row[3:] == ("large", Decimal(5000), "cli:test", "cli:test", Decimal(1000))
    assert memos(answer(books, "below_limit")) == ["close", "just"]
    assert memos(answer(books, "below_limit", percent=1)) == ["just"]
    assert answer(books, "approved") == []


def test_round_sums(books: Any) -> None:
    for amount in ("3000", "3000.01", "500"):
        books.post(books.sale(amount, memo=amount))
    assert memos(answer(books, "round_sums")) == ["3000"]
    assert memos(answer(books, "round_sums", unit=250)) == ["3000", "500"]


def test_days_off_are_the_weekend_where_there_is_no_calendar(books: Any, raw: Any) -> None:
    for memo in ("friday", "saturday"):
        books.post(books.sale(memo=memo))
    at(books, raw, "friday", datetime(2026, 3, 20, 12, tzinfo=UTC))
    at(books, raw, "saturday", datetime(2026, 3, 21, 12, tzinfo=UTC))
    assert memos(answer(books, "days_off")) == ["saturday"]


def test_entries_posted_long_after_their_date(books: Any, raw: Any) -> None:
    for memo in ("soon", "late"):
        books.post(books.sale(memo=memo))
    at(books, raw, "soon", datetime(2026, 4, 14, 12, tzinfo=UTC))
    at(books, raw, "late", datetime(2026, 4, 15, 12, tzinfo=UTC))
    (row,) = answer(books, "back_dated")
    assert (row[3], row[-1]) == ("late", 31)
    assert [row[-1] for row in answer(books, "back_dated", days=29)] == [30, 31]


def test_entries_posted_after_their_period_was_closed(books: Any) -> None:
    books.post(books.sale(memo="before"))
    with books.write() as session:
        period = period_on(session, date(2026, 3, 15))
        close_period(session, ClosePeriod(id=period.id))
    with books.write() as session:
        reopen_period(session, ReopenPeriod(id=period.id, reason="a late bill"))
    books.post(books.sale(memo="after"))
    assert memos(answer(books, "after_closing")) == ["after"]


def test_accounts_that_seldom_meet(books: Any) -> None:
    for number in range(3):
        books.post(books.sale(memo=f"sale {number}"))
    books.post(books.posting(("5000", "10"), ("3000", "-10"), memo="odd"))
    (row,) = answer(books, "rare_accounts")
    assert (row[3], row[-3:]) == ("odd", ("5000", "3000", 1))
    assert len(answer(books, "rare_accounts", times=3)) == 4


def test_twice_the_same(books: Any) -> None:
    first = books.sale("77", memo="first")
    books.post(first)
    books.post(books.sale("77", memo="second"))
    books.post(books.sale("77.01", memo="other"))
    assert memos(answer(books, "duplicates")) == ["first", "second"]


def test_first_digits_are_counted_and_lead_to_the_entries(books: Any) -> None:
    books.post(books.sale("10", memo="one"))
    books.post(books.sale("0.19", memo="cents"))
    books.post(books.sale("900", memo="nine"))
    rows = answer(books, "first_digits")
    assert [row[1] for row in rows] == [*"123456789", "1-9"]
    assert rows[0][2:4] == (4, Decimal("66.667"))
    assert sum(row[4] for row in rows[:9]) == Decimal(100)
    assert {row[3] for row in answer(books, "leading", digit=1)} == {"one", "cents"}


@pytest.mark.parametrize("method", ["amount", "random"])
def test_a_sample_is_drawn_again(books: Any, method: str) -> None:
    books.post_many([books.sale(str(10 + number), memo=str(number)) for number in range(40)])
    books.post(books.sale("100000", memo="large"))
    one = answer(books, "sample", size=10, seed=7, method=method)
    assert one == answer(books, "sample", size=10, seed=7, method=method)
    assert len({row[0] for row in one}) == len(one) <= 10
    if method == "amount":
        assert "large" in memos(one)
    else:
        assert len(one) == 10
        assert one != answer(books, "sample", size=10, seed=8, method=method)
    assert len(answer(books, "sample", size=1000, method=method)) == 41


def test_each_unit_of_money_is_hit_by_a_fixed_step() -> None:
    rows = [(number, "", date(2026, 1, 1), "", Decimal(number)) for number in range(1, 101)]
    for seed in range(20):
        chosen = by_amount(iter(rows), 50_500_000, 10, str(seed))
        assert 9 <= len(chosen) <= 11
        assert [row[0] for row in chosen] == sorted({row[0] for row in chosen})


def test_parameters_are_what_they_may_be() -> None:
    for given in ({"percent": "0"}, {"percent": "101"}, {"percent": "1.5"}, {"percent": "x"}):
        with pytest.raises(Invalid, match="from 1 to 100"):
            read_values(control_of("below_limit"), given)
    with pytest.raises(Invalid, match="can't be chosen"):
        read_values(control_of("sample"), {"method": "luck"})
    with pytest.raises(NotFound, match="round_sums"):
        control_of("nothing")


@pytest.mark.parametrize("name", [one.name for one in CONTROLS])
def test_each_control_answers_in_books_without_entries(books: Any, name: str) -> None:
    assert answer(books, name) == []


def test_other_companies_are_not_asked(books: Any, other_books: Any) -> None:
    other_books.post(other_books.sale("3000"))
    assert answer(books, "round_sums") == []
