"""Many entries at once: drafts are posted or deleted, posted ones reversed, the others left."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from backstay_ledger.models import EntryState
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft

if TYPE_CHECKING:
    from backstay.testing.web import Browser

    from .conftest import Books


def draft(books: Books, amount: str, other: str) -> int:
    lines = (
        DraftLine(account="1000", debit=Decimal(amount)),
        DraftLine(account="4000", credit=Decimal(other)),
    )
    command = SaveDraft(journal="GEN", date=date(2026, 3, 2), lines=lines, memo=f"{amount} {other}")
    with books.database.write(books.context, books.suite) as session:
        return save_draft(session, command).id


def figures(html: str) -> list[int]:
    return [int(one) for one in re.findall(r'stat-value">(\d+)<', html)]


def records(html: str) -> str:
    found = re.search(r'name="records" value="([\d,]*)"', html)
    assert found, html
    return found[1]


def states(books: Books) -> list[EntryState]:
    return [entry.state for entry in books.entries()]


def test_balanced_drafts_are_posted_and_the_others_told(books: Books, accountant: Browser) -> None:
    good, bad = draft(books, "5", "5"), draft(books, "5", "4")
    old = books.post("old", date(2026, 3, 1), "1000", "4000", "7")
    html = accountant.get(books.url("/entries/bulk/post?all=1")).text
    assert figures(html) == [3, 1, 2]
    assert "Debit and credit are not equal." in html
    assert records(html) == str(good)
    # One that can't be posted is sent all the same: its service has the last word.
    answer = accountant.post(books.url("/entries/bulk/post"), {"records": f"{good},{bad},{old}"})
    html = accountant.get(answer.headers["Location"]).text
    assert figures(html) == [3, 1, 2]
    by_id = {entry.id: entry for entry in books.entries()}
    assert by_id[good].state is EntryState.POSTED
    assert by_id[good].number_text
    assert by_id[bad].state is EntryState.DRAFT


def test_posted_entries_are_reversed_once(books: Books, accountant: Browser) -> None:
    ids = [books.post(f"k{n}", date(2026, 3, n), "1000", "4000", "7") for n in (1, 2)]
    form = {"on": "2026-03-05", "reason": "wrong month"}
    accountant.get(books.url("/entries/bulk/reverse?all=1"))
    answer = accountant.post(books.url("/entries/bulk/reverse"), {**form, "records": str(ids[0])})
    assert answer.status_code == 303
    html = accountant.get(books.url(f"/entries/bulk/reverse?id={ids[0]}&id={ids[1]}")).text
    assert figures(html) == [2, 1, 1]
    assert "reversed by GEN-2026-" in html
    answer = accountant.post(
        books.url("/entries/bulk/reverse"), {**form, "records": f"{ids[0]},{ids[1]}"}
    )
    assert figures(accountant.get(answer.headers["Location"]).text) == [2, 1, 1]
    assert sorted(one.reverses_id for one in books.entries() if one.reverses_id) == sorted(ids)


def test_drafts_are_deleted_and_posted_entries_stay(books: Books, accountant: Browser) -> None:
    ids = [draft(books, "5", "5"), draft(books, "6", "5")]
    kept = books.post("k", date(2026, 3, 1), "1000", "4000", "7")
    html = accountant.get(books.url("/entries/bulk/delete?all=1")).text
    assert figures(html) == [3, 2, 1]
    assert set(records(html).split(",")) == set(map(str, ids))
    accountant.post(books.url("/entries/bulk/delete"), {"records": records(html)})
    assert [entry.id for entry in books.entries()] == [kept]
    assert states(books) == [EntryState.POSTED]
