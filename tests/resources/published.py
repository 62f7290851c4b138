"""The published tables of what fields understand, as rows."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "typing.md"
TODAY = "2026-11-27"


def _rows(columns: int) -> list[tuple[str, ...]]:
    pattern = r"\|".join([r" ([^|]*) "] * columns)
    found = re.findall(rf"^\|{pattern}\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [tuple(cell.strip().strip("`") for cell in row) for row in found]


def amounts() -> list[tuple[str, str, str]]:
    """Language, text, and the amount or what is wrong."""
    return [(row[0], row[1], row[2]) for row in _rows(3) if row[0] != "language"]


def dates() -> list[tuple[str, str]]:
    """Text, and the date or what is wrong."""
    return [(row[0], row[1]) for row in _rows(2) if row[0] != "typed"]
