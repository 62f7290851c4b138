"""The published cases, each with exactly its figures, and what holds for every document.

Where a case leaves an input open, the comment beside it says what gives its figures.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.errors import Invalid
from backstay_ledger.tax.computation import Tax, TaxedLine, compute
from backstay_ledger.tax.rounding import RoundingPolicy, apportion, rounded, split_by_percent
from backstay_ledger.tax.withholding import Billed, Thresholds, withheld

CENT, NICKEL, YEN = Decimal("0.01"), Decimal("0.05"), Decimal(1)
LINE, GROUP, DOCUMENT = RoundingPolicy.LINE, RoundingPolicy.GROUP, RoundingPolicy.DOCUMENT


def tax(rate: str, key: str = "", **values: Any) -> Tax:
    return Tax(key or f"T{rate}", Decimal(rate), **values)


def one(amount: str, *taxes: Tax, policy: RoundingPolicy = LINE, unit: Decimal = CENT) -> Any:
    return compute([TaxedLine(Decimal(amount), taxes)], policy, unit)[0]


@pytest.mark.parametrize("policy", RoundingPolicy)
@pytest.mark.parametrize(
    ("gross", "rate", "unit", "net", "amount"),
    [
        ("124.40", "8", CENT, "115.19", "9.21"),
        ("52.50", "12", CENT, "46.87", "5.63"),
        ("11.90", "21", CENT, "9.83", "2.07"),
        ("2.80", "21", CENT, "2.31", "0.49"),
        ("5.00", "5", NICKEL, "4.75", "0.25"),
        ("10.00", "5", NICKEL, "9.50", "0.50"),
        ("50.00", "5", NICKEL, "47.60", "2.40"),
        ("27000", "19", YEN, "22689", "4311"),
        ("10920", "19", YEN, "9176", "1744"),
    ],
)
def test_a_price_that_contains_its_tax(
    gross: str, rate: str, unit: Decimal, net: str, amount: str, policy: RoundingPolicy
) -> None:
    found = one(gross, tax(rate, included=True), policy=policy, unit=unit)
    assert (found.net, found.tax, found.gross) == (Decimal(net), Decimal(amount), Decimal(gross))


def test_the_same_price_before_rounding() -> None:
    found = one("124.40", tax("8", included=True), policy=DOCUMENT)
    six = Decimal("0.000001")
    assert rounded(found.exact_net, six) == Decimal("115.185185")
    assert rounded(found.shares[0].exact, six) == Decimal("9.214815")


def test_tax_on_top_without_decimals() -> None:
    assert one("9176", tax("19"), unit=YEN).tax == 1743


@pytest.mark.parametrize(
    ("first", "second", "gross"),
    [
        # 6 %, 6 % and 3 % on 100. "The first two feed" is published before rounding.
        ({}, {}, "115.0000"),
        ({"feeds": True}, {}, "115.5400"),
        ({"feeds": True}, {"feeds": True}, "115.7308"),
        # The first feeds, the second is not affected by it, the third is.
        ({"feeds": True}, {"fed": False}, "115.1800"),
    ],
)
def test_taxes_on_taxes(first: dict[str, bool], second: dict[str, bool], gross: str) -> None:
    taxes = (tax("6", "a", **first), tax("6", "b", **second), tax("3", "c"))
    found = one("100", *taxes, policy=DOCUMENT, unit=Decimal("0.0001"))
    assert found.gross == Decimal(gross)
    cents = one("100", *taxes)
    assert cents.gross == Decimal(gross).quantize(CENT)


@pytest.mark.parametrize("policy", RoundingPolicy)
def test_withholding_then_a_tax_in_the_base_of_the_next(policy: RoundingPolicy) -> None:
    found = one("50", tax("-20"), tax("4", feeds=True), tax("22"), policy=policy)
    assert [share.amount for share in found.shares] == [
        Decimal("-10.00"),
        Decimal("2.00"),
        Decimal("11.44"),
    ]
    assert found.shares[2].base == Decimal("52.00")
    assert found.gross == Decimal("53.44")


@pytest.mark.parametrize("policy", RoundingPolicy)
@pytest.mark.parametrize("included", [False, True])
def test_a_reverse_charge_changes_no_total(policy: RoundingPolicy, included: bool) -> None:
    reverse = tax("21", included=included, factors=(Decimal(1), Decimal(-1)))
    found = one("100", reverse, policy=policy)
    assert found.shares[0].parts == (Decimal("21.00"), Decimal("-21.00"))
    assert found.net == found.gross == Decimal("100.00")


def test_a_discounted_line_is_rounded_before_or_after_its_tax() -> None:
    # 348.35 times 16, less 4 %, is 5 350.656; by line that is rounded before 22 % come on top.
    amount = Decimal("348.35") * 16 * Decimal("0.96")
    assert amount == Decimal("5350.656")
    assert one(str(amount), tax("22")).gross == Decimal("6527.81")
    assert one(str(amount), tax("22"), policy=GROUP).gross == Decimal("6527.80")
    assert one(str(amount), tax("22"), policy=DOCUMENT).gross == Decimal("6527.80")


def test_two_lines_of_which_one_is_discounted() -> None:
    # 46.07 less 20 % is 36.856; by line the taxes would be 3.13 and 0.78.
    vat = tax("8.5")
    lines = [
        TaxedLine(Decimal("46.07") * Decimal("0.80"), (vat,)),
        TaxedLine(Decimal("9.21"), (vat,)),
    ]
    assert sum(found.tax for found in compute(lines, DOCUMENT, CENT)) == Decimal("3.92")
    assert sum(found.tax for found in compute(lines, GROUP, CENT)) == Decimal("3.92")
    assert sum(found.tax for found in compute(lines, LINE, CENT)) == Decimal("3.91")


def test_two_taxes_are_rounded_together_by_document_only() -> None:
    lines = [TaxedLine(Decimal("0.04"), (tax("10", "a"), tax("10", "b")))]
    assert compute(lines, GROUP, CENT)[0].tax == 0
    assert compute(lines, DOCUMENT, CENT)[0].tax == CENT


def test_a_tax_of_a_fixed_amount_a_unit() -> None:
    deposit = tax("0.25", fixed=True, feeds=True)
    line = TaxedLine(Decimal("12.00"), (deposit, tax("10")), quantity=Decimal(6))
    found = compute([line], LINE, CENT)[0]
    assert [share.amount for share in found.shares] == [Decimal("1.50"), Decimal("1.35")]
    back = compute([TaxedLine(-line.amount, line.taxes, line.quantity)], LINE, CENT)[0]
    assert back.gross == -found.gross


def test_a_tax_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="no net amount"):
        one("100", tax("-100", included=True))


def test_withholding_begins_at_a_threshold() -> None:
    limit = Thresholds(cumulative=Decimal(30_000))
    ten = {"rate": Decimal(10), "unit": CENT}
    bill = Decimal(10_000)
    assert withheld(bill, Billed(), limit, **ten) == 0
    assert withheld(bill, Billed(bill), limit, **ten) == 0
    third = withheld(bill, Billed(2 * bill), limit, **ten)
    assert (third, bill - third) == (3_000, 7_000)
    assert withheld(Decimal(5_000), Billed(3 * bill, 3 * bill), limit, **ten) == 500
    single = Thresholds(single=Decimal(20_000))
    assert withheld(2 * bill, Billed(), single, **ten) == 2_000
    assert withheld(bill, Billed(2 * bill, 2 * bill), single, **ten) == 0
    assert withheld(bill, Billed(), Thresholds(), **ten) == 1_000


def test_payment_terms_sum_to_the_amount() -> None:
    half = [Decimal(50), Decimal(50)]
    assert split_by_percent(Decimal("0.03"), half, CENT) == [Decimal("0.02"), Decimal("0.01")]
    many = [Decimal(50), *[Decimal("1.66")] * 20, Decimal("16.8")]
    assert sum(split_by_percent(Decimal("999.99"), many, CENT)) == Decimal("999.99")
    with pytest.raises(Invalid, match=r"99\.99 %"):
        split_by_percent(Decimal(1), [Decimal("99.99")], CENT)


units = st.sampled_from([CENT, NICKEL, YEN])
policies = st.sampled_from(RoundingPolicy)
rates = st.integers(-3_000, 4_000).map(lambda number: Decimal(number).scaleb(-2))
factors = st.sampled_from(
    [
        (Decimal(1),),
        (Decimal(1), Decimal(-1)),
        (Decimal("0.5"), Decimal("0.5")),
        (Decimal("0.333"), Decimal("0.667")),
    ]
)
taxes = st.lists(
    st.builds(
        Tax,
        key=st.just(""),
        rate=rates,
        included=st.booleans(),
        feeds=st.booleans(),
        fed=st.booleans(),
        factors=factors,
    ),
    max_size=3,
).map(lambda found: tuple(Tax(str(n), *_rest(one)) for n, one in enumerate(found)))


def _rest(one: Tax) -> tuple[Any, ...]:
    return one.rate, one.included, one.feeds, one.fed, one.fixed, one.factors


@st.composite
def documents(draw: Any) -> tuple[list[TaxedLine], Decimal]:
    """Lines at the rounding unit that share their taxes, as a document's do."""
    unit = draw(units)
    same = draw(taxes)
    amounts = draw(st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=6))
    return [TaxedLine(amount * unit, same) for amount in amounts], unit


