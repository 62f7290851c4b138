"""Which records are searched, by which of their columns: read from the resources alone.

A model is indexed when a resource searches its own columns and its changes are fully audited: what
the audit trail sees, the index sees, so no service has to remember it.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Date
from sqlalchemy.orm import InstrumentedAttribute

from backstay.db.base import Audit, CompanyScoped
from backstay.search.models import NO_COMPANY
from backstay.search.words import MOST_WORDS, indexed_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader

_RULES: Final = "2"
"""Raised whenever folding or the form of the text changes: then every index is made anew."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The searched columns of one model.

    Arguments:
        names: attributes that everybody who sees the record may read.
        guarded: attributes by the names of the field groups that one must be able to read.
        dated: the date by which the list is ordered; empty if it is ordered by something else.
            Each word stands in the index once more with the month in front, so that a list is
            searched month by month however late in it the matches come.
    """

    model: type[Any]
    names: tuple[str, ...]
    guarded: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    dated: str = ""

    @property
    def entity(self) -> str:
        """The model's table."""
        return str(self.model.__tablename__)

    @property
    def in_company(self) -> bool:
        """Whether the records belong to companies."""
        return issubclass(self.model, CompanyScoped)

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes from which the words are made."""
        guarded = (name for _groups, names in self.guarded for name in names)
        return tuple(dict.fromkeys((*self.names, *guarded, *filter(None, (self.dated,)))))

    @property
    def definition(self) -> str:
        """A digest of everything that decides what a row of the index says."""
        said = (_RULES, self.entity, self.names, self.guarded, self.dated)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def company_of(self, values: Mapping[str, Any]) -> int:
        """The company of a record; 0 if it has none."""
        return int(values["company_id"]) if self.in_company else NO_COMPANY

    def text(self, company_id: int, values: Mapping[str, Any]) -> str:
        """The text of a record's row in the index."""
        found = indexed_words(_texts(values, self.names))
        for groups, names in self.guarded:
            mark = guarded_mark(groups)
            found.update({mark + word: None for word in indexed_words(_texts(values, names))})
        words = list(found)[:MOST_WORDS]
        if self.dated and (day := values.get(self.dated)) is not None:
            month = month_mark(day if isinstance(day, date) else date.fromisoformat(day))
            words += [month + word for word in words]
        return f" {scope_of(self.entity, company_id)} {' '.join(words)}{' ' if words else ''}"

    def marks(self, reader: Reader) -> tuple[str, ...]:
        """What may stand before a word for it to be found by this reader."""
        return (
            *(("",) if self.names else ()),
            *(
                guarded_mark(groups)
                for groups, _names in self.guarded
                if all(reader.may_read_named(group) for group in groups)
            ),
        )


def scope_of(entity: str, company_id: int) -> str:
    """The word that names table and company. Nobody can type it: typed words have no ``_``."""
    return f"_{entity}_{company_id}"


def month_mark(day: date) -> str:
    """What stands before the words of records that are dated in the day's month."""
    return f"_{day.year:04}{day.month:02}."


def guarded_mark(groups: tuple[str, ...]) -> str:
    """What stands before the words of columns of field groups, so that others do not find them."""
    return f"_{'.'.join(groups)}_"


def _texts(values: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [
        str(value.value if isinstance(value, enum.Enum) else value)
        for name in names
        if (value := values.get(name)) is not None
    ]


def searched_models(resources: Iterable[Resource]) -> dict[str, Searched]:
    """The indexed models of resources, by table."""
    known = tuple(resources)
    dated: dict[type[Any], str] = {}
    found: dict[type[Any], dict[str, frozenset[str]]] = {}
    for resource in known:
        if is_indexed(resource):
            dated.setdefault(resource.model, _dated(known, resource))
            for attribute in resource.search:
                groups = _groups(known, attribute)
                found.setdefault(resource.model, {})[attribute.key] = groups
    return {
        model.__tablename__: _searched(model, names, dated[model]) for model, names in found.items()
    }


def is_indexed(resource: Resource) -> bool:
    """Whether a resource is searched by the index; others are searched row by row."""
    return (
        bool(resource.search)
        and resource.model.__audit__ is Audit.FULL
        and all(
            isinstance(one, InstrumentedAttribute) and one.class_ is resource.model
            for one in resource.search
        )
    )


def _dated(known: tuple[Resource, ...], resource: Resource) -> str:
    """The attribute of the date that the list is ordered by first, if everybody may read it."""
    column = resource.column(resource.order[0].removeprefix("-")) if resource.order else None
    value = None if column is None else column.value
    if (
        isinstance(value, InstrumentedAttribute)
        and value.class_ is resource.model
        and isinstance(value.type, Date)
        and not value.property.columns[0].nullable
        and not _groups(known, value)
    ):
        return value.key
    return ""


def _searched(model: type[Any], names: Mapping[str, frozenset[str]], dated: str) -> Searched:
    guarded: dict[tuple[str, ...], list[str]] = {}
    for name, groups in sorted(names.items()):
        if groups:
            guarded.setdefault(tuple(sorted(groups)), []).append(name)
    return Searched(
        model,
        tuple(sorted(name for name, groups in names.items() if not groups)),
        tuple((groups, tuple(columns)) for groups, columns in sorted(guarded.items())),
        dated,
    )


def _groups(resources: Iterable[Resource], attribute: Any) -> frozenset[str]:
    """The field groups of an attribute, by the model and by every column that shows it."""
    found = {
        column.group.name
        for resource in resources
        for column in resource.columns
        if column.group is not None
        and isinstance(column.value, InstrumentedAttribute)
        and column.value.class_ is attribute.class_
        and column.value.key == attribute.key
    }
    if of_model := getattr(attribute.class_, "__field_groups__", {}).get(attribute.key):
        found.add(of_model)
    return frozenset(found)


_of_core: Final[dict[str, Searched]] = {}


def remember_core(resources: Iterable[Resource]) -> None:
    """Note core's own models, for the sessions that are opened without a suite (signing in)."""
    _of_core.update(searched_models(resources))


def searched_in(session: Session) -> Mapping[str, Searched]:
    """The indexed models that a session knows; without loaded plugins, core's own."""
    suite = session.info.get("suite")
    return _of_core if suite is None else suite.searched
