"""The code that the tutorial shows is the code of the plugin, word for word."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from backstay.authoring.new import NewPlugin, write_plugin
from backstay.cli import backstay
from backstay.testing.conformance import OF_THE_WHOLE, Outcome, check_folder
from backstay.testing.distributions import unpack

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
PLUGIN = TUTORIAL / "vehicles"
TEXT = (TUTORIAL / "first-plugin.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|ini|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {
    "python": ("backstay_vehicles/*.py", "tests/*.py"),
    "ini": ("setup.cfg",),
    "toml": ("*/plugin.toml",),
}
WRITTEN = frozenset(
    f"backstay_vehicles/{name}"
    for name in (
        *("events.py", "models.py", "permissions.py", "plugin.py", "plugin.toml"),
        *("resources.py", "services.py", "migrations/versions/0001_first_table.py"),
    )
) | {"README.md", "tests/test_pages.py", "tests/test_services.py", "tests/route_matrix.golden"}
"""What somebody who follows the tutorial writes; the rest is as `plugin new` left it."""


def blocks() -> list[tuple[str, str]]:
    return [(language, code) for language, code in BLOCK.findall(TEXT)]


@pytest.mark.parametrize(("language", "code"), blocks())
def test_the_code_of_the_tutorial_stands_in_the_plugin(language: str, code: str) -> None:
    paths = [path for pattern in FILES[language] for path in PLUGIN.glob(pattern)]
    assert any(code in path.read_text(encoding="utf-8") for path in paths)


def files_of(folder: Path) -> dict[str, str]:
    """The files of a plugin, without what tools left in its folder."""
    left = re.compile(r"__pycache__|\.egg-info|\.\w+_cache")
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not left.search(path.relative_to(folder).as_posix())
    }


def test_the_steps_of_the_tutorial_lead_from_a_new_plugin_to_the_finished_one(
    tmp_path: Path,
) -> None:
    assert "plugin new vehicles --to ~/vehicles --label Vehicles" in TEXT
    write_plugin(NewPlugin(name="vehicles", folder=tmp_path / "vehicles", label="Vehicles"))
    made, finished = files_of(tmp_path / "vehicles"), files_of(PLUGIN)
    for line in re.findall(r"^rm (.+)$", TEXT, re.MULTILINE):
        for name in line.split():
            del made[name]
    assert made.keys() | WRITTEN == finished.keys()
    assert {name for name in made if made[name] != finished[name]} <= WRITTEN


def test_the_finished_plugins_own_tests_pass(vehicles_wheel: Path, tmp_path: Path) -> None:
    unpack(vehicles_wheel, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=PLUGIN,
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BACKSTAY_WRITE_GOLDEN": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("chromium")
def test_the_finished_plugin_keeps_every_rule_about_the_whole() -> None:
    """The attacks on it are tests of their own, in test_attack_on_first_plugin.py."""
    verdicts = list(check_folder(PLUGIN, OF_THE_WHOLE))
    assert [one for one in verdicts if one.outcome is not Outcome.PASS] == []


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^backstay (.+)$", TEXT, re.MULTILINE))))
def test_each_command_that_the_tutorial_names_is_there_with_its_options(command: str) -> None:
    words = shlex.split(command)
    group: click.Command = backstay
    while isinstance(group, click.Group):
        found = group.get_command(click.Context(group), words.pop(0))
        assert found is not None
        group = found
    known = {option for one in group.params for option in one.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_there_is_code_to_compare() -> None:
    assert len(blocks()) >= 10
