"""The tutorial's plugin, built into a wheel and unpacked where Python finds it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from backstay.kernel.suite import Suite
    from backstay.testing.plugins import PluginShelf

ROOT = Path(__file__).parents[2]
VEHICLES = ROOT / "docs" / "tutorial" / "vehicles"
BUILD = "from setuptools import build_meta; build_meta.build_wheel('wheel')"


@pytest.fixture(scope="session")
def vehicles_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the tutorial's folder makes."""
    copy = tmp_path_factory.mktemp("vehicles") / "vehicles"
    shutil.copytree(VEHICLES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "wheel").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return next((copy / "wheel").glob("*.whl"))


@pytest.fixture
def vehicles(suite: Suite, vehicles_wheel: Path, shelf: PluginShelf) -> None:
    """The plugin “vehicles”, installed for one test."""
    # The databases of all tests are made from this suite, which must be loaded without it.
    assert "vehicles" not in suite.found
    with zipfile.ZipFile(vehicles_wheel) as wheel:
        wheel.extractall(shelf.folder)
