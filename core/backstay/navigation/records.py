"""The records that the palette finds: those of the lists that this person may open, and no others.

Each list is searched by the code that serves it, so company, criteria and field groups hold here
as they hold there. Records of a module that is off have no list and are not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from werkzeug.routing import BuildError

from backstay.lists.query import ResourceQuery
from backstay.navigation.palette import Item
from backstay.resources.masking import masked, same
from backstay.resources.serialize import Reader, raw
from backstay.resources.urls import endpoint_of, resource_url, serves
from backstay.search.declared import is_indexed
from backstay.search.words import asked_words, indexed_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.access.grants import Access
    from backstay.db.context import CompanyRef
    from backstay.resources.declare import Resource
    from backstay.web.request import Runtime

MOST_OF_A_KIND: Final = 5
SHORTEST: Final = 2
"""Signs that must be typed before records are searched."""
_LONGEST_PREVIEW: Final = 60


def find_records(
    runtime: Runtime, access: Access, company: CompanyRef | None, typed: str
) -> list[Item]:
    """The first records of each list that match all the words, grouped by list."""
    if len(typed.strip()) < SHORTEST or not asked_words(typed):
        return []
    found: list[Item] = []
    for place in (company, None) if company else (None,):
        context = access.context(place)
        open_lists = [
            resource
            for resource in runtime.suite.resources.values()
            if is_indexed(resource)
            and resource.lies_in_company == (place is not None)
            and context.may(resource.view)
            and serves(endpoint_of(resource, "record"))
        ]
        if open_lists:
            reader = Reader.of(context, runtime.suite)
            with runtime.database.read(context, runtime.suite) as session:
                for resource in open_lists:
                    found += _items(session, resource, reader, typed)
    return found


def _items(session: Session, resource: Resource, reader: Reader, typed: str) -> Iterator[Item]:
    company = reader.context.company
    values = {"company": company.code} if company else {}
    query = ResourceQuery(resource)
    for record in query.found(session, typed, reader, MOST_OF_A_KIND):
        try:
            href = resource_url(resource.name, "record", id=record.id, **values)
        except BuildError:
            return
        label = _label(resource, record)
        yield Item(
            group=str(resource.label_many),
            label=label,
            href=href,
            icon=resource.icon,
            hint=_preview(resource, record, reader, typed, label),
            id=str(record.id),
        )


def _label(resource: Resource, record: Any) -> str:
    name = resource.picker_label or resource.title
    return name(record) if name is not None else str(record.audit_label())


def _preview(resource: Resource, record: Any, reader: Reader, typed: str, label: str) -> str:
    """The first field with one of the words that the label does not show, else the first other.

    Records that are found by their numbers alone are told apart by what they are about.
    """
    asked = [word.text for word in asked_words(typed)]
    other = ""
    for attribute in resource.search:
        value = getattr(record, attribute.key)
        if value is None or masked(resource, attribute, reader) or raw(value) in label:
            continue
        text = " ".join(raw(value).split())
        shown = text if len(text) <= _LONGEST_PREVIEW else f"{text[: _LONGEST_PREVIEW - 1]}…"
        other = other or shown
        if any(word.startswith(part) for word in indexed_words([text]) for part in asked):
            column = next((one for one in resource.columns if same(one.value, attribute)), None)
            return f"{column.label}: {shown}" if column else shown
    return other
