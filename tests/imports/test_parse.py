"""What is read as rows, and what is refused with its row and reason."""

from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.errors import Invalid, Problem
from backstay.imports.declare import ImportColumn
from backstay.imports.parse import parse

COLUMNS = (
    ImportColumn("entry", "Entry", aliases=("voucher no",)),
    ImportColumn("date", "Date"),
    ImportColumn("amount", "Amount"),
    ImportColumn("memo", "Memo", required=False),
)
GOOD = b"entry,date,amount,memo\nJ1,2026-01-01,10.00,Rent\nJ2,2026-01-02,11.00,\n"


def values(content: bytes) -> list[tuple[str, ...]]:
    return [tuple(row.values.values()) for row in parse(content, COLUMNS).rows]


def refused(content: bytes) -> tuple[Problem, ...]:
    with pytest.raises(Invalid) as caught:
        parse(content, COLUMNS)
    return caught.value.problems


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    parsed = parse(GOOD, COLUMNS)
    assert [row.number for row in parsed.rows] == [2, 3]
    assert parsed.rows[0].values == {
        "entry": "J1",
        "date": "2026-01-01",
        "amount": "10.00",
        "memo": "Rent",
    }
    assert parsed.notes == ()


def test_blank_rows_are_counted_but_not_read() -> None:
    content = b"entry,date,amount\n\nJ1,d,1\n,,\nJ2,d,2\n"
    assert [row.number for row in parse(content, COLUMNS).rows] == [3, 5]


def test_a_cell_over_two_lines_is_one_row() -> None:
    content = b'entry,date,amount,memo\nJ1,d,1,"two\nlines"\nJ2,d,2,x\n'
    rows = parse(content, COLUMNS).rows
    assert rows[0].values["memo"] == "two\nlines"
    assert rows[1].number == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_separators_and_line_ends_are_found(mark: str, end: str) -> None:
    text = GOOD.decode().replace(",", mark).replace("\n", end)
    assert values(text.encode()) == values(GOOD)


def test_columns_are_matched_by_name_or_alias_in_any_order_and_case() -> None:
    content = b"Amount, DATE ,Voucher_No\n10,2026-01-01,J1\n"
    assert parse(content, COLUMNS).rows[0].values == {
        "amount": "10",
        "date": "2026-01-01",
        "entry": "J1",
        "memo": "",
    }


def test_columns_that_nobody_knows_are_left_aside_and_named() -> None:
    parsed = parse(b"entry,date,amount,colour\nJ1,d,1,red\n", COLUMNS)
    assert "colour" in parsed.notes[0]
    assert "colour" not in parsed.rows[0].values


def test_utf8_with_a_mark_and_windows_text_are_read() -> None:
    text = "entry,date,amount,memo\nJ1,d,1,Müller €\n"
    assert values(text.encode("utf-8-sig")) == [("J1", "d", "1", "Müller €")]
    parsed = parse(text.encode("cp1252"), COLUMNS)
    assert parsed.rows[0].values["memo"] == "Müller €"
    assert "Windows-1252" in parsed.notes[0]


