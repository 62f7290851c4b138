"""What a plugin says about a file that it can import; core does the rest.

The one engine parses, stages, validates, commits (everything or nothing) and undoes. A kind brings
the functions that know the business: they work on batches of rows, never on one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
        unless: a column in whose presence a required one may be missing.
    """

    name: str
    label: Text
    required: bool = True
    help: Text = ""
    example: str = ""
    aliases: tuple[str, ...] = ()
    is_date: bool = False
    """Dates in other forms than year-month-day are asked about, and brought into that form."""
    is_number: bool = False
    """Numbers reach the kind with a decimal point and without groups, whatever the file has."""
    unless: str = ""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of the file as text, with its number as a spreadsheet counts (the header is row 1)."""

    number: int
    values: dict[str, str]


class TextReading(Protocol):
    """A text that is being read by the plugin that knows its form.

    ``problems`` and ``notes`` are complete once ``rows`` is exhausted.
    """

    @property
    def problems(self) -> Sequence[Problem]:
        """What keeps the file out; ``row`` is the line of the text."""

    @property
    def notes(self) -> Sequence[str]:
        """What was assumed or left aside, in sentences."""

    def rows(self) -> Iterator[StagedRow]:
        """The rows in the order of the text, with the columns of the kind; numbers are lines."""


@dataclass(frozen=True, slots=True)
class TextFormat:
    """Another form that the files of a kind may have, beside a table; told by its content.

    Arguments:
        recognises: whether a text has this form; called with the whole text.
        read: begins to read it; must not write.
    """

    label: Text
    recognises: Callable[[str], bool]
    read: Callable[[Session, str], TextReading]


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
        validate: called with whole groups of rows, some thousands at a time; must not write.
        commit: called likewise, all of it in one transaction; raises to refuse everything.
        undo: takes back what ``commit`` returned as references, or raises to refuse.
        sample: a small file that works, for download.
        formats: other forms that a file of this kind may have.
        group_by: the column whose equal values make rows one record (the lines of an entry): they
            are checked, made and left out together.
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
    formats: tuple[TextFormat, ...] = ()
    group_by: str = ""
    opens: str = ""
    """Endpoint of the list that shows what was imported."""
