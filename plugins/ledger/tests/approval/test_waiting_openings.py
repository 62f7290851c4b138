"""Opening entries over a limit: nothing of them counts as done, or goes astray, while they wait."""

# ruff: noqa: TID252 - the books whose opening is begun are those of the tests beside this folder

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Conflict
from backstay.imports.declare import StagedRow
from backstay_ledger.approval.deciding import ApproveEntry, SendBack, approve_entry, send_back
from backstay_ledger.approval.limits import DropLimit, drop_limit
from backstay_ledger.opening_wizard import imports
from backstay_ledger.opening_wizard.entering import OpeningItem, post_items
from backstay_ledger.opening_wizard.models import OpeningPart
from backstay_ledger.opening_wizard.opening import UndoOpening, finish_opening, undo_opening
from backstay_ledger.services.drafts import (
    DeleteDraft,
    DraftLine,
    PostDraft,
    SaveDraft,
    delete_draft,
    post_draft,
    save_draft,
)
from backstay_ledger.services.fiscal_years import list_fiscal_years
from backstay_ledger.services.opening import PostOpeningBalances, post_opening_balances
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

from ..opening_wizard.beginnings import FIRST_DAY, Beginning, beginning_of, owed

ITEM = owed("ACME", "5000", "INV-1", document_date=date(2025, 11, 3))


@pytest.fixture
def beginning(people: Any) -> Beginning:
    made = beginning_of(people.books)
    made.begin()
    return made


def owe(people: Any, *items: OpeningItem) -> list[int]:
    with people.at_work("maker") as session:
        return [one.id for one in post_items(session, items)]


def approve(people: Any, entry_id: int) -> None:
    with people.at_work("checker") as session:
        approve_entry(session, ApproveEntry(id=entry_id))


def give_back(people: Any, entry_id: int) -> None:
    with people.at_work("checker") as session:
        send_back(session, SendBack(id=entry_id, reason="Look again"))


def reverse(people: Any, entry_id: int) -> Any:
    with people.at_work("maker") as session:
        return reverse_entry(session, ReverseEntry(id=entry_id, on=FIRST_DAY, reason="Wrong"))


def undo(people: Any) -> int:
    with people.at_work("maker") as session:
        return undo_opening(session, UndoOpening(part=OpeningPart.ITEMS, reason="wrong list"))


def why_unfinished(people: Any) -> list[str]:
    with pytest.raises(Conflict) as error, people.at_work("maker") as db:
        finish_opening(db)
    return [one.message for one in error.value.problems]


def test_an_opening_entry_that_was_sent_back_is_posted_or_deleted_but_not_edited(
    people: Any, beginning: Beginning
) -> None:
    people.limit("1000")
    kept, dropped = owe(people, ITEM, owed("BEST", "7000", "INV-2"))
    give_back(people, kept)
    give_back(people, dropped)
    lines = (
        DraftLine(account="1000", debit=Decimal(1)),
        DraftLine(account="3000", credit=Decimal(1)),
    )
    changed = SaveDraft(id=kept, journal="GEN", date=FIRST_DAY, lines=lines)
    with (
        pytest.raises(Conflict, match="belongs to the opening of the books"),
        people.at_work("maker") as session,
    ):
        save_draft(session, changed)
    with people.at_work("maker") as session:
        post_draft(session, PostDraft(id=kept))
    approve(people, kept)
    with people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=dropped))
    assert [(one.code, one.items) for one in beginning.state().accounts] == [
        ("1100", Decimal(5000))
    ]
    assert beginning.sound()


def test_an_opening_is_not_finished_while_an_entry_of_it_is_a_draft(
    people: Any, beginning: Beginning
) -> None:
    beginning.balances(("1000", "700"), ("3000", "-700"))
    people.limit("1000")
    (entry,) = owe(people, ITEM)
    assert beginning.state().waiting == 1
    give_back(people, entry)
    assert beginning.state().waiting == 1
    assert not beginning.state().complete
    assert why_unfinished(people) == [
        "1 entry or reversal is not posted yet: have it approved, post it or delete it."
    ]
    with people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=entry))
    with people.at_work("maker") as session:
        assert finish_opening(session).finished_by


