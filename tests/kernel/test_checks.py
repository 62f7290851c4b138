"""The result of a check is shown from the run here, else from what the package brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.db.context import operator_context
from backstay.kernel.changelog import read_changelog
from backstay.kernel.checks import NAME, Checked, check_of, record_check, write_check

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.db.database import Database

ADMIN = operator_context("cli:admin")
KEPT = [Checked("loads", "pass"), Checked("wheel", "fail", "no py.typed")]


def test_a_run_here_comes_before_what_the_package_says(database: Database, tmp_path: Path) -> None:
    with database.read(ADMIN) as session:
        assert check_of(session, "crate", tmp_path) is None
    write_check(tmp_path, "1.0", KEPT)
    with database.read(ADMIN) as session:
        found = check_of(session, "crate", tmp_path)
    assert found is not None
    assert (found.version, found.here, found.verdicts) == ("1.0", False, tuple(KEPT))
    with database.write(ADMIN) as session:
        record_check(session, "crate", "2.0", KEPT[:1])
    with database.read(ADMIN) as session:
        found = check_of(session, "crate", tmp_path)
    assert found is not None
    assert (found.version, found.here, found.counts["pass"]) == ("2.0", True, 1)


def test_a_result_that_can_t_be_read_is_none(database: Database, tmp_path: Path) -> None:
    for text in ("", "[]", '{"version": "1"}'):
        (tmp_path / NAME).write_text(text, encoding="utf-8")
        with database.read(ADMIN) as session:
            assert check_of(session, "crate", tmp_path) is None


def test_the_newest_releases_are_read_without_marks(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\nWhat changes.\n\n## 2.0 (unreleased)\n\n- Things have a `colour`\n"
        "  of [their own](colours.md).\n- **Faster.**\n\n## 1.0\n\nFirst version.\n",
        encoding="utf-8",
    )
    newest, first = read_changelog(tmp_path)
    assert newest.title == "2.0 (unreleased)"
    assert newest.changes == ("Things have a colour of their own.", "Faster.")
    assert first.changes == ("First version.",)
    assert read_changelog(tmp_path / "none") == ()
