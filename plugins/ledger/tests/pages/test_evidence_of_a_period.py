"""What proves a month is kept with it: added at any time, taken away only while it is open."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.files.models import Attachment
from backstay_ledger.models import Period

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

STATEMENT = b"Closing balance per statement: 1400760.00"


def attach(browser: Browser, address: str, content: bytes, name: str) -> int:
    answer = browser.post(
        f"{address}/attachments/add",
        {"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )
    return answer.status_code


def files(books: Books) -> list[int]:
    with books.database.read(books.context, books.suite) as session:
        return list(session.scalars(select(Attachment.id).order_by(Attachment.id)))


def test_a_closed_month_takes_evidence_and_keeps_it(accountant: Browser, books: Books) -> None:
    with books.database.read(books.context, books.suite) as session:
        period = session.scalars(select(Period.id).order_by(Period.starts_on)).first()
    address = books.url(f"/periods/{period}")
    assert attach(accountant, address, STATEMENT, "count.txt") == 303
    assert accountant.post(f"{address}/attachments/{files(books)[0]}/remove").status_code == 303
    assert files(books) == []
    assert attach(accountant, address, STATEMENT, "BANK-202601.txt") == 303
    assert accountant.post(f"{address}/do/close", {"reason": ""}).status_code == 303
    assert attach(accountant, address, STATEMENT + b" again", "FX-202601.txt") == 303
    page = accountant.get(address).text
    assert "Evidence (2)" in page
    assert "A closed period keeps its evidence" in page
    refused = accountant.post(f"{address}/attachments/{files(books)[0]}/remove")
    assert refused.status_code == 409
    assert accountant.post(f"{address}/do/reopen", {"reason": "late bill"}).status_code == 303
    assert "what it was closed upon is kept" in accountant.get(address).text
    refused = accountant.post(f"{address}/attachments/{files(books)[0]}/remove")
    assert refused.status_code == 409
    assert len(files(books)) == 2


def test_a_month_that_is_soft_closed_keeps_its_evidence(accountant: Browser, books: Books) -> None:
    with books.database.read(books.context, books.suite) as session:
        period = session.scalars(select(Period.id).order_by(Period.starts_on)).first()
    address = books.url(f"/periods/{period}")
    assert attach(accountant, address, STATEMENT, "BANK-202601.txt") == 303
    assert accountant.post(f"{address}/do/soft_close", {"reason": ""}).status_code == 303
    refused = accountant.post(f"{address}/attachments/{files(books)[0]}/remove")
    assert refused.status_code == 409
    assert len(files(books)) == 1
