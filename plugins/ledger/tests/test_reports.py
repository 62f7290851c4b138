"""Trial balance, account card and general ledger agree with adding up every line by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Invalid, NotFound
from backstay_ledger.services.account_card import (
    Cursor,
    RowKind,
    account_card,
    general_ledger,
)
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.balances import balance, trial_balance, turnover
from backstay_ledger.services.fiscal_years import ensure_fiscal_years

CODES = ("1000", "1100", "2000", "4000", "5000")


@pytest.fixture
def history(books: Any) -> Any:
    """Two hundred random entries over two years, and the plain list of their lines."""
    chance = random.Random(7)
    postings, lines = [], []
    with books.write() as session:
        ensure_fiscal_years(session, [date(2027, 1, 1)])
    for number in range(200):
        day = date(2026, 1, 1) + timedelta(days=chance.randrange(730))
        amounts = [
            Decimal(chance.choice([-1, 1]) * chance.randrange(1, 99_999)) / 100
            for _line in range(chance.randrange(1, 4))
        ]
        amounts.append(-sum(amounts))
        if amounts[-1] == 0:
            continue
        pairs = [(chance.choice(CODES), amount) for amount in amounts]
        postings.append(
            books.posting(*((c, str(a)) for c, a in pairs), date=day, memo=f"entry {number}")
        )
    chance.shuffle(postings)
    for posted, posting in zip(books.post_many(postings), postings, strict=True):
        lines += [
            (line.account, posting.date, posted.id, number, line.amount)
            for number, line in enumerate(posting.lines, 1)
        ]
    return sorted(lines, key=lambda line: line[1:4])


DAYS = (
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 3, 31),
    date(2026, 6, 17),
    date(2026, 12, 31),
    date(2027, 2, 28),
    date(2027, 12, 31),
    date(2040, 1, 1),
)


@pytest.mark.parametrize("as_of", [*DAYS, None])
def test_the_trial_balance_of_any_day_is_the_sum_of_the_lines_up_to_it(
    books: Any, history: Any, as_of: Any
) -> None:
    expected = defaultdict(Decimal)
    for code, day, _entry, _line, amount in history:
        if as_of is None or day <= as_of:
            expected[code] += amount
    with books.read() as session:
        rows = trial_balance(session, as_of)
        if as_of is not None:
            assert balance(session, "1000", as_of) == expected["1000"]
    assert {row.code: row.debit - row.credit for row in rows} == {
        code: amount for code, amount in expected.items() if amount
    }
    assert sum(row.debit for row in rows) == sum(row.credit for row in rows)
    assert all(not (row.debit and row.credit) for row in rows)
    assert [row.code for row in rows] == sorted(row.code for row in rows)


def spans() -> list[tuple[date, date]]:
    """From which day to which: within a period, cutting one or two, at their edges, empty."""
    chance = random.Random(11)
    edges = [date(2025, 12, 31), date(2026, 1, 1), date(2027, 12, 31), date(2028, 1, 1), date.max]
    edges += [date(2026, month, 1) - timedelta(days=days) for month in (2, 7) for days in (0, 1)]
    days = [date.min, *edges, *(date(2026, 1, 1) + timedelta(days=n * 61) for n in range(12))]
    return [
        *((day, day) for day in days),
        *((start, end) for start in edges for end in edges if start < end),
        *((date(2026, 3, first), date(2026, 3, last)) for first, last in ((1, 31), (2, 30))),
        (date(2026, 3, 14), date(2026, 3, 16)),
        *((min(pair), max(pair)) for pair in (chance.sample(days, 2) for _ in range(60))),
    ]


def test_what_moved_in_any_span_of_days_is_the_sum_of_its_lines(books: Any, history: Any) -> None:
    with books.read() as session:
        ids = {code: account_by_code(session, code).id for code in CODES}
        for start, end in spans():
            expected = {key: [Decimal(0), Decimal(0)] for key in ids.values()}
            for code, day, _entry, _line, amount in history:
                if start <= day <= end:
                    expected[ids[code]][amount < 0] += abs(amount)
            found = turnover(session, start, end)
            assert {key: list(found.get(key, (0, 0))) for key in expected} == expected, (start, end)
            some = [ids["1000"], ids["4000"]]
            of_some = turnover(session, start, end, some)
            assert set(of_some) <= set(some)
            assert {key: list(of_some.get(key, (0, 0))) for key in some} == {
                key: expected[key] for key in some
            }


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_account_card_runs_on_from_page_to_page(books: Any, history: Any, limit: Any) -> None:
    start, end = date(2026, 2, 10), date(2027, 5, 20)
    mine = [line for line in history if line[0] == "1100"]
    opening = sum((line[4] for line in mine if line[1] < start), Decimal(0))
    inside = [line for line in mine if start <= line[1] <= end]
    with books.read() as session:
        account_id = account_by_code(session, "1100").id
        seen, after, pages = [], None, 0
        while True:
            card = account_card(session, account_id, start, end, after=after, limit=limit)
            assert card.opening == opening
            assert card.brought_forward == (seen[-1].balance if seen else opening)
            seen += card.lines
            pages += 1
            if card.next is None:
                break
            after = Cursor.parse(str(card.next))
            if pages == 30:  # enough of the smallest pages
                break
    assert [(line.date, line.entry_id, line.line_no, line.amount) for line in seen] == [
        line[1:] for line in inside[: len(seen)]
    ]
    running = opening
    for line in seen:
        running += line.amount
        assert line.balance == running
        assert line.debit - line.credit == line.amount
    assert card.closing == opening + sum(line[4] for line in inside)
    assert card.debit - card.credit == card.closing - card.opening
    assert seen[0].number_text.startswith("GEN-2026-")
    assert seen[0].text.startswith("entry ")


def test_the_general_ledger_is_all_the_cards(books: Any, history: Any) -> None:
    start, end = date(2026, 5, 5), date(2026, 10, 10)
    with books.read() as session:
        rows = list(general_ledger(session, start, end))
        only = list(general_ledger(session, start, end, [account_by_code(session, "5000").id]))
        for code in CODES:
            card = account_card(session, account_by_code(session, code).id, start, end, limit=1000)
            mine = [row for row in rows if row.code == code]
            assert mine[0].kind is RowKind.OPENING
            assert mine[0].balance == card.opening
            assert tuple(row.line for row in mine[1:-1]) == card.lines
            assert mine[-1].kind is RowKind.CLOSING
            assert (mine[-1].balance, mine[-1].debit, mine[-1].credit) == (
                card.closing,
                card.debit,
                card.credit,
            )
    assert only == [row for row in rows if row.code == "5000"]
    assert "3000" not in {row.code for row in rows}


def test_what_can_not_be_shown_is_said(books: Any, other_books: Any) -> None:
    with other_books.read() as session:
        foreign = account_by_code(session, "1000").id
    with books.read() as session:
        with pytest.raises(NotFound):
            account_card(session, foreign, date(2026, 1, 1), date(2026, 1, 2))
        account_id = account_by_code(session, "1000").id
        with pytest.raises(Invalid, match="before it begins"):
            account_card(session, account_id, date(2026, 1, 2), date(2026, 1, 1))
        with pytest.raises(Invalid):
            Cursor.parse("nonsense")
        with pytest.raises(NotFound):
            balance(session, "9999", date(2026, 1, 1))


def test_reports_of_one_company_know_nothing_of_another(books: Any, other_books: Any) -> None:
    books.post(books.sale())
    with other_books.read() as session:
        assert trial_balance(session) == []
        assert list(general_ledger(session, date(2026, 1, 1), date(2026, 12, 31))) == []
