"""What a plugin says about a file that it can import; core does the rest.

The one engine parses, stages, validates, commits (everything or nothing) and undoes. A kind brings
the functions that know the business: they work on batches of rows, never on one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.errors import Problem
    from backstay.i18n import Text


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column of the file.

    Arguments:
        name: its header.
        aliases: other headers that mean the same.
    """

    name: str
    label: Text
    required: bool = True
    help: Text = ""
    example: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of the file as text, with its number as a spreadsheet counts (the header is row 1)."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Validation:
    """What would happen.

    Arguments:
        problems: each with its row and column; any problem keeps the whole file out.
        new: records that would be made.
        present: records of the file that exist already with the same content.
        notes: what else would be done, in sentences (“Fiscal year 2025 will be created”).
    """

    problems: tuple[Problem, ...]
    new: int
    present: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done; ``references`` lead to the records, for undo."""

    new: int
    present: int
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of file that can be imported.

    Arguments:
        name: ``<plugin>.<noun>``.
        noun / noun_many: what a record is called (“entry”, “entries”), for the counts.
        validate: called with all rows; must not write.
        commit: called with all rows in one transaction; raises to refuse everything.
        undo: takes back what ``commit`` returned as references, or raises to refuse.
        sample: a small file that works, for download.
        examples: its columns in the order of the sample.
    """

    name: str
    label: Text
    noun: Text
    noun_many: Text
    permission: Permission
    columns: tuple[ImportColumn, ...]
    validate: Callable[[Session, Sequence[StagedRow]], Validation]
    commit: Callable[[Session, Sequence[StagedRow]], Outcome]
    undo: Callable[[Session, Sequence[str]], str]
    sample: str
    icon: str = "file-import"
    help: Text = ""
    opens: str = ""
    """Endpoint of the list that shows what was imported."""
