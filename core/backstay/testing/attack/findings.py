"""What an attack found: which plugin, where, as whom, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backstay.testing.attack.arena import Arena


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a plugin does and must not do.

    Arguments:
        place: the route with its method, or the resource with its operation or field.
        said: what happened, in one sentence.
        role: who did it; empty where it makes no difference.
    """

    place: str
    said: str
    role: str = ""

    def __str__(self) -> str:
        """Place and role first, so that a list of findings is easily read down."""
        role = f" as {self.role}" if self.role else ""
        return f"{self.place}{role}: {self.said}"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that every plugin must keep.

    Arguments:
        name: the name in the test's id and in the documentation.
        rule: what must hold, in one sentence.
        mend: how to mend a plugin that breaks it, in one sentence.
        run: carries out the attack; yields what it finds.
        on_both: what it proves depends on the database, so it runs on SQLite and on PostgreSQL.
    """

    name: str
    rule: str
    mend: str
    run: Callable[[Arena], Iterator[Finding]]
    on_both: bool = False
