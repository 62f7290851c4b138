"""What the URL of a list says: search words, filters and sort order, checked before they are used.

A value that does not fit its filter is refused instead of ignored: a list that looks filtered and
is not would be worse than an error.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import BigInteger, Boolean, Date, Integer, String, cast, false, or_

from backstay.db.types import Instant
from backstay.errors import Invalid, Malformed
from backstay.i18n import gettext as _
from backstay.names import names_instead
from backstay.resources import formats
from backstay.resources.masking import masked
from backstay.search.declared import is_indexed, searched_in
from backstay.search.engine import Search, matching
from backstay.search.words import LONGEST_SEARCH, asked_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.resources.declare import Column, Filter, Resource
    from backstay.resources.serialize import Reader

_DAYS: Final = frozenset({"date_from", "date_to"})
RESERVED: Final = frozenset(
    {
        "q",
        "sort",
        "after",
        "before",
        "columns",
        "density",
        "view",
        "base",
        "id",
        "all",
        "shown",
        "picks",
    }
)
"""Parameters of every list; a filter can't have one of these names."""
MOST_VALUES: Final = 50
DENSITIES: Final = ("comfortable", "dense")
MOST_WORDS: Final = 6
SHORT_COLUMN: Final = 40
"""Up to this length the search looks inside words too: codes and numbers are quoted in part."""


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key of a list."""

    column: Column
    descending: bool


@dataclass(frozen=True, slots=True)
class ListState:
    """What a list's URL asks for.

    Arguments:
        search: the words as they were typed.
        filters: the filters in force, with their values; several values of one filter (those of
            choices and pickers) stand side by side with commas, and a row needs one of them.
        sort: as the URL says it (``-date``); empty for the list's own order.
        columns: names of the columns to show, in their order; empty for the list's own.
        density: ``comfortable`` or ``dense``; empty for the reader's own.
    """

    search: str
    filters: tuple[tuple[Filter, str], ...]
    sort: str
    columns: tuple[str, ...] = ()
    density: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether some rows may be left out."""
        return bool(self.search or self.filters)

    def narrowing(self) -> dict[str, str]:
        """The part that decides which rows there are and in which order, as URL parameters."""
        return {
            **({"q": self.search} if self.search else {}),
            **{one.name: value for one, value in self.filters},
            **({"sort": self.sort} if self.sort else {}),
        }

    def query(self) -> dict[str, str]:
        """The whole state as URL parameters."""
        return {
            **self.narrowing(),
            **({"columns": ",".join(self.columns)} if self.columns else {}),
            **({"density": self.density} if self.density else {}),
        }

    def shown(self, resource: Resource) -> tuple[Column, ...]:
        """The list's columns in the order in which they are shown."""
        if not self.columns:
            return tuple(column for column in resource.columns if column.in_list)
        return tuple(found for name in self.columns if (found := resource.column(name)))


def usable_filters(resource: Resource, reader: Reader) -> tuple[Filter, ...]:
    """The filters that the reader may use."""
    return tuple(one for one in resource.filters if not masked(resource, one.column, reader))


def sortable(resource: Resource, column: Column, reader: Reader) -> bool:
    """Whether the reader may sort by a column."""
    return column.sortable and not masked(resource, column.value, reader)


def read_state(resource: Resource, arguments: Mapping[str, str], reader: Reader) -> ListState:
    """Read a list's state from URL parameters.

    Raises:
        Invalid: a filter's value can't be understood; names the filter.
        Malformed: the sort order names a column that can't be sorted, a column is unknown, or a
            parameter that can have one value only is there twice.
    """
    given = given_once(resource, arguments)
    usable = usable_filters(resource, reader)
    chosen: list[tuple[Filter, str]] = []
    for one in resource.filters:
        value = given.get(one.name, "")
        if not value or (one.kind == "bool" and value in {"0", "false"}):
            continue
        if one not in usable:
            raise Malformed(
                _("This list can't be filtered by “%(name)s”.", name=one.label), field=one.name
            )
        chosen.append((one, value))
    search = given.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    sort = given.get("sort", "")
    if sort:
        column = resource.column(sort.removeprefix("-"))
        if column is None or not sortable(resource, column, reader):
            taken = [one.name for one in resource.columns if sortable(resource, one, reader)]
            raise Malformed(
                _(
                    "This list can't be sorted by “%(name)s”. %(instead)s",
                    name=sort[:40],
                    instead=names_instead(sort.removeprefix("-"), taken),
                ),
                field="sort",
            )
    density = given.get("density", "")
    if density and density not in DENSITIES:
        raise Malformed(_("There is no such density."), field="density")
    return ListState(search, tuple(chosen), sort, _columns(resource, given), density)


def given_once(resource: Resource, arguments: Mapping[str, str]) -> dict[str, str]:
    """Each parameter once; a form of tick boxes sends a filter as often as it has values.

    Raises:
        Malformed: a parameter that can have one value only is there twice.
    """
    several = {one.name for one in resource.filters if takes_several(one)}
    found: dict[str, str] = {}
    getlist: Callable[[str], list[str]] | None = getattr(arguments, "getlist", None)
    for name in arguments:
        values = [arguments[name]] if getlist is None else getlist(name)
        if name in several or name == "columns":
            parts = [part.strip() for value in values for part in value.split(",")]
            values = [",".join(dict.fromkeys(part for part in parts if part))]
        if len(values) > 1:
            raise Malformed(
                _("“%(name)s” stands twice in the address; say it once.", name=name[:40]),
                field=name,
            )
        found[name] = values[0].strip()
    return found


