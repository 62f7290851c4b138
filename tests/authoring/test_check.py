"""`backstay plugin check` tells which rules a plugin keeps, and how to mend what it breaks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from backstay.cli import main
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.kernel.checks import NAME, check_of
from backstay.kernel.discovery import discover
from backstay.testing.conformance import (
    OF_THE_WHOLE,
    RULES,
    Outcome,
    Rule,
    Verdict,
    check_folder,
    check_plugin,
)
from backstay.testing.conformance.on_package import lacking

Break = Callable[..., Path]
BY_NAME = {rule.name: rule for rule in RULES}
MIGRATION = "backstay_garden/migrations/versions/0001_first_table.py"


@pytest.fixture
def broken(garden: Path, tmp_path: Path) -> Break:
    """Makes a copy of the plugin in which a text is replaced, or appended where none is named."""

    def make(file: str, old: str, new: str) -> Path:
        copy = tmp_path / "garden"
        if not copy.exists():
            shutil.copytree(garden, copy)
        path = copy / file
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
        return copy

    return make


def verdict(folder: Path, rule: str) -> Verdict:
    (only,) = check_folder(folder, (BY_NAME[rule],))
    assert only.rule == rule
    return only


def outcomes(verdicts: list[Verdict]) -> dict[str, str]:
    return {one.rule: f"{one.outcome.value}: {one.detail}" for one in verdicts}


@pytest.mark.parametrize("plugin", sorted(discover()))
@pytest.mark.needs("chromium")
def test_the_official_plugins_keep_every_rule_about_the_whole(plugin: str) -> None:
    """The attacks on them are tests of their own, in tests/security."""
    found = list(check_plugin(plugin, OF_THE_WHOLE))
    assert {one.outcome for one in found} == {Outcome.PASS}, outcomes(found)


@pytest.mark.needs("chromium")
def test_a_new_plugin_keeps_every_rule_about_the_whole(garden: Path) -> None:
    found = list(check_folder(garden, OF_THE_WHOLE))
    assert {one.outcome for one in found} == {Outcome.PASS}, outcomes(found)


def test_a_model_without_its_migration_is_found_on_each_database(broken: Break) -> None:
    line = "    days: Mapped[int | None]\n"
    found = verdict(
        broken("backstay_garden/models.py", line, f"{line}    note: Mapped[str]\n"), "migrations"
    )
    assert found.outcome is Outcome.FAIL
    assert "note" in found.detail
    assert "plugin revision" in found.mend


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('op.create_table("shed_tool", sa.Column("id", sa.Integer()))', "the table shed_tool"),
        ('op.add_column("core_company", sa.Column("x", sa.Integer()))', "the table core_company"),
    ],
)
def test_a_migration_that_touches_what_is_not_the_plugins_is_found(
    broken: Break, added: str, said: str
) -> None:
    down = "\n\ndef downgrade()"
    found = verdict(broken(MIGRATION, down, f"    {added}\n{down}"), "migrations")
    assert found.outcome is Outcome.FAIL
    assert said in found.detail


SECOND = """from alembic import op

revision = "garden_0002"
down_revision = "garden_0001"


