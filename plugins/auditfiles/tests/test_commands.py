"""``backstay ledger export`` and ``backstay auditfiles read`` as scripts use them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from backstay.cli import main
from backstay.db.database import Database
from backstay.kernel.load import load
from backstay.kernel.setup import migrate
from backstay.testing.fixtures import company_ref
from backstay_auditfiles.services.company import EnterCompany, enter_company

from .conftest import SIREN, fill, open_books

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose company ACME has books; made once, copied for each test."""
    home = tmp_path_factory.mktemp("filled") / "home"
    home.mkdir()
    url = f"sqlite:///{home / 'backstay.db'}"
    database = Database(url)
    migrate(database)
    database.dispose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKSTAY_HOME", str(home))
        patch.delenv("BACKSTAY_DATABASE", raising=False)
        for command in (
            ("plugin", "enable", "ledger"),
            ("plugin", "enable", "auditfiles"),
            ("company", "create", "ACME", "--name", "Acme", "--currency", "EUR"),
        ):
            main(list(command))
    database = Database(url)
    try:
        suite = load({"auditfiles", "ledger"})
        office = open_books(database, suite, company_ref(database, suite, "ACME"))
        fill(office)
        with office.write() as session:
            enter_company(session, EnterCompany(siren=SIREN))
    finally:
        database.dispose()
    return home


@pytest.fixture
def run(
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command line in that data folder."""
    monkeypatch.setenv("BACKSTAY_HOME", str(shutil.copytree(filled, tmp_path / "home")))
    monkeypatch.delenv("BACKSTAY_DATABASE", raising=False)

    def command(*arguments: str) -> tuple[int, str, str]:
        status = 0
        try:
            main(list(arguments))
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def export(run: Run, form: str, target: Path, *more: str) -> tuple[int, str, str]:
    return run("ledger", "export", form, "--company", "ACME", "--to", str(target), *more)


def test_a_year_is_exported_and_read(run: Run, tmp_path: Path) -> None:
    status, out, err = export(run, "fec", tmp_path, "--fiscal-year", "2026", "--json")
    assert status == 0, err
    told = json.loads(out)
    file = tmp_path / f"{SIREN}FEC20261231.txt"
    assert (told["format"], told["file"]) == ("fec", str(file))
    assert told["debit"] == told["credit"]
    status, out, err = run("auditfiles", "read", str(file), "--json")
    assert status == 0, err
    read = json.loads(out)
    assert [read[name] for name in ("entries", "lines", "debit")] == [
        told[name] for name in ("entries", "lines", "debit")
    ]
    assert "Problems: 0" in run("auditfiles", "read", str(file))[1]
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [file.name]


def test_what_is_wrong_with_a_file_is_said_by_line_and_field(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "books.txt"
    assert export(run, "fec", file, "--from", "2026-01-01", "--until", "2026-12-31")[0] == 0
    file.write_bytes(file.read_bytes().replace(b"120,00", b"121,00", 1))
    status, _out, err = run("auditfiles", "read", str(file))
    assert status == 1
    assert "Debit: Entry SAL-2026-000001 of journal SAL is out of balance by 1.00" in err


def test_what_can_not_be_exported_is_said(run: Run, tmp_path: Path) -> None:
    for arguments, said in (
        (("fec",), "Name a fiscal year"),
        (("fec", "--fiscal-year", "1999"), "Fiscal years: 2025, 2026"),
        (("fec", "--fiscal-year", "2026", "--from", "2026-01-01"), "not both"),
        (("fec", "--from", "2026-02-01", "--until", "2026-01-01"), "before the first"),
        (("xbrl", "--fiscal-year", "2026"), "Formats: saft, fec"),
    ):
        status, _out, err = export(run, arguments[0], tmp_path / "x.txt", *arguments[1:])
        assert status == 1
        assert said in err
    assert not (tmp_path / "x.txt").exists()


def test_without_the_module_the_command_says_which_one_to_switch_on(
    run: Run, tmp_path: Path
) -> None:
    assert run("plugin", "disable", "auditfiles")[0] == 0
    status, _out, err = export(run, "fec", tmp_path, "--fiscal-year", "2026")
    assert status == 1
    assert "backstay plugin enable auditfiles" in err


def test_a_file_of_another_kind_is_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(b"\x00\x01PDF")
    assert "no audit file" in run("auditfiles", "read", str(file))[2]
    assert "can't be read" in run("auditfiles", "read", str(tmp_path / "none"))[2]
