"""The opening of the books over the API and the command line: the wizard's steps, and its rules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from backstay.errors import Conflict, Invalid
from backstay.testing.api import ApiClient
from backstay.testing.web import make_user, web_app
from backstay_ledger.permissions import BOOKS_VIEW, PERMISSIONS
from plugins.ledger.tests.closing.steps import move
from plugins.ledger.tests.printing import printed

from .beginnings import Beginning, beginning_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]

LINES = [
    {"account": "1000", "debit": "700.00"},
    {"account": "1100", "debit": "500.00"},
    {"account": "2000", "credit": "300.00"},
    {"account": "3000", "credit": "900.00"},
]
ITEMS = [
    {
        "account": "1100",
        "party": "ACME",
        "reference": "INV-1",
        "document_date": "2025-11-03",
        "due_date": "2025-12-03",
        "debit": "300.00",
    },
    {"account": "1100", "party": "BEST", "reference": "INV-2", "debit": "200.00"},
    {
        "account": "2000",
        "party": "PAPER",
        "reference": "B-7",
        "credit": "300.00",
        "currency": "USD",
        "amount_currency": "330.00",
    },
]
TRIAL_FILE = "account,debit,credit\n1000,700.00,\n1100,500.00,\n2000,,300.00\n3000,,900.00\n"
ITEM_HEADER = (
    "account",
    "party",
    "reference",
    "document_date",
    "due_date",
    "debit",
    "credit",
    "currency",
    "amount_currency",
)
ITEM_ROWS = (
    ("1100", "ACME", "INV-1", "2025-11-03", "2025-12-03", "300.00", "", "", ""),
    ("1100", "BEST", "INV-2", "", "", "200.00", "", "", ""),
    ("2000", "PAPER", "B-7", "", "", "", "300.00", "USD", "330.00"),
)


@pytest.fixture
def start(books: Any) -> Beginning:
    """ALPHA's books with accounts for an opening that nobody has begun."""
    return beginning_of(books)


@pytest.fixture
def program(web_app: Flask, database: Database, suite: Suite, start: Beginning) -> ApiClient:
    """May do everything in the ledger of ALPHA."""
    make_user(database, "ada", PERMISSIONS, start.books.company)
    return ApiClient.for_user(web_app, database, suite, "ada", "/api/v1/c/ALPHA/ledger/")


