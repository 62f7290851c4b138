"""The fixtures that authors of plugins get do what they say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.clock import today
from backstay.companies.models import Company
from backstay.contracts.ledger import (
    EntriesPosted,
    EntriesReversed,
    Ledger,
    Pair,
    Posting,
    PostingLine,
    Source,
)
from backstay.db.context import CompanyRef, company_of
from backstay.errors import BackstayError
from backstay.jobs.models import Job
from backstay.kernel.suite import Suite, require
from backstay.testing.author import AsRole
from backstay.testing.fakes import FakeLedger
from backstay.testing.web import Browser

Writing = Callable[..., AbstractContextManager[Session]]
SALE = Posting(
    key="invoice-1",
    journal="GEN",
    date=today(),
    lines=(PostingLine("1100", Decimal(100)), PostingLine("4000", Decimal(-100))),
)


@pytest.fixture
def books(writing: Writing, suite: Suite, alpha: CompanyRef) -> None:
    """ALPHA's books, as the ledger sets a company up."""
    with writing() as session:
        company = session.get_one(Company, alpha.id)
        for choice in suite.part("ledger").company_setup:
            choice.apply(session, company, "small")


def test_a_role_of_a_template_opens_what_it_opens_and_nothing_else(as_role: AsRole) -> None:
    assert as_role("accountant").get("/c/ALPHA/ledger/entries").status_code == 200
    assert as_role("accountant").get("/admin/users").status_code == 403
    reader = as_role(permissions=["ledger.books.view"])
    assert reader.get("/c/ALPHA/ledger/entries").status_code == 200
    assert reader.get("/c/ALPHA/ledger/entries/new").status_code == 403


def test_a_role_is_held_in_the_company_that_is_named(as_role: AsRole, beta: CompanyRef) -> None:
    browser = as_role("accountant", company=beta)
    assert browser.get("/c/BETA/ledger/entries").status_code == 200
    assert browser.get("/c/ALPHA/ledger/entries").status_code == 404


def test_a_role_that_nobody_proposes_is_named_with_those_that_are_there(as_role: AsRole) -> None:
    with pytest.raises(LookupError, match=r"“acountant”; there are: .*accountant"):
        as_role("acountant")


def test_the_client_is_nobody(client: Browser) -> None:
    assert client.get("/c/ALPHA/ledger/entries").status_code == 303


def test_what_a_session_does_not_commit_is_gone(session: Session, writing: Writing) -> None:
    company = session.get_one(Company, company_of(session).id)
    company.name = "Another"
    session.flush()
    session.close()
    with writing() as other:
        assert other.get_one(Company, company_of(other).id).name == "Alpha Ltd"


@pytest.mark.usefixtures("books")
def test_events_are_heard_once_they_are_committed(
    writing: Writing, events: Callable[..., list[Any]], run_jobs: Callable[[], int]
) -> None:
    class Undone(Exception):
        pass

    with pytest.raises(Undone), writing() as session:
        require(session, Ledger).post(session, SALE)
        raise Undone
    assert events() == []
    with writing() as session:
        posted = require(session, Ledger).post(session, SALE)
    assert events() == events(EntriesPosted) == [EntriesPosted((posted.id,))]
    assert events(EntriesReversed) == []
    run_jobs()
    assert events() == [EntriesPosted((posted.id,))]


def test_the_listener_is_gone_after_the_test(suite: Suite, writing: Writing) -> None:
    assert [name for name in suite.jobs if name.startswith("test.")] == []
    with writing() as session:
        assert session.scalar(select(func.count()).where(Job.kind.like("test.%"))) == 0


CASES = {
    "fits": SALE,
    "out of balance": replace(
        SALE, lines=(PostingLine("1100", Decimal(100)), PostingLine("4000", Decimal(-99)))
    ),
    "one line": replace(SALE, lines=SALE.lines[:1]),
    "zero": replace(SALE, lines=(*SALE.lines, PostingLine("4000", Decimal(0)))),
    "decimals": replace(
        SALE,
        lines=(PostingLine("1100", Decimal("1.005")), PostingLine("4000", Decimal("-1.005"))),
    ),
    "no such account": replace(SALE, lines=(SALE.lines[0], PostingLine("99x", Decimal(-100)))),
    "no account": replace(SALE, lines=(SALE.lines[0], PostingLine("", Decimal(-100)))),
    "no such journal": replace(SALE, journal="NONE"),
    "half a currency": replace(SALE, lines=(replace(SALE.lines[0], currency="USD"), SALE.lines[1])),
    "own currency": replace(
        SALE,
        lines=(
            replace(SALE.lines[0], currency="EUR", amount_currency=Decimal(100)),
            SALE.lines[1],
        ),
    ),
    "signs": replace(
        SALE,
        lines=(
            replace(SALE.lines[0], currency="USD", amount_currency=Decimal(-100)),
            SALE.lines[1],
        ),
    ),
    "long memo": replace(SALE, memo="x" * 501),
    "long key": replace(SALE, key="x" * 121),
}


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("case", CASES)
def test_the_fake_ledger_takes_and_refuses_what_the_ledger_does(
    writing: Writing, provide: Callable[..., Any], case: str
) -> None:
    def answer(session: Session) -> tuple[str, set[str | None]]:
        try:
            require(session, Ledger).post_many(session, [CASES[case]])
        except BackstayError as error:
            return type(error).__name__, {one.field for one in error.problems}
        return "posted", set()

    with writing() as session:
        accounts = "SELECT code FROM ledger_account"
        codes = session.connection().exec_driver_sql(accounts).scalars().all()
        assert {"1100", "4000"} <= set(codes)
        real = answer(session)
        fake = provide(Ledger, FakeLedger(accounts=frozenset(codes)))
        assert answer(session) == real
        assert len(fake.entries) == (real[0] == "posted")


