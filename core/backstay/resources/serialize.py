"""The one way from a value to what a reader sees, in lists, record pages, timelines and files.

Locale, time zone, the company's decimals and the field groups that the reader may see are taken
into account here and nowhere else, so no page can show what another page masks.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import escape

from backstay.audit.canonical import MASK
from backstay.i18n import gettext as _
from backstay.resources import formats
from backstay.resources.declare import Kind
from backstay.web.page import FieldView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from backstay.access.permissions import FieldGroup
    from backstay.db.context import Context
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Choice, Column
    from backstay.web.page import CellKind, Tone

CELL_KINDS: Final[dict[Kind, CellKind]] = {
    Kind.TEXT: "text",
    Kind.CODE: "code",
    Kind.MONEY: "money",
    Kind.NUMBER: "number",
    Kind.DATE: "date",
    Kind.INSTANT: "date",
    Kind.BOOL: "bool",
    Kind.STATE: "state",
    Kind.LINK: "link",
}
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_NEVER_NEUTRAL: Final = frozenset({Kind.MONEY, Kind.NUMBER, Kind.DATE, Kind.INSTANT, Kind.BOOL})


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom values are written.

    Arguments:
        context: decides which field groups are masked.
        minor_units: decimals of the company's currency; 2 outside a company.
    """

    context: Context
    locale: str
    time_zone: str
    minor_units: int
    currency: str
    groups: dict[str, FieldGroup]

    @classmethod
    def of(cls, context: Context, suite: Suite | None = None) -> Reader:
        """The reader whose context a request or job has, with the suite's field groups."""
        company = context.company
        return cls(
            context=context,
            locale=context.locale,
            time_zone=context.time_zone,
            minor_units=2 if company is None else company.minor_units,
            currency="" if company is None else company.currency,
            groups={} if suite is None else field_groups(suite),
        )

    def may_read(self, group: FieldGroup | None) -> bool:
        """Whether the fields of a group are shown to this reader."""
        return group is None or self.context.may(group.read)

    def may_read_named(self, name: str) -> bool:
        """Whether a model's field group, given by name, is shown; an unknown one is not."""
        group = self.groups.get(name)
        if group is None:
            return self.context.permissions is None
        return self.context.may(group.read)

    def may_write(self, group: FieldGroup | None) -> bool:
        """Whether the fields of a group may be changed by this reader."""
        return group is None or self.context.may(group.write)


def field_groups(suite: Suite) -> dict[str, FieldGroup]:
    """The field groups that the running plugins declare, by name."""
    return {group.name: group for part in suite.parts for group in part.field_groups}


@lru_cache(maxsize=1024)
def _choices(choices: tuple[Choice, ...]) -> dict[str, Choice]:
    return {choice.value: choice for choice in choices}


def raw(value: object) -> str:
    """An enum's value or a plain text of anything else, as choices and URLs write it."""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def writer(column: Column, reader: Reader) -> Callable[[Any], str]:  # noqa: PLR0911
    """A function from a column's value to its text; made once for a whole table."""
    if column.format is not None:
        custom = column.format
        return lambda value: "" if value is None else custom(value)
    locale, time_zone = reader.locale, reader.time_zone
    match column.kind:
        case Kind.MONEY:
            money = formats.money_formatter(locale, reader.minor_units)
            return lambda value: "" if value is None else money(value)
        case Kind.NUMBER:
            return lambda value: "" if value is None else formats.number(value, locale)
        case Kind.DATE:
            return lambda value: "" if value is None else formats.date_text(value, locale)
        case Kind.INSTANT:
            return lambda value: (
                "" if value is None else formats.instant_text(value, time_zone, locale)
            )
        case Kind.BOOL:
            yes, no = _("Yes"), _("No")
            return lambda value: "" if value is None else yes if value else no
        case _ if column.choices:
            texts = {key: str(one.label) for key, one in _choices(column.choices).items()}
            return lambda value: "" if value is None else texts.get(key := raw(value), key)
    return lambda value: "" if value is None else raw(value)


def tone_of(column: Column, value: object) -> Tone | None:
    """The colour of a state."""
    if column.kind is not Kind.STATE or value is None:
        return None
    choice = _choices(column.choices).get(raw(value))
    return "neutral" if choice is None else choice.tone


def cell_writer(column: Column, reader: Reader) -> Callable[[Any], str]:
    """A function from a column's value to what a row of the list shows for it."""
    if not reader.may_read(column.group):
        return lambda _value: MASK
    write = writer(column, reader)
    if column.kind is Kind.STATE:
        known: dict[Any, str] = {}

        def state(value: Any) -> str:
            # A list has a handful of states.
            found = known.get(value)
            if found is None:
                found = known[value] = write(value)
            return found

        return state
    if column.kind is Kind.BOOL:
        yes = _("Yes")
        return lambda value: yes if value else ""
    return write


def tones(column: Column) -> dict[str, Tone]:
    """The colour of each state, by the words it is shown in, escaped."""
    return {str(escape(choice.label)): choice.tone for choice in column.choices}


def field_view(column: Column, value: object, reader: Reader, *, wide: bool = False) -> FieldView:
    """A value of the record page."""
    kind = CELL_KINDS[column.kind]
    if not reader.may_read(column.group):
        return FieldView(column.name, column.label, "", kind, masked=True)
    return FieldView(
        column.name,
        column.label,
        writer(column, reader)(value),
        kind,
        tone=tone_of(column, value),
        wide=wide,
    )


def neutral(text: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def file_writer(column: Column, reader: Reader) -> Callable[[Any], str]:
    """A function from a column's value to its text in a file: exact, the same in every locale."""
    if not reader.may_read(column.group):
        return lambda _value: MASK
    if column.format is not None and column.kind not in _NEVER_NEUTRAL:
        custom = column.format
        return lambda value: "" if value is None else neutral(custom(value))
    return lambda value: _file_text(value, column.kind, reader)


def _file_text(value: object, kind: Kind, reader: Reader) -> str:  # noqa: PLR0911
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal() if kind is Kind.MONEY:
            return formats.plain_money(value, reader.minor_units)
        case Decimal():
            return f"{value.normalize() + 0:f}"
        case int():
            return str(value)
        case datetime():
            return value.astimezone(formats.zone(reader.time_zone)).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
    return neutral(raw(value))


def text_of(value: object, reader: Reader) -> str:  # noqa: PLR0911
    """A value without a declared kind, by its type: for conflicts and timelines."""
    match value:
        case None | "":
            return ""
        case bool():
            return _("Yes") if value else _("No")
        case Decimal():
            return formats.money_formatter(reader.locale, reader.minor_units)(value)
        case datetime():
            return formats.instant_text(value, reader.time_zone, reader.locale)
        case date():
            return formats.date_text(value, reader.locale)
        case tuple() | list():
            return ", ".join(text_of(item, reader) for item in value)
        case dict():
            return " ".join(text_of(item, reader) for item in value.values())
    return raw(value)


def csv_line(cells: Iterable[str]) -> str:
    """One line of a CSV file (RFC 4180): quotes where they are needed, CRLF at the end."""
    quoted = (
        '"' + cell.replace('"', '""') + '"' if any(c in cell for c in '",\r\n') else cell
        for cell in cells
    )
    return ",".join(quoted) + "\r\n"
