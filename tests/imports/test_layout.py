"""The page that asks how a file is read: values beside each column, dates, numbers, sheets."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from backstay.errors import Invalid
from backstay.imports.inline import run_import_inline
from backstay.imports.models import ImportState
from backstay.imports.reading import Options, open_file
from backstay.imports.store import staged
from backstay.resources.fields import Upload
from tests.imports.conftest import KEEPERS, birds
from tests.imports.test_engine import Desk, desk
from tests.imports.test_pages import app, clerk, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.web import Browser

__all__ = ["app", "clerk", "desk"]

TWICE = b"ring,species,species\nA1,Robin,Erithacus\nA2,Wren,Troglodytes\n"


def weights(*cells: str) -> bytes:
    rows = "".join(f"A{n};Robin;{cell}\n" for n, cell in enumerate(cells))
    return f"ring;species;weight\n{rows}".encode()


def samples(page: str) -> list[list[str]]:
    found = re.findall(r'class="samples">(.*?)</td>', page, re.DOTALL)
    return [re.findall(r"<code>(.*?)</code>", one) for one in found]


def test_the_first_distinct_values_stand_beside_each_column(
    clerk: Browser, work: Callable[[], None]
) -> None:
    rows = "".join(f"A{n},{'' if n < 2 else 'Robin'},\n" for n in range(9))
    at = upload(clerk, f"tag,kind,left\n{rows}".encode())
    work()
    page = clerk.get(f"{at}/layout").text
    assert samples(page) == [["A0", "A1", "A2"], ["Robin"], []]


def test_values_are_shown_as_far_as_the_file_can_be_read(
    clerk: Browser, work: Callable[[], None]
) -> None:
    at = upload(clerk, b'tag,kind\nA1,<b>Robin</b>\nA2,"Wren\n')
    work()
    page = clerk.get(f"{at}/layout").text
    assert samples(page) == [["A1"], ["&lt;b&gt;Robin&lt;/b&gt;"]]


def test_a_column_that_is_there_twice_is_told_apart_on_the_page(
    clerk: Browser, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    at = upload(clerk, TWICE)
    work()
    refused = clerk.get(at).text
    assert "as columns 2 and 3" in refused
    assert "Columns and formats" in refused
    clerk.post(f"{at}/layout", {"column-0": "ring", "column-1": "", "column-2": "species"})
    work()
    page = clerk.get(at).text
    assert "Import 2 birds" in page
    assert "Erithacus" in page


def test_none_known_names_the_button_that_mends_it(
    clerk: Browser, work: Callable[[], None]
) -> None:
    at = upload(clerk, b"tag,kind\nA1,Robin\n")
    work()
    page = clerk.get(at).text
    assert "Say under “Columns and formats” which column is which" in page
    head = page[
        page.index('class="page-actions"') : page.index("</header>", page.index("page-act"))
    ]
    assert re.findall(r'class="btn primary"[^>]*>.*?<span>(.*?)</span>', head, re.DOTALL) == [
        "Columns and formats"
    ]
    menu = head[head.index("menu-panel") :]
    assert "Discard" in menu
    assert "Check again" in menu


def test_a_file_that_is_no_table_is_to_be_replaced(
    clerk: Browser, work: Callable[[], None]
) -> None:
    at = upload(clerk, b"%PDF-1.7 nothing")
    work()
    page = clerk.get(at).text
    assert "a PDF document" in page
    assert "Upload a corrected file" in page
    assert f'href="{at}/layout"' not in page


def test_another_sheet_is_asked_about_before_it_is_read(
    clerk: Browser, work: Callable[[], None]
) -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("Notes").write_row(0, 0, ("a", "b"))
        sheet = book.add_worksheet("Birds")
        sheet.write_row(0, 0, ("tag", "kind"))
        sheet.write_row(1, 0, ("A1", "Robin"))
    at = upload(clerk, file.getvalue(), "birds.xlsx")
    work()
    assert samples(clerk.get(f"{at}/layout").text) == [[], []]
    answer = clerk.post(
        f"{at}/layout", {"asked": "Notes", "sheet": "Birds", "column-0": "ring", "column-1": ""}
    )
    assert answer.headers["Location"] == f"{at}/layout?sheet=Birds"
    assert samples(clerk.get(answer.headers["Location"]).text) == [["A1"], ["Robin"]]
    said = {"asked": "Birds", "sheet": "Birds", "column-0": "ring", "column-1": "species"}
    clerk.post(f"{at}/layout", said)
    work()
    assert "Import 1 bird<" in clerk.get(at).text


def chosen(page: str, name: str) -> str:
    select = page[page.index(f'name="{name}"') :]
    found = re.search(r'<option selected value="(.*?)">', select[: select.index("</select>")])
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("cells", "guess", "said"),
    [
        (("1.234,50", "17"), "comma", "Row 2 shows it: “1.234,50”"),
        (("17", "1,234.50"), "point", "Row 3 shows it: “1,234.50”"),
        (("17", "1.234"), "", "“1.234” in row 3 can be read either way"),
        (("17", "18"), "", "For the whole file."),
    ],
)
def test_how_numbers_are_written_is_guessed_shown_and_can_be_changed(
    clerk: Browser,
    work: Callable[[], None],
    cells: tuple[str, ...],
    guess: str,
    said: str,
) -> None:
    at = upload(clerk, weights(*cells))
    work()
    page = clerk.get(f"{at}/layout").text
    assert chosen(page, "decimals") == guess
    assert said in page


def test_an_unclear_number_is_asked_about_and_the_answer_remembered(
    desk: Desk, clerk: Browser, work: Callable[[], None]
) -> None:
    at = upload(clerk, weights("17", "1.234"))
    work()
    assert "can be 1.234 or 1234" in clerk.get(at).text
    said = {"column-0": "ring", "column-1": "species", "column-2": "weight", "decimals": "comma"}
    clerk.post(f"{at}/layout", said)
    work()
    assert "Import 2 birds" in clerk.get(at).text
    assert chosen(clerk.get(f"{at}/layout").text, "decimals") == "comma"
    second = desk.upload(weights("2.345"))
    work()
    assert desk.state(second) is ImportState.READY
    assert [row.values["weight"] for row in desk.do(staged, second)] == ["2345"]
    third = desk.upload(weights("1.50", "2.345"))
    work()
    assert desk.state(third) is ImportState.REFUSED, "a remembered answer that can't be meant"


def test_the_command_line_has_the_same_answers(desk: Desk, rings: Callable[[], list[str]]) -> None:
    def run(content: bytes, reading: Options) -> str:
        upload = Upload("birds.csv", content)
        try:
            run_import_inline(
                desk.database, desk.suite, desk.context, "aviary.bird", upload, reading=reading
            )
        except Invalid as refused:
            return refused.problems[-1].message
        return ""

    assert "--decimal" in run(weights("1.234"), Options())
    assert "--column" in run(b"tag,kind\nA1,Robin\n", Options())
    assert "--column" not in run(b"ring,species\nA1\n", Options())
    assert run(weights("1.234"), Options(decimals="comma")) == ""
    assert run(b"tag,kind\nB1,Robin\n", Options(columns={"tag": "ring", "kind": "species"})) == ""
    assert rings() == ["A0", "B1"]


def test_a_kind_without_numbers_and_dates_is_not_asked_about_them() -> None:
    content = b"keeper,since\nKim,1.234\n"
    rows = open_file(None, KEEPERS, content, Options()).rows()  # type: ignore[arg-type]
    assert [row.values["since"] for row in rows] == ["1.234"]
    assert not any(column.is_date for column in birds().columns)
