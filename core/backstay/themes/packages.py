"""Themes as they are installed: packages with an entry point, read without importing them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from backstay.errors import BackstayError, ConfigurationError
from backstay.kernel.discovery import THEMES, package_root
from backstay.themes.colours import Colour, read_colour
from backstay.themes.tokens import COLOURS

DEFAULT_ICONS: Final = "icons.svg"
_API: Final = 1
_DEEPEST: Final = 4
_DECLARATION: Final = re.compile(r"--([a-z-]+):\s*([^;{}]+);")
_PLAIN: Final = re.compile(r"[\d.]+")
_VARIABLE: Final = re.compile(r"var\(--([a-z-]+)\)")
_BOTH: Final = re.compile(r"light-dark\(\s*([a-z#][^()]*(?:\([^()]*\))?)\s*,\s*(.+?)\s*\)")


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme with all that it sends.

    Arguments:
        extends: the theme whose style sheets come before its own, or empty.
        css: all style sheets in order, as one.
    """

    name: str
    title: str
    version: str
    description: str
    extends: str
    css: bytes
    icons: bytes

    @property
    def colours(self) -> dict[str, tuple[Colour, Colour]]:
        """Its named colours in light and in dark, as far as they are plain colours."""
        return _colours(self.css.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A theme that is installed; ``problem`` says why it can't be chosen."""

    name: str
    title: str
    version: str
    description: str
    problem: str = ""


def installed_themes() -> list[Listed]:
    """All installed themes by title, those that can't be read too."""
    found = []
    for name in _points():
        try:
            theme = read_theme(name)
        except BackstayError as error:
            found.append(Listed(name, name, "", "", error.message))
        else:
            found.append(Listed(name, theme.title, theme.version, theme.description))
    return sorted(found, key=lambda one: one.title.casefold())


def read_theme(name: str, _depth: int = 0) -> Theme:
    """A theme by its name, with the style sheets of the theme that it extends.

    Raises:
        ConfigurationError: it is not installed, can't be read, or extends itself.
    """
    points = _points()
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        message = f"the theme {name} is not installed (installed: {known})"
        raise ConfigurationError(message)
    if _depth > _DEEPEST:
        message = f"the theme {name} extends itself"
        raise ConfigurationError(message)
    point = points[name]
    root = package_root(point)
    try:
        manifest = tomllib.loads((root / "theme.toml").read_text(encoding="utf-8"))
        extends = str(manifest.get("extends", ""))
        own = b"\n".join((root / path).read_bytes() for path in manifest["css"])
        icons = manifest.get("icons")
        if icons is None and not extends:
            icons = DEFAULT_ICONS
        own_icons = (root / icons).read_bytes() if icons else b""
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        message = f"the theme {name} can't be read: {error}"
        raise ConfigurationError(message) from error
    if manifest.get("api") != _API:
        message = f"the theme {name} is made for interface {manifest.get('api')}, this has {_API}"
        raise ConfigurationError(message)
    under = read_theme(extends, _depth + 1) if extends else None
    return Theme(
        name=name,
        title=str(manifest.get("title", name)),
        version=point.dist.version if point.dist else "",
        description=str(manifest.get("description", "")),
        extends=extends,
        css=under.css + b"\n" + own if under else own,
        icons=own_icons or (under.icons if under else b""),
    )


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=THEMES)}


def _colours(css: str) -> dict[str, tuple[Colour, Colour]]:
    """The last declaration of each name counts, but not one for paper, which has no dark mode."""
    said: dict[str, str] = {}
    for found in _DECLARATION.finditer(css):
        name, value = found[1], found[2].strip()
        if name not in said or value.startswith("light-dark(") or _PLAIN.fullmatch(value):
            said[name] = value
    colours = {}
    for name in COLOURS:
        value = _VARIABLE.sub(lambda found: said.get(found[1], ""), said.get(name, ""))
        both = _BOTH.fullmatch(value)
        light, dark = (both[1], both[2]) if both else (value, value)
        first, second = read_colour(light), read_colour(dark)
        if first is not None and second is not None:
            colours[name] = (first, second)
    return colours


__all__ = ["Listed", "Theme", "installed_themes", "read_theme"]
