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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from backstay.testing.attack.arena import Arena, Ground, load_ground
from backstay.testing.attack.checks import CHECKS
from backstay.testing.attack.findings import Check, Finding
from backstay.testing.attack.furnished import Furnished
from backstay.testing.attack.samples import JobSample, Making, Sample

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
        def furnished(
            cls, ground: Ground, tmp_path_factory: pytest.TempPathFactory
        ) -> Iterator[Furnished]:
            made = Furnished(ground, tmp_path_factory.mktemp(f"attack-{plugin}"))
            yield made
            made.close()

        @pytest.fixture
        def arena(
            self, request: pytest.FixtureRequest, engine: str, furnished: Furnished, tmp_path: Path
        ) -> Iterator[Arena]:
            server = "" if engine == "sqlite" else request.getfixturevalue("postgres_url")
            with furnished.copy(tmp_path, server) as arena:
                yield arena

        @pytest.mark.parametrize(("check", "engine"), _tests())
        def test_it_withstands(self, check: Check, arena: Arena) -> None:
            findings = list(check.run(arena))
            if findings:
                pytest.fail(report(plugin, check, findings), pytrace=False)

    return TestAttack


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
