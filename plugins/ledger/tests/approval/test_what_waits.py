"""Entries over a limit that nobody typed: what follows them follows once they are approved."""

# ruff: noqa: TID252 - books with taxes and files are those of the tests beside this folder

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from backstay.contracts.ledger import Pair, Posting, PostingLine
from backstay.errors import Conflict, Invalid
from backstay.spi import now
from backstay_ledger.approval.deciding import (
    ApproveEntry,
    SendBack,
    TakeBack,
    approve_entry,
    send_back,
    take_back,
)
from backstay_ledger.closing.plan_models import Every, MakeAs
from backstay_ledger.closing.services.adjustments import PostAdjustment, post_adjustment
from backstay_ledger.closing.services.deferrals import (
    CancelDeferral,
    Defer,
    cancel_deferral,
    defer,
    said_of_deferral,
)
from backstay_ledger.closing.services.plans import due, make
from backstay_ledger.closing.services.recurring import PlanRecurring, plan_recurring
from backstay_ledger.closing.services.years import CloseYear, ReopenYear, close_year, reopen_year
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.currencies.revaluation import Revalue, revalue, said_of_revaluation
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.imports.journal import JOURNAL
from backstay_ledger.models import Account, AccountClass, EntryTemplate, Period
from backstay_ledger.models.dimensions import DimensionValue
from backstay_ledger.open_items.allocations import Allocate, allocate
from backstay_ledger.services.accounts import (
    CreateAccount,
    add_accounts,
)
from backstay_ledger.services.balances import balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import (
    DeleteDraft,
    DraftLine,
    SaveDraft,
    delete_draft,
    save_draft,
)
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period
from backstay_ledger.services.posting import post
from backstay_ledger.tax.cash_basis import release_cash_basis
from plugins.ledger.tests.managing import manage

from ..tax.conftest import Taxed
from ..test_imports import import_, journal, sale

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 1)


def approve(people: Any, login: str, entry_id: int) -> Any:
    with people.at_work(login) as session:
        return approve_entry(session, ApproveEntry(id=entry_id))


def give_back_and_delete(people: Any, entry_id: int) -> None:
    with people.at_work("maker") as session:
        take_back(session, TakeBack(id=entry_id))
    with people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=entry_id))


def stands_at(people: Any, code: str, day: date = MARCH) -> Decimal:
    with people.books.read() as session:
        assert check_books(session) == []
        return balance(session, code, day)


def codes(people: Any) -> dict[str, int]:
    with people.books.read() as session:
        return {row.code: row.id for row in session.execute(select(Account.code, Account.id))}


def waiting(people: Any) -> list[int]:
    found = people.books.rows("SELECT id FROM ledger_entry WHERE state = 'waiting' ORDER BY id")
    return [row.id for row in found]


@pytest.fixture
def dollars(people: Any) -> Any:
    """10,000 dollars that stand at 9,000 EUR and are worth 9,500 at the end of March."""
    books = people.books
    gains = (("4900", AccountClass.INCOME), ("5900", AccountClass.EXPENSE))
    with books.write() as session:
        add_accounts(
            session,
            [CreateAccount(code=code, name=code, account_class=kind) for code, kind in gains],
        )
    ids = codes(people)
    with books.write() as session:
        settings = SaveExchangeSettings(
            realised_gain_id=ids["4900"],
            realised_loss_id=ids["5900"],
            unrealised_gain_id=ids["4900"],
            unrealised_loss_id=ids["5900"],
        )
        save_exchange_settings(session, settings)
        type_rate(session, TypeRate(date=MARCH, base="USD", quote="EUR", rate="0.95"))
        bought = (
            PostingLine("1000", Decimal(9000), "", "USD", Decimal(10_000)),
            PostingLine("1100", Decimal(-9000)),
        )
        post(session, Posting("", "GEN", date(2026, 3, 2), bought, exchange=True))
    people.limit("100")
    return people


def run_revaluation(people: Any) -> Any:
    with people.at_work("maker") as session:
        return revalue(session, Revalue(as_of=MARCH))


def test_a_revaluation_waits_and_its_reversal_is_made_as_it_is_approved(dollars: Any) -> None:
    done = run_revaluation(dollars)
    assert (done.unrealised.waits, done.reversal) == (True, None)
    with dollars.books.read():
        assert "is made when a second person has approved it" in said_of_revaluation(done)
    assert stands_at(dollars, "1000") == 9000
    with pytest.raises(Conflict, match="waits for approval"):
        run_revaluation(dollars)
    with dollars.books.read() as session:
        assert due(session, date(2026, 12, 31)) == []
    assert approve(dollars, "checker", done.unrealised.id).number
    assert stands_at(dollars, "1000") == 9500
    # The reversal has another maker, so whoever asked for the revaluation may approve it.
    (reversal,) = waiting(dollars)
    assert dollars.entry(reversal).submitted_by == "checker"
    approve(dollars, "maker", reversal)
    assert stands_at(dollars, "1000", APRIL) == 9000
    assert run_revaluation(dollars).adjustments == ()


