"""`./run` explains itself, names what is wrong, and starts at once where nothing has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def call(script: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder like a fresh clone, as far as the script looks at it."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("run", "setup.py", "setup.cfg"):
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def test_help_explains_every_command_and_variable() -> None:
    shown = call(ROOT / "run", "--help")
    assert shown.returncode == 0
    for word in (
        "cli",
        "test",
        "lint",
        "--home",
        "--require-all",
        "BACKSTAY_HOME",
        "BACKSTAY_DATA",
    ):
        assert word in shown.stdout


def test_an_unknown_command_is_refused_before_anything_is_installed(checkout: Path) -> None:
    refused = call(checkout / "run", "serve")
    assert refused.returncode == 1
    assert '"serve"' in refused.stderr
    assert not (checkout / ".venv").exists()


def test_without_a_new_enough_python_it_says_what_to_install(checkout: Path) -> None:
    old = checkout / "bin"
    old.mkdir()
    for name in ("python3", "python"):
        (old / name).write_text("#!/bin/sh\nexit 1\n")
        (old / name).chmod(0o755)
    for tool in ("bash", "dirname", "cat", "cmp", "env", "flock"):
        if found := shutil.which(tool):
            (old / tool).symlink_to(found)
    refused = call(checkout / "run", PATH=str(old), BACKSTAY_PYTHON="")
    assert refused.returncode == 1
    assert "Python 3.11 or newer" in refused.stderr
    assert not (checkout / ".venv").exists()


def test_a_named_python_that_is_too_old_is_named_in_the_error(checkout: Path) -> None:
    refused = call(checkout / "run", "install", BACKSTAY_PYTHON="/bin/false")
    assert refused.returncode == 1
    assert "/bin/false" in refused.stderr


def test_nothing_is_installed_twice(checkout: Path) -> None:
    """The stamp stands for an installation; a fake one shows that the program is called at once."""
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to("/bin/true")
    (programs / "backstay").write_text('#!/bin/sh\necho "home=$BACKSTAY_HOME args=$*"\n')
    (programs / "backstay").chmod(0o755)
    ingredients = [
        f"{checkout}\n",
        *(
            (checkout / name).read_text()
            for name in ("run", "requirements/run.txt", "setup.py", "setup.cfg")
        ),
    ]
    (checkout / ".venv" / "installed-run").write_text("".join(ingredients))
    started = call(checkout / "run", "--port", "8123", BACKSTAY_HOME="")
    assert started.stdout.strip() == f"home={checkout}/var args=start --port 8123"
    elsewhere = call(checkout / "run", "--port=8123", "--home", "/srv/a", BACKSTAY_HOME="/srv/b")
    assert elsewhere.stdout.strip() == "home=/srv/a args=start --port=8123"
    listed = call(checkout / "run", "cli", "plugin", "list", BACKSTAY_HOME="/srv/books")
    assert listed.stdout.strip() == "home=/srv/books args=plugin list"


@pytest.mark.parametrize("script", ["run", ".ci/run", "requirements/lock"])
def test_scripts_are_executable_after_a_clone(script: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout.startswith("100755 ")
