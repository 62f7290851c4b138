"""The code that the tutorial shows is the code of the plugin, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
PLUGIN = TUTORIAL / "vehicles"
BLOCK = re.compile(r"^```(python|ini|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {"python": "backstay_vehicles/*.py", "ini": "setup.cfg", "toml": "*/plugin.toml"}


def blocks() -> list[tuple[str, str]]:
    text = (TUTORIAL / "first-plugin.md").read_text(encoding="utf-8")
    return [(language, code) for language, code in BLOCK.findall(text)]


@pytest.mark.parametrize(("language", "code"), blocks())
def test_the_code_of_the_tutorial_stands_in_the_plugin(language: str, code: str) -> None:
    files = [path.read_text(encoding="utf-8") for path in PLUGIN.glob(FILES[language])]
    assert any(code in text for text in files)


def test_there_is_code_to_compare() -> None:
    assert len(blocks()) >= 10
