"""``backstay ledger ...`` as scripts use it."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backstay.cli import main
from backstay.contracts.ledger import Posting, PostingLine
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.kernel.setup import migrate
from backstay.testing.fixtures import company_ref
from backstay.testing.requirements import data_folder
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.posting import post
from backstay_ledger.statements.cash_accounts import mark_as_cash
from backstay_ledger.statements.groups import CreateGroup, create_group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backstay.kernel.suite import Suite

    Run = Callable[..., tuple[int, str, str]]

CHART = "code,name,type\n1000,Bank,asset\n3000,Capital,equity\n6000,Rent,expense\n"
JOURNAL = """entry,date,memo,source,reference,account,debit,credit
E1,2026-01-02,Capital,manual,,1000,500.00,0.00
E1,2026-01-02,Capital,manual,,3000,0.00,500.00
E2,2026-02-02,Rent,manual,R-1,6000,120.00,0.00
E2,2026-02-02,Rent,manual,R-1,1000,0.00,120.00
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in a fresh data folder with the company ACME."""
    monkeypatch.setenv("BACKSTAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BACKSTAY_DATABASE", raising=False)
    (tmp_path / "home").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'home' / 'backstay.db'}")
    migrate(database)
    database.dispose()

    def command(*arguments: str) -> tuple[int, str, str]:
        status = 0
        try:
            main(list(arguments))
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    assert command("plugin", "enable", "ledger")[0] == 0
    assert command("company", "create", "ACME", "--name", "Acme", "--currency", "EUR")[0] == 0
    return command


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a chart and a journal."""
    (tmp_path / "chart.csv").write_text(CHART, encoding="utf-8")
    (tmp_path / "journal.csv").write_text(JOURNAL, encoding="utf-8")
    return tmp_path


def import_both(run: Run, files: Path) -> None:
    """Import the chart and the journal."""
    for kind in ("chart", "journal"):
        done = run("ledger", f"import-{kind}", str(files / f"{kind}.csv"), "--company", "ACME")
        assert done[0] == 0, done[2]


def test_a_chart_and_a_journal_are_imported_once(run: Run, files: Path) -> None:
    chart, journal = str(files / "chart.csv"), str(files / "journal.csv")
    assert run("ledger", "import-chart", chart, "--company", "ACME")[1].startswith(
        "3 new, 0 present"
    )
    tried = run("ledger", "import-journal", journal, "--company", "ACME", "--dry-run")
    assert tried[1].startswith("2 new, 0 present (dry run")
    assert run("ledger", "trial-balance", "--company", "ACME")[1].split() == [
        "account,debit,credit"
    ]
    assert run("ledger", "import-journal", journal, "--company", "ACME")[1].startswith("2 new")
    status, out, _err = run("ledger", "import-journal", journal, "--company", "ACME", "--json")
    assert status == 0
    assert json.loads(out) == {"new": 0, "present": 2, "notes": []}
    assert run("ledger", "import-chart", chart, "--company", "ACME")[1].startswith(
        "0 new, 3 present"
    )


def test_the_trial_balance_is_printed_as_csv_and_json(run: Run, files: Path) -> None:
    import_both(run, files)
    _status, out, _err = run("ledger", "trial-balance", "--company", "ACME", "--format", "csv")
    assert out.splitlines() == [
        "account,debit,credit",
        "1000,380.00,0.00",
        "3000,0.00,500.00",
        "6000,120.00,0.00",
    ]
    _status, out, _err = run(
        "ledger", "trial-balance", "--company", "ACME", "--as-of", "2026-01-31", "--format", "json"
    )
    assert json.loads(out) == [
        {"account": "1000", "debit": "500.00", "credit": "0.00"},
        {"account": "3000", "debit": "0.00", "credit": "500.00"},
    ]


def test_a_plain_text_journal_is_refused_by_line_without_advice_about_columns(
    run: Run, files: Path
) -> None:
    (files / "bad.journal").write_text(
        "2026-01-02 x\n  (budget:rent)  5.00\n2026-01-03 y\n  a:b  1\n  c:d  -2\n"
    )
    status, _out, err = run(
        "ledger", "import-journal", str(files / "bad.journal"), "--company", "ACME"
    )
    assert status == 1
    assert "row 2: A posting in brackets" in err
    assert "row 3: The entry does not balance" in err
    assert "--column" not in err
    assert "import-chart" not in err


