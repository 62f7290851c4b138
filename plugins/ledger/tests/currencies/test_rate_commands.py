"""``backstay ledger import-rates`` with the ECB's file, its zip, and tables of one's own."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from backstay.cli import main
from backstay.db.database import Database
from backstay.kernel.setup import migrate
from backstay_ledger.currencies.lookup import find_rate
from backstay_ledger.currencies.rate_import import RATES, commit, undo, validate

if TYPE_CHECKING:
    from pathlib import Path

# Three days of the history as the European Central Bank publishes it, five of its currencies.
ECB = """Date,USD,JPY,CYP,GBP,CHF,
2024-12-31,1.0389,163.06,N/A,0.82918,0.9412,
2024-12-30,1.0444,163.92,N/A,0.83048,0.9404,
2024-12-27,1.0435,164.60,N/A,0.83033,0.9394,
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """Runs a command line in a fresh data folder with the company ACME, in USD."""
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
    assert command("company", "create", "ACME", "--name", "Acme", "--currency", "USD")[0] == 0
    return command


def test_the_history_of_the_ecb_is_imported_as_it_is_published(run: Any, tmp_path: Path) -> None:
    plain, packed = tmp_path / "eurofxref-hist.csv", tmp_path / "eurofxref-hist.zip"
    plain.write_text(ECB, encoding="utf-8")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, plain.name)
    tried = run("ledger", "import-rates", str(plain), "--company", "ACME", "--dry-run")
    assert tried[1].startswith("12 new, 0 present (dry run")
    year_end = ("--since", "2024-12-31", "--json")
    done = run("ledger", "import-rates", str(plain), "--company", "ACME", *year_end)
    assert json.loads(done[1]) == {"new": 4, "present": 0, "notes": []}
    again = run("ledger", "import-rates", str(packed), "--company", "ACME", "--json")
    assert json.loads(again[1]) == {"new": 8, "present": 4, "notes": []}
    table = tmp_path / "rates.csv"
    table.write_text("date,base,quote,rate\n2024-12-31,EUR,USD,1.0389\n", encoding="utf-8")
    same = run("ledger", "import-rates", str(table), "--company", "ACME")
    assert same[1].startswith("0 new, 1 present")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,base,quote,rate\n2024-12-31,EUR,USD,0\n", "A rate is more than 0"),
        ("date,base,quote,rate\n2024-12-31,EUR,XQX,1.1\n", "not a currency"),
        ("date,base,quote,rate\n2024-12-31,EUR,USD,1\n2024-12-31,EUR,USD,2\n", "row 2 already"),
        (ECB.replace("1.0389", "dollars"), "not a rate"),
    ],
)
def test_a_file_with_a_wrong_rate_is_refused_as_a_whole(
    run: Any, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(text, encoding="utf-8")
    status, _out, error = run("ledger", "import-rates", str(file), "--company", "ACME")
    assert status != 0
    assert said in error
    file.write_text(ECB, encoding="utf-8")
    assert run("ledger", "import-rates", str(file), "--company", "ACME")[1].startswith("12 new")


@pytest.mark.parametrize("names", [(), ("a.csv", "b.csv")])
def test_a_zip_holds_one_file(run: Any, tmp_path: Path, names: tuple[str, ...]) -> None:
    packed = tmp_path / "rates.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, ECB)
    status, _out, error = run("ledger", "import-rates", str(packed), "--company", "ACME")
    assert status != 0
    assert f"{len(names)} CSV files" in error


def test_an_import_is_undone_and_a_changed_rate_is_not_overwritten(dollars: Any) -> None:
    with dollars.write() as session:
        rows = list(RATES.formats[0].read(session, ECB).rows())
        made = commit(session, rows)
    assert (made.new, made.present) == (12, 0)
    with dollars.write() as session:
        rows = list(RATES.formats[0].read(session, ECB.replace("1.0389", "1.0390")).rows())
        told = validate(session, rows)
    assert [(one.row, one.field) for one in told.problems] == [(2, "rate")]
    assert "EUR in USD on 2024-12-31 is 1.0389 already" in told.problems[0].message
    with dollars.write() as session:
        assert undo(session, made.references) == "12 rates were deleted."
    assert dollars.count("ledger_fx_rate") == 0
    assert dollars.rows(
        "SELECT action FROM core_audit WHERE entity = 'ledger_fx_rate' ORDER BY at"
    ) == [("import",), ("undo",)]


def test_the_dollar_at_the_end_of_2024(dollars: Any) -> None:
    with dollars.write() as session:
        commit(session, list(RATES.formats[0].read(session, ECB).rows()))
        rate = find_rate(session, "EUR", date(2024, 12, 31))
    assert str(rate.quotes[0]) == "1 EUR = 1.0389 USD"
    assert rate.why == "1 EUR = 1.0389 USD of 2024-12-31 (ECB)"


def test_accounts_are_revalued_by_a_script_once(run: Any, tmp_path: Path) -> None:
    (tmp_path / "chart.csv").write_text(
        "code,name,type\n1000,Bank,asset\n3000,Capital,equity\n", encoding="utf-8"
    )
    assert run("ledger", "import-chart", str(tmp_path / "chart.csv"), "--company", "ACME")[0] == 0
    told = run("ledger", "revalue", "--company", "ACME", "--as-of", "2026-03-31", "--dry-run")
    assert told[:2] == (0, "Every foreign amount is at its rate; there is nothing to post.\n")
    done = run("ledger", "revalue", "--company", "ACME", "--as-of", "2026-03-31", "--json")
    assert json.loads(done[1]) == {"entries": {}, "waiting": [], "adjustments": []}