@pytest.mark.usefixtures("books")
def test_the_fake_ledger_settles_open_items_as_the_ledger_does(
    writing: Writing, provide: Callable[..., Any]
) -> None:
    def story(session: Session) -> list[Any]:
        ledger = require(session, Ledger)
        day = today()
        told: list[Any] = []

        def tell(ask: Callable[[], Any]) -> Any:
            try:
                answer = ask()
            except BackstayError as error:
                told.append((type(error).__name__, {one.field for one in error.problems}))
                return None
            told.append(answer if isinstance(answer, list | tuple) else answer is not None)
            return answer

        def item(amount: int, party: str = "ACME", source: str = "") -> Any:
            lines = (
                PostingLine("2000", Decimal(amount), party=party),
                PostingLine("4000", Decimal(-amount)),
            )
            of = Source(source, f"{source}.bill", "1") if source else None
            return ledger.post(session, Posting("", "GEN", day, lines, source=of))

        tell(lambda: item(1))
        ledger.claim_control_account(session, "2000", "invoicing.payables")
        tell(lambda: item(1))
        tell(lambda: item(1, "", "invoicing"))
        for amount, party in ((100, "ACME"), (-180, "ACME"), (150, "ACME"), (-5, "OTHER")):
            item(amount, party, "invoicing")
        first, paid, second, other = (one.id for one in ledger.open_items(session, day))

        def left() -> list[Any]:
            found = ledger.open_items(session, day, account="2000", party="ACME")
            return [(one.account, one.party, one.residual, one.residual_base) for one in found]

        tell(lambda: ledger.allocate(session, [Pair(first, other)], None, ""))
        tell(lambda: ledger.allocate(session, [Pair(paid, first)], None, ""))
        tell(lambda: ledger.allocate(session, [Pair(first, paid, Decimal(101))], day, ""))
        pairs = [Pair(first, paid), Pair(second, paid)]
        made = ledger.allocate(session, pairs, None, "match-1")
        told.append([(one.amount, one.gain, one.existed) for one in made])
        told.append([one.existed for one in ledger.allocate(session, pairs, None, "match-1")])
        tell(lambda: ledger.allocate(session, pairs[:1], None, "match-1"))
        tell(left)
        undone = ledger.undo_allocation(session, made[1].id, day, "back")
        told.append((undone.amount, undone.gain))
        tell(lambda: ledger.undo_allocation(session, made[1].id, day, ""))
        tell(left)
        tell(lambda: ledger.claim_control_account(session, "2000", "banking.clearing"))
        return told

    with writing() as session:
        real = story(session)
        provide(Ledger, FakeLedger())
        assert story(session) == real


@pytest.mark.usefixtures("books")
def test_the_fake_ledger_keeps_keys_and_reverses_as_the_ledger_does(
    writing: Writing, provide: Callable[..., Any]
) -> None:
    def story(session: Session) -> list[Any]:
        ledger = require(session, Ledger)
        day = today()
        told: list[Any] = []
        first = ledger.post(session, SALE)
        told.append(first.existed)
        told.append(ledger.post(session, SALE).existed)
        try:
            ledger.post(session, replace(SALE, memo="Other"))
        except BackstayError as error:
            told.append((type(error).__name__, error.problems[0].field))
        told.append(ledger.balance(session, "1100", day))
        ledger.reverse(session, first.id, day, "Wrong customer", "back-1")
        told.append(ledger.balance(session, "1100", day))
        try:
            ledger.reverse(session, first.id, day, "Wrong customer", "back-2")
        except BackstayError as error:
            told.append(type(error).__name__)
        told.append(len(ledger.preview(session, replace(SALE, key="invoice-2"))))
        return told

    with writing() as session:
        real = story(session)
        fake = provide(Ledger, FakeLedger())
        assert story(session) == real
        assert [entry.key for entry in fake.entries.values()] == ["invoice-1", "back-1"]
