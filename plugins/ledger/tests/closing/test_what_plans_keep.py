"""Entries of plans keep what their first one says: taxes, parties, due dates, dimensions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from backstay.contracts.closing import ClosingPeriod
from backstay.contracts.ledger import Posting
from backstay.errors import Invalid
from backstay.spi import now
from backstay_ledger.closing.plan_models import Every, MakeAs, Recurring, ReleaseBy
from backstay_ledger.closing.services.deferrals import Defer, defer
from backstay_ledger.closing.services.recurring import PlanRecurring, plan_recurring
from backstay_ledger.closing.tasks import missing_recurring
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.dimensions.slices import slice_of
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    RequireDimension,
    add_dimension,
    add_value,
    require_dimension,
)
from backstay_ledger.models import Account, AccountClass, EntryTemplate, Journal
from backstay_ledger.models.dimensions import Dimension, DimensionValue
from backstay_ledger.open_items.ageing import ageing
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.tax.boxes import CreateBox, create_box
from backstay_ledger.tax.codes import create_tax_code
from backstay_ledger.tax.commands import CreateTaxCode
from backstay_ledger.tax.models import BoxKind, TaxUse
from backstay_ledger.tax.returns import tax_return
from plugins.ledger.tests.managing import manage

from .steps import run, sound

FIRST = date(2026, 1, 1)
CENTRE = "cost_centre"


@pytest.fixture
def ids(books: Any) -> Any:
    """Accounts by code: payables by open items, input tax at 20 %, and cost centres of 5000."""
    with books.write() as session:
        add_accounts(
            session,
            [CreateAccount(code="1180", name="Input tax", account_class=AccountClass.ASSET)],
        )
        manage(session, "2000")
        ids = {row.code: row.id for row in session.execute(select(Account.code, Account.id))}
        box = create_box(session, CreateBox(code="66", name="Input", kind=BoxKind.DEDUCTIBLE)).id
        code = CreateTaxCode(
            code="P20",
            name="Input 20 %",
            use=TaxUse.PURCHASE,
            rate="20",
            valid_from=FIRST,
            account_id=ids["1180"],
            box_id=box,
        )
        create_tax_code(session, code)
        centre = add_dimension(session, AddDimension(code=CENTRE, name="Cost centre")).id
        for value in ("100", "200"):
            add_value(session, AddValue(dimension_id=centre, code=value, name=value))
        require_dimension(session, RequireDimension(account_id=ids["5000"], dimension_id=centre))
        ids["GEN"] = session.scalars(select(Journal.id).where(Journal.code == "GEN")).one()
    return ids


def plan(books: Any, *lines: dict[str, str], make_as: MakeAs = MakeAs.POSTED) -> int:
    """Lines of a template that come on the first of each month."""
    with books.write() as session:
        template = EntryTemplate(
            company_id=books.company.id,
            owner_id=1,
            name="Rent",
            shared=True,
            created_by="x",
            created_at=now(),
            content={"journal": "GEN", "memo": "Rent", "lines": list(lines)},
        )
        session.add(template)
        session.flush()
        command = PlanRecurring(
            name="Rent",
            template=template.id,
            every=Every.MONTH,
            day=1,
            starts_on=FIRST,
            make_as=make_as,
        )
        return plan_recurring(session, command).id


def of_centre(books: Any, value: str, code: str, day: date) -> Decimal:
    with books.read() as session:
        within = slice_of(session, [f"{CENTRE}={value}"]).within(session)
        rows = {row.code: row for row in trial_balance(session, day, within)}
    return rows[code].debit - rows[code].credit if code in rows else Decimal(0)


@pytest.mark.parametrize("make_as", list(MakeAs))
def test_a_recurring_bill_keeps_tax_party_due_date_and_cost_centre(
    books: Any, ids: Any, make_as: MakeAs
) -> None:
    plan(
        books,
        {
            "account": str(ids["5000"]),
            "debit": "1000.00",
            "tax": "P20",
            "dimensions": "cost_centre=100",
        },
        {
            "account": str(ids["2000"]),
            "credit": "1200.00",
            "party": "Landlord",
            "due": "2026-01-31",
        },
        make_as=make_as,
    )
    run(books, date(2026, 3, 31))
    made = books.rows(
        "SELECT e.date, i.party, i.due_date FROM ledger_entry e JOIN ledger_open_item i"
        " ON i.entry_id = e.id ORDER BY e.date"
    )
    assert [(str(day), party, str(until)) for day, party, until in made] == [
        ("2026-01-01", "Landlord", "2026-01-31"),
        ("2026-02-01", "Landlord", "2026-03-03"),
        ("2026-03-01", "Landlord", "2026-03-31"),
    ]
    assert books.count("ledger_tax_detail") == 3
    if make_as is MakeAs.DRAFT:
        return
    with books.read() as session:
        (box,) = tax_return(session, FIRST, date(2026, 3, 31)).boxes
        (owed,) = ageing(session, date(2026, 3, 15))
    assert (box.base, box.tax) == (3000, 600)
    assert (owed.party, owed.amounts) == ("Landlord", (-1200, -1200, -1200, 0, 0))
    assert of_centre(books, "100", "5000", date(2026, 3, 31)) == 3000
    assert sound(books)


def test_a_template_that_differs_once_its_tax_is_computed_is_refused(books: Any, ids: Any) -> None:
    spent = {"account": str(ids["5000"]), "debit": "1000.00", "tax": "P20"}
    owed = {"account": str(ids["2000"]), "credit": "1000.00"}
    with pytest.raises(Invalid, match="differ") as refused:
        plan(books, spent, owed)
    assert refused.value.problems[0].field == "template"
    with pytest.raises(Invalid, match="no tax code “P99”"):
        plan(books, spent | {"tax": "P99"}, owed)
    with pytest.raises(Invalid, match="dimension=value"):
        plan(books, spent | {"dimensions": "100"}, owed)


def test_a_foreign_bill_comes_again_in_its_currency(books: Any, ids: Any) -> None:
    abroad = {"currency": "USD", "foreign": "110.00"}
    plan(
        books,
        {"account": str(ids["5000"]), "debit": "100.00", "dimensions": "cost_centre=200"} | abroad,
        {"account": str(ids["2000"]), "credit": "100.00", "party": "Cloud"} | abroad,
    )
    quote(books, date(2026, 1, 1), "1.10")
    quote(books, date(2026, 2, 1), "1.25")
    run(books, date(2026, 2, 1))
    items = books.rows(
        "SELECT currency, amount, amount_base FROM ledger_open_item ORDER BY due_date"
    )
    assert items == [("USD", -110_0000, -100_0000), ("USD", -110_0000, -88_0000)]
    assert of_centre(books, "200", "5000", date(2026, 2, 28)) == 188
    assert sound(books)


def quote(books: Any, day: date, rate: str) -> None:
    """What one EUR costs in USD on a day."""
    with books.write() as session:
        type_rate(session, TypeRate(date=day, base="EUR", quote="USD", rate=rate, source="ECB"))


@pytest.mark.parametrize("make_as", list(MakeAs))
def test_a_foreign_bill_with_tax_balances_at_every_rate(
    books: Any, ids: Any, make_as: MakeAs
) -> None:
    """USD 10.02 and 2.00 of tax are 10.83 and 2.17 EUR at 0.925, though 12.02 alone are 12.99."""
    dollars = {"currency": "USD"}
    spent = {"account": str(ids["5000"]), "debit": "10.00", "foreign": "10.02", "tax": "P20"}
    owed = {"account": str(ids["2000"]), "credit": "12.00", "foreign": "12.02", "party": "Cloud"}
    centre = {"dimensions": "cost_centre=200"}
    plan(books, spent | dollars | centre, owed | dollars, make_as=make_as)
    quote(books, date(2026, 1, 1), "0.925")
    run(books, FIRST)
    lines = books.rows("SELECT amount, amount_currency FROM ledger_line ORDER BY line_no")
    assert lines == [(10_8300, 10_0200), (-13_0000, -12_0200), (2_1700, 2_0000)]
    assert books.rows("SELECT amount_base FROM ledger_open_item") == [(-13_0000,)]


def test_a_foreign_bill_that_differs_in_its_currency_is_refused(books: Any, ids: Any) -> None:
    spent = {"account": str(ids["5000"]), "debit": "100.00", "currency": "USD", "foreign": "110"}
    owed = {"account": str(ids["2000"]), "credit": "100.00", "party": "Cloud"}
    with pytest.raises(Invalid, match="differ in USD"):
        plan(books, spent | {"dimensions": "cost_centre=200"}, owed)


def test_the_cockpit_says_why_a_recurring_entry_is_missing(books: Any, ids: Any) -> None:
    abroad = {"currency": "USD", "foreign": "110.00"}
    key = plan(
        books,
        {"account": str(ids["5000"]), "debit": "100.00", "dimensions": "cost_centre=200"} | abroad,
        {"account": str(ids["2000"]), "credit": "100.00", "party": "Cloud"} | abroad,
    )
    january = ClosingPeriod(0, "2026-01", FIRST, date(2026, 1, 31))
    with pytest.raises(Invalid, match="no rate of USD in EUR on 2026-01-01"):
        run(books, FIRST)
    assert "Rent: There is no rate of USD" in missing(books, january)
    quote(books, FIRST, "1.10")
    assert missing(books, january) == "2026-01-01 Rent"
    # Planned when taxes of templates were not computed: 100 against 100 without the tax.
    with books.write() as session:
        recurring = session.get_one(Recurring, key)
        spent, owed = recurring.content["lines"]
        taxed = [spent | {"tax": "P20"}, owed]
        session.execute(
            update(Recurring).values(content=recurring.content | {"lines": taxed}),
            execution_options={"audited": True},
        )
    assert "Rent: The entry is out by" in missing(books, january)


def missing(books: Any, period: ClosingPeriod) -> str:
    with books.read() as session:
        (found,) = missing_recurring(session, period)
    return str(found.text)


def insured(books: Any) -> Posting:
    """The bill of an insurance, of a cost centre."""
    bill = books.posting(("5000", "1200"), ("1000", "-1200"), date=FIRST)
    first, second = bill.lines
    return replace(bill, lines=(replace(first, dimensions=((CENTRE, "100"),)), second))


def insurance(ids: Any, dimensions: str, **values: Any) -> Defer:
    """Its amount over the months of the year."""
    return Defer(
        name="Insurance",
        amount=Decimal(1200),
        account=ids["5000"],
        deferral_account=ids["1100"],
        journal=ids["GEN"],
        starts_on=FIRST,
        ends_on=date(2026, 12, 31),
        dimensions=dimensions,
        **values,
    )


def test_a_deferral_and_its_releases_stay_with_the_cost_centre(books: Any, ids: Any) -> None:
    books.post(insured(books))
    command = insurance(ids, "cost_centre=100", release_by=ReleaseBy.MONTH)
    with books.write() as session:
        defer(session, command)
    run(books, date(2026, 3, 31))
    assert of_centre(books, "100", "5000", date(2026, 3, 31)) == 300
    assert of_centre(books, "100", "1100", date(2026, 3, 31)) == 900
    assert sound(books)


@pytest.mark.parametrize("inactive", [False, True])
def test_releases_go_on_when_their_cost_centre_has_ended(
    books: Any, ids: Any, inactive: bool
) -> None:
    bill = insured(books)
    books.post(bill)
    command = insurance(ids, "cost_centre=100", release_by=ReleaseBy.MONTH)
    with books.write() as session:
        defer(session, command)
        value = session.scalars(select(DimensionValue).where(DimensionValue.code == "100")).one()
        value.valid_to = date(2026, 1, 31)
        session.flush()
        if inactive:
            session.get_one(Dimension, value.dimension_id).active = False
    run(books, date(2026, 3, 31))
    assert of_centre(books, "100", "5000", date(2026, 3, 31)) == 300
    assert of_centre(books, "100", "1100", date(2026, 3, 31)) == 900
    late = replace(bill, date=date(2026, 2, 2), key="late")
    with pytest.raises(Invalid, match=r"not valid on|inactive"):
        books.post(late)
    assert sound(books)


@pytest.mark.parametrize("typed", ["", "cost_centre=999", "100"])
def test_a_deferral_without_what_its_account_requires_is_refused_at_its_field(
    books: Any, ids: Any, typed: str
) -> None:
    command = insurance(ids, typed)
    with pytest.raises(Invalid) as refused, books.write() as session:
        defer(session, command)
    assert refused.value.problems[0].field == "dimensions"
    assert books.count("ledger_entry") == 0