def upgrade() -> None:
    {up}
{down}"""
INDEX = 'op.create_index("ix_garden_task_state", "garden_task", ["state"])'


@pytest.mark.parametrize(
    ("up", "down", "said"),
    [
        (
            'op.execute("DELETE FROM garden_task")',
            "def downgrade() -> None:\n    pass\n",
            "of 4 rows of garden_task 0 are left after the way from garden_0001",
        ),
        (
            """op.execute("UPDATE garden_task SET title = 'a'")""",
            "def downgrade() -> None:\n    pass\n",
            "the way from garden_0001 changes values of garden_task.title",
        ),
        (
            INDEX,
            "def downgrade() -> None:\n    pass\n",
            "undone down to garden_0001, garden_task has: index ix_garden_task_state on state",
        ),
        (INDEX, "", "from garden_0001 and back: garden_0002 has no downgrade()"),
        (
            'op.execute("DROP TABLE garden_tool")',
            "def downgrade() -> None:\n    pass\n",
            "no such table: garden_tool",
        ),
    ],
)
def test_a_migration_that_loses_something_or_can_not_be_undone_is_found(
    broken: Break, up: str, down: str, said: str
) -> None:
    file = "backstay_garden/migrations/versions/0002_second.py"
    found = verdict(broken(file, "", SECOND.format(up=up, down=down)), "upgrades")
    assert found.outcome is Outcome.FAIL
    assert said in found.detail


def test_a_row_that_a_new_column_would_leave_empty_is_found(broken: Break) -> None:
    up = 'op.add_column("garden_task", sa.Column("note", sa.String(20), nullable=False))'
    down = 'def downgrade() -> None:\n    op.drop_column("garden_task", "note")\n'
    broken(
        "backstay_garden/models.py",
        "    days: Mapped[int | None]\n",
        "    days: Mapped[int | None]\n"
        '    note: Mapped[str] = mapped_column(short(20), default="")\n',
    )
    text = SECOND.format(up=up, down=down).replace(
        "from alembic", "import sqlalchemy as sa\nfrom alembic"
    )
    found = verdict(
        broken("backstay_garden/migrations/versions/0002_note.py", "", text), "upgrades"
    )
    assert found.outcome is Outcome.FAIL
    assert "from garden_0001 and back: migration" in found.detail
    assert "(SQLite)" in found.detail


def test_a_role_that_is_another_one_each_time_is_found(broken: Break) -> None:
    broken(
        "backstay_garden/plugin.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nimport dataclasses\nimport secrets\n",
    )
    folder = broken(
        "backstay_garden/plugin.py",
        "    return ROLE_TEMPLATES\n",
        "    return [\n"
        "        dataclasses.replace(one, code=secrets.token_hex(4), permissions=())\n"
        "        for one in ROLE_TEMPLATES\n"
        "    ]\n",
    )
    found = verdict(folder, "switching")
    assert found.outcome is Outcome.FAIL
    assert "switching it on again changes core_role" in found.detail


def test_a_bridge_that_does_not_start_is_found(broken: Break) -> None:
    broken("backstay_garden/bridges/__init__.py", "", '"""Bridges."""\n')
    folder = broken(
        "backstay_garden/bridges/ledger.py", "", '"""Books."""\n\nimport no_such_module\n'
    )
    found = verdict(folder, "neighbours")
    assert found.outcome is Outcome.FAIL
    assert "garden with its bridge to ledger does not start" in found.detail


def test_a_query_for_each_row_is_found(broken: Break) -> None:
    broken(
        "backstay_garden/resources.py",
        "_STATES: Final",
        "def _slow(value: object) -> str:\n"
        '    """Ask the database for each row."""\n'
        "    from sqlalchemy import select\n\n"
        "    from backstay.spi import session\n\n"
        "    return str(session().scalar(select(Task.days).limit(1))) + str(value)\n\n\n"
        "_STATES: Final",
    )
    folder = broken(
        "backstay_garden/resources.py",
        'Column("title", _("Title"), Task.title, ',
        'Column("title", _("Title"), Task.title, format=_slow, ',
    )
    found = verdict(folder, "queries")
    assert found.outcome is Outcome.FAIL
    assert "with 18 records more; the last one: SELECT garden_task.days" in found.detail


@pytest.mark.needs("chromium")
def test_a_picture_without_words_on_a_page_is_found(broken: Break) -> None:
    folder = broken(
        "backstay_garden/plugin.py",
        "@hookimpl\ndef backstay_jobs",
        "blueprint = spi.PluginBlueprint('garden', __name__)\n\n\n"
        "@blueprint.get('/plan')\n"
        "@spi.requires(PERMISSIONS[0])\n"
        "def plan() -> str:\n"
        '    """The plan."""\n'
        "    return '<!doctype html><html lang=en><title>Plan</title><main><h1>Plan</h1>'"
        " '<img src=/favicon.ico></main></html>'\n\n\n"
        "@hookimpl\n"
        "def backstay_blueprints() -> Sequence[spi.PluginBlueprint]:\n"
        '    """One page."""\n'
        "    return (blueprint,)\n\n\n"
        "@hookimpl\ndef backstay_jobs",
    )
    broken(
        "backstay_garden/plugin.py",
        "from backstay.spi import",
        "from backstay import spi\nfrom backstay.spi import",
    )
    found = verdict(folder, "accessible")
    assert found.outcome is Outcome.FAIL
    assert "/c/ALPHA/garden/plan on a desk: image-alt" in found.detail
    assert "garden/tasks" not in found.detail


def test_without_a_browser_nothing_is_claimed_about_pages(
    garden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKSTAY_CHROMIUM", "/nowhere/chromium")
    found = verdict(garden, "accessible")
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "apt install chromium" in found.detail


def test_a_function_without_types_is_found(broken: Break) -> None:
    folder = broken(
        "backstay_garden/jobs.py", "", '\n\ndef loose(job):\n    """Anything."""\n    return job\n'
    )
    found = verdict(folder, "typed")
    assert found.outcome is Outcome.FAIL
    assert found.detail.startswith("jobs.py:")
    assert "missing a type annotation" in found.detail


def test_what_is_not_documented_is_found(broken: Break) -> None:
    folder = broken("backstay_garden/jobs.py", "", "\n\ndef forgotten() -> None:\n    pass\n")
    found = verdict(folder, "documented")
    assert found.outcome is Outcome.FAIL
    assert found.detail.startswith("jobs.py:")
    assert found.detail.endswith("forgotten has no docstring")


def test_a_file_that_is_not_in_the_wheel_is_found_first(broken: Break) -> None:
    found = {one.rule: one for one in check_folder(broken("setup.cfg", "    *.toml\n", ""))}
    assert found["wheel"].outcome is Outcome.FAIL
    assert found["wheel"].detail == "backstay_garden/plugin.toml is not in the wheel"
    del found["wheel"]
    assert {one.outcome for one in found.values()} == {Outcome.NOT_APPLICABLE}


def test_a_folder_that_makes_no_wheel_is_told_with_the_reason(tmp_path: Path) -> None:
    assert "pyproject.toml can't be read" in verdict(tmp_path, "wheel").detail


def test_a_plugin_that_does_not_import_is_told_with_the_reason(broken: Break) -> None:
    folder = broken("backstay_garden/plugin.py", "", "\nimport no_such_module\n")
    found = {one.rule: one for one in check_folder(folder)}
    assert found["loads"].outcome is Outcome.FAIL
    assert "no_such_module" in found["loads"].detail
    assert found["migrations"].outcome is Outcome.NOT_APPLICABLE


def test_an_attack_is_a_rule_as_well(broken: Break) -> None:
    folder = broken("tests/route_matrix.golden", "    200 gardenkeeper\n", "    200 auditor\n")
    found = verdict(folder, "roles")
    assert found.outcome is Outcome.FAIL
    assert "as gardenkeeper: answers 200" in found.detail


def status(*arguments: str) -> int:
    """The exit status of the command as the program leaves it."""
    try:
        main(["plugin", "check", *arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_the_command_ends_with_0_where_no_rule_is_broken(
    garden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = ("--rule", "documented", "--rule", "groups", "--rule", "jobs")
    assert status(str(garden), *rules, "--json") == 0
    by_rule = {one["rule"]: one for one in json.loads(capsys.readouterr().out)}
    assert {rule: one["result"] for rule, one in by_rule.items()} == {
        "documented": "pass",
        "groups": "not applicable",
        "jobs": "pass",
    }
    assert all(one.keys() == {"rule", "result", "detail", "mend"} for one in by_rule.values())
    assert by_rule["groups"]["detail"] == "it has no field groups"


def test_the_command_ends_with_1_and_says_how_to_mend_what_is_broken(
    broken: Break, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = broken("backstay_garden/jobs.py", "", "\n\ndef forgotten() -> None:\n    pass\n")
    assert status(str(folder), "--rule", "documented", "--rule", "groups") == 1
    said = capsys.readouterr().out
    assert said.startswith("fail            documented\n    jobs.py:")
    assert f"    To mend it: {BY_NAME['documented'].mend}\n" in said
    assert "not applicable  groups          it has no field groups\n" in said
    assert said.endswith("0 passed, 1 failed, 1 not applicable.\n")


FEW = tuple(BY_NAME[name] for name in ("documented", "groups"))


def test_a_recorded_result_of_an_installed_plugin_is_kept_for_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("backstay.testing.conformance.RULES", FEW)
    monkeypatch.setenv("BACKSTAY_HOME", str(tmp_path / "home"))
    main(["migrate"])
    assert status("calendars", "--record") == 0
    assert "1 passed, 0 failed, 1 not applicable." in capsys.readouterr().out
    database = Database(f"sqlite:///{tmp_path / 'home' / 'backstay.db'}")
    with database.read(operator_context("cli:test")) as session:
        kept = check_of(session, "calendars", None)
    database.dispose()
    assert kept is not None
    assert kept.here
    assert kept.version == discover()["calendars"].version
    results = {one.rule: one.result for one in kept.verdicts}
    assert results == {"documented": "pass", "groups": "not applicable"}


def test_a_recorded_result_of_a_folder_lies_in_its_package(
    broken: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstay.testing.conformance.RULES", FEW)
    folder = broken("backstay_garden/jobs.py", "", "\n\ndef forgotten() -> None:\n    pass\n")
    assert status(str(folder), "--record") == 1
    kept = json.loads((folder / "backstay_garden" / NAME).read_text(encoding="utf-8"))
    assert kept["version"] == "0.1.0"
    assert {one["rule"]: one["result"] for one in kept["verdicts"]} == {
        "documented": "fail",
        "groups": "not applicable",
    }


def test_only_the_result_of_all_rules_can_be_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("ledger", "--rule", "groups", "--record") == 1
    assert "leave --rule out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["orchard"], "no installed plugin “orchard”"),
        (["ledger", "--rule", "luck"], "no rule “luck”"),
    ],
)
def test_what_it_can_not_try_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(*arguments) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_says_in_one_sentence_what_holds_and_how_to_mend_it(rule: Rule) -> None:
    for sentence in (rule.rule, rule.mend):
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_the_documentation_lists_every_rule() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-plugin.md"
    text = page.read_text(encoding="utf-8")
    assert [one.name for one in OF_THE_WHOLE if f"| `{one.name}` | {one.rule}" not in text] == []


def test_what_pip_leaves_behind_is_not_missing_in_a_wheel(tmp_path: Path) -> None:
    for name in ("backstay_garden/plugin.py", "backstay_garden.egg-info/PKG-INFO"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    wheel = tmp_path / "garden.whl"
    with ZipFile(wheel, "w"):
        pass
    assert lacking(tmp_path, wheel) == ["backstay_garden/plugin.py is not in the wheel"]
