"""The list of a resource as the view model that the list template draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from flask import current_app, url_for

from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.resources import filters as narrow
from backstay.resources import formats
from backstay.resources.declare import Kind
from backstay.resources.flat import FlatColumn, draw_rows
from backstay.resources.query import MOST_COUNTED, ResourceQuery, Rows
from backstay.resources.serialize import CELL_KINDS, cell_writer, tones
from backstay.resources.urls import RecordLinks, endpoint_of, serves
from backstay.web.page import (
    ActiveChip,
    Button,
    EmptyState,
    FilterChoice,
    FilterControl,
    Head,
    ListPage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup
    from sqlalchemy.orm import Session

    from backstay.resources.declare import Filter, Resource
    from backstay.resources.filters import ListState
    from backstay.resources.serialize import Reader
    from backstay.web.page import FilterKind

_NUMBERS: Final = frozenset({Kind.MONEY, Kind.NUMBER})
_CONTROLS: Final[dict[str, FilterKind]] = {"date_from": "date", "date_to": "date"}
_MOST_SEGMENTS: Final = 5


def list_page(
    query: ResourceQuery,
    session: Session,
    reader: Reader,
    arguments: Mapping[str, str],
    label_of: Callable[[str, int], str | None],
) -> ListPage:
    """Build the list that the URL's arguments ask for.

    ``label_of`` gives the label of a picked record by resource name and id.

    Raises:
        Invalid: a filter's value can't be understood.
        Malformed: the sort order or the page mark is not one of this list's.
    """
    resource = query.resource
    state = narrow.read_state(resource, arguments, reader)
    rows = query.page(session, state, reader, arguments)
    base = url_for(endpoint_of(resource, "list"))
    create = create_button(resource, reader)
    controls, chips = _filters(resource, state, reader, base, label_of)
    links = [*(resource.buttons(session) if resource.buttons else ())]
    first_page = not (arguments.get("after") or arguments.get("before"))
    asked = state.query()
    return ListPage(
        title=resource.label_many,
        heads=_heads(resource, state, reader, base),
        rows=(),
        body=_body(query, rows, reader) if rows.rows else None,
        url=base,
        help=resource.help,
        count_text=count_text(rows.count, reader.locale, more=rows.more),
        search_label=_search_label(resource, reader),
        search_value=state.search,
        filters=controls,
        active_chips=chips,
        clear_href=_href(base, {"sort": state.sort} if state.sort else {})
        if state.narrowed
        else None,
        hidden=(("sort", state.sort),) if state.sort else (),
        next_href=_href(base, {**asked, "after": rows.after}) if rows.after else None,
        previous_href=_href(base, {**asked, "before": rows.before}) if rows.before else None,
        first_href=None if first_page else _href(base, asked),
        export_href=_export_href(resource, reader, asked),
        actions=(*links, *((create,) if create else ())),
        empty=None if state.narrowed or not first_page else _empty(resource, create),
    )


def count_text(count: int, locale: str, *, more: bool = False) -> str:
    """How many there are, in words; beyond the cap only that there are more."""
    if more or count > MOST_COUNTED:
        return _("%(count)s+ records", count=formats.number(min(count, MOST_COUNTED), locale))
    return ngettext(
        "%(count)s record", "%(count)s records", count, count=formats.number(count, locale)
    )


def create_button(resource: Resource, reader: Reader) -> Button | None:
    """The way to a new record, for those who may make one."""
    endpoint = endpoint_of(resource, "create")
    if (
        resource.create is None
        or not reader.context.may(resource.create.permission)
        or not serves(endpoint)
    ):
        return None
    return Button(
        resource.create.label,
        href=url_for(endpoint),
        icon="plus",
        kind="primary",
        shortcut="n",
    )


def _href(base: str, values: dict[str, str]) -> str:
    return f"{base}?{urlencode(values)}" if values else base


def _export_href(resource: Resource, reader: Reader, asked: dict[str, str]) -> str | None:
    endpoint = endpoint_of(resource, "export")
    if not reader.context.may(resource.export or resource.view) or not serves(endpoint):
        return None
    return _href(url_for(endpoint), asked)


def _search_label(resource: Resource, reader: Reader) -> Any:
    if not any(not narrow.masked(resource, one, reader) for one in resource.search):
        return None
    return resource.search_label or _("Search")


def _heads(resource: Resource, state: ListState, reader: Reader, base: str) -> tuple[Head, ...]:
    asked = state.query()
    sorted_by = {
        one.column.name: one.descending for one in narrow.orders(resource, state, reader)[:1]
    }
    heads = []
    for column in resource.columns:
        if not column.in_list:
            continue
        descending = sorted_by.get(column.name)
        can_sort = narrow.sortable(resource, column, reader)
        turned = f"-{column.name}" if descending is False else column.name
        heads.append(
            Head(
                column.name,
                column.label,
                "end" if column.kind in _NUMBERS else "start",
                _href(base, {**asked, "sort": turned}) if can_sort else None,
                None if descending is None else ("descending" if descending else "ascending"),
            )
        )
    return tuple(heads)


def _body(query: ResourceQuery, found: Rows, reader: Reader) -> Markup:
    """The rows, by one prepared function a column: this runs for every cell of every list."""
    href = RecordLinks(query.resource)
    columns = [column for column in query.resource.columns if column.in_list]
    shown = tuple(
        FlatColumn(
            str(column.label),
            "muted" if column.name not in found.index else CELL_KINDS[column.kind],
            column.link,
        )
        for column in columns
    )
    template = query.row_template(shown, linked=bool(href))
    writers: list[tuple[int, Callable[[Any], str]]] = [
        (found.index.get(column.name, 0), cell_writer(column, reader)) for column in columns
    ]
    rows = [
        (row[0], href(row[0]), *[write(row[at]) for at, write in writers]) for row in found.rows
    ]
    colours = [tones(column) for column in columns]
    return draw_rows(current_app.jinja_env, template, rows, colours)


def _empty(resource: Resource, create: Button | None) -> EmptyState:
    if resource.empty is None:
        return EmptyState(_("Nothing here yet"), resource.help, action=create, icon=resource.icon)
    return EmptyState(
        resource.empty.title, resource.empty.text, action=create, icon=resource.empty.icon
    )


def _filters(
    resource: Resource,
    state: ListState,
    reader: Reader,
    base: str,
    label_of: Callable[[str, int], str | None],
) -> tuple[tuple[FilterControl, ...], tuple[ActiveChip, ...]]:
    asked = state.query()
    chosen = {one.name: value for one, value in state.filters}
    controls: list[FilterControl] = []
    chips: list[ActiveChip] = []
    if state.search:
        without = {name: value for name, value in asked.items() if name != "q"}
        chips.append(ActiveChip(_("Search"), state.search, _href(base, without)))
    for one in narrow.usable_filters(resource, reader):
        if one.kind == "picker" and not serves(f"{one.picker}.picker"):
            continue  # the other resource's plugin does not run
        value = chosen.get(one.name, "")
        shown = _shown(one, value, reader, label_of) if value else ""
        controls.append(_control(one, value, shown))
        if value:
            without = {name: old for name, old in asked.items() if name != one.name}
            chips.append(ActiveChip(one.label, shown, _href(base, without)))
    return tuple(controls), tuple(chips)


def _control(one: Filter, value: str, shown: str) -> FilterControl:
    kind = one.kind
    if kind == "segments" and (not one.choices or len(one.choices) > _MOST_SEGMENTS):
        kind = "select" if one.choices else "text"
    return FilterControl(
        one.name,
        one.label,
        cast("FilterKind", _CONTROLS.get(kind, kind)),
        choices=(
            FilterChoice("", _("All"), current=not value),
            *(
                FilterChoice(choice.value, choice.label, current=choice.value == value)
                for choice in one.choices
            ),
        )
        if one.choices
        else (),
        value=value,
        picker_url=url_for(f"{one.picker}.picker") if kind == "picker" else None,
        value_label=shown if kind == "picker" else "",
    )


def _shown(
    one: Filter, value: str, reader: Reader, label_of: Callable[[str, int], str | None]
) -> str:
    """A filter's value in words, for its chip."""
    if one.choices:
        return next((str(c.label) for c in one.choices if c.value == value), value)
    if one.kind == "bool":
        return _("Yes")
    if one.kind in {"date_from", "date_to"}:
        from datetime import date

        return formats.date_text(date.fromisoformat(value), reader.locale)
    if one.kind == "picker":
        return label_of(one.picker, int(value)) or _("no longer there")
    return value
