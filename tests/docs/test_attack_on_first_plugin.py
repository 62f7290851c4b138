"""The plugin of the tutorial withstands every attack, as a plugin that somebody else writes."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backstay.testing.attack import GOLDEN, attack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.kernel.suite import Suite

VEHICLES = Path(__file__).parents[2] / "docs" / "tutorial" / "vehicles"


@pytest.fixture(scope="module", autouse=True)
def installed(
    suite: Suite, vehicles_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The plugin where Python finds it, until the last of these tests is done."""
    assert "vehicles" not in suite.found  # the databases of all other tests are made without it
    folder = tmp_path_factory.mktemp("vehicles-site")
    with zipfile.ZipFile(vehicles_wheel) as wheel:
        wheel.extractall(folder)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.partition(".")[0] == "backstay_vehicles"]:
        del sys.modules[name]


TestVehicles = attack("vehicles", VEHICLES / "tests" / GOLDEN)