@given(document=documents(), policy=policies)
def test_net_and_taxes_are_the_gross_that_was_asked_for(document: Any, policy: Any) -> None:
    lines, unit = document
    for line, found in zip(lines, compute(lines, policy, unit), strict=True):
        inside = sum(share.charged for share in found.shares if share.tax.included)
        assert found.net + inside == line.amount
        assert found.net + found.tax == found.gross
        for share in found.shares:
            assert share.charged == sum(share.parts)
            assert all(part % unit == 0 for part in share.parts)
            exact = Fraction(share.amount) * share.tax.weight
            assert share.charged == rounded(exact, unit)


@given(
    cents=st.integers(-10_000_000, 10_000_000),
    rate=st.integers(1, 10_000).map(lambda number: Decimal(number).scaleb(-2)),
    policy=policies,
)
def test_what_a_tax_brings_on_top_is_what_the_price_then_contains(
    cents: int, rate: Decimal, policy: Any
) -> None:
    net = Decimal(cents).scaleb(-2)
    on_top = one(str(net), tax(str(rate)), policy=policy)
    inside = one(str(on_top.gross), tax(str(rate), included=True), policy=policy)
    assert (inside.net, inside.tax, inside.gross) == (net, on_top.tax, on_top.gross)


@given(document=documents())
def test_by_group_the_sum_of_each_tax_is_its_rounded_sum(document: Any) -> None:
    lines, unit = document
    found = compute(lines, GROUP, unit)
    for place in range(len(lines[0].taxes)):
        exact = sum((one.shares[place].exact for one in found), Fraction(0))
        assert sum(one.shares[place].amount for one in found) == rounded(exact, unit)