def test_a_revaluation_that_is_deleted_is_reversed_by_nothing(dollars: Any) -> None:
    done = run_revaluation(dollars)
    with dollars.at_work("checker") as session:
        send_back(session, SendBack(id=done.unrealised.id, reason="Wrong rate"))
    with pytest.raises(Conflict, match="is a draft"):
        run_revaluation(dollars)
    with dollars.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=done.unrealised.id))
    assert dollars.books.count("ledger_planned_entry") == 0
    assert run_revaluation(dollars).unrealised.waits


def begin_deferral(people: Any, **values: Any) -> int:
    ids = codes(people)
    command = Defer(
        name="Insurance",
        amount=Decimal(1200),
        account=ids["5000"],
        deferral_account=ids["1100"],
        journal=people.books.value("SELECT id FROM ledger_journal WHERE code = 'GEN'"),
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        **values,
    )
    with people.at_work("maker") as session:
        made = defer(session, command)
        assert "waits for approval" in said_of_deferral(session, made)
        return made.id


def run_plans(people: Any, login: str = "maker") -> int:
    with people.books.read() as session:
        found = due(session, MARCH)
    for one in found:
        with people.at_work(login) as session:
            make(session, one)
    return len(found)


def test_a_deferral_waits_and_its_releases_begin_when_it_is_approved(people: Any) -> None:
    people.limit("1000")
    deferral = begin_deferral(people)
    assert run_plans(people) == 0
    assert stands_at(people, "1100") == 0
    with pytest.raises(Conflict, match="delete the draft"), people.at_work("maker") as session:
        cancel_deferral(session, CancelDeferral(id=deferral, reason="wrong"))
    approve(people, "checker", waiting(people)[0])
    assert run_plans(people) == 3
    assert stands_at(people, "1100") == Decimal("904.11")
    with people.at_work("checker") as session:
        cancel_deferral(session, CancelDeferral(id=deferral, reason="wrong"))
    approve(people, "maker", waiting(people)[0])
    assert stands_at(people, "1100") == 0


def test_a_deferral_goes_with_its_draft_and_is_changed_by_no_other_way(people: Any) -> None:
    people.limit("1000")
    begin_deferral(people)
    (entry,) = waiting(people)
    with people.at_work("maker") as session:
        take_back(session, TakeBack(id=entry))
    lines = (
        DraftLine(account="1100", debit=Decimal(1)),
        DraftLine(account="5000", credit=Decimal(1)),
    )
    changed = SaveDraft(id=entry, journal="GEN", date=date(2026, 1, 1), lines=lines)
    with pytest.raises(Conflict, match="deferral"), people.at_work("maker") as session:
        save_draft(session, changed)
    with people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=entry))
    assert people.books.count("ledger_deferral") == 0
    assert people.books.count("ledger_planned_entry") == 0


def test_a_release_over_the_limit_waits_and_is_not_made_again(people: Any) -> None:
    people.limit("100")
    deferral = begin_deferral(people)
    approve(people, "checker", waiting(people)[0])
    assert run_plans(people) == 3
    assert run_plans(people) == 0
    # The 28 days of February are 92.05 of 1,200; the 31 of the other months 101.92.
    assert stands_at(people, "1100") == Decimal("1107.95")
    held = waiting(people)
    assert len(held) == 2
    with pytest.raises(Conflict, match="2026-01-31"), people.at_work("maker") as session:
        cancel_deferral(session, CancelDeferral(id=deferral, reason="wrong"))
    with people.at_work("maker") as session:
        take_back(session, TakeBack(id=held[0]))
    with pytest.raises(Conflict, match="Insurance"), people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=held[0]))


def test_a_release_that_waits_is_approved_though_its_cost_centre_has_ended(people: Any) -> None:
    with people.books.write() as session:
        centre = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        value = add_value(session, AddValue(dimension_id=centre, code="100", name="100")).id
    people.limit("100")
    begin_deferral(people, dimensions="cost_centre=100")
    approve(people, "checker", waiting(people)[0])
    run_plans(people)
    held = waiting(people)
    with people.books.write() as session:
        session.get_one(DimensionValue, value).valid_to = date(2026, 1, 1)
    for entry in held:
        approve(people, "checker", entry)
    # 1,200 less 90 of 365 days.
    assert stands_at(people, "1100") == Decimal("904.11")


def test_a_recurring_entry_over_the_limit_waits_and_is_not_made_again(people: Any) -> None:
    people.limit("1000")
    ids = codes(people)
    lines = [
        {"account": str(ids["5000"]), "debit": "1500.00"},
        {"account": str(ids["1000"]), "credit": "1500.00"},
    ]
    with people.at_work("maker") as session:
        content = {"journal": "GEN", "memo": "Rent", "lines": lines}
        template = EntryTemplate(
            company_id=people.books.company.id,
            owner_id=people.ids["maker"],
            name="Rent",
            content=content,
            created_by="maker",
            created_at=now(),
        )
        session.add(template)
        session.flush()
        plan = PlanRecurring(
            name="Rent",
            template=template.id,
            every=Every.MONTH,
            day=31,
            starts_on=date(2026, 3, 1),
            make_as=MakeAs.POSTED,
        )
        plan_recurring(session, plan)
    assert run_plans(people) == 1
    assert run_plans(people) == 0
    (held,) = waiting(people)
    approve(people, "checker", held)
    assert stands_at(people, "5000") == 1500


