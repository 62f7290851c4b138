"""Open items and their ageing on screen and as files; allocated, put on hold and undone there."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.open_items.ageing import ageing
from backstay_ledger.open_items.items import open_items
from backstay_ledger.services.posting import post_many
from plugins.ledger.tests.managing import manage

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

AS_OF = "2026-06-30"


@pytest.fixture
def desk(books: Books) -> Books:
    """Three items of two parties; the first two have the same reference."""
    with books.database.write(books.context, books.suite) as session:
        manage(session, "1100")
        post_many(
            session,
            [
                Posting(
                    key="",
                    journal="GEN",
                    date=date(2026, 3, 1),
                    lines=(
                        PostingLine(
                            "1100", Decimal(amount), party=party, due_date=date(2026, 3, 31)
                        ),
                        PostingLine("4000", -Decimal(amount)),
                    ),
                    reference=reference,
                )
                for amount, party, reference in (
                    ("100", "ACME & <Co>", "R-1"),
                    ("-60", "ACME & <Co>", "R-1"),
                    ("7", "BEST", ""),
                )
            ],
        )
    return books


def left(books: Books) -> list[Decimal]:
    with books.database.read(books.context, books.suite) as session:
        return [one.residual for one in open_items(session, date(2026, 12, 31))]


def test_the_ageing_equals_the_service(accountant: Browser, desk: Books) -> None:
    with desk.database.read(desk.context, desk.suite) as session:
        rows = ageing(session, date.fromisoformat(AS_OF))
    page = accountant.get(desk.url(f"/ageing?as_of={AS_OF}")).text
    assert "ACME &amp; &lt;Co&gt;" in page
    assert "47.00" in page
    file = accountant.get(desk.url(f"/ageing.csv?as_of={AS_OF}&account=1100"))
    found = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert [(row["party"], Decimal(row["days_over_90"])) for row in found] == [
        (row.party, row.amounts[-1]) for row in rows
    ]
    workbook = accountant.get(desk.url(f"/ageing.xlsx?as_of={AS_OF}"))
    assert workbook.status_code == 200
    assert workbook.data[:2] == b"PK"


def test_items_are_allocated_held_and_undone_on_their_page(
    accountant: Browser, desk: Books
) -> None:
    address = desk.url(f"/open-items?account=1100&as_of={AS_OF}")
    page = accountant.get(address).text
    assert "same reference" in page
    with desk.database.read(desk.context, desk.suite) as session:
        debit, credit, _other = (one.id for one in open_items(session, date(2026, 12, 31)))
    kept = {"account": "1100", "party": "", "as_of": AS_OF}
    held = {**kept, "credit": str(credit), "hold": "disputed", "reason": "which delivery?"}
    accountant.post(desk.url("/open-items/hold"), held)
    pair = {**kept, "debit": str(debit), "credit": str(credit), "amount": "25.00"}
    accountant.post(desk.url("/open-items/allocate"), pair)
    assert "is disputed and can" in accountant.get(address).text
    assert left(desk) == [100, -60, 7]
    accountant.post(desk.url("/open-items/hold"), {**held, "hold": "none"})
    accountant.post(desk.url("/open-items/allocate"), pair)
    assert left(desk) == [75, -35, 7]
    page = accountant.get(desk.url(f"/open-items?account=1100&as_of={AS_OF}")).text
    assert "75.00 EUR" in page
    made = desk.database.engine.connect()
    with made as connection:
        allocation = connection.exec_driver_sql("SELECT id FROM ledger_allocation").scalar_one()
    undo = {**kept, "allocation": str(allocation), "on": AS_OF}
    accountant.post(desk.url("/open-items/undo"), undo)
    assert left(desk) == [100, -60, 7]


@pytest.mark.parametrize("sent", [{"debit": "x", "credit": "1"}, {"debit": "9" * 40}, {}])
def test_nonsense_is_said_and_changes_nothing(
    accountant: Browser, desk: Books, sent: dict[str, str]
) -> None:
    answer = accountant.post(desk.url("/open-items/allocate"), sent)
    assert answer.status_code == 303
    assert "Choose a debit and a credit" in accountant.get(desk.url("/open-items")).text
    assert left(desk) == [100, -60, 7]


def test_who_only_reads_has_nothing_to_press(reader: Browser, desk: Books) -> None:
    page = reader.get(desk.url(f"/open-items?as_of={AS_OF}"))
    assert page.status_code == 200
    assert "/open-items/allocate" not in page.text
    assert reader.post(desk.url("/open-items/allocate"), {}).status_code == 403
