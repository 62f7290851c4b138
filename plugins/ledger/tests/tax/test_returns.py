"""The tax return: what counts in which box, for any days."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay_ledger.services.checks import check_books
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.tax.models import BoxKind
from backstay_ledger.tax.returns import box_lines, tax_return


@pytest.fixture
def quarter(taxed: Any) -> Any:
    """Sales and purchases of March and April."""
    taxed.post(("1100", "120.00"), ("4000", "-100.00", "S20"))
    taxed.post(("1100", "-12.00"), ("4000", "10.00", "S20"), memo="credit note")
    taxed.post(("5000", "50.00", "P20"), ("2000", "-60.00"))
    taxed.post(("5000", "100.00", "RC"), ("2000", "-100.00"))
    taxed.post(("5000", "200.00", "WH"), ("2000", "-180.00"))
    taxed.post(("1100", "240.00"), ("4000", "-200.00", "S20"), date=date(2026, 4, 1))
    return taxed


def boxes(taxed: Any, start: date, end: date) -> dict[str, tuple[str, str]]:
    with taxed.books.read() as session:
        found = tax_return(session, start, end)
    return {box.code: (f"{box.base:.2f}", f"{box.tax:.2f}") for box in found.boxes}


def test_each_box_has_base_and_tax_with_the_sign_of_the_form(quarter: Any) -> None:
    assert boxes(quarter, date(2026, 3, 1), date(2026, 3, 31)) == {
        "81": ("90.00", "18.00"),
        "66": ("150.00", "31.00"),
        "84": ("100.00", "21.00"),
        "WH": ("200.00", "20.00"),
    }
    with quarter.books.read() as session:
        march = tax_return(session, date(2026, 3, 1), date(2026, 3, 31))
        assert march.total(BoxKind.PAYABLE) == Decimal("59.00")
        assert march.due == Decimal("28.00")
        assert check_books(session) == []


def test_any_days_can_be_asked_for(quarter: Any) -> None:
    assert boxes(quarter, date(2026, 4, 1), date(2026, 4, 1))["81"] == ("200.00", "40.00")
    assert boxes(quarter, date(2026, 3, 1), date(2026, 4, 30))["81"] == ("290.00", "58.00")


def test_a_figure_is_the_sum_of_its_lines(quarter: Any) -> None:
    with quarter.books.read() as session:
        box = quarter.boxes["81"]
        lines = box_lines(session, box, date(2026, 3, 1), date(2026, 3, 31), limit=10)
    assert [(line.code, line.base, line.tax) for line in lines] == [
        ("S20", Decimal(100), Decimal(20)),
        ("S20", Decimal(-10), Decimal(-2)),
    ]


def test_a_reversal_counts_on_its_own_day(taxed: Any) -> None:
    entry = taxed.post(("1100", "120.00"), ("4000", "-100.00", "S20"))
    with taxed.books.write() as session:
        reverse_entry(session, ReverseEntry(id=entry, on=date(2026, 4, 2), reason="wrong"))
    assert boxes(taxed, date(2026, 3, 1), date(2026, 3, 31))["81"] == ("100.00", "20.00")
    assert boxes(taxed, date(2026, 4, 1), date(2026, 4, 30))["81"] == ("-100.00", "-20.00")
    assert boxes(taxed, date(2026, 1, 1), date(2026, 12, 31))["81"] == ("0.00", "0.00")


def test_tax_without_a_box_is_shown_and_in_no_total(taxed: Any) -> None:
    from backstay_ledger.tax.models import TaxUse

    taxed.code("NB", "5", TaxUse.SALE, account="2300")
    taxed.post(("1100", "105.00"), ("4000", "-100.00", "NB"))
    assert boxes(taxed, date(2026, 3, 1), date(2026, 3, 31))[""] == ("100.00", "5.00")
    with taxed.books.read() as session:
        assert tax_return(session, date(2026, 3, 1), date(2026, 3, 31)).due == 0


def test_the_checks_find_a_detail_that_was_changed_with_the_guards_off(quarter: Any) -> None:
    from sqlalchemy import text

    from backstay.db.guards import drop_guards
    from backstay_ledger.models import LedgerBase

    with quarter.books.database.engine.begin() as connection:
        drop_guards(connection, LedgerBase.metadata)
        connection.execute(
            text("UPDATE ledger_tax_detail SET amount = amount + 100, net = net + 100, rate = 0")
        )
    with quarter.books.read() as session:
        broken = {finding.check for finding in check_books(session)}
    assert {"tax_lines", "tax_net", "tax_company", "content"} <= broken


def test_json_on_the_command_line(quarter: Any, monkeypatch: Any) -> None:
    from contextlib import contextmanager

    from click.testing import CliRunner

    from backstay.cli import backstay
    from backstay_ledger.tax import command_line

    @contextmanager
    def reading(*, company: str) -> Any:
        assert company == "ALPHA"
        with quarter.books.read() as session:
            yield session

    monkeypatch.setattr(command_line, "command_environment", reading)
    days = ["--company", "ALPHA", "--from", "2026-03-01", "--to", "2026-03-31"]
    done = CliRunner().invoke(
        command_line.print_tax_return, [*days, "--json"], **backstay.context_settings
    )
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert answer["due"] == "28.00"
    assert answer["boxes"][0] == {
        "box": "66",
        "name": "Input tax",
        "kind": "deductible",
        "base": "150.00",
        "tax": "31.00",
        "lines": 2,
    }
    assert (
        "28.00"
        in CliRunner()
        .invoke(command_line.print_tax_return, days, **backstay.context_settings)
        .output
    )