def test_what_is_released_of_a_tax_waits_once_however_often_is_paid(people: Any) -> None:
    taxed = Taxed(people.books)
    invoice = taxed.post(("1100", "1200.00"), ("4000", "-1000.00", "CB"))
    people.limit("50")

    def pay(amount: str) -> Any:
        with people.at_work("maker") as session:
            return release_cash_basis(
                session, invoice, paid=Decimal(amount), total=Decimal(1200), on=APRIL
            )

    assert pay("600").waits
    assert pay("600") is None
    assert pay("1200").waits
    for entry in waiting(people):
        approve(people, "checker", entry)
    assert stands_at(people, "2300", APRIL) == -200
    assert stands_at(people, "1190", APRIL) == 0


def test_an_allocation_says_that_its_tax_waits(people: Any) -> None:
    taxed = Taxed(people.books)
    with people.books.write() as session:
        manage(session, "1100")
    taxed.post(PostingLine("1100", Decimal(120), party="ACME"), ("4000", "-100.00", "CB"))
    taxed.post(("1000", "120.00"), PostingLine("1100", Decimal(-120), party="ACME"))
    people.limit("10")
    items = people.books.rows("SELECT id FROM ledger_open_item ORDER BY amount DESC")
    with people.at_work("maker") as session:
        pair = Pair(items[0].id, items[1].id)
        (done,) = allocate(session, Allocate(pairs=(pair,), on=APRIL))
    assert done.amount == 120
    assert done.tax_waits
    approve(people, "checker", waiting(people)[0])
    assert stands_at(people, "2300", APRIL) == -20


def test_of_a_file_what_is_over_the_limit_waits_and_the_import_lists_it(people: Any) -> None:
    people.limit("1000")
    books = people.books
    rows = journal(*sale("S1"), *sale("S2", amount="5000.00"), *sale("S3"))
    outcome = import_(books, JOURNAL, rows)
    assert (outcome.new, outcome.present) == (3, 0)
    assert outcome.notes == ("1 entry is over the limit and waits for approval: S2",)
    assert books.value("SELECT count(*) FROM ledger_entry WHERE state = 'posted'") == 2
    again = import_(books, JOURNAL, rows)
    assert (again.new, again.present, again.notes) == (0, 3, ())
    with books.write() as session:
        said = JOURNAL.undo(session, outcome.references)
    assert said == "2 entries were reversed. 1 entry that was not posted yet was deleted."
    assert stands_at(people, "4000") == 0
    assert import_(books, JOURNAL, rows).new == 3


def test_reversals_of_an_import_over_the_limit_wait_too(people: Any) -> None:
    books = people.books
    outcome = import_(books, JOURNAL, journal(*sale("S1", amount="5000.00"), *sale("S2")))
    people.limit("1000")
    with people.at_work("maker") as session:
        said = JOURNAL.undo(session, outcome.references)
    assert said == ("1 entry was reversed. 1 reversal is over the limit and waits for approval.")
    approve(people, "checker", waiting(people)[0])
    assert stands_at(people, "4000") == 0


def test_an_adjustment_over_the_limit_is_refused_with_what_to_do(people: Any) -> None:
    people.limit("1000")
    lines = (
        DraftLine(account="1100", debit=Decimal(5000)),
        DraftLine(account="4000", credit=Decimal(5000)),
    )
    with people.at_work("maker") as session:
        draft = save_draft(
            session, SaveDraft(journal="GEN", date=date(2026, 12, 31), lines=lines)
        ).id
    with (
        pytest.raises(Invalid, match="post it in the last month of the year"),
        people.at_work("maker") as session,
    ):
        post_adjustment(session, PostAdjustment(id=draft))
    assert people.entry(draft).state == "draft"


def test_the_closing_of_a_year_waits_for_nobody(people: Any) -> None:
    books = people.books
    books.post(books.sale("5000"))
    people.limit("1000")
    with people.at_work("maker") as session:
        for period in session.scalars(select(Period).order_by(Period.starts_on)).all():
            close_period(session, ClosePeriod(id=period.id, reason="End"))
    year = books.value("SELECT id FROM ledger_fiscal_year")
    equity = codes(people)["3000"]
    with people.at_work("maker") as session:
        close_year(session, CloseYear(id=year, account=equity))
    assert stands_at(people, "3000", date(2026, 12, 31)) == -5000
    with people.at_work("maker") as session:
        reopen_year(session, ReopenYear(id=year, reason="Late bill"))
    assert stands_at(people, "3000", date(2026, 12, 31)) == 0
    assert waiting(people) == []
