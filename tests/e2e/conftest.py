"""An installation of its own and a browser for each file of tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.browser import chromium
from tests.e2e.servers import installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that a first start leaves, with its demo company; nobody works in it."""
    home = tmp_path_factory.mktemp("first-start") / "home"
    with installation(home, home.with_suffix(".log")):
        return home


@pytest.fixture(scope="module")
def home(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of its own for each file of tests."""
    copy = tmp_path_factory.mktemp("installation") / "home"
    shutil.copytree(first_start, copy)
    return copy


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with installation(home, home.with_suffix(".log")) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened
