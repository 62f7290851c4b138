"""Tests that attack a plugin by themselves: its author writes one line.

In a test module of the plugin, with ``pytest_plugins = ["backstay.testing.fixtures"]`` in the
``conftest.py``::

    from backstay.testing.attack import attack

    TestAttack = attack("vehicles")

Every check of :data:`CHECKS` becomes a test, on SQLite, and on PostgreSQL as well where pages or
changes depend on it. A failure lists every route or field, with the role, and how to mend it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from backstay.db.database import Database
from backstay.testing.attack.arena import Arena, Ground, furnish, load_ground
from backstay.testing.attack.checks import CHECKS
from backstay.testing.attack.findings import Check, Finding
from backstay.testing.attack.samples import JobSample, Making, Sample
from backstay.testing.postgres import create_database, drop_database

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN: Final = "route_matrix.golden"
WRITE_GOLDEN: Final = "BACKSTAY_WRITE_GOLDEN"
_MOST_LISTED: Final = 40


def attack(plugin: str, golden: Path | None = None) -> type:
    """The test class that attacks a plugin.

    Arguments:
        plugin: its name, or ``core``.
        golden: the reviewed file of the check “roles”; left out, ``route_matrix.golden`` beside
            the test module.
    """

    class TestAttack:
        """One test for each check and engine."""

        @pytest.fixture(scope="class")
        @classmethod
        def ground(cls, request: pytest.FixtureRequest) -> Ground:
            path = golden or request.path.with_name(GOLDEN)
            return load_ground(plugin, path, write_golden=bool(os.environ.get(WRITE_GOLDEN)))

        @pytest.fixture(scope="class")
        @classmethod
        def sqlite_arena(cls, ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Path:
            path = tmp_path_factory.mktemp(f"attack-{plugin}") / "arena.db"
            database = Database(f"sqlite:///{path}", files=path.with_name("files"))
            furnish(ground, database)
            database.dispose()
            return path

        @pytest.fixture(scope="class")
        @classmethod
        def postgres_arena(
            cls, ground: Ground, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
        ) -> Iterator[tuple[str, Path]]:
            name = f"attack_{plugin}_{os.getpid()}"
            files = tmp_path_factory.mktemp(f"attack-{plugin}-files")
            database = Database(create_database(postgres_url, name), files=files)
            furnish(ground, database)
            database.dispose()
            yield name, files
            drop_database(postgres_url, name)

        @pytest.fixture
        def arena(
            self, request: pytest.FixtureRequest, engine: str, ground: Ground, tmp_path: Path
        ) -> Iterator[Arena]:
            if engine == "sqlite":
                path = tmp_path / "arena.db"
                furnished: Path = request.getfixturevalue("sqlite_arena")
                shutil.copyfile(furnished, path)
                files = _copy(furnished.with_name("files"), tmp_path)
                database = Database(f"sqlite:///{path}", files=files)
                yield Arena(ground, database)
                database.dispose()
                return
            server: str = request.getfixturevalue("postgres_url")
            template, kept = request.getfixturevalue("postgres_arena")
            name = f"{template}_{abs(hash(request.node.nodeid)):x}"
            url = create_database(server, name, template)
            database = Database(url, files=_copy(kept, tmp_path))
            yield Arena(ground, database)
            database.dispose()
            drop_database(server, name)

        @pytest.mark.parametrize(("check", "engine"), _tests())
        def test_it_withstands(self, check: Check, arena: Arena) -> None:
            findings = list(check.run(arena))
            if findings:
                pytest.fail(report(plugin, check, findings), pytrace=False)

    return TestAttack


def _copy(files: Path, folder: Path) -> Path:
    """The stored files of a furnished arena, for one test."""
    if files.is_dir():
        shutil.copytree(files, folder / "files")
    return folder / "files"


def _tests() -> list[Any]:
    found = []
    for check in CHECKS:
        found.append(pytest.param(check, "sqlite", id=f"{check.name}-sqlite"))
        if check.on_both:
            mark = pytest.mark.needs("postgresql")
            found.append(pytest.param(check, "postgres", id=f"{check.name}-postgres", marks=mark))
    return found


def report(plugin: str, check: Check, findings: list[Finding]) -> str:
    """What a failed check says: the rule, every finding, and what to do."""
    lines = [f"{plugin}: {check.rule}", ""]
    lines += [f"  {plugin} {one}" for one in findings[:_MOST_LISTED]]
    if len(findings) > _MOST_LISTED:
        lines.append(f"  … and {len(findings) - _MOST_LISTED} more")
    return "\n".join([*lines, "", f"To mend it: {check.mend}"])


__all__ = ["CHECKS", "Check", "Finding", "JobSample", "Making", "Sample", "attack", "report"]
