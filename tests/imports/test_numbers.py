"""A decimal comma and a decimal point are told apart by the whole file, or asked about."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from backstay.errors import Invalid
from backstay.imports.declare import ImportColumn
from backstay.imports.numbers import Decimals, plain
from backstay.imports.reading import OpenFile, Options, open_file
from tests.imports.conftest import birds

KIND = birds((ImportColumn("ring", "Ring"), ImportColumn("species", "Weight", is_number=True)))


def opened(*weights: str, decimals: Decimals = "") -> OpenFile:
    rows = "".join(f"A{n};{weight}\n" for n, weight in enumerate(weights))
    content = f"ring;species\n{rows}".encode()
    return open_file(None, KIND, content, Options(decimals=decimals))  # type: ignore[arg-type]


def read(*weights: str, decimals: Decimals = "") -> list[str]:
    return [row.values["species"] for row in opened(*weights, decimals=decimals).rows()]


@pytest.mark.parametrize(
    ("written", "with_point", "with_comma"),
    [
        ("1234", "1234", "1234"),
        ("1 234", "1234", "1234"),
        ("1.234,56", None, "1234.56"),
        ("1,234.56", "1234.56", None),
        ("1'234.50", "1234.50", None),
        ("1 234,50", None, "1234.50"),
        ("1\u202f234\u202f567,8", None, "1234567.8"),
        ("1.234", "1.234", "1234"),
        ("12,345", "12345", "12.345"),
        ("1.234.567", None, "1234567"),
        ("0.500", "0.500", None),
        ("0,500", None, "0.500"),
        ("1234.567", "1234.567", None),
        ("-1.234,5", None, "-1234.5"),
        (",5", None, ".5"),
        ("1.23,4", None, None),
        ("1,2345.6", None, None),
        ("1.234 567", None, None),
        ("(1.234,56)", None, "-1234.56"),
        ("( 20.50 )", "-20.50", None),
        ("20.50-", "-20.50", None),
        ("(20)", "-20", "-20"),
        ("(-20)", None, None),
        ("-", "0", "0"),
        ("", None, None),
        (".", None, None),
        ("1e3", None, None),
        ("1.234,56 EUR", None, None),
        ("१२३", None, None),
        ("१२३.५०", None, None),
        ("(१२)", None, None),
    ],
)
def test_a_number_is_read_with_a_point_and_with_a_comma(
    written: str, with_point: str | None, with_comma: str | None
) -> None:
    assert (plain(written, "point"), plain(written, "comma")) == (with_point, with_comma)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_every_amount_comes_back_from_either_form(amount: object) -> None:
    pointed = f"{amount:,.2f}"
    swapped = pointed.translate(str.maketrans(",.", ".,"))
    assert plain(pointed, "point") == plain(swapped, "comma") == f"{amount:.2f}"


def test_one_clear_number_says_how_the_others_are_meant() -> None:
    assert read("1.234", "17", "", "2.500,10") == ["1234", "17", "", "2500.10"]
    assert read("1.234", "17", "2,500.10") == ["1.234", "17", "2500.10"]
    assert read("(20)", "-", "7-", "(1,5)") == ["-20", "0", "-7", "-1.5"]
    assert opened("1.234", "2,5").notes == (
        "Numbers are read with a decimal comma: “1.234” in row 2 is 1234.",
    )
    assert opened("1.50", "17").notes == ()


def test_numbers_that_no_other_explains_are_asked_about() -> None:
    with pytest.raises(Invalid) as caught:
        opened("17", "1.234", "2.345")
    (said,) = caught.value.problems
    assert (said.row, said.field) == (3, "species")
    assert "can be 1.234 or 1234" in said.message
    assert "“Columns and formats”" in said.message
    assert read("1.234", decimals="comma") == ["1234"]
    assert read("1.234", decimals="point") == ["1.234"]


def test_both_forms_in_one_file_are_told_by_row_and_never_mixed() -> None:
    with pytest.raises(Invalid) as caught:
        opened("1.50", "2,50", "3.50", "1.234")
    assert [(one.row, one.field) for one in caught.value.problems] == [(3, "species")]
    assert "“1.50” in row 2" in caught.value.problems[0].message


def test_an_answer_that_a_number_contradicts_is_refused_with_its_row() -> None:
    with pytest.raises(Invalid) as caught:
        opened("1.234", "2.50", decimals="comma")
    assert [one.row for one in caught.value.problems] == [3]
    assert "decimal comma, as was said" in caught.value.problems[0].message


def test_what_is_no_number_stays_for_the_kind_to_refuse() -> None:
    assert read("1.234,5 kg", "2,5") == ["1.234,5 kg", "2.5"]


def test_numbers_of_a_spreadsheet_are_what_they_are_beside_texts() -> None:
    file = io.BytesIO()
    table = (("ring", "species"), ("A1", 1.234), ("A2", "1.234,50"), ("A3", 1000), ("A4", 2.5))
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    rows = open_file(None, KIND, file.getvalue(), Options()).rows()  # type: ignore[arg-type]
    assert [row.values["species"] for row in rows] == ["1.234", "1234.50", "1000", "2.5"]
