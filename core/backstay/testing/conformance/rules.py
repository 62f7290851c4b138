"""What a rule for plugins is, what is looked at, and what comes of it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from backstay.db.database import Database
from backstay.testing.attack.furnished import Furnished
from backstay.testing.postgres import create_database, drop_database

if TYPE_CHECKING:
    from backstay.kernel.suite import Part
    from backstay.testing.attack.arena import Arena, Ground

SQLITE = "SQLite"
POSTGRESQL = "PostgreSQL"


class Outcome(enum.Enum):
    """How a plugin stands to a rule."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one rule.

    Arguments:
        detail: what breaks it, one a line; why it does not apply; where it was tried.
        mend: how to mend a plugin that breaks it, in one sentence.
    """

    rule: str
    outcome: Outcome
    detail: str
    mend: str


class NotApplicable(Exception):
    """The plugin has nothing that the rule is about; the message says what."""


@dataclass
class Bench:
    """A plugin with all that is needed to try it.

    Arguments:
        source: the folder of its distribution, where that is at hand.
        folder: for files that may be thrown away.
        server: the URL of a PostgreSQL server; empty where there is none.
    """

    ground: Ground
    source: Path | None
    folder: Path
    server: str = ""
    _furnished: Furnished = field(init=False)
    _numbers: Iterator[int] = field(init=False, default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Prepare the arenas, which are made when the first is asked for."""
        self._furnished = Furnished(self.ground, self.scratch())

    @property
    def plugin(self) -> str:
        """The plugin's name."""
        return self.ground.plugin

    @property
    def part(self) -> Part:
        """What it declares, without its bridges."""
        return self.ground.suite.part(self.plugin)

    @property
    def engines(self) -> tuple[str, ...]:
        """The databases on which it can be tried here."""
        return (SQLITE, POSTGRESQL) if self.server else (SQLITE,)

    @contextmanager
    def arena(self, engine: str) -> Iterator[Arena]:
        """An application over two companies with samples, which nobody else has seen."""
        with self._furnished.copy(self.scratch(), self._on(engine)) as arena:
            yield arena

    @contextmanager
    def empty(self, engine: str) -> Iterator[Database]:
        """A database without any table."""
        folder = self.scratch()
        server = self._on(engine)
        name = f"check_{self.plugin}_{folder.parent.name}_{folder.name}".lower()
        url = create_database(server, name) if server else f"sqlite:///{folder / 'empty.db'}"
        database = Database(url, files=folder / "files")
        try:
            yield database
        finally:
            database.dispose()
            if server:
                drop_database(server, name)

    def scratch(self) -> Path:
        """An empty folder."""
        made = self.folder / str(next(self._numbers))
        made.mkdir()
        return made

    def close(self) -> None:
        """Give back what lies on the server."""
        self._furnished.close()

    def _on(self, engine: str) -> str:
        return self.server if engine == POSTGRESQL else ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that every plugin must keep.

    Arguments:
        name: its name in the output and in the documentation.
        rule: what must hold, in one sentence.
        mend: how to mend a plugin that breaks it, in one sentence.
        run: looks at it on one engine; yields what breaks the rule; raises NotApplicable.
        on_both: what it shows depends on the database, so it is tried on each.
    """

    name: str
    rule: str
    mend: str
    run: Callable[[Bench, str], Iterator[str]]
    on_both: bool = False


__all__ = ["POSTGRESQL", "SQLITE", "Bench", "NotApplicable", "Outcome", "Rule", "Verdict"]