def test_a_reversal_that_waits_has_taken_nothing_out_of_the_opening(
    people: Any, beginning: Beginning
) -> None:
    beginning.balances(("1100", "5000"), ("3000", "-5000"))
    (entry,) = owe(people, ITEM)
    assert beginning.state().complete
    people.limit("1000")
    reversal = reverse(people, entry)
    assert reversal.waits
    state = beginning.state()
    assert (state.waiting, state.entries[OpeningPart.ITEMS]) == (1, 1)
    assert [one.missing for one in state.accounts] == [0]
    assert len(why_unfinished(people)) == 1
    with pytest.raises(Conflict, match="have the reversals approved"):
        undo(people)
    # The document is in the books as yet: entered again, it is not posted twice.
    assert owe(people, ITEM) == [entry]
    approve(people, reversal.id)
    state = beginning.state()
    assert (state.waiting, state.entries[OpeningPart.ITEMS]) == (0, 0)
    assert [one.missing for one in state.accounts] == [5000]
    assert owe(people, ITEM) != [entry]


def test_undoing_a_list_leaves_out_what_is_being_reversed(
    people: Any, beginning: Beginning
) -> None:
    large, _small = owe(people, ITEM, owed("BEST", "20", "INV-2"))
    people.limit("1000")
    reversal = reverse(people, large)
    assert undo(people) == 1
    approve(people, reversal.id)
    assert beginning.balance("9010") == 0


def test_an_import_is_undone_whatever_became_of_its_entries(
    people: Any, beginning: Beginning
) -> None:
    columns = ("account", "party", "reference", "debit")
    parties = (
        ("PLAIN", "10"),
        ("BYHAND", "20"),
        ("WAITS", "5000"),
        ("BACK", "6000"),
        ("GONE", "7000"),
    )
    rows = [
        StagedRow(number, dict(zip(columns, ("1100", party, f"R-{party}", amount), strict=True)))
        for number, (party, amount) in enumerate(parties, 2)
    ]
    limit = people.limit("1000")
    with people.at_work("maker") as session:
        references = imports.commit_items(session, rows).references
    ids = dict(zip((party for party, _amount in parties), map(int, references), strict=True))
    reverse(people, ids["BYHAND"])
    give_back(people, ids["BACK"])
    give_back(people, ids["GONE"])
    with people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=ids["GONE"]))
    with people.at_work("maker") as session:
        said = imports.undo(session, references)
    assert said == "1 entry was reversed. 2 entries that were not posted yet were deleted."
    assert beginning.balance("9010") == 0
    assert beginning.state().waiting == 0
    with people.books.write() as session:
        drop_limit(session, DropLimit(id=limit))
    with people.at_work("maker") as session:
        assert imports.commit_items(session, rows).new == len(parties)
    assert beginning.sound()


def test_undoing_an_import_says_which_reversals_wait(people: Any, beginning: Beginning) -> None:
    columns = ("account", "debit", "credit")
    rows = [
        StagedRow(2, dict(zip(columns, ("1000", "5000", ""), strict=True))),
        StagedRow(3, dict(zip(columns, ("3000", "", "5000"), strict=True))),
    ]
    with people.at_work("maker") as session:
        references = imports.commit_balances(session, rows).references
    people.limit("1000")
    with people.at_work("maker") as session:
        said = imports.undo(session, references)
    assert said.endswith("1 reversal is over the limit and waits for approval.")
    assert beginning.state().waiting == 1


def test_balances_that_wait_are_there_already(people: Any) -> None:
    def post() -> int:
        with people.at_work("maker") as session:
            (year,) = list_fiscal_years(session)
            lines = (
                DraftLine(account="1000", debit=Decimal(5000)),
                DraftLine(account="3000", credit=Decimal(5000)),
            )
            return post_opening_balances(
                session, PostOpeningBalances(fiscal_year_id=year.id, lines=lines)
            ).id

    people.limit("1000")
    waiting = post()
    with pytest.raises(Conflict, match="in an entry that is not posted yet: have it approved"):
        post()
    approve(people, waiting)
    with pytest.raises(Conflict, match="OPN-2026-000001; reverse them first"):
        post()
    reversal = reverse(people, waiting)
    assert reversal.waits
    # What is told does not send people to reverse what is being reversed.
    with pytest.raises(Conflict, match="OPN-2026-000001, whose reversal is not posted yet: have"):
        post()
    approve(people, reversal.id)
    assert post() != waiting
