"""A file of 200,000 rows is imported within 300 MB of address space, whatever holds the books."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from backstay.db.database import Database
from backstay.kernel.setup import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAP = 300 * 1024 * 1024
ENTRIES = 100_000


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An installation's database, migrated as `migrate` does it."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'books.db'}")
        migrate(made)
        made.dispose()
        yield made.url
        return
    from backstay.testing.postgres import create_database, drop_database

    server: str = request.getfixturevalue("postgres_url")
    name = f"large_{abs(hash(request.node.nodeid)):x}"
    made = Database(create_database(server, name))
    migrate(made)
    made.dispose()
    yield made.url
    drop_database(server, name)


def _capped() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (CAP, CAP))


def _write(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("entry,date,memo,source,reference,account,debit,credit\n")
        for number in range(ENTRIES):
            start = (
                f"E{number},2026-{number % 12 + 1:02d}-{number % 28 + 1:02d},Memo,bank,R-{number}"
            )
            file.write(
                f"{start},1000,{number % 977 + 1}.50,\n{start},4000,,{number % 977 + 1}.50\n"
            )


def test_two_hundred_thousand_rows_fit_into_300_megabytes(tmp_path: Path, url: str) -> None:
    environment = os.environ | {
        "BACKSTAY_HOME": str(tmp_path),
        "BACKSTAY_DATABASE": url,
    }

    def run(*arguments: str, capped: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "backstay", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_capped if capped else None,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("plugin", "enable", "ledger")
    run("company", "create", "ACME", "--name", "Acme", "--currency", "EUR")
    chart = tmp_path / "chart.csv"
    chart.write_text("code,name,type\n1000,Bank,asset\n4000,Sales,income\n", encoding="utf-8")
    run("ledger", "import-chart", str(chart), "--company", "ACME")
    big = tmp_path / "big.csv"
    _write(big)
    said = run("ledger", "import-journal", str(big), "--company", "ACME", capped=True)
    assert said.startswith(f"{ENTRIES:,} new, 0 present")
