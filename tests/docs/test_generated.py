"""The reference pages say what the code says."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click
import pytest

from backstay.access.permissions import Permission
from backstay.jobs.declare import JobKind
from backstay.kernel.suite import Part

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    sys.path.insert(0, str(DOCS))
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(DOCS))
    return module


PAGES = [
    "cli.md",
    "contracts.md",
    "hooks.md",
    "interface.md",
    "jobs.md",
    "permissions.md",
    "database.md",
]
CONFIGURATION = DOCS / "reference" / "configuration.md"
INTERNAL = {"BACKSTAY_TELL_FAILURES", "BACKSTAY_WRITE_GOLDEN"}
"""Set by Backstay itself, and told where tests are written."""


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(generate: ModuleType, name: str) -> None:
    path = DOCS / "reference" / name
    assert path.read_text(encoding="utf-8") == generate.pages()[path], "run python docs/generate.py"


def test_every_generated_page_is_compared(generate: ModuleType) -> None:
    assert {path.name for path in generate.pages()} == set(PAGES)


def test_nothing_is_named_without_saying_what_it_is(generate: ModuleType) -> None:
    assert generate.undocumented(generate.loaded()) == []


def test_what_says_nothing_of_itself_is_found(generate: ModuleType) -> None:
    @dataclass(frozen=True)
    class Happened:
        name: ClassVar[str] = "garden.happened"
        version: ClassVar[int] = 1
        task_id: int

    part = Part(
        plugin="garden",
        permissions=(Permission("garden.task.view", ""),),
        jobs=(JobKind("garden.count", "", print),),
        events=(Happened,),
        commands=(click.Command("garden", params=[click.Option(["--all"])]),),
    )
    suite = generate.loaded()
    found = generate.undocumented(dataclasses.replace(suite, parts=(part,)))
    assert found == [
        "event garden.happened",
        "Permission garden.task.view",
        "JobKind garden.count",
        "command garden",
        "option garden --all",
    ]


def test_every_setting_of_the_environment_is_in_the_page_about_them() -> None:
    sources = [*(DOCS.parent / "core" / "backstay").rglob("*.py"), DOCS.parent / "run"]
    used = {
        name
        for path in sources
        for name in re.findall(r"BACKSTAY_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    told = set(re.findall(r"BACKSTAY_[A-Z_]+", CONFIGURATION.read_text(encoding="utf-8")))
    assert used - INTERNAL - told == set()
    assert told - used == set()
