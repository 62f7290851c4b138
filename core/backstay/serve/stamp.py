"""Whether anything changed since the last start: if not, a start need not look at the migrations.

The stamp is a hash over the names, sizes and times of all files of core and of the plugins, kept in
the data folder. Alembic takes a second to import, which a second start can so do without.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import backstay_migrations

import backstay
from backstay.kernel.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.home import Home


def code_is_unchanged(home: Home) -> bool:
    """Whether the last start that migrated was one of exactly the code that is installed now."""
    path = _path(home)
    return path.exists() and path.read_text(encoding="ascii") == _fingerprint(home)


def remember(home: Home) -> None:
    """Note that the database fits the code that is installed now."""
    _path(home).write_text(_fingerprint(home), encoding="ascii")


def _path(home: Home) -> Path:
    return home.path / "migrated.stamp"


def _fingerprint(home: Home) -> str:
    lines = sorted(f"{file} {at.st_size} {at.st_mtime_ns}" for file, at in _files())
    return hashlib.sha256("\n".join([home.database_url, *lines]).encode()).hexdigest()


def _files() -> Iterator[tuple[str, os.stat_result]]:
    roots = [Path(str(module.__file__)).parent for module in (backstay, backstay_migrations)]
    for root in (*roots, *(plugin.root for plugin in discover().values())):
        for pattern in ("*.py", "*.toml"):
            for file in root.rglob(pattern):
                yield str(file), file.stat()