def test_what_is_wrong_is_named_with_its_row_and_nothing_is_done(run: Run, files: Path) -> None:
    run("ledger", "import-chart", str(files / "chart.csv"), "--company", "ACME")
    for broken, said in (
        (JOURNAL.replace("120.00,0.00", "121.00,0.00"), "out by 1.00 EUR"),
        (JOURNAL.replace("6000", "9999"), "9999"),
        (JOURNAL.replace("120.00", "120.005"), "120.005"),
        (JOURNAL.replace("account,debit", "ledger code,debit"), "account"),
        (JOURNAL[: JOURNAL.index("0.00,120.00")], "row"),
    ):
        (files / "broken.csv").write_text(broken, encoding="utf-8")
        status, out, err = run(
            "ledger", "import-journal", str(files / "broken.csv"), "--company", "ACME"
        )
        assert (status, out) == (1, "")
        assert said in err
        assert ("import-chart” makes" in err) == (said in {"9999", "account"})
        assert "Traceback" not in err
    assert run("ledger", "trial-balance", "--company", "ACME")[1].split() == [
        "account,debit,credit"
    ]


def test_an_unknown_company_or_file_is_said(run: Run, files: Path) -> None:
    for arguments in (
        ("trial-balance", "--company", "NONE"),
        ("import-chart", str(files / "chart.csv"), "--company", "NONE"),
        ("import-chart", str(files / "missing.csv"), "--company", "ACME"),
    ):
        status, out, err = run("ledger", *arguments)
        assert (status, out) == (1, "")
        assert "NONE" in err or "missing.csv" in err


def test_the_books_are_checked(run: Run, files: Path) -> None:
    import_both(run, files)
    for company in ((), ("--company", "ACME")):
        status, out, _err = run("ledger", "check", *company)
        assert status == 0
        assert "sound" in out
    assert json.loads(run("ledger", "check", "--json")[1]) == []


def test_balances_are_made_anew(run: Run, files: Path) -> None:
    import_both(run, files)
    company = ("--company", "ACME")
    assert run("ledger", "rebuild-balances", *company)[1] == "Every balance was right already.\n"
    database = sqlite3.connect(files / "home" / "backstay.db")
    database.create_function("backstay_audit_context_required", 0, lambda: 1)
    database.execute("UPDATE ledger_balance SET debit = debit + 1 WHERE debit > 0")
    database.commit()
    database.close()
    assert "drift" in run("ledger", "check")[2]
    assert run("ledger", "rebuild-balances", *company)[1] == "2 balances were mended.\n"
    assert run("ledger", "check")[0] == 0
    mended = json.loads(run("ledger", "rebuild-balances", *company, "--json")[1])
    assert mended == {"mended": 0}
    assert run("ledger", "rebuild-balances", "--company", "NONE")[0] == 1


@pytest.mark.needs("data")
def test_published_books_give_their_published_trial_balance(run: Run) -> None:
    company = data_folder() / "finance" / "company"
    for kind in ("chart", "journal"):
        done = run("ledger", f"import-{kind}", str(company / f"{kind}.csv"), "--company", "ACME")
        assert done[0] == 0, done[2]
    _status, out, _err = run("ledger", "trial-balance", "--company", "ACME")
    published = (company / "trial_balance.csv").read_text(encoding="utf-8")
    assert out.splitlines() == published.splitlines()
    assert run("ledger", "check")[0] == 0


@pytest.mark.needs("data")
def test_a_journal_of_ten_thousand_entries_gives_its_published_balances(run: Run) -> None:
    folder = data_folder() / "finance" / "journals"
    journal = str(folder / "10000x1000x10.journal")
    assert run("ledger", "import-chart", journal, "--company", "ACME")[0] == 0
    for said in ("10,000 new, 0 present", "0 new, 10,000 present"):
        status, out, err = run("ledger", "import-journal", journal, "--company", "ACME")
        assert (status, out.splitlines()[0]) == (0, said), err
    _status, out, _err = run("ledger", "trial-balance", "--company", "ACME", "--json")
    found = {row["account"]: float(row["debit"]) - float(row["credit"]) for row in json.loads(out)}
    published = {}
    for line in (folder / "10000x1000x10.balances.txt").read_text(encoding="utf-8").splitlines():
        amount, _space, account = line.strip().partition("  ")
        if account and float(amount):
            published[account] = float(amount)
    assert len(published) > 900
    assert found == published
    assert run("ledger", "check")[0] == 0


def test_periods_are_closed_and_reopened(run: Run, files: Path) -> None:
    run("ledger", "import-journal", str(files / "journal.csv"), "--company", "ACME")
    run("ledger", "import-chart", str(files / "chart.csv"), "--company", "ACME")
    run("ledger", "import-journal", str(files / "journal.csv"), "--company", "ACME")
    january = ("--company", "ACME", "--period", "2026-01")
    status, said, _error = run("ledger", "close-period", *january, "--json")
    assert (status, json.loads(said)) == (0, {"period": "2026-01", "state": "closed"})
    assert run("ledger", "reopen-period", *january, "--reason", "late bill")[0] == 0
    assert run("ledger", "close-period", *january, "--state", "soft-closed")[0] == 0
    assert run("ledger", "close-period", *january)[0] == 0
    status, _said, error = run("ledger", "close-period", *january, "--state", "locked")
    assert (status, "why" in error) == (1, True)
    locked = run("ledger", "close-period", *january, "--state", "locked", "--reason", "audited")
    assert locked[0] == 0
    status, _said, error = run("ledger", "reopen-period", *january, "--reason", "x")
    assert (status, "for good" in error) == (1, True)
    assert run("ledger", "close-period", "--company", "ACME", "--period", "1999-01")[0] == 1


