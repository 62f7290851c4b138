"""Spreadsheets: read as text, measured before they are opened, never computed."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from backstay.errors import Invalid
from backstay.imports.reading import Options, open_file, surface
from backstay.imports.spreadsheet import MAX_UNPACKED
from tests.imports.conftest import birds

if TYPE_CHECKING:
    from collections.abc import Callable


def workbook(fill: Callable[[Any], None], *more: Callable[[Any], None]) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    for part in (fill, *more):
        part(book)
    book.close()
    return target.getvalue()


def sheet(*rows: list[Any], name: str | None = None) -> Callable[[Any], None]:
    def fill(book: Any) -> None:
        made = book.add_worksheet(name)
        for number, row in enumerate(rows):
            made.write_row(number, 0, row)

    return fill


def read(content: bytes, options: Options | None = None) -> list[tuple[int, dict[str, str]]]:
    opened = open_file(None, birds(), content, options or Options())  # type: ignore[arg-type]
    return [(row.number, row.values) for row in opened.rows()]


def refused(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read(content)
    return caught.value.problems[0].message


def test_numbers_and_texts_come_as_they_are_shown() -> None:
    rows = read(
        workbook(sheet(["ring", "species", "weight"], ["A1", "Robin", 18.5], ["A2", "x", 7]))
    )
    assert [row["weight"] for _number, row in rows] == ["18.5", "7"]
    assert [number for number, _row in rows] == [2, 3]


def test_a_date_cell_is_year_month_day() -> None:
    def fill(book: Any) -> None:
        made = book.add_worksheet()
        made.write_row(0, 0, ["ring", "species"])
        made.write(1, 0, "A1")
        made.write_datetime(1, 1, date(2026, 3, 4), book.add_format({"num_format": "dd/mm/yy"}))

    assert read(workbook(fill))[0][1]["species"] == "2026-03-04"


def test_a_formula_gives_the_value_that_was_saved_and_is_never_computed() -> None:
    def fill(book: Any) -> None:
        made = book.add_worksheet()
        made.write_row(0, 0, ["ring", "species"])
        made.write_formula(1, 0, "=1+1", None, 99)
        made.write_string(1, 1, "=HYPERLINK(1)")

    assert read(workbook(fill))[0][1] == {"ring": "99", "species": "=HYPERLINK(1)", "weight": ""}


def test_the_sheet_whose_columns_fit_is_read_and_another_can_be_chosen() -> None:
    content = workbook(
        sheet(["notes"], ["x"], name="Notes"),
        sheet(["ring", "species"], ["A1", "Robin"], name="Birds"),
        sheet(["ring", "species"], ["B1", "Wren"], name="More"),
    )
    assert read(content)[0][1]["ring"] == "A1"
    assert read(content, Options(sheet="More"))[0][1]["ring"] == "B1"
    assert surface(birds(), content, Options()).sheets == ("Notes", "Birds", "More")


def test_a_bomb_is_found_before_it_is_opened() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (MAX_UNPACKED + 1))
    assert "unpacks to more than" in refused(target.getvalue())


def test_a_bomb_that_lies_about_its_size_is_found_too() -> None:
    target = io.BytesIO()
    size = MAX_UNPACKED + 1
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * size)
    lying = target.getvalue().replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert refused(lying)


def test_a_cell_in_the_last_corner_is_refused() -> None:
    def fill(book: Any) -> None:
        made = book.add_worksheet()
        made.write_row(0, 0, ["ring", "species"])
        made.write(1048575, 16383, "x")

    assert "reaches to row 1048576 and column 16384" in refused(workbook(fill))


def test_an_archive_or_half_a_spreadsheet_is_no_spreadsheet() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("birds.csv", "ring,species\n")
    assert "ZIP archive" in refused(target.getvalue())
    whole = workbook(sheet(["ring", "species"], ["A1", "Robin"]))
    assert "can't be opened" in refused(whole[: len(whole) // 2])
    damaged = whole[:60] + b"\xff" * 40 + whole[100:]
    assert refused(damaged)


def test_columns_are_checked_as_in_a_table() -> None:
    content = workbook(sheet(["ring", "Ring", "species"], ["A1", "A2", "Robin"]))
    assert "is there twice" in refused(content)
    assert "is missing" in refused(workbook(sheet(["ring"], ["A1"])))
