"""Which files the running server is made of, and which of them changed since it was started.

Looked at every half second by asking for their times: a few hundred files cost a few milliseconds,
and it needs no library that is made for one system only.
"""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

import backstay_migrations

import backstay
from backstay.kernel.discovery import PLUGINS, THEMES, package_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS: Final = frozenset(
    {".py", ".toml", ".html", ".txt", ".css", ".js", ".svg", ".sql", ".po", ".mo", ".woff2", ".png"}
)
"""What a server reads at its start: code, declarations, templates, static files, texts."""
Seen = dict[str, tuple[int, int]]
"""A file, and when it was written and how long it is."""


def watched_folders() -> list[Path]:
    """Core, its migrations, every installed plugin and every theme."""
    folders = [Path(str(module.__file__)).parent for module in (backstay, backstay_migrations)]
    for group in (PLUGINS, THEMES):
        for point in entry_points(group=group):
            try:
                folders.append(package_root(point))
            except Exception:  # noqa: BLE001, S112 - what can't be found can't be watched either
                continue
    return folders


def look(folders: Iterable[Path]) -> Seen:
    """All files of the kinds that matter, as they are now."""
    return {path: at for folder in folders for path, at in _files(str(folder))}


def changed(before: Seen, after: Seen) -> list[Path]:
    """The files that were written, made or removed in between."""
    names = before.keys() | after.keys()
    return [Path(name) for name in sorted(names) if before.get(name) != after.get(name)]


def faults(files: Iterable[Path]) -> dict[Path, str]:
    """What Python can't read in some files, as it would say it: place, line and reason."""
    found = {}
    for path in files:
        if path.suffix != ".py" or not path.exists():
            continue
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            found[path] = _said(path, error)
        except OSError:
            continue
    return found


def _said(path: Path, error: Exception) -> str:
    if not isinstance(error, SyntaxError) or not error.text:
        return f"{path}: {error}"
    text = error.text.rstrip("\n")
    caret = " " * max(0, (error.offset or 1) - 1) + "^"
    return f"{path}, line {error.lineno}: {error.msg}\n    {text}\n    {caret}"


def _files(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        inside = list(os.scandir(folder))
    except OSError:
        return
    for entry in inside:
        if entry.name.startswith((".", "__pycache__")):
            continue
        if entry.is_dir():
            yield from _files(entry.path)
        elif os.path.splitext(entry.name)[1] in KINDS:  # noqa: PTH122 - a Path for each costs more
            try:
                at = entry.stat()
            except OSError:
                continue
            yield entry.path, (at.st_mtime_ns, at.st_size)


__all__ = ["KINDS", "Seen", "changed", "faults", "look", "watched_folders"]
