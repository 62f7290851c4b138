"""Every icon that the program names is one that the theme draws."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPRITE = ROOT / "themes/harbor/backstay_theme_harbor/icons.svg"
PLACES = {"Button": 2, "Page": 3, "Related": 4, "Empty": 2}
"""Where the icon stands among the positional arguments of what is declared."""


def _in_python(path: Path) -> set[str]:
    """Icons that are named where something is declared."""
    found: set[str] = set()
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        named = [one.value for one in call.keywords if one.arg == "icon"]
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        name = function.id if isinstance(function, ast.Name) else name
        place = PLACES.get(name, len(call.args))
        for value in (*named, *call.args[place : place + 1]):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.add(value.value)
    return found


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'id="([a-z0-9-]+)"', SPRITE.read_text(encoding="utf-8")))
    missing: dict[str, set[str]] = {}
    for folder in (ROOT / "core/backstay", *(ROOT / "plugins").glob("*/backstay_*")):
        for path in folder.rglob("*.py"):
            missing[str(path)] = _in_python(path) - drawn
        for path in folder.rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            missing[str(path)] = set(re.findall(r'icon\("([a-z0-9-]+)"', text)) - drawn
        for path in folder.glob("plugin.toml"):
            text = path.read_text(encoding="utf-8")
            missing[str(path)] = set(re.findall(r'(?m)^icon = "([^"]+)"', text)) - drawn
    assert {path: names for path, names in missing.items() if names} == {}
