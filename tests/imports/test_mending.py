"""Mending an import: rows fixed in place, left out, columns told and remembered, cancelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from backstay.errors import Conflict, NotFound
from backstay.imports.models import ImportState
from backstay.imports.reading import Options
from backstay.imports.services import (
    FixRow,
    ReadImport,
    UndoImport,
    cancel_import,
    confirm_import,
    fix_row,
    leave_out,
    read_otherwise,
    undo_import,
)
from backstay.imports.staging import unit_of
from backstay.imports.store import problems_of
from backstay.jobs.execute import execute_next
from tests.imports.test_engine import Desk, desk
from tests.imports.test_pages import app, clerk, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.web import Browser

__all__ = ["app", "clerk", "desk"]

DODO = b"ring,species\nA1,Robin\nA2,Dodo\nA3,Wren\n"


def test_a_row_is_fixed_in_place_and_the_import_is_ready(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload(DODO)
    work()
    assert (desk.look(import_id).new, desk.look(import_id).problem_count) == (2, 1)
    desk.do(fix_row, FixRow(import_id, 3, {"species": "Dodo "}))
    assert desk.state(import_id) is ImportState.REFUSED
    desk.do(fix_row, FixRow(import_id, 3, {"species": "Duck"}))
    ready = desk.look(import_id)
    assert (ready.state, ready.new, ready.problem_count) == (ImportState.READY, 3, 0)
    with pytest.raises(Conflict):
        desk.do(fix_row, FixRow(import_id, 3, {"species": "Dodo"}))
    desk.do(confirm_import, import_id)
    work()
    assert rings() == ["A1", "A2", "A3"]


def test_only_rows_and_columns_of_the_file_can_be_fixed(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload(DODO)
    work()
    with pytest.raises(NotFound, match="no row 9"):
        desk.do(fix_row, FixRow(import_id, 9, {"species": "Duck"}))
    with pytest.raises(NotFound, match="no column"):
        desk.do(fix_row, FixRow(import_id, 3, {"colour": "red"}))


def test_bad_rows_are_left_out_if_i_say_so_and_undo_takes_back_the_rest(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload(DODO)
    work()
    desk.do(leave_out, import_id)
    work()
    done = desk.look(import_id)
    assert (done.state, done.new, done.problem_count) == (ImportState.DONE, 2, 1)
    assert rings() == ["A1", "A3"]
    desk.do(undo_import, UndoImport(import_id, "wrong birds"))
    assert rings() == []


def test_a_file_without_a_good_row_can_not_be_imported_in_part(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload(b"ring,species\nA1,Dodo\n")
    work()
    with pytest.raises(Conflict, match="No row"):
        desk.do(leave_out, import_id)


def test_columns_are_matched_and_remembered_for_the_next_file(
    desk: Desk, work: Callable[[], None]
) -> None:
    content = b"tag,kind\nA1,Robin\n"
    first = desk.upload(content)
    work()
    assert desk.state(first) is ImportState.REFUSED
    chosen = Options(columns={"tag": "ring", "kind": "species"})
    desk.do(read_otherwise, ReadImport(first, chosen))
    work()
    assert desk.state(first) is ImportState.READY
    second = desk.upload(content.replace(b"A1", b"B1"))
    work()
    ready = desk.look(second)
    assert ready.state is ImportState.READY
    assert any("last such file" in note for note in ready.notes)


def test_what_waits_can_be_cancelled(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    first = desk.upload()
    desk.do(cancel_import, first)
    assert desk.state(first) is ImportState.DISCARDED
    second = desk.upload()
    work()
    desk.do(confirm_import, second)
    desk.do(cancel_import, second)
    work()
    assert desk.state(second) is ImportState.READY
    assert rings() == []
    with pytest.raises(Conflict, match="nothing to cancel"):
        desk.do(cancel_import, second)


def test_what_a_cancelled_job_has_checked_is_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backstay.imports import jobs

    import_id = desk.upload()
    before = jobs.check_staged

    def cancelled_meanwhile(*arguments: object) -> bool:
        desk.do(cancel_import, import_id)
        return before(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "check_staged", cancelled_meanwhile)
    while execute_next(desk.database, lambda: desk.suite):
        pass
    assert desk.state(import_id) is ImportState.DISCARDED


def test_the_pages_fix_leave_out_and_give_the_reasons(
    clerk: Browser, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    at = upload(clerk, b"ring,species,weight\nA1,Robin,-5\nA2,Dodo,=1+1\nA3,Dodo,7\n")
    work()
    shown = clerk.get(at).text
    assert "Mend the rows" in shown
    assert "Import 1 bird, leave the rest out" in shown
    text = clerk.get(f"{at}/left-out.csv").text.lstrip("\ufeff")
    assert text.splitlines() == [
        "ring,species,weight,problem",
        "A2,Dodo,'=1+1,A dodo can't be ringed any more.",
        "A3,Dodo,7,A dodo can't be ringed any more.",
    ]
    page = clerk.get(f"{at}/rows").text
    assert len(re.findall("aria-invalid", page)) == 2
    assert clerk.post(f"{at}/rows/3", {"cell-species": "Duck"}).status_code == 303
    assert "1 problem is left" in clerk.get(f"{at}/rows").text
    assert clerk.post(f"{at}/leave-out").status_code == 303
    work()
    assert rings() == ["A1", "A2"]
    assert "was left out" in clerk.get(at).text


def test_a_row_is_mended_in_the_columns_that_its_file_has(
    clerk: Browser, work: Callable[[], None]
) -> None:
    cells = re.compile(r'name="?cell-(\w+)')
    without = upload(clerk, b"species,ring\nDodo,A1\n")
    with_weight = upload(clerk, b"ring,species,weight\nA1,Dodo,\n")
    work()
    assert cells.findall(clerk.get(f"{without}/rows").text) == ["ring", "species"]
    assert cells.findall(clerk.get(f"{with_weight}/rows").text) == ["ring", "species", "weight"]


def test_a_row_is_mended_with_numbers_as_the_file_writes_them(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload(b"ring;species;weight\nA1;Robin;1,5\nA2;Dodo;7\n")
    work()
    desk.do(fix_row, FixRow(import_id, 3, {"species": "Dodo", "weight": "1.234,5"}))
    with desk.database.read(desk.context, desk.suite) as session:
        (row,) = unit_of(session, import_id, 3)[1]
    assert row.values["weight"] == "1234.5"


def test_whoever_mended_a_row_goes_on_with_the_next_one(
    clerk: Browser, work: Callable[[], None]
) -> None:
    at = upload(clerk, b"ring,species\nA1,Dodo\nA2,Robin\nA3,Dodo\n")
    work()
    again = clerk.post(f"{at}/rows/2", {"cell-species": "Dodo"})
    assert again.headers["Location"].endswith("/rows#row-2")
    right = clerk.post(f"{at}/rows/2", {"cell-species": "Duck"})
    assert right.headers["Location"].endswith("/rows#row-4")
    assert "Row 2 is right now." in clerk.get(f"{at}/rows").text


def test_the_page_of_columns_shows_what_was_guessed(
    clerk: Browser, work: Callable[[], None]
) -> None:
    at = upload(clerk, b"ring,kind\nA1,Robin\n")
    work()
    assert "Columns and formats" in clerk.get(at).text
    page = clerk.get(f"{at}/layout").text
    assert re.search(r'<option selected value="ring">', page)
    clerk.post(f"{at}/layout", {"column-0": "ring", "column-1": "species"})
    work()
    assert "Import 1 bird" in clerk.get(at).text


def test_problems_of_the_whole_file_are_not_for_single_rows(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload(b"ring\nA1\n")
    work()
    assert problems_of(desk.look(import_id))[0].row == 1
    with pytest.raises(Conflict):
        desk.do(leave_out, import_id)
