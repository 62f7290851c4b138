"""The record of a dimension shows its values as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value

if TYPE_CHECKING:
    import pytest

    from backstay.testing.web import Browser
    from conftest import Books


def test_values_of_which_there_are_too_many_are_told_to_be_on_the_list(
    accountant: Browser, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    with books.database.write(books.context, books.suite) as session:
        centre = add_dimension(session, AddDimension(code="centre", name="Cost centre")).id
        last = add_value(session, AddValue(dimension_id=centre, code="900", name="The last")).id
        for code, name, parent in (("100", "Below the last", last), ("200", "Sales", None)):
            add_value(
                session,
                AddValue(dimension_id=centre, code=code, name=name, parent_id=parent),
            )
    page = books.url(f"/dimensions/{centre}")
    assert "The first" not in accountant.get(page).text
    monkeypatch.setattr("backstay_ledger.dimensions.resources._MOST", 2)
    shown = accountant.get(page).text
    assert "The first 2 values; the list has all" in shown
    # Its parent is not among them, so it stands at the top and is not left out.
    assert "Below the last" in shown
    assert "The last" not in shown
