"""What both databases refuse about tax by themselves, whoever sends the SQL."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import period_on

REFUSED = (sqlite3.Error, psycopg.Error)
TABLES = ("tax_detail", "tax_rate", "tax_part", "tax_code", "tax_box", "entry", "line")
COLUMNS = (
    "id, company_id, entry_id, base_line_no, line_no, code_id, rate_id, part_id, box_id, rate,"
    " policy, net, base, amount, computed, base_sign, tax_sign, waiting, releases_id"
)
COPY = (
    f"INSERT INTO ledger_tax_detail ({COLUMNS}) SELECT {{new}}, company_id, {{entry}},"
    " {base_line}, {line}, {code}, {rate}, {part}, box_id, rate, policy, {net}, base, {amount},"
    " computed, base_sign, tax_sign, waiting, {releases}"
    " FROM ledger_tax_detail WHERE entry_id = {posted}"
)
POST = (
    "UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {entry}",
    "UPDATE ledger_sequence_head SET last_number = 2",
    (
        "UPDATE ledger_entry SET state = 'posted', number = 2, number_text = 'GEN-2026-000002',"
        " period_id = {period}, fiscal_year_id = {year}, posted_by = 'x', posted_at = 1,"
        " version = 2 WHERE id = {entry}"
    ),
)


@pytest.fixture
def ids(taxed: Any) -> dict[str, Any]:
    posted = taxed.post(("1100", "120.00"), ("4000", "-100.00", "S20"))
    lines = (
        DraftLine(account="1100", debit=Decimal(120)),
        DraftLine(account="4000", credit=Decimal(100)),
        DraftLine(account="2300", credit=Decimal(20)),
    )
    with taxed.books.write() as session:
        draft = save_draft(session, SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines))
        taxed_draft = save_draft(
            session,
            SaveDraft(
                journal="GEN",
                date=date(2026, 3, 15),
                lines=(lines[0], DraftLine(account="4000", credit=Decimal(100), tax_code="S20")),
            ),
        )
        found: dict[str, Any] = {
            "posted": posted,
            "draft": draft.id,
            "taxed_draft": taxed_draft.id,
        }
    with taxed.books.read() as session:
        period = period_on(session, date(2026, 3, 15))
        found |= {"period": period.id, "year": period.fiscal_year_id}
    row = "SELECT {0} FROM ledger_tax_detail WHERE entry_id = :posted"
    for name in ("code", "rate", "part"):
        found[name] = taxed.books.value(row.format(f"{name}_id"), posted=posted)
    for name in ("rate", "part"):
        found[f"other_{name}"] = taxed.books.value(
            f"SELECT t.id FROM ledger_tax_{name} AS t JOIN ledger_tax_code AS c"
            " ON c.id = t.code_id WHERE c.code = 'P20'"
        )
    found |= {"new": 77, "entry": draft.id, "base_line": 2, "line": 3, "net": -1000000}
    return found | {"amount": -200000, "releases": "NULL"}


def rows(taxed: Any) -> list[Any]:
    return [taxed.books.rows(f"SELECT * FROM ledger_{name} ORDER BY 1, 2, 3") for name in TABLES]


def refused(taxed: Any, raw: Any, match: str, *statements: str, **values: Any) -> None:
    before = rows(taxed)
    with pytest.raises(REFUSED, match=match):
        raw.run(*(statement.format(**values) for statement in statements))
    assert rows(taxed) == before


def test_details_that_agree_can_be_posted_by_anybody(taxed: Any, raw: Any, ids: Any) -> None:
    raw.run(*(statement.format(**ids) for statement in (COPY, *POST)))
    assert taxed.books.count("ledger_tax_detail") == 3


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"amount": -190000}, "sum to its amount"),
        ({"line": 1}, "sum to its amount"),
        ({"line": "NULL"}, "sum to its amount"),
        ({"line": 9}, "sum to its amount"),
        ({"net": -900000}, "net amount"),
        ({"base_line": 9}, "net amount|foreign key"),
    ],
)
def test_details_that_do_not_agree_keep_an_entry_from_being_posted(
    taxed: Any, raw: Any, ids: Any, changes: Any, match: str
) -> None:
    refused(taxed, raw, match, COPY, *POST, **(ids | changes))


def test_a_line_that_changed_after_its_tax_keeps_an_entry_from_being_posted(
    taxed: Any, raw: Any, ids: Any
) -> None:
    change = "UPDATE ledger_line SET amount = amount * 2 WHERE entry_id = {entry}"
    values = ids | {"entry": ids["taxed_draft"]}
    refused(taxed, raw, "sum to its amount|net amount", change, *POST, **values)


@pytest.mark.parametrize(
    "changes",
    [{"rate": "other_rate"}, {"part": "other_part"}, {"releases": 77}],
)
def test_a_detail_is_of_one_code_and_entry(
    taxed: Any, raw: Any, ids: Any, changes: dict[str, Any]
) -> None:
    changed = {name: ids.get(str(value), value) for name, value in changes.items()}
    refused(taxed, raw, "of one company|foreign key|FOREIGN KEY", COPY, **(ids | changed))


ATTACKS = {
    "late": (COPY.replace("{entry}", "{posted}"), "can not be changed"),
    "changed": ("UPDATE ledger_tax_detail SET base = 0", "can not be changed|written once"),
    "deleted": (
        "DELETE FROM ledger_tax_detail WHERE entry_id = {posted}",
        "can not be changed",
    ),
    "a changed draft": (
        "UPDATE ledger_tax_detail SET amount = 0 WHERE entry_id = {taxed_draft}",
        "written once",
    ),
    "a rate in use": ("UPDATE ledger_tax_rate SET rate = 1 WHERE id = {rate}", "used this rate"),
    "a rate in use, deleted": ("DELETE FROM ledger_tax_rate WHERE id = {rate}", "used this rate"),
    "a part in use": (
        "UPDATE ledger_tax_part SET account_id = NULL WHERE id = {part}",
        "used this part",
    ),
    "a second rate of the day": (
        (
            "INSERT INTO ledger_tax_rate (id, company_id, code_id, valid_from, rate)"
            " SELECT 78, company_id, code_id, valid_from, 1 FROM ledger_tax_rate WHERE id = {rate}"
        ),
        "with this key|used this rate|uq_ledger_tax_rate",
    ),
    "a code in use": ("DELETE FROM ledger_tax_code WHERE id = {code}", "in use|foreign key"),
    "a moved code": ("UPDATE ledger_tax_code SET company_id = 1 WHERE id = {code}", "never change"),
    "a box in use": ("DELETE FROM ledger_tax_box WHERE code = '81'", "in use|foreign key"),
    "an account in use": ("DELETE FROM ledger_account WHERE code = '1190'", "in use|foreign key"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused(taxed: Any, raw: Any, ids: Any, attack: str) -> None:
    statement, match = ATTACKS[attack]
    refused(taxed, raw, match, statement, **ids)


def test_nobody_writes_past_backstay(taxed: Any, foreign: Any, ids: Any) -> None:
    refused(taxed, foreign, "audit_context|Backstay only", COPY, **ids)
