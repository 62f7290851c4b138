"""Tax returns are filed once, frozen, and followed by corrections that have the difference."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from backstay.contracts.ledger import PostingLine
from backstay.errors import Conflict, Invalid
from backstay.spi import now
from backstay_ledger.closing.models import LockScope
from backstay_ledger.closing.services.locks import (
    ApproveException,
    RequestException,
    approve_exception,
    request_exception,
)
from backstay_ledger.services.checks import check_books
from backstay_ledger.tax.boxes import EditBox, edit_box
from backstay_ledger.tax.filing.filing import (
    FiledBox,
    FileReturn,
    _digest,
    due_of,
    file_return,
    filed_boxes,
    is_unchanged,
    load_filing,
    unfiled,
)
from backstay_ledger.tax.models import BoxKind

if TYPE_CHECKING:
    from conftest import Taxed

MARCH = FileReturn(starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), registration="DE1")
SALE = (("1100", "120.00"), ("4000", "-100.00", "S20"))


def filed(taxed: Taxed, command: FileReturn = MARCH) -> int:
    with taxed.books.write() as session:
        return file_return(session, command).id


def figures(taxed: Taxed, filing_id: int) -> dict[str, tuple[Decimal, Decimal]]:
    with taxed.books.read() as session:
        filing = load_filing(session, filing_id)
        assert is_unchanged(session, filing)
        boxes = filed_boxes(session, filing)
        found = {box.code: (box.base, box.tax) for box in boxes if box.n}
        return {**found, "due": (due_of(boxes), Decimal(len(found)))}


def allow(taxed: Taxed, first: date, last: date) -> None:
    """Let cli:test post tax into filed days, by two others."""
    books = taxed.books
    with books.write(_as(books, "cli:asks")) as session:
        asked = request_exception(
            session,
            RequestException(
                user="cli:test",
                scope=LockScope.TAX,
                first_day=first,
                last_day=last,
                until=(now() + timedelta(days=2)).date(),
                reason="a bill was late",
            ),
        ).id
    with books.write(_as(books, "cli:agrees")) as session:
        approve_exception(session, ApproveException(id=asked))


def _as(books: Any, who: str) -> Any:
    from backstay.db.context import operator_context

    return operator_context(who, company=books.company)


def test_a_filed_return_keeps_its_figures_and_locks_tax_up_to_its_last_day(taxed: Taxed) -> None:
    taxed.post(*SALE)
    taxed.post(("5000", "50.00", "P20"), ("1000", "-60.00"))
    march = filed(taxed)
    assert figures(taxed, march) == {
        "66": (Decimal(50), Decimal(10)),
        "81": (Decimal(100), Decimal(20)),
        "due": (Decimal(10), Decimal(2)),
    }
    with pytest.raises(Conflict, match=r"locked for this sub-ledger \(Entries with tax\)"):
        taxed.post(*SALE)
    taxed.post(("1100", "5.00"), ("4000", "-5.00"))
    taxed.post(*SALE, date=date(2026, 4, 1))
    assert figures(taxed, march)["81"] == (Decimal(100), Decimal(20))
    with pytest.raises(Conflict, match="nothing has changed"):
        filed(taxed)
    with taxed.books.read() as session:
        assert check_books(session) == []


def test_a_late_entry_is_in_a_correction_of_its_days_or_in_the_next_return(taxed: Taxed) -> None:
    taxed.post(*SALE)
    filed(taxed)
    allow(taxed, date(2026, 3, 1), date(2026, 3, 31))
    taxed.post(("1100", "12.00"), ("4000", "-10.00", "S20"))
    with taxed.books.read() as session:
        assert unfiled(session, date(2026, 4, 1), date(2026, 4, 30)).late == 1
    assert figures(taxed, filed(taxed))["81"] == (Decimal(10), Decimal(2))
    taxed.post(("1100", "24.00"), ("4000", "-20.00", "S20"))
    taxed.post(*SALE, date=date(2026, 4, 5))
    april = FileReturn(starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 30), late=True)
    assert figures(taxed, filed(taxed, april))["81"] == (Decimal(120), Decimal(24))
    with taxed.books.read() as session:
        assert unfiled(session, date(2026, 4, 1), date(2026, 4, 30)).n == 0


def test_a_correction_has_the_registration_of_the_return_before(taxed: Taxed) -> None:
    taxed.post(*SALE)
    filed(taxed)
    allow(taxed, date(2026, 3, 1), date(2026, 3, 31))
    again: dict[str, Any] = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31)}
    numbers = []
    for said in ("", "DE2", ""):
        taxed.post(("1100", "12.00"), ("4000", "-10.00", "S20"))
        filing = filed(taxed, FileReturn(**again, registration=said))
        numbers.append(
            taxed.books.value("SELECT registration FROM ledger_tax_filing WHERE id = :n", n=filing)
        )
    assert numbers == ["DE1", "DE2", "DE2"]
    april = filed(taxed, FileReturn(starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 30)))
    with taxed.books.read() as session:
        assert load_filing(session, april).registration == ""


def test_a_return_without_tax_is_filed_as_nothing(taxed: Taxed) -> None:
    assert figures(taxed, filed(taxed)) == {"due": (Decimal(0), Decimal(0))}
    with pytest.raises(Invalid, match="after the last"):
        filed(taxed, FileReturn(starts_on=date(2026, 4, 2), ends_on=date(2026, 4, 1)))


def test_a_tax_that_waits_is_in_the_return_of_its_payment(taxed: Taxed) -> None:
    taxed.post(("1100", "120.00"), ("4000", "-100.00", "CB"))
    assert figures(taxed, filed(taxed)) == {"due": (Decimal(0), Decimal(0))}


def _renamed(taxed: Taxed, old: str, code: str) -> None:
    with taxed.books.write() as session:
        edit_box(
            session,
            EditBox(id=taxed.boxes[old], code=code, name="Renamed", kind=BoxKind.PAYABLE),
        )


def test_a_box_with_filed_lines_keeps_its_code_and_no_other(taxed: Taxed) -> None:
    taxed.post(*SALE)
    march = filed(taxed)
    with pytest.raises(Invalid, match="it keeps its code") as refused:
        _renamed(taxed, "81", "081")
    assert [one.field for one in refused.value.problems] == ["code"]
    _renamed(taxed, "81", "81")
    _renamed(taxed, "84", "084")
    assert figures(taxed, march)["81"] == (Decimal(100), Decimal(20))
    with taxed.books.read() as session:
        assert check_books(session) == []


def test_the_hash_is_the_same_in_whatever_order_a_database_has_the_boxes() -> None:
    nothing = (BoxKind.PAYABLE, Decimal(0), Decimal(0), 0)
    boxes = [FiledBox(code, code, *nothing) for code in ("B", "a", "1.1", "11")]
    assert _digest(boxes, []) == _digest(boxes[::-1], [])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE ledger_tax_filing SET ends_on = '2027-01-01'", "never changes"),
        ("DELETE FROM ledger_tax_filing_box", "never changes"),
        ("UPDATE ledger_tax_filing_box SET tax = 0", "never changes"),
        ("DELETE FROM ledger_tax_filing_row", "never changes"),
        ("UPDATE ledger_tax_box SET code = '081' WHERE code = '81'", "it keeps its code"),
        (
            (
                "INSERT INTO ledger_tax_filing_row (detail_id, company_id, filing_id)"
                " SELECT d.id, d.company_id, f.id"
                " FROM ledger_tax_detail AS d, ledger_tax_filing AS f, ledger_entry AS e"
                " WHERE e.id = d.entry_id AND e.date > f.ends_on"
            ),
            "up to its last day",
        ),
    ],
)
def test_the_database_keeps_filed_returns(taxed: Taxed, statement: str, said: str) -> None:
    taxed.post(*SALE)
    taxed.post(*SALE, date=date(2026, 4, 1))
    filed(taxed)
    with pytest.raises(Exception, match=said), taxed.books.write() as session:
        session.connection().execute(text(statement))


def test_the_database_refuses_tax_in_locked_days(taxed: Taxed, monkeypatch: Any) -> None:
    from backstay_ledger.services import validation

    filed(taxed)
    monkeypatch.setattr(validation, "way_in", lambda *_args, **_more: (None, ""))
    with pytest.raises(Conflict, match="locked for this sub-ledger"):
        taxed.post(*SALE)
    taxed.post(
        PostingLine("1100", Decimal(5)),
        PostingLine("4000", Decimal(-5)),
    )
