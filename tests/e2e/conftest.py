"""An installation of its own and a browser for each file of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.browser import chromium
from tests.e2e.servers import installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installation") / "home"


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with installation(home, home.with_suffix(".log")) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened
