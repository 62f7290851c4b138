"""Each check of tax finds its own harm, done with the guards off."""

# ruff: noqa: S608 - harm is done by SQL

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay_ledger.services.checks import check_books
from backstay_ledger.tax.cash_basis import release_cash_basis
from backstay_ledger.tax.checks import TAX_CHECKS
from backstay_ledger.tax.filing.filing import FileReturn, file_return

WAITING = "(SELECT w.id FROM ledger_tax_detail AS w WHERE w.waiting)"
HARM = {
    "tax_lines": "UPDATE ledger_tax_detail SET amount = amount + 100 WHERE waiting",
    "tax_net": "UPDATE ledger_tax_detail SET net = net + 100 WHERE waiting",
    "tax_company": "UPDATE ledger_tax_detail SET rate = rate + 1 WHERE waiting",
    "tax_released": (
        "UPDATE ledger_tax_detail SET amount = amount * 2, releases_id = "
        f"{WAITING} WHERE releases_id IS NOT NULL"
    ),
    "tax_filed": "UPDATE ledger_tax_filing_box SET tax = tax + 100",
    "line_roles": (
        "INSERT INTO ledger_line_role (entry_id, line_no, company_id, role, item_group,"
        " party_group, country, rule_id, rule) SELECT entry_id, 99, company_id, 'revenue', '', '',"
        " '', 1, '' FROM ledger_tax_detail WHERE waiting"
    ),
}


def test_each_check_is_proved() -> None:
    assert {name for name, _message, _query in TAX_CHECKS} == set(HARM)


@pytest.mark.parametrize("check", HARM)
def test_a_check_finds_its_harm(taxed: Any, raw: Any, check: str) -> None:
    entry = taxed.post(("1100", "120.00"), ("4000", "-100.00", "CB"))
    with taxed.books.write() as session:
        file_return(session, FileReturn(starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31)))
        release_cash_basis(
            session, entry, paid=Decimal(120), total=Decimal(120), on=date(2026, 4, 1)
        )
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        raw.run(*(f"DROP TRIGGER {name}" for (name,) in names.fetchall()), HARM[check])
    else:
        raw.run("SET session_replication_role = replica", HARM[check])
    with taxed.books.read() as session:
        assert check in {finding.check for finding in check_books(session)}
