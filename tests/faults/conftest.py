"""A real PostgreSQL, a real Valkey, real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backstay.testing.postgres import drop_database
from backstay.testing.valkey import Valkey, running_valkey
from tests.faults.installation import Installation, Prepared, installed, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def broker() -> Iterator[Valkey]:
    with running_valkey() as server:
        yield server


@pytest.fixture(scope="session")
def prepared(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    made = set_up(postgres_url, tmp_path_factory.mktemp("faults"))
    yield made
    drop_database(postgres_url, made.template)


@pytest.fixture
def installation(
    prepared: Prepared, postgres_url: str, broker: Valkey, tmp_path: Path
) -> Iterator[Installation]:
    with installed(prepared, postgres_url, broker, tmp_path) as made:
        yield made