def test_statements_are_printed_to_read_and_to_compute_with(
    run: Run, files: Path, suite: Suite
) -> None:
    import_both(run, files)
    common = ("--company", "ACME", "--as-of", "2026-02-28")
    sheet = run("ledger", "statement", "balance-sheet", *common)
    assert sheet[0] == 0, sheet[2]
    assert re.search(r"Total liabilities and equity +380\.00", sheet[1])
    told = json.loads(
        run("ledger", "statement", "profit-loss", *common, "--compare", "prior-year", "--json")[1]
    )
    assert told["columns"] == ["2026-01-01/2026-02-28", "2025-01-01/2025-02-28"]
    assert told["rows"][-1]["amounts"] == ["-120.00", "0.00"]
    assert "1000 Bank" in run("ledger", "statement", "general-ledger", *common)[1]
    for problem in (
        ("cash-flow",),
        ("balance-sheet", "--tree", "none"),
        ("balance-sheet", "--compare", "yesterday"),
        ("profit-loss", "--from", "2026-03-01"),
        ("balance-sheet", "--group", "none"),
        ("cash-flow", "--group", "none"),
        ("cash-flow", "--dimension", "cost_centre=100"),
        ("cash-flow", "--by", "cost_centre"),
        ("profit-loss", "--by", "cost_centre"),
        ("profit-loss", "--dimension", "cost_centre"),
        ("general-ledger", "--by", "cost_centre"),
    ):
        status, said, complaint = run("ledger", "statement", *problem, *common)
        assert status != 0
        assert not said
        assert complaint
    database = Database(f"sqlite:///{files / 'home' / 'backstay.db'}")
    context = operator_context("cli:test", company=company_ref(database, suite, "ACME"))
    assert run("company", "create", "BETA", "--name", "Beta", "--currency", "EUR")[0] == 0
    with database.write(context, suite) as session:
        create_group(session, CreateGroup(code="all", name="All", members="BETA"))
        mark_as_cash(session, [account_by_code(session, "1000")])
        centre = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        add_value(session, AddValue(dimension_id=centre, code="SALES", name="Sales"))
        pairs = (("cost_centre", "SALES"),)
        lines = (
            PostingLine("6000", Decimal(20), dimensions=pairs),
            PostingLine("1000", Decimal(-20)),
        )
        post(session, Posting("", "GEN", date(2026, 2, 3), lines))
    rent = run(
        *("ledger", "statement", "profit-loss", *common, "--by", "cost_centre", "--json"),
    )
    assert json.loads(rent[1])["columns"] == ["SALES Sales", "Without Cost centre", "Total"], rent[
        2
    ]
    assert json.loads(rent[1])["rows"][-1]["amounts"] == ["-20.00", "-120.00", "-140.00"]
    of = ("--dimension", "cost_centre=SALES", "--json")
    for kind, amount in (("profit-loss", "20.00"), ("trial-balance", "20.00")):
        told = json.loads(run("ledger", "statement", kind, *common, *of)[1])
        figures = {row["code"]: row["amounts"][0] for row in told["rows"]}
        assert figures["6000"] == amount
        assert "1000" not in figures
    database.dispose()
    flow = run("ledger", "statement", "cash-flow", *common, "--indirect")
    assert "Cash at the end" in flow[1], flow[2]
    group = run("ledger", "statement", "balance-sheet", *common, "--group", "all", "--json")
    assert json.loads(group[1])["columns"] == ["ACME", "BETA", "eliminations", "group"], group[2]
    assert json.loads(group[1])["mismatches"] == []
    of_beta = ("ledger", "group-share", "all", "--company", "ACME", "--member", "BETA", "--json")
    assert run(*of_beta)[0] != 0
    shares = run(*of_beta, "--from", "2026-01-01", "--share", "80")
    assert json.loads(shares[1])[0]["share"] == "80", shares[2]
    group = run("ledger", "statement", "balance-sheet", *common, "--group", "all", "--json")
    codes = [row["code"] for row in json.loads(group[1])["rows"]]
    assert codes[-3:] == ["owners", "non_controlling", "whole"], group[2]
