"""Three forms of dates in one file are told and asked about, never guessed."""

from __future__ import annotations

import pytest

from backstay.errors import Invalid
from backstay.imports.declare import ImportColumn
from backstay.imports.reading import Options, open_file
from tests.imports.conftest import birds

CONTENT = b"ring,species\nA1,2026-04-03\nA2,03.04.2026\nA3,03/04/2026\nA4,31.12.2026\n"
KIND = birds((ImportColumn("ring", "Ring"), ImportColumn("species", "Hatched", is_date=True)))


def test_three_forms_are_told_with_their_rows_and_asked_about() -> None:
    with pytest.raises(Invalid) as caught:
        open_file(None, KIND, CONTENT, Options())  # type: ignore[arg-type]
    said = caught.value.problems
    assert [(one.row, one.field) for one in said] == [(3, "species"), (4, "species")]
    for example in ("2026-04-03", "03.04.2026", "03/04/2026", "3 forms"):
        assert example in said[0].message


def test_an_answer_for_one_form_leaves_the_other_to_be_asked() -> None:
    with pytest.raises(Invalid) as caught:
        open_file(None, KIND, CONTENT, Options(dates={".": "dmy"}))  # type: ignore[arg-type]
    assert [one.row for one in caught.value.problems] == [4]


def test_answers_bring_every_date_into_one_form() -> None:
    options = Options(dates={".": "dmy", "/": "mdy"})
    rows = open_file(None, KIND, CONTENT, options).rows()  # type: ignore[arg-type]
    assert [row.values["species"] for row in rows] == [
        "2026-04-03",
        "2026-04-03",
        "2026-03-04",
        "2026-12-31",
    ]


def test_a_day_that_an_answer_makes_impossible_stays_as_it_is_written() -> None:
    options = Options(dates={".": "mdy", "/": "mdy"})
    rows = list(open_file(None, KIND, CONTENT, options).rows())  # type: ignore[arg-type]
    assert rows[-1].values["species"] == "31.12.2026"


def test_one_form_whose_dates_allow_one_order_is_read_so_and_told() -> None:
    content = b"ring,species\nA1,03.04.2026\nA2,31.12.2026\n"
    opened = open_file(None, KIND, content, Options())  # type: ignore[arg-type]
    assert [row.values["species"] for row in opened.rows()] == ["2026-04-03", "2026-12-31"]
    assert opened.notes == ("Dates are read as day, month, year, as in “31.12.2026”.",)


def test_two_dates_that_contradict_each_other_are_named_with_what_to_do() -> None:
    content = b"ring,species\nA1,03/04/2026\nA2,13/11/2026\nA3,11/13/2026\n"
    with pytest.raises(Invalid) as caught:
        open_file(None, KIND, content, Options())  # type: ignore[arg-type]
    (said,) = caught.value.problems
    assert (said.row, said.field) == (4, "species")
    assert "“13/11/2026” in row 3 can only be day, month, year" in said.message
    assert "“11/13/2026” in row 4 only month, day, year" in said.message
    assert "in one order" in said.message
    assert "more than one way" not in said.message


def test_an_answer_for_dates_that_contradict_leaves_the_other_rows_to_be_mended() -> None:
    content = b"ring,species\nA1,13/11/2026\nA2,11/13/2026\n"
    opened = open_file(None, KIND, content, Options(dates={"/": "dmy"}))  # type: ignore[arg-type]
    assert [row.values["species"] for row in opened.rows()] == ["2026-11-13", "11/13/2026"]


def test_a_date_that_no_order_fits_contradicts_no_other() -> None:
    content = b"ring,species\nA1,13/11/2026\nA2,13/13/2026\n"
    opened = open_file(None, KIND, content, Options())  # type: ignore[arg-type]
    assert [row.values["species"] for row in opened.rows()] == ["2026-11-13", "13/13/2026"]


def test_dates_in_digits_of_other_scripts_stay_as_they_are_written() -> None:
    content = "ring,species\nA1,१३/११/२०२६\nA2,२०२६-11-13\nA3,13/11/2026\n".encode()
    opened = open_file(None, KIND, content, Options())  # type: ignore[arg-type]
    assert [row.values["species"] for row in opened.rows()] == [
        "१३/११/२०२६",
        "२०२६-11-13",
        "2026-11-13",
    ]


def test_one_form_that_allows_both_orders_is_asked_about() -> None:
    content = b"ring,species\nA1,03.04.2026\nA2,12.12.2026\n"
    with pytest.raises(Invalid) as caught:
        open_file(None, KIND, content, Options())  # type: ignore[arg-type]
    assert [one.row for one in caught.value.problems] == [2]
