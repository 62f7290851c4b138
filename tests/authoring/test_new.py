"""`backstay plugin new` writes a plugin that passes lint, types and its own tests untouched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backstay.authoring.new import (
    LONGEST_NAME,
    NewPlugin,
    template_files,
    write_plugin,
)
from backstay.cli import backstay
from backstay.errors import BackstayError, Conflict, Invalid
from backstay.testing.distributions import build_wheel, unpack
from backstay.testing.postgres import find_postgres

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module", params=["ok", "garden", "x" * LONGEST_NAME])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new plugin with a name of each length: lines are cut by their length."""
    folder = tmp_path_factory.mktemp("new") / "plugin"
    label = "Wherever a long title may be read (1/2)"
    write_plugin(NewPlugin(name=request.param, folder=folder, label=label))
    return folder


@pytest.mark.parametrize("tool", [("check",), ("format", "--check")])
@pytest.mark.parametrize("settings", ["pyproject.toml", ROOT / "pyproject.toml"])
def test_ruff_has_nothing_to_say_with_its_own_settings_and_with_ours(
    written: Path, tool: tuple[str, ...], settings: str | Path
) -> None:
    if settings != "pyproject.toml":
        (written / "ours.toml").write_text(
            f'extend = "{settings}"\n[lint.isort]\nknown-first-party = ["backstay*"]\n'
        )
        settings = "ours.toml"
    done = run(PROGRAMS / "ruff", *tool, "--no-cache", "--config", settings, ".", cwd=written)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_has_nothing_to_say(garden: Path) -> None:
    # As for a package that is installed, only the plugin's own files are reported.
    silent = ("--follow-imports", "silent", "--cache-dir", os.devnull)
    done = run(PROGRAMS / "mypy", *silent, cwd=garden, MYPYPATH=str(ROOT / "core"))
    assert done.returncode == 0, done.stdout


def test_what_its_continuous_integration_runs_is_what_these_tests_run(garden: Path) -> None:
    text = (garden / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8")
    steps = re.findall(r"^      - run: (.+)$", text, re.MULTILINE)
    assert steps == [
        'pip install "$BACKSTAY" ruff',
        "pip install -e .",
        # Each of these is run on a new plugin by a test of this file or of test_check.py.
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "pytest",
        "backstay plugin check .",
    ]


def test_nothing_of_the_template_is_left_in_it(written: Path) -> None:
    files = [path for path in written.rglob("*") if path.is_file() and path.name != "ours.toml"]
    assert len(files) == len(template_files())
    for path in files:
        text = path.relative_to(written).as_posix() + path.read_text(encoding="utf-8")
        assert not re.search("plugname|plugin title", text, re.IGNORECASE), path


def test_its_own_tests_pass_untouched_on_both_databases(garden: Path, tmp_path: Path) -> None:
    (tmp_path / "wheel").mkdir()
    assert unpack(build_wheel(garden, tmp_path / "wheel"), tmp_path / "site") == "garden"
    done = run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        cwd=garden,
        PYTHONPATH=str(tmp_path / "site"),
        PYTHONDONTWRITEBYTECODE="1",
        BACKSTAY_WRITE_GOLDEN="",
    )
    assert done.returncode == 0, done.stdout
    ran = re.search(r"(\d+) passed", done.stdout)
    assert ran is not None
    assert int(ran[1]) > 50 or find_postgres() is None


def test_the_templates_reviewed_file_is_written_for_its_name(garden: Path) -> None:
    golden = (garden / "tests" / "route_matrix.golden").read_text(encoding="utf-8")
    assert "GET /c/<company>/garden/tasks [garden.task.view]\n    200 gardenkeeper" in golden


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Garden", "small letters"),
        ("my_garden", "small letters"),
        ("../garden", "small letters"),
        ("x", "small letters"),
        ("x" * (LONGEST_NAME + 1), "small letters"),
        ("class", "word of Python"),
        ("core", "name of Backstay itself"),
        ("migrate", "name of Backstay itself"),
        ("ledger", "taken by the installed plugin General ledger"),
    ],
)
def test_a_name_that_no_plugin_can_have_is_refused_and_nothing_written(
    tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(BackstayError, match=said):
        write_plugin(NewPlugin(name=name, folder=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_has_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Conflict, match=r"notes\.txt"):
        write_plugin(NewPlugin(name="garden", folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(Invalid, match="is a file"):
        write_plugin(NewPlugin(name="garden", folder=tmp_path / "notes.txt"))
    with pytest.raises(Invalid, match="can't be used"):
        write_plugin(NewPlugin(name="garden", folder=tmp_path / "notes.txt" / "deep"))


@pytest.mark.parametrize("label", ['say "hi"', "back\\slash", "two\nlines", "%s", "x" * 41])
def test_a_label_that_would_break_the_code_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(Invalid, match="label"):
        write_plugin(NewPlugin(name="garden", folder=tmp_path / "new", label=label))
    assert not (tmp_path / "new").exists()


def test_the_command_says_where_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    done = CliRunner().invoke(backstay, ["plugin", "new", "plots", "--to", str(folder)])
    assert done.exit_code == 0, done.output
    assert str(folder / "README.md") in done.output
    assert 'title = "Plots"' in (folder / "backstay_plots" / "plugin.toml").read_text()


def test_the_template_lies_in_the_wheel_of_core() -> None:
    """The packaging test compares the wheel with the tree; here: each kind of file is named."""
    from configparser import ConfigParser

    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    named = settings["options.package_data"]["backstay.authoring"].split()
    for path in template_files():
        assert any(path.match(Path(pattern).name) for pattern in named), path
