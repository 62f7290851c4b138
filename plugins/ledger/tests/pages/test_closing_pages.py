"""The close cockpit and the year-end at a browser."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backstay.spi import now
from backstay_ledger.closing.plan_models import Every
from backstay_ledger.closing.services.plans import ReverseLater, reverse_later
from backstay_ledger.closing.services.recurring import PlanRecurring, plan_recurring
from backstay_ledger.models import Account, AccountClass, Entry, EntryTemplate
from backstay_ledger.permissions import BOOKS_VIEW, PERIOD_CLOSE
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

MARCH = date(2026, 3, 5)


def cockpit(books: Books) -> str:
    with books.database.read(books.context, books.suite) as session:
        return books.url(f"/periods/{period_on(session, MARCH).id}/closing")


def year_end(books: Books) -> str:
    with books.database.read(books.context, books.suite) as session:
        return books.url(f"/fiscal-years/{period_on(session, MARCH).fiscal_year_id}/closing")


def test_the_cockpit_lists_what_blocks_and_two_persons_waive_it(
    accountant: Browser, books: Books, sit_down: Any
) -> None:
    address = cockpit(books)
    assert "Drafts posted or deleted" in accountant.get(address).text
    accountant.post(f"{address}/tasks", {"step": "add", "words": "Cash counted"})
    shown = accountant.get(address).text
    assert "Cash counted" in shown
    assert "Blocks closing" in shown
    name = shown.partition('value="own.')[2].partition('"')[0]
    task = {"name": f"own.{name}"}
    accountant.post(f"{address}/tasks", {**task, "step": "assign", "words": "ben"})
    accountant.post(f"{address}/tasks", {**task, "step": "ask", "words": "no cash any more"})
    assert "Owner: ben" in accountant.get(address).text
    other = sit_down("carl", BOOKS_VIEW, PERIOD_CLOSE)
    assert "Agree to waive" not in accountant.get(address).text
    assert "Agree to waive" in other.get(address).text
    other.post(f"{address}/tasks", {**task, "step": "agree"})
    assert "Blocks closing" not in accountant.get(address).text


def test_the_lines_of_a_recurring_entry_say_all_that_comes_again(
    accountant: Browser, books: Books
) -> None:
    with books.database.write(books.context, books.suite) as session:
        key = {row.code: str(row.id) for row in session.execute(select(Account.code, Account.id))}
        abroad = {"currency": "USD", "foreign": "1110.00"}
        spent = {"account": key["4000"], "label": "4000 Sales", "debit": "999.99"}
        owed = {"account": key["1000"], "label": "1000 Cash", "credit": "999.99", "party": "Cloud"}
        template = EntryTemplate(
            company_id=books.context.company.id,
            owner_id=1,
            name="Cloud",
            shared=True,
            created_by="x",
            created_at=now(),
            content={"journal": "GEN", "lines": [spent | abroad, owed | abroad]},
        )
        session.add(template)
        session.flush()
        command = PlanRecurring(
            name="Cloud", template=template.id, every=Every.MONTH, day=1, starts_on=MARCH
        )
        plan = plan_recurring(session, command).id
    page = accountant.get(books.url(f"/recurring-entries/{plan}")).text
    assert "1,110.00 USD" in page
    assert "999.99" not in page  # each entry is worth what the rate of its day says
    assert "Cloud</td>" in page
    assert "Party" in page
    assert "Dimensions" not in page


def test_the_cockpit_says_what_was_found_after_a_waiver_was_asked_for(
    accountant: Browser, books: Books
) -> None:
    def accrual(key: str, day: date) -> None:
        books.post(key, date(2026, 2, 20), "1100", "4000", "70.00")
        with books.database.write(books.context, books.suite) as session:
            last = session.scalars(select(Entry.id).order_by(Entry.id.desc()).limit(1)).one()
            reverse_later(session, ReverseLater(id=last, on=day))

    address = cockpit(books)
    accrual("a", date(2026, 3, 1))
    asked = {"name": "ledger.releases", "step": "ask", "words": "made by hand"}
    accountant.post(f"{address}/tasks", asked)
    shown = accountant.get(address).text
    assert "Waiver asked for" in shown
    assert "Open again" not in shown
    for day in range(2, 14):
        accrual(f"b{day}", date(2026, 3, day))
    shown = accountant.get(address).text
    assert "Open again: 12 of what is found was not found yet" in shown
    assert "Waiver asked for" not in shown
    assert "Ask to waive" in shown
    assert "and 3 more" in shown


def test_a_reader_sees_the_checklist_and_works_on_nothing(reader: Browser, books: Books) -> None:
    address = cockpit(books)
    assert "Add task" not in reader.get(address).text
    assert reader.post(f"{address}/tasks", {"step": "add", "words": "x"}).status_code == 403


def test_a_year_is_closed_and_reopened_on_its_page(accountant: Browser, books: Books) -> None:
    books.post("a", date(2026, 3, 5), "1000", "4000", "2500.00")
    with books.database.write(books.context, books.suite) as session:
        retained = CreateAccount(
            code="3200", name="Retained earnings", account_class=AccountClass.EQUITY
        )
        add_accounts(session, [retained])
    address = year_end(books)
    assert "not closed yet" in accountant.get(address).text
    with books.database.write(books.context, books.suite) as session:
        for month in range(1, 13):
            close_period(session, ClosePeriod(id=period_on(session, date(2026, month, 1)).id))
    shown = accountant.get(address).text
    assert "2,500.00 profit" in shown
    assert "selected>3200 Retained earnings" in shown
    account = books.account("3200")
    accountant.post(address, {"step": "close", "account": str(account), "reason": ""})
    assert "The year is closed by GEN-2026-000002" in accountant.get(address).text
    accountant.post(address, {"step": "reopen", "reason": "late bill"})
    assert "2,500.00 profit" in accountant.get(address).text
