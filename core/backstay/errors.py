"""Errors that carry a message a clerk understands, with the field, row and record they belong to.

Every refusal in Backstay is one of these, so the browser, the command line and the jobs can answer
alike: the class decides the HTTP status, the text is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, and where.

    Arguments:
        message: what is wrong and what to do, in words for the person who typed it.
        field: the name of the command's field (``lines.2.account`` for a line), or None.
        row: the row of an imported file, counted as a spreadsheet does (the header is row 1).
    """

    message: str
    field: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        """The message with its place in front, for logs and the command line."""
        place = [
            *([f"row {self.row}"] if self.row is not None else []),
            *([self.field] if self.field else []),
        ]
        return f"{', '.join(place)}: {self.message}" if place else self.message


class BackstayError(Exception):
    """Base of all refusals. ``status`` is the HTTP status that a view answers with."""

    status = 422

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        row: int | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        """Refuse with one message, or with a list of problems under a heading."""
        super().__init__(message)
        self.message = message
        self.problems = problems or (Problem(message, field, row),)

    def __str__(self) -> str:
        """The heading and every problem, one a line."""
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([self.message, *(str(problem) for problem in self.problems)])


class Invalid(BackstayError):
    """The command can't be carried out as given: the problems name the fields."""


class Malformed(BackstayError):
    """The request itself is broken: an altered page mark, a sort by what can't be sorted."""

    status = 400


class NotFound(BackstayError):
    """There is no such record, or it lies outside what the person may see (the same answer)."""

    status = 404


class Forbidden(BackstayError):
    """The person lacks the permission for this function."""

    status = 403


class Conflict(BackstayError):
    """The record is not in a state that allows this, or somebody was faster."""

    status = 409


class Stale(Conflict):
    """The record changed since the form was opened; nothing was saved."""


class Unavailable(BackstayError):
    """The database is busy or read-only: the same request may succeed in a moment."""

    status = 503


class ConfigurationError(BackstayError):
    """The installation or a plugin's declaration is wrong: for admins and plugin authors."""

    status = 500
