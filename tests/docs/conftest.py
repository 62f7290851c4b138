"""The tutorial's plugin, built into a wheel and unpacked where Python finds it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backstay.testing.distributions import build_wheel

if TYPE_CHECKING:
    from backstay.kernel.suite import Suite
    from backstay.testing.plugins import PluginShelf

ROOT = Path(__file__).parents[2]
VEHICLES = ROOT / "docs" / "tutorial" / "vehicles"


@pytest.fixture(scope="session")
def vehicles_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the tutorial's folder makes."""
    return build_wheel(VEHICLES, tmp_path_factory.mktemp("vehicles"))


@pytest.fixture
def vehicles(suite: Suite, vehicles_wheel: Path, shelf: PluginShelf) -> None:
    """The plugin “vehicles”, installed for one test."""
    # The databases of all tests are made from this suite, which must be loaded without it.
    assert "vehicles" not in suite.found
    with zipfile.ZipFile(vehicles_wheel) as wheel:
        wheel.extractall(shelf.folder)
