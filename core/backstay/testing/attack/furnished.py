"""Furnished databases of a plugin: made once for each engine, and copied for each check."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backstay.db.database import Database
from backstay.testing.attack.arena import Arena, Ground, furnish
from backstay.testing.postgres import create_database, drop_database

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS: Final = count(1)


class Furnished:
    """The arenas of one plugin.

    Arguments:
        folder: where the SQLite file and the stored files of the originals lie.
    """

    def __init__(self, ground: Ground, folder: Path) -> None:
        """Nothing is made before it is asked for."""
        self._ground = ground
        self._folder = folder
        self._is_filed = False
        self._server = ""
        self._original = ""

    @contextmanager
    def copy(self, folder: Path, server: str = "") -> Iterator[Arena]:
        """An arena that no other check has seen; it is gone at the end.

        Arguments:
            folder: an empty one, for the copy's files.
            server: the URL of a PostgreSQL server; left out, it is a file of SQLite.
        """
        with self._on_postgres(folder, server) if server else self._on_sqlite(folder) as url:
            arena = Arena(self._ground, Database(url, files=folder / "files"))
            try:
                yield arena
            finally:
                arena.close()

    def close(self) -> None:
        """Drop the original from the server."""
        if self._original:
            drop_database(self._server, self._original)
            self._original = ""

    @contextmanager
    def _on_sqlite(self, folder: Path) -> Iterator[str]:
        original = self._folder / "sqlite" / "arena.db"
        if not self._is_filed:
            shutil.rmtree(original.parent, ignore_errors=True)
            original.parent.mkdir()
            self._furnish(f"sqlite:///{original}", original.with_name("files"))
            self._is_filed = True
        shutil.copyfile(original, folder / "arena.db")
        _copy(original.with_name("files"), folder)
        yield f"sqlite:///{folder / 'arena.db'}"

    @contextmanager
    def _on_postgres(self, folder: Path, server: str) -> Iterator[str]:
        files = self._folder / "postgres" / "files"
        if not self._original:
            original = self._name()
            self._furnish(create_database(server, original), files)
            self._server, self._original = server, original
        name = self._name()
        _copy(files, folder)
        try:
            yield create_database(server, name, self._original)
        finally:
            drop_database(server, name)

    def _name(self) -> str:
        return f"attack_{self._ground.plugin}_{os.getpid()}_{next(_NUMBERS)}"

    def _furnish(self, url: str, files: Path) -> None:
        database = Database(url, files=files)
        furnish(self._ground, database)
        database.dispose()


def _copy(files: Path, folder: Path) -> None:
    if files.is_dir():
        shutil.copytree(files, folder / "files")


__all__ = ["Furnished"]
