"""Parties are completed from those that items name, and other spellings of one are told."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from backstay_ledger.open_items.ageing import ageing
from backstay_ledger.open_items.parties import MOST, matching_parties, other_spellings

if TYPE_CHECKING:
    from conftest import Desk


def test_what_is_typed_finds_the_parties_that_begin_with_it_first(desk: Desk) -> None:
    for party in ("Best of ACME", "ACME Ltd", "Acme-Works", "Zoo"):
        desk.item(party, "5", party=party)
        desk.item(f"{party} again", "5", party=party)
    with desk.books.read() as session:
        assert matching_parties(session, "ac me") == ["ACME Ltd", "Acme-Works", "Best of ACME"]
        assert matching_parties(session, "") == ["ACME Ltd", "Acme-Works", "Best of ACME", "Zoo"]
        assert matching_parties(session, "nobody") == []
        (row,) = ageing(session, date(2026, 12, 31), party="Zoo")
    assert row.total == 2 * 5


def test_twenty_are_enough_to_choose_from(desk: Desk) -> None:
    for n in range(MOST + 3):
        desk.item(str(n), "5", party=f"Party {n:02}")
    with desk.books.read() as session:
        assert matching_parties(session, "party") == [f"Party {n:02}" for n in range(MOST)]


def test_another_spelling_of_a_known_party_is_told_and_a_new_party_is_not(desk: Desk) -> None:
    desk.item("one", "5", party="ACME Ltd.")
    with desk.books.read() as session:
        assert other_spellings(session, ["acme  ltd", "ACME Ltd.", "ACME", "", "New"]) == {
            "acme  ltd": "ACME Ltd."
        }
        assert other_spellings(session, []) == {}
