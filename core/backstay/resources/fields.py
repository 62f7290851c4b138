"""Kinds of form fields, written in the ``Annotated`` types of command dataclasses.

They carry what people read (label, help, example) and what the server checks (length, pattern,
range). The browser's checks are a courtesy; the server's come from the same declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from backstay.access.permissions import FieldGroup
    from backstay.i18n import Text
    from backstay.resources.declare import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldKind:
    """What all fields share.

    Arguments:
        label: the field's name.
        help: one sentence under the field.
        example: shown as placeholder.
        group: shown read-only or left out for those who may not write the field group.
    """

    label: Text
    help: Text = ""
    example: str = ""
    group: FieldGroup | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField(FieldKind):
    """A line of text; ``str`` in the command. Surrounding spaces are removed."""

    max_length: int = 200
    min_length: int = 0
    pattern: str = ""
    pattern_help: Text = ""
    autocomplete: str = "off"
    multiline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretField(FieldKind):
    """A password; never filled in again, never logged."""

    min_length: int = 0
    max_length: int = 200
    autocomplete: str = "new-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField(FieldKind):
    """A whole number; ``int`` in the command."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyField(FieldKind):
    """An amount in the company's currency; ``Decimal`` in the command.

    Arguments:
        any_currency: it is in another one; the service checks its decimals.
    """

    any_currency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField(FieldKind):
    """A business date; ``date`` (or ``date | None``) in the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoolField(FieldKind):
    """Yes or no; ``bool`` in the command.

    Arguments:
        blank: the label of a third choice, for a ``bool | None`` whose default the service finds.
    """

    blank: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceField(FieldKind):
    """One of a few values; an enum or ``str`` in the command.

    Arguments:
        choices: the values, or a function of the session that lists them.
        blank: the label of the empty choice, where the value may be left out.
    """

    choices: tuple[Choice, ...] | Callable[[Session], Sequence[Choice]] = ()
    blank: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesField(FieldKind):
    """Any number of values; ``tuple[str, ...]`` in the command. Choices may be grouped by help."""

    choices: tuple[Choice, ...] | Callable[[Session], Sequence[Choice]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PickerField(FieldKind):
    """Another record, searched on the server; ``int`` (or ``int | None``) in the command.

    Arguments:
        resource: the name of the resource that is searched, such as ``ledger.account``.
    """

    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesField(FieldKind):
    """The lines of a document; ``tuple[Line, ...]`` in the command.

    Each line is a frozen dataclass whose fields have kinds in their turn. The API takes them as a
    list; pages for them are bespoke.

    Arguments:
        line: the dataclass.
        most: how many there may be.
    """

    line: type[Any]
    most: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileField(FieldKind):
    """An uploaded file; :class:`Upload` in the command."""

    accept: str = ""
    max_bytes: int = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent.

    Arguments:
        name: the file's own name, for display only; never used as a path.
        content: its bytes.
    """

    name: str
    content: bytes