def _columns(resource: Resource, given: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(name for name in given.get("columns", "").split(",") if name)
    for name in names:
        if resource.column(name) is None:
            raise Malformed(
                _("This list has no column “%(name)s”.", name=name[:40]), field="columns"
            )
    return () if names == own_columns(resource) else names


def own_columns(resource: Resource) -> tuple[str, ...]:
    """Names of the columns that a list shows by itself."""
    return tuple(column.name for column in resource.columns if column.in_list)


def takes_several(one: Filter) -> bool:
    """Whether a filter may have several values, of which a row needs one."""
    return bool(one.choices) or one.kind == "picker"


def values_of(one: Filter, value: str) -> tuple[str, ...]:
    """The values of a filter in force."""
    return tuple(value.split(",")) if takes_several(one) else (value,)


def orders(resource: Resource, state: ListState, reader: Reader) -> tuple[Order, ...]:
    """The sort keys in force, without the id that breaks ties."""
    names = (state.sort,) if state.sort else resource.order
    found: list[Order] = []
    for name in names:
        column = resource.column(name.removeprefix("-"))
        if column is not None and not masked(resource, column.value, reader):
            found.append(Order(column, name.startswith("-")))
    return tuple(found)


def condition(one: Filter, value: str, reader: Reader) -> ColumnElement[bool]:
    """The SQL condition of a filter; one of several values is enough.

    Raises:
        Invalid: a value can't be understood; names the filter.
    """
    values = values_of(one, value)
    if len(values) > MOST_VALUES:
        raise Invalid(
            _(
                "The filter “%(name)s” takes at most %(most)s values.",
                name=one.label,
                most=MOST_VALUES,
            ),
            field=one.name,
        )
    conditions = [_one_condition(one, each, reader) for each in values]
    return conditions[0] if len(conditions) == 1 else or_(*conditions)


def _one_condition(one: Filter, value: str, reader: Reader) -> ColumnElement[bool]:
    if "\x00" in value or (one.choices and value not in {choice.value for choice in one.choices}):
        _refuse(one, value)
    try:
        day = date.fromisoformat(value) if one.kind in _DAYS else None
        if one.kind == "picker":
            _typed(value, BigInteger())
        if one.condition is not None:
            return one.condition(value)
        if day is not None:
            return _date_condition(one, day, reader)
        return one.column == _typed(value, one.column.type)  # type: ignore[no-any-return]
    except (ValueError, OverflowError):
        _refuse(one, value)


def _date_condition(one: Filter, day: date, reader: Reader) -> ColumnElement[bool]:
    last = one.kind == "date_to"
    if not isinstance(one.column.type, Instant):
        return one.column <= day if last else one.column >= day  # type: ignore[no-any-return]
    # A day is the reader's day: it begins and ends at midnight in their time zone.
    zone = formats.zone(reader.time_zone)
    midnight = datetime.combine(day + timedelta(days=int(last)), time(), zone)
    return one.column < midnight if last else one.column >= midnight  # type: ignore[no-any-return]


def _typed(value: str, type_: Any) -> Any:
    enum_class: type[enum.Enum] | None = getattr(type_, "enum_class", None)
    if enum_class is not None:
        return enum_class(value)
    if isinstance(type_, Boolean):
        if value.lower() not in {"1", "true", "0", "false", "yes", "no"}:
            raise ValueError(value)
        return value.lower() in {"1", "true", "yes"}
    if isinstance(type_, Date):
        return date.fromisoformat(value)
    if isinstance(type_, Integer):
        if not value.isascii() or not -(2**63) <= int(value) < 2**63:
            raise ValueError(value)
        return int(value)
    return value


def _refuse(one: Filter, value: str) -> NoReturn:
    raise Invalid(
        _(
            "The filter “%(name)s” can't be “%(value)s”.",
            name=one.label,
            value=value[:40],
        ),
        field=one.name,
    )


def search_condition(
    session: Session, resource: Resource, search: str, reader: Reader
) -> list[ColumnElement[bool]]:
    """The condition that a record matches the words: each begins one of the record's words.

    For pages of a list see backstay.lists.searching, which knows faster ways to the same.
    """
    columns = [one for one in resource.search if not masked(resource, one, reader)]
    if not columns or not search.strip():
        return []
    if not is_indexed(resource):
        dialect = str(session.get_bind().dialect.name)
        return [
            or_(*(match for column in columns for match in _matches(column, word, dialect)))
            for word in search.split()[:MOST_WORDS]
        ]
    asked = search_of(session, resource, search, reader)
    if asked.finds_nothing:
        return [false()]
    found = matching([asked], str(session.get_bind().dialect.name))
    return [resource.model.id.in_(found.with_only_columns(found.selected_columns.record_id))]


def search_of(session: Session, resource: Resource, search: str, reader: Reader) -> Search:
    """A search in the records of an indexed resource."""
    searched = searched_in(session)[resource.model.__tablename__]
    return Search.of(session, searched, asked_words(search), reader)


def _matches(column: Any, word: str, dialect: str) -> list[ColumnElement[bool]]:
    """A short list is read row by row: a word begins one of the text's, or lies in a short one."""
    text = column if isinstance(column.type, String) else cast(column, String)
    length = getattr(column.type, "length", None)
    short = length is not None and length <= SHORT_COLUMN
    found: list[ColumnElement[bool]] = []
    for variant in _variants(word, dialect):
        for pattern in (f"%{variant}%",) if short else (f"{variant}%", f"% {variant}%"):
            if dialect == "sqlite":
                found.append(text.like(pattern, escape="\\"))
            else:
                found.append(text.ilike(pattern, escape="\\"))
    return found


def _variants(word: str, dialect: str) -> list[str]:
    """The word as a pattern; SQLite's LIKE knows upper and lower case of ASCII letters only."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if dialect != "sqlite" or word.isascii():
        return [escaped]
    return list(dict.fromkeys((escaped, escaped.lower(), escaped.upper(), escaped.capitalize())))
