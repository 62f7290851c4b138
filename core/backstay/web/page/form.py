"""A form page: inputs in sections, what is wrong with them, and both versions after a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backstay.i18n import Text
from backstay.web.page.pieces import Button, Note

if TYPE_CHECKING:
    from wtforms import Form


@dataclass(frozen=True, slots=True)
class FormProblem:
    """What is wrong with which field; ``field`` is the id of the input, empty for the whole."""

    field: str
    label: Text
    message: Text


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One field that two people changed."""

    label: Text
    yours: str
    theirs: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody saved first: both versions, for the reader to decide."""

    message: Text
    rows: tuple[ConflictRow, ...]


@dataclass(frozen=True, slots=True)
class FormSection:
    """A titled group of inputs, by the names they have in the form."""

    title: Text
    fields: tuple[str, ...]
    help: Text = ""


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form to fill in. ``multipart`` for files; ``danger`` for what cannot be taken back."""

    title: Text
    form: Form
    sections: tuple[FormSection, ...]
    submit: Button
    cancel_href: str
    action: str = ""
    help: Text = ""
    errors: tuple[FormProblem, ...] = ()
    conflict: Conflict | None = None
    extra_buttons: tuple[Button, ...] = ()
    notes: tuple[Note, ...] = ()
    multipart: bool = False
