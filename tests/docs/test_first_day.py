"""What the tutorial of the first day does, on the command line: from an empty folder to figures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("docs_first_day")  # its tests share one installation

FILES = Path(__file__).parents[2] / "docs" / "tutorial" / "first-day"


class CommandLine:
    """``backstay`` on a data folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "backstay", "--home", self.home, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *arguments: str | Path) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An installation with the ledger switched on and the tutorial's company."""
    made = CommandLine(tmp_path_factory.mktemp("home"))
    made("migrate")
    made("plugin", "enable", "ledger")
    made(
        *("company", "create", "ACME", "--name", "Acme Ltd", "--currency", "EUR"),
        *("--chart", "small"),
    )
    return made


@pytest.fixture(scope="module")
def books(cli: CommandLine) -> CommandLine:
    """The installation with the tutorial's files imported."""
    said = cli("ledger", "import-chart", FILES / "chart.csv", "--company", "ACME")
    assert "2 new, 0 present" in said
    said = cli("ledger", "import-journal", FILES / "journal.csv", "--company", "ACME")
    assert "6 new, 0 present" in said
    return cli


def test_the_trial_balance_is_the_one_that_the_tutorial_shows(books: CommandLine) -> None:
    printed = books("ledger", "trial-balance", "--company", "ACME", "--format", "csv")
    expected = (FILES / "trial_balance.csv").read_text(encoding="utf-8")
    assert printed.splitlines() == expected.splitlines()


def test_a_second_import_finds_nothing_new(books: CommandLine) -> None:
    said = books("ledger", "import-journal", FILES / "journal.csv", "--company", "ACME")
    assert "0 new, 6 present" in said


def test_the_books_pass_their_check(books: CommandLine) -> None:
    books("ledger", "check")


def test_switching_the_ledger_off_and_on_keeps_the_books(books: CommandLine) -> None:
    books("plugin", "disable", "ledger")
    refused = books.run("ledger", "check")
    assert refused.returncode == 1
    books("plugin", "enable", "ledger")
    test_the_trial_balance_is_the_one_that_the_tutorial_shows(books)


def test_an_error_goes_to_standard_error_with_status_1_and_changes_nothing(
    books: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.csv"
    text = (FILES / "journal.csv").read_text(encoding="utf-8")
    file.write_text(text.replace("E6,", "E7,").replace(",6450,", ",9999,"), encoding="utf-8")
    refused = books.run("ledger", "import-journal", file, "--company", "ACME")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "row 14" in refused.stderr
    assert "9999" in refused.stderr
    test_the_trial_balance_is_the_one_that_the_tutorial_shows(books)
