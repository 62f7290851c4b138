"""The close cockpit: what the machine finds, people's own tasks, waiving by two persons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from backstay.contracts.ledger import Posting, PostingLine
from backstay.errors import Conflict, Forbidden, Invalid
from backstay_ledger.closing.services.checklist import (
    AddTask,
    AssignTask,
    FinishTask,
    WaiveTask,
    add_task,
    agree_waiver,
    ask_waiver,
    assign_task,
    checklist,
    finish_task,
    pending,
)
from backstay_ledger.closing.services.plans import ReverseLater, due, make, reverse_later
from backstay_ledger.closing.task_models import TaskState
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import period_on
from plugins.ledger.tests.managing import manage

from .steps import MARCH, move, person

RELEASES = "ledger.releases"


def names(books: Any) -> list[str]:
    """The tasks that block closing March."""
    with books.read() as session:
        return [item.name for item in pending(session, period_on(session, MARCH))]


def period(books: Any) -> int:
    with books.read() as session:
        return int(period_on(session, MARCH).id)


@pytest.fixture
def accrued(books: Any) -> Any:
    """An accrual of February whose reversal in March was not made."""
    entry = books.post(books.posting(("5000", "70"), ("2000", "-70"), date=date(2026, 2, 28))).id
    with books.write() as session:
        reverse_later(session, ReverseLater(id=entry, on=date(2026, 3, 1)))
    return books


def test_nothing_blocks_an_orderly_month(books: Any) -> None:
    books.post(books.sale())
    assert names(books) == []
    with books.read() as session:
        items = checklist(session, period_on(session, MARCH))
    assert [item.name for item in items if item.found] == ["ledger.earlier", "ledger.cut_off"]
    move(books, "closed")


def test_a_draft_blocks_and_can_not_be_waived(books: Any) -> None:
    lines = (DraftLine(account="1000", debit=books.sale().lines[0].amount),)
    with books.write() as session:
        save_draft(session, SaveDraft(journal="GEN", date=MARCH, lines=lines, memo="Rent"))
    assert names(books) == ["ledger.drafts"]
    command = WaiveTask(period_id=period(books), name="ledger.drafts", reason="later")
    with pytest.raises(Conflict, match="can't be waived"), books.write() as session:
        ask_waiver(session, command)


def test_a_release_that_was_not_made_blocks_until_a_second_person_waives_it(accrued: Any) -> None:
    assert names(accrued) == [RELEASES]
    with pytest.raises(Conflict, match=r"Releases and reversals posted: 2026-03-01 Reversal of"):
        move(accrued, "closed")
    command = WaiveTask(period_id=period(accrued), name=RELEASES, reason="made by hand")
    with pytest.raises(Invalid, match="Say why"), accrued.write() as session:
        ask_waiver(session, WaiveTask(period_id=command.period_id, name=RELEASES))
    with accrued.write(person(accrued, "ada")) as session:
        ask_waiver(session, command)
    assert names(accrued) == [RELEASES]
    with (
        pytest.raises(Forbidden, match="second person"),
        accrued.write(person(accrued, "ada")) as session,
    ):
        agree_waiver(session, command)
    with accrued.write(person(accrued, "carl")) as session:
        agree_waiver(session, command)
    assert names(accrued) == []
    move(accrued, "closed")


def accrue(books: Any) -> None:
    """Another accrual whose reversal in March was not made."""
    entry = books.post(books.posting(("5000", "30"), ("2000", "-30"), date=date(2026, 2, 27))).id
    with books.write() as session:
        reverse_later(session, ReverseLater(id=entry, on=date(2026, 3, 2)))


def waived(books: Any) -> WaiveTask:
    """Ada asked that the release be waived, and Carl agreed."""
    command = WaiveTask(period_id=period(books), name=RELEASES, reason="made by hand")
    with books.write(person(books, "ada")) as session:
        ask_waiver(session, command)
    with books.write(person(books, "carl")) as session:
        agree_waiver(session, command)
    return command


def releases(books: Any) -> Any:
    with books.read() as session:
        items = checklist(session, period_on(session, MARCH))
    return next(item for item in items if item.name == RELEASES)


def test_a_waiver_holds_for_what_was_found_when_it_was_asked_for(accrued: Any) -> None:
    command = waived(accrued)
    assert (releases(accrued).state, releases(accrued).since) == (TaskState.WAIVED, ())
    accrue(accrued)
    item = releases(accrued)
    assert (item.state, item.blocks) == (TaskState.OPEN, True)
    assert [one.text for one in item.since] == ["2026-03-02 Reversal of GEN-2026-000002"]
    with pytest.raises(Conflict, match="2026-03-02 Reversal of GEN-2026-000002"):
        move(accrued, "closed")
    with pytest.raises(Conflict, match="Nobody asked"), accrued.write() as session:
        agree_waiver(session, command)
    waived(accrued)
    assert names(accrued) == []
    with accrued.write() as session:
        make(session, due(session, date(2026, 3, 1))[0])
    assert (releases(accrued).state, len(releases(accrued).found)) == (TaskState.WAIVED, 1)
    move(accrued, "closed")


def test_what_is_found_before_the_second_person_agrees_is_not_waived(accrued: Any) -> None:
    command = WaiveTask(period_id=period(accrued), name=RELEASES, reason="made by hand")
    with accrued.write(person(accrued, "ada")) as session:
        ask_waiver(session, command)
    accrue(accrued)
    assert releases(accrued).state is TaskState.OPEN
    with (
        pytest.raises(Conflict, match="was not found yet when it was asked for: 2026-03-02"),
        accrued.write(person(accrued, "carl")) as session,
    ):
        agree_waiver(session, command)
    assert names(accrued) == [RELEASES]


def test_a_waiver_of_many_findings_holds_for_these_in_every_language(accrued: Any) -> None:
    for _ in range(11):
        accrue(accrued)
    waived(accrued)
    assert names(accrued) == []
    context = replace(person(accrued, "ada"), locale="de")
    with accrued.read(context) as session:
        assert not pending(session, period_on(session, MARCH))
    accrue(accrued)
    assert len(releases(accrued).since) == 1


def test_the_database_keeps_what_a_waiver_is_for(accrued: Any, raw: Any) -> None:
    waived(accrued)
    with pytest.raises(Exception, match="A waiver is for what was found"):
        raw.run("UPDATE ledger_period_task SET found = 'x'")


def test_waivers_from_before_are_asked_for_anew_where_something_is_found(accrued: Any) -> None:
    waived(accrued)
    step = import_module("backstay_ledger.migrations.versions.0024_found_by_tasks")
    with (
        accrued.write() as session,
        Operations.context(MigrationContext.configure(session.connection())),
    ):
        step.downgrade()
        step.upgrade()
    item = releases(accrued)
    assert (item.state, item.blocks, len(item.since)) == (TaskState.OPEN, True, 1)
    waived(accrued)
    assert names(accrued) == []


def test_people_add_tasks_that_block_until_they_are_done(books: Any) -> None:
    with books.write() as session:
        task = add_task(session, AddTask(period_id=period(books), title="Cash counted"))
    with books.write() as session:
        assign_task(session, AssignTask(period_id=task.period_id, name=task.name, owner="ben"))
    with pytest.raises(Conflict, match="Cash counted"):
        move(books, "closed")
    with books.write() as session:
        finish_task(session, FinishTask(period_id=task.period_id, name=task.name))
    with books.read() as session:
        item = checklist(session, period_on(session, MARCH))[-1]
    assert (item.owner, item.state) == ("ben", TaskState.DONE)
    move(books, "closed")


def test_a_waiver_by_one_person_is_refused_by_the_database(accrued: Any, raw: Any) -> None:
    with accrued.write(person(accrued, "ada")) as session:
        ask_waiver(
            session, WaiveTask(period_id=period(accrued), name=RELEASES, reason="made by hand")
        )
    for said in ("decided_by = 'ada'", "decided_by = NULL"):
        with pytest.raises(Exception, match="second_person"):
            raw.run(f"UPDATE ledger_period_task SET state = 'waived', {said}")  # noqa: S608
    assert names(accrued) == [RELEASES]


def test_parties_whose_items_could_settle_each_other_are_named(books: Any) -> None:
    with books.write() as session:
        manage(session, "1100")
    for amount, party in (("100", "ACME"), ("-80", "ACME"), ("50", "Brown")):
        lines = (
            PostingLine("1100", Decimal(amount), party=party),
            PostingLine("4000", -Decimal(amount)),
        )
        books.post(Posting(key="", journal="GEN", date=MARCH, lines=lines))
    with books.read() as session:
        items = {item.name: item for item in checklist(session, period_on(session, MARCH))}
    assert [one.text for one in items["ledger.open_items"].found] == ["1100 ACME"]
    assert not items["ledger.open_items"].blocks