@pytest.fixture
def run(database: Database, suite: Suite, start: Beginning) -> Callable[..., Any]:
    """``backstay ledger ... --company ALPHA`` on the test's own database; returns its JSON."""

    def command(name: str, *arguments: str) -> Any:
        company = ("--company", start.books.company.code)
        return printed(database, suite, name, *company, *arguments)

    return command


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A trial balance as CSV, and open items as a workbook."""
    (tmp_path / "trial.csv").write_text(TRIAL_FILE, encoding="utf-8")
    with xlsxwriter.Workbook(tmp_path / "items.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate((ITEM_HEADER, *ITEM_ROWS)):
            sheet.write_row(number, 0, row)
    return tmp_path


def account(start: Beginning, code: str) -> str:
    found = start.books.value(
        "SELECT id FROM ledger_account WHERE code = :code AND company_id = :company",
        code=code,
        company=start.books.company.id,
    )
    return str(found)


def begin(program: ApiClient, start: Beginning, items: str = "9010") -> Any:
    return program.post(
        "openings",
        {
            "day": "2026-01-01",
            "balances_account": account(start, "9000"),
            "items_account": account(start, items),
        },
    )


def entries(start: Beginning) -> int:
    return int(start.books.count("ledger_entry"))


def test_the_steps_of_the_wizard_over_the_api(program: ApiClient, start: Beginning) -> None:
    early = program.post("openings/actions/post_balances", {"lines": LINES})
    assert early.status_code == 409
    assert "on which day the books begin" in early.text
    begun = begin(program, start)
    assert begun.status_code == 201, begun.text
    place = begun.headers["Location"]
    assert (begun.json["state"], begun.json["items_standing"]) == ("begun", "0.00")

    shown = program.post("openings/actions/preview", {"lines": LINES})
    assert shown.status_code == 200, shown.text
    assert [(one["account"], one["debit"]) for one in shown.json["lines"]][:2] == [
        ("1000", "700.00"),
        ("9010", "500.00"),
    ]
    after = shown.json["after"]
    assert [one["balance"] for one in after["clearing"]] == ["0.00", "200.00"]
    assert [(one["account"], one["name"]) for one in after["clearing"]] == [
        ("9000", "Opening trial balance"),
        ("9010", "Opening open items"),
    ]
    assert [(one["account"], one["name"], one["missing"]) for one in after["accounts"]] == [
        ("1100", "Receivables", "500.00"),
        ("2000", "Payables", "-300.00"),
    ]
    assert entries(start) == 0

    trial = program.post("openings/actions/post_balances", {"lines": LINES})
    assert trial.status_code == 201, trial.text
    assert (trial.json["new"], trial.json["waits"]) == (1, False)
    assert trial.json["opening"] == after
    assert program.get(place).json["items_standing"] == "200.00"
    refused = program.post(f"{place}/actions/finish")
    assert refused.status_code == 409
    assert [one["message"] for one in refused.json["errors"]] == [
        "9010 Opening open items stands at 200.00 EUR.",
        "Open items of 1100 Receivables: 500.00 EUR is missing.",
        "Open items of 2000 Payables: -300.00 EUR is missing.",
    ]
    looked = program.post("openings/actions/preview", {"items": ITEMS})
    assert looked.json["after"]["complete"] is True
    posted = program.post("openings/actions/post_items", {"items": ITEMS})
    assert posted.status_code == 201, posted.text
    assert (posted.json["new"], posted.json["present"]) == (3, 0)
    assert posted.json["opening"]["missing"] == []
    again = program.post("openings/actions/post_items", {"items": ITEMS})
    assert (again.json["new"], again.json["present"]) == (0, 3)
    assert entries(start) == 4

    undone = program.post(f"{place}/actions/undo", {"part": "items", "reason": "wrong list"})
    assert undone.status_code == 200, undone.text
    assert undone.json["items_standing"] == "200.00"
    assert program.post("openings/actions/post_items", {"items": ITEMS}).json["new"] == 3
    done = program.post(f"{place}/actions/finish")
    assert done.json["state"] == "finished", done.text
    assert program.post(f"{place}/actions/finish").status_code == 409
    late = program.post("openings/actions/post_items", {"items": ITEMS})
    assert "finished" in late.text
    opened = program.post(f"{place}/actions/reopen", {"reason": "one was forgotten"})
    assert opened.json["state"] == "begun"
    assert start.sound()


def test_what_is_wrong_over_the_api_is_named_and_nothing_is_posted(
    program: ApiClient, start: Beginning
) -> None:
    wrong = begin(program, start, "9000")
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "items_account")
    place = begin(program, start).headers["Location"]
    sent = [
        ITEMS[0],
        {"account": "1000", "party": "X", "debit": "1"},
        {"account": "1100", "party": "Y", "debit": "1", "document_date": "2026-01-02"},
        {"account": "77", "party": "Z", "credit": "1"},
    ]
    for action in ("post_items", "preview"):
        answer = program.post(f"openings/actions/{action}", {"items": sent})
        assert answer.status_code == 422
        assert {one["field"] for one in answer.json["errors"]} == {
            "items.1.account",
            "items.2.document_date",
            "items.3.account",
        }
    both = [{**ITEMS[0], "credit": "1"}, {"account": "1100", "party": "Y"}]
    answer = program.post("openings/actions/post_items", {"items": both})
    assert [one["field"] for one in answer.json["errors"]] == ["items.0.debit", "items.1.debit"]
    lines = [LINES[0], {"account": "77", "credit": "5"}, {"account": "3000"}]
    answer = program.post("openings/actions/post_balances", {"lines": lines[:2]})
    assert [one["field"] for one in answer.json["errors"]] == ["lines.1.account"]
    answer = program.post("openings/actions/post_balances", {"lines": lines})
    assert [one["field"] for one in answer.json["errors"]] == ["lines.2.debit"]
    assert (
        "Nothing of it is in the books"
        in program.post(f"{place}/actions/undo", {"part": "items", "reason": "x"}).text
    )
    assert entries(start) == 0


def test_a_closed_period_is_said_once_and_an_amount_at_the_side_that_was_sent(
    program: ApiClient, start: Beginning
) -> None:
    begin(program, start)
    owed = {**ITEMS[2], "credit": "300.001", "currency": None, "amount_currency": None}
    for action in ("post_items", "preview"):
        answer = program.post(f"openings/actions/{action}", {"items": [*ITEMS[:2], owed]})
        assert [one["field"] for one in answer.json["errors"]] == ["items.2.credit"], answer.text
    move(start.books, "closed", day=date(2026, 1, 1))
    for action in ("post_items", "preview"):
        answer = program.post(f"openings/actions/{action}", {"items": ITEMS})
        assert answer.status_code == 409
        assert [one.get("field") for one in answer.json["errors"]] == [None]
        assert answer.json["errors"][0]["message"].startswith("2026-01 is closed. ")
    assert entries(start) == 0


def test_a_trial_balance_that_is_sent_again_under_its_key_comes_in_once(
    program: ApiClient, start: Beginning
) -> None:
    begin(program, start)
    sent = [
        program.post(
            "openings/actions/post_balances",
            {"lines": LINES},
            headers={"Idempotency-Key": "trial-1"},
        )
        for _n in range(2)
    ]
    assert [one.status_code for one in sent] == [201, 201]
    assert entries(start) == 1


def test_who_may_only_look_sees_the_opening_and_changes_nothing(
    program: ApiClient, start: Beginning, web_app: Flask, database: Database, suite: Suite
) -> None:
    place = begin(program, start).headers["Location"]
    make_user(database, "rita", (BOOKS_VIEW,), start.books.company)
    reader = ApiClient.for_user(web_app, database, suite, "rita", program.root)
    assert reader.get(place).json["date"] == "2026-01-01"
    for path in ("openings/actions/preview", f"{place}/actions/finish"):
        assert reader.post(path).status_code == 403


def test_files_open_the_books_in_one_command(
    run: Callable[..., Any], lists: Path, start: Beginning
) -> None:
    assert run("open-books")["opening"] is None
    given = (
        *("--day", "2026-01-01", "--balances-account", "9000", "--items-account", "9010"),
        *("--balances", str(lists / "trial.csv"), "--items", str(lists / "items.xlsx")),
    )
    tried = run("open-books", *given, "--dry-run")
    assert (tried["new"], tried["opening"]["complete"]) == (4, True)
    assert run("open-books")["opening"] is None
    done = run("open-books", *given, "--finish")
    assert done["opening"]["finished"] is True
    assert [one["balance"] for one in done["opening"]["clearing"]] == ["0.00", "0.00"]
    assert start.books.count("core_import") == 2
    with pytest.raises(Conflict, match="finished"):
        run("undo-opening", "--part", "items", "--reason", "wrong list")
    assert run("reopen-opening", "--reason", "wrong list")["opening"]["finished"] is False
    assert run("undo-opening", "--part", "items", "--reason", "wrong list") == {"reversed": 3}
    assert run("open-books")["opening"]["clearing"][1]["balance"] == "200.00"
    again = run("open-books", "--items", str(lists / "items.xlsx"))
    assert (again["new"], again["opening"]["complete"]) == (3, True)
    same = run("open-books", "--items", str(lists / "items.xlsx"))
    assert (same["new"], same["present"]) == (0, 3)
    assert start.sound()


def test_a_wrong_row_of_the_second_file_keeps_the_first_one_out_too(
    run: Callable[..., Any], lists: Path, start: Beginning
) -> None:
    items = lists / "items.csv"
    rows = (
        ITEM_HEADER,
        ITEM_ROWS[0],
        ("1000", "X", "R", "", "", "5"),
        ("1100", "", "S", "", "", "x"),
    )
    items.write_text("\n".join(",".join((*row, *[""] * 9)[:9]) for row in rows), encoding="utf-8")
    begun = ("--day", "2026-01-01", "--balances-account", "9000", "--items-account", "9010")
    files = ("--balances", str(lists / "trial.csv"), "--items", str(items))
    with pytest.raises(Invalid, match=r"items\.csv was not imported") as error:
        run("open-books", *begun, *files)
    assert (4, "debit") in {(one.row, one.field) for one in error.value.problems}
    items.write_text(items.read_text("utf-8").replace(",x,", ",5,"), encoding="utf-8")
    with pytest.raises(Invalid) as error:
        run("open-books", *begun, *files)
    assert {(one.row, one.field) for one in error.value.problems} == {(3, "account"), (4, "party")}
    assert run("open-books")["opening"] is None
    assert entries(start) == start.books.count("core_import") == 0
    short = ("--balances", str(lists / "trial.csv"), "--finish")
    with pytest.raises(Conflict, match="can't be finished"):
        run("open-books", *begun, *short)
    assert entries(start) == 0
    with pytest.raises(Invalid, match="together"):
        run("open-books", "--day", "2026-01-01")
