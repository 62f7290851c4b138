"""The reference pages say what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "hooks.md", "permissions.md", "database.md"])
def test_a_generated_page_is_up_to_date(generate: ModuleType, name: str) -> None:
    path = DOCS / "reference" / name
    assert path.read_text(encoding="utf-8") == generate.pages()[path], "run python docs/generate.py"


def test_every_generated_page_is_compared(generate: ModuleType) -> None:
    assert {path.name for path in generate.pages()} == {
        "cli.md",
        "hooks.md",
        "permissions.md",
        "database.md",
    }
