"""`backstay plugin revision` writes what the models have and the migrations do not make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backstay.authoring.revision import write_revision
from backstay.errors import Conflict, Invalid, NotFound
from backstay.kernel.load import load
from backstay.testing.conformance import OF_THE_WHOLE, Outcome, check_plugin
from backstay.testing.distributions import build_wheel, on_path, unpack

MODELS = "backstay_garden/models.py"
MORE = """    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)
    note: Mapped[str | None] = mapped_column(short(80))
"""
TABLE = '''

class Tool(Identified, CompanyScoped, PlugnameBase):
    """A tool."""

    __tablename__ = "garden_tool"
    __audit__ = Audit.FULL

    name: Mapped[str] = mapped_column(short(40))
'''.replace("Plugname", "Garden")


def changed(garden: Path, folder: Path, *, column: str = "", table: bool = False) -> Path:
    """A copy of the plugin with more in its models, unpacked for Python's path."""
    copy = folder / "garden"
    shutil.copytree(garden, copy)
    models = copy / MODELS
    text = models.read_text(encoding="utf-8")
    if column:
        line = "    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)\n"
        assert line in text
        text = text.replace(line, column)
    models.write_text(text + (TABLE if table else ""), encoding="utf-8")
    (folder / "wheel").mkdir()
    unpack(build_wheel(copy, folder / "wheel"), folder / "site")
    return folder / "site"


def test_a_new_column_and_a_new_table_get_a_numbered_migration_that_fits(
    garden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_path(changed(garden, tmp_path, column=MORE, table=True)):
        written = write_revision("garden", "Notes and tools")
        assert capsys.readouterr().out == ""
        assert written.name == "0002_notes_and_tools.py"
        text = written.read_text(encoding="utf-8")
        assert "revision = 'garden_0002'" in text
        assert "down_revision = 'garden_0001'" in text
        assert "'garden_tool'" in text
        assert "'note'" in text
        assert "core_" not in text.replace("core_company.id", "")
        with pytest.raises(Conflict, match="nothing was written"):
            write_revision("garden", "Again")
        assert not load(["garden"]).failed
        assert len(list(written.parent.glob("*.py"))) == 2


FILLED = MORE.replace("| None]", "]").replace("short(80)", 'short(80), default="it\'s"')
FILLED += """    urgent: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[TaskState] = mapped_column(default=TaskState.DONE)
    weight: Mapped[int] = mapped_column(default=3)
"""


def test_a_new_column_that_may_not_be_empty_says_what_earlier_rows_get(
    garden: Path, tmp_path: Path
) -> None:
    with on_path(changed(garden, tmp_path, column=FILLED)):
        text = write_revision("garden", "More").read_text(encoding="utf-8")
        assert "###" not in text
        assert "please adjust" not in text
        assert "\n\n\n\n" not in text
        assert """'note', sa.String(length=80), server_default="it's", nullable=False""" in text
        assert "server_default=sa.text('(false)')" in text
        assert "server_default='done'" in text
        assert "server_default='3'" in text
        rules = tuple(rule for rule in OF_THE_WHOLE if rule.name in {"migrations", "upgrades"})
        found = list(check_plugin("garden", rules))
    assert {one.outcome for one in found} == {Outcome.PASS}, found


@pytest.mark.parametrize("line", [MORE.replace("| None]", "]"), "    seen: Mapped[int]\n"])
def test_a_new_column_for_which_earlier_rows_have_nothing_is_refused(
    garden: Path, tmp_path: Path, line: str
) -> None:
    state = "    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)\n"
    site = changed(garden, tmp_path, column=state + line.removeprefix(state))
    with on_path(site), pytest.raises(Invalid, match=r"garden_task\.\w+, which may not be empty"):
        write_revision("garden", "More")
    versions = site / "backstay_garden" / "migrations" / "versions"
    assert [path.name for path in versions.glob("*.py")] == ["0001_first_table.py"]


def test_without_a_difference_nothing_is_written(garden: Path, tmp_path: Path) -> None:
    site = changed(garden, tmp_path)
    with on_path(site):
        with pytest.raises(Conflict, match="nothing was written"):
            write_revision("garden", "Nothing")
        versions = site / "backstay_garden" / "migrations" / "versions"
        assert [path.name for path in versions.glob("*.py")] == ["0001_first_table.py"]


def test_nothing_is_written_among_installed_packages(garden: Path, tmp_path: Path) -> None:
    site = changed(garden, tmp_path, column=MORE).rename(tmp_path / "site-packages")
    with on_path(site), pytest.raises(Invalid, match=r"pip install .* -e FOLDER"):
        write_revision("garden", "Notes")
    versions = site / "backstay_garden" / "migrations" / "versions"
    assert [path.name for path in versions.glob("*.py")] == ["0001_first_table.py"]


def test_the_ledger_and_core_lack_no_migration() -> None:
    for name in ("ledger", "core"):
        with pytest.raises(Conflict, match="nothing was written"):
            write_revision(name, "Nothing")


def test_what_can_not_be_written_is_said() -> None:
    with pytest.raises(NotFound, match="no installed plugin “orchard”"):
        write_revision("orchard", "Trees")
    with pytest.raises(Invalid, match="what changes"):
        write_revision("ledger", " ")