@given(
    hundreds=st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=5),
    percent=st.lists(st.integers(-20, 40), min_size=1, max_size=3),
)
def test_policies_agree_where_nothing_is_to_be_rounded(hundreds: Any, percent: Any) -> None:
    plain = tuple(Tax(str(n), Decimal(rate)) for n, rate in enumerate(percent))
    lines = [TaxedLine(Decimal(100 * amount), plain) for amount in hundreds]
    by_line = compute(lines, LINE, CENT)
    assert by_line == compute(lines, GROUP, CENT) == compute(lines, DOCUMENT, CENT)


@given(
    values=st.lists(st.fractions(-1_000, 1_000, max_denominator=97), min_size=1, max_size=12),
    unit=units,
    off=st.integers(-20, 20),
)
def test_shares_sum_to_the_whole(values: Any, unit: Any, off: Any) -> None:
    nearest = rounded(sum(values, Fraction(0)), unit)
    shares = apportion(nearest, values, unit)
    assert sum(shares) == nearest
    assert all(abs(Fraction(s) - v) < Fraction(unit) for s, v in zip(shares, values, strict=True))
    assert sum(apportion(nearest + off * unit, values, unit)) == nearest + off * unit


@pytest.mark.parametrize("policy", RoundingPolicy)
def test_an_amount_that_was_converted_is_kept_where_taxes_are_rounded_to_five(
    policy: RoundingPolicy,
) -> None:
    found = compute([TaxedLine(Decimal("93.12"), (tax("8"),))], policy, NICKEL, CENT)[0]
    assert (found.net, found.tax) == (Decimal("93.12"), Decimal("7.45"))
    inside = compute(
        [TaxedLine(Decimal("93.12"), (tax("8", included=True),))], policy, NICKEL, CENT
    )
    assert (inside[0].net, inside[0].tax) == (Decimal("86.22"), Decimal("6.90"))
