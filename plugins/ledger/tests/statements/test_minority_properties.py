"""What holds for every share: what is set off adds up to nothing, and others have their part."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from backstay_ledger.models import AccountClass
from backstay_ledger.statements import capital
from backstay_ledger.statements.costs import Cost
from backstay_ledger.statements.group_books import MemberBooks
from backstay_ledger.statements.group_shares import HeldOn, Holding, Span
from backstay_ledger.statements.tree import Accounts, KnownAccount

from .holding import NEW_YEAR, SUMMER, YEAR

CENTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
SHARES = st.fractions(Fraction(1, 10**4), 1, max_denominator=10**4)


@given(
    equity=st.lists(CENTS, min_size=1, max_size=5),
    moved=st.lists(CENTS, min_size=5, max_size=5),
    results=st.tuples(CENTS, CENTS, CENTS),
    shares=st.tuples(SHARES, SHARES),
    cost=CENTS,
)
def test_owners_and_others_are_exactly_the_company(
    equity: list[Decimal],
    moved: list[Decimal],
    results: tuple[Decimal, Decimal, Decimal],
    shares: tuple[Fraction, Fraction],
    cost: Decimal,
) -> None:
    """Whatever the amounts and shares: what is eliminated adds up to nothing, to the last cent."""
    codes = [f"3{number}" for number in range(len(equity))]
    before, first, second = results
    half = dict(zip(codes, equity, strict=True))
    end = {code: one + change for (code, one), change in zip(half.items(), moved, strict=False)}
    halfway = -(sum(half.values()) + before + first)
    standings = capital.Standings(
        (
            capital.Standing(half, before, before, -(sum(half.values()) + before), Fraction(1)),
            capital.Standing(half, before + first, before, halfway, Fraction(1)),
        ),
        capital.Standing(
            end,
            before + first + second,
            before,
            -(sum(end.values()) + before + first + second),
            Fraction(1),
        ),
        foreign=False,
    )
    books = MemberBooks(
        "GAMMA",
        {code: KnownAccount(0, code, code, AccountClass.EQUITY) for code in codes},
        end,
        first + second,
        before,
        ((shares[0], first), (shares[1], second)),
    )
    holding = Holding(
        (Span(NEW_YEAR, date(2026, 6, 30), shares[0]), Span(SUMMER, date.max, shares[1])),
        (HeldOn("ALPHA", (Accounts("1400", "1400"),)),),
    )
    effects = capital.Effects()
    paid = Cost(cost, cost, {"1400": cost})
    capital.set_off(effects, books, holding, standings, paid, YEAR, 2)
    assert sum(effects.accounts.values()) + effects.result + effects.prior == 0
    others = -effects.accounts[capital.MINORITY]
    assert others == effects.of_others["GAMMA"]
    exact = (1 - shares[1]) * Fraction(books.net_assets)
    assert abs(Fraction(others) - exact) <= Fraction(1, 200)
    cent = Decimal("0.01")
    assert all(one == one.quantize(cent) for one in effects.accounts.values())