def test_empty_cells_that_a_spreadsheet_adds_are_no_error() -> None:
    assert values(b"entry,date,amount,,\nJ1,d,1,,\n") == [("J1", "d", "1", "")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf \r\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert refused(content) == (Problem("The file is empty.", row=1),)


def test_a_header_alone_is_refused() -> None:
    assert "no rows" in refused(b"entry,date,amount\n")[0].message


def test_a_missing_column_is_named_with_those_that_were_found() -> None:
    (problem,) = refused(b"entry,date,memo\nJ1,d,x\n")
    assert (problem.row, problem.field) == (1, "amount")
    assert "entry, date, memo" in problem.message


def test_a_column_may_stand_in_place_of_a_required_one() -> None:
    either = (*COLUMNS[:2], ImportColumn("amount", "Amount", unless="weight"))
    columns = (*either, ImportColumn("weight", "Weight", required=False))
    (row,) = parse(b"entry,date,weight\nJ1,d,7\n", columns).rows
    assert row.values == {"entry": "J1", "date": "d", "weight": "7", "amount": ""}
    with pytest.raises(Invalid) as caught:
        parse(b"entry,date\nJ1,d\n", columns)
    assert [one.field for one in caught.value.problems] == ["amount"]


def test_a_file_of_another_kind_is_told_what_was_expected() -> None:
    (problem,) = refused(b"id,kind,title\n1,a,b\n")
    assert "entry, date, amount" in problem.message
    assert "id, kind, title" in problem.message


@pytest.mark.parametrize("header", ["entry,date,amount,Entry", "entry,date,amount,voucher no"])
def test_a_column_that_is_there_twice_is_refused(header: str) -> None:
    (problem,) = refused(f"{header}\nJ1,d,1,J1\n".encode())
    assert (problem.row, problem.field) == (1, "entry")


def test_rows_of_the_wrong_width_are_all_named() -> None:
    problems = refused(b"entry,date,amount\nJ1,d\nJ2,d,1\nJ3,d,1,2,3\n")
    assert [(problem.row, problem.message.partition(",")[0]) for problem in problems] == [
        (2, "The row has 2 cells"),
        (4, "The row has 5 cells"),
    ]


def test_a_file_that_was_cut_off_is_refused_with_its_last_row() -> None:
    (problem,) = refused(GOOD[: GOOD.index(b"11.00") - 1])
    assert problem.row == 3
    assert "ends in the middle of row 3" in problem.message


def test_a_file_that_was_cut_off_in_a_quoted_cell_is_refused_with_its_row() -> None:
    (problem,) = refused(b'entry,date,amount,memo\nJ1,d,1,x\nJ2,d,2,"unfinis')
    assert problem.row == 3
    assert "ends in the middle of row 3" in problem.message


def test_a_file_that_was_cut_off_in_a_character_is_refused() -> None:
    (problem,) = refused("entry,date,amount,memo\nJ1,d,1,é".encode()[:-1])
    assert (problem.row, "cut off" in problem.message) == (2, True)


def test_text_after_a_quote_is_refused_with_its_row() -> None:
    (problem,) = refused(b'entry,date,amount,memo\nJ1,d,1,"a"b\n')
    assert problem.row == 2
    assert "quote" in problem.message


def test_a_cell_without_end_is_refused() -> None:
    content = b'entry,date,amount,memo\nJ1,d,1,"' + b"x" * 40_000 + b'"\n'
    (problem,) = refused(content)
    assert (problem.row, problem.field) == (2, "memo")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
        ("entry,date".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_csv_is_named_and_the_way_out_is_said(content: bytes, what: str) -> None:
    (problem,) = refused(content)
    assert what in problem.message
    assert "CSV" in problem.message


def test_a_nul_character_is_refused_with_its_row() -> None:
    (problem,) = refused(b"entry,date,amount\nJ1,d,1\nJ2,\x00,1\n")
    assert problem.row == 3


def test_bytes_in_no_known_encoding_are_refused_with_their_row() -> None:
    (problem,) = refused(b"entry,date,amount\nJ1,\x81,1\n")
    assert problem.row == 2


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\x00"),
    max_size=12,
).map(str.strip)


@given(
    st.lists(st.tuples(cells, cells, cells, cells).filter(any), min_size=1, max_size=8),
    st.sampled_from(",;\t"),
)
def test_every_table_that_is_written_is_read_back(table: list[tuple[str, ...]], mark: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerow(["entry", "date", "amount", "memo"])
    writer.writerows(table)
    assert values(out.getvalue().encode()) == table


@given(st.integers(min_value=0, max_value=len(GOOD) - 1))
def test_a_file_cut_at_any_byte_is_refused_or_gives_whole_rows_only(length: int) -> None:
    try:
        rows = values(GOOD[:length])
    except Invalid:
        return
    whole = values(GOOD)
    for row, complete in zip(rows, whole, strict=False):
        # What can't be told from the file itself: the last cell of the last row was shortened.
        assert row[:-1] == complete[:-1] or row == rows[-1]


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    with contextlib.suppress(Invalid):
        assert parse(content, COLUMNS).rows
