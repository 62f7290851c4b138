"""The one folder that holds all data of an installation: database, files, secret key."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backstay.errors import ConfigurationError

HOME_VARIABLE: Final = "BACKSTAY_HOME"
DATABASE_VARIABLE: Final = "BACKSTAY_DATABASE"
REDIS_VARIABLE: Final = "BACKSTAY_REDIS"
SAFE_MODE_VARIABLE: Final = "BACKSTAY_SAFE_MODE"
_DEFAULT: Final = "var"


def safe_mode_wanted() -> bool:
    """Whether the environment asks for core alone, without any plugin."""
    return os.environ.get(SAFE_MODE_VARIABLE, "") == "1"


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder.

    Arguments:
        path: its place; made when it is missing, readable by its owner only.
        database: a database URL, or an empty text for the SQLite file in the folder.
        redis: the URL of the broker that wakes job workers, or an empty text where there is none.
    """

    path: Path
    database: str = ""
    redis: str = ""

    @classmethod
    def from_environment(cls, path: str | Path | None = None) -> Home:
        """The folder that is named, else ``BACKSTAY_HOME``, else ``var`` below the current one.

        Raises:
            ConfigurationError: it can't be made or written.
        """
        folder = Path(path or os.environ.get(HOME_VARIABLE) or _DEFAULT).expanduser().resolve()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = f"the data folder {folder} can't be used: {error.strerror}"
            raise ConfigurationError(message) from error
        return cls(
            folder, os.environ.get(DATABASE_VARIABLE, ""), os.environ.get(REDIS_VARIABLE, "")
        )

    @property
    def database_url(self) -> str:
        """The database that this installation works on."""
        return self.database or f"sqlite:///{self.path / 'backstay.db'}"

    @property
    def database_file(self) -> Path | None:
        """The file of the embedded database, or None on PostgreSQL."""
        return (
            None
            if self.database and not self.database.startswith("sqlite")
            else Path(self.database_url.removeprefix("sqlite:///"))
        )

    @property
    def files(self) -> Path:
        """The folder of uploaded files."""
        return self.path / "files"

    @property
    def first_sign_in(self) -> Path:
        """The note with the passwords of the first start."""
        return self.path / "first-sign-in.txt"

    def secret_key(self) -> str:
        """The key that signs cookies and tokens; made once, readable by its owner only."""
        path = self.path / "secret.key"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            key = secrets.token_hex(32)
            file.write(key)
        return key

    def environment(self) -> dict[str, str]:
        """What a child process needs to work on the same installation."""
        return {
            # glibc would keep memory apart for each thread, of which one computes at a time, and
            # once a large block was freed it would keep blocks of that size for good.
            "MALLOC_ARENA_MAX": "1",
            "MALLOC_MMAP_THRESHOLD_": "131072",
            "MALLOC_TRIM_THRESHOLD_": "131072",
            **os.environ,
            HOME_VARIABLE: str(self.path),
            **({DATABASE_VARIABLE: self.database} if self.database else {}),
            **({REDIS_VARIABLE: self.redis} if self.redis else {}),
        }
