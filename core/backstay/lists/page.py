"""The list of a resource as the view model that the list template draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import current_app, url_for

from backstay.audit.canonical import MASK
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.lists import filters as narrow
from backstay.lists.counting import MOST_COUNTED
from backstay.lists.exports import permission_to_export
from backstay.lists.filter_controls import list_filters
from backstay.lists.flat import FlatColumn, draw_rows
from backstay.lists.opened import open_list
from backstay.lists.parts import bulk_menu, column_choices, list_totals, view_menu
from backstay.lists.query import ResourceQuery, Rows
from backstay.lists.saved_views import views_of
from backstay.resources import formats
from backstay.resources.declare import Kind
from backstay.resources.masking import masked
from backstay.resources.serialize import CELL_KINDS, cell_writer, tones
from backstay.resources.urls import RecordLinks, endpoint_of, serves
from backstay.web.page import Button, EmptyState, ExportLink, Head, ListPage, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup
    from sqlalchemy.orm import Session

    from backstay.lists.opened import Opened
    from backstay.resources.declare import Column, Resource
    from backstay.resources.serialize import Reader

_NUMBERS: Final = frozenset({Kind.MONEY, Kind.NUMBER})


def list_page(
    query: ResourceQuery,
    session: Session,
    reader: Reader,
    arguments: Mapping[str, str],
    label_of: Callable[[str, int], str | None],
    density: str = "comfortable",
) -> ListPage:
    """Build the list that the URL's arguments ask for.

    ``label_of`` gives the label of a picked record by resource name and id; ``density`` is the
    reader's own.

    Raises:
        Invalid: a filter's value can't be understood.
        Malformed: the sort order, a column or the page mark is not one of this list's.
        NotFound: there is no such saved view.
    """
    resource = query.resource
    base = url_for(endpoint_of(resource, "list"))
    opened = open_list(resource, views_of(session, resource.name), arguments, reader, base)
    state = opened.state
    rows = query.page(session, state, reader, arguments)
    create = create_button(resource, reader)
    controls, chips = list_filters(resource, opened, reader, label_of)
    links = [*(resource.buttons(session) if resource.buttons else ())]
    first_page = not (arguments.get("after") or arguments.get("before"))
    asked = state.query()
    look: dict[str, str] = {
        name: asked[name] for name in ("sort", "columns", "density") if name in asked
    }
    kept = {**look, **opened.started_from}
    bulk = bulk_menu(resource, reader, state, rows)
    shown_density = state.density or density
    totals, totals_href = list_totals(resource, state, reader, rows, picks=bulk is not None)
    return ListPage(
        title=resource.label_many,
        heads=_heads(resource, opened, reader),
        rows=(),
        body=_body(query, rows, reader, state.shown(resource), picks=bulk is not None)
        if rows.rows
        else None,
        url=base,
        help=resource.help,
        count_text=count_text(rows.count, reader.locale, more=rows.more),
        search_label=_search_label(resource, reader),
        search_value=state.search,
        filters=controls,
        active_chips=chips,
        clear_href=opened.href(look) if state.narrowed else None,
        hidden=tuple(kept.items()),
        next_href=opened.href({**asked, "after": rows.after}) if rows.after else None,
        previous_href=opened.href({**asked, "before": rows.before}) if rows.before else None,
        first_href=None if first_page else opened.href(asked),
        exports=_exports(resource, reader, asked),
        actions=(*links, *((create,) if create else ())),
        empty=None if state.narrowed or not first_page else _empty(resource, create),
        notes=(Note(opened.problem, "warn"),) if opened.problem else (),
        columns=column_choices(resource, state),
        views=view_menu(resource, opened, reader),
        bulk=bulk,
        density=shown_density,
        other_density="comfortable" if shown_density == "dense" else "dense",
        plain_query=opened.href({name: asked[name] for name in asked if name != "density"}),
        totals=totals,
        totals_href=totals_href,
        previews=bool(RecordLinks(resource)) and not resource.record_endpoint,
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


def _exports(resource: Resource, reader: Reader, asked: dict[str, str]) -> tuple[ExportLink, ...]:
    """What the list shows and everything there is, each as CSV and as a workbook."""
    if not reader.context.may(permission_to_export(resource)):
        return ()
    kinds = (("export", _("CSV")), ("workbook", _("Excel workbook")))
    links = []
    for what, query in ((_("What the list shows"), {**asked, "shown": "1"}), (_("Everything"), {})):
        for name, kind in kinds:
            endpoint = endpoint_of(resource, name)
            if serves(endpoint):
                links.append(
                    ExportLink(what, kind, _href(url_for(endpoint), query), shown=bool(query))
                )
    return tuple(links)


def _search_label(resource: Resource, reader: Reader) -> Any:
    if not any(not masked(resource, one, reader) for one in resource.search):
        return None
    return resource.search_label or _("Search")


def _heads(resource: Resource, opened: Opened, reader: Reader) -> tuple[Head, ...]:
    state = opened.state
    asked = state.query()
    sorted_by = {
        one.column.name: one.descending for one in narrow.orders(resource, state, reader)[:1]
    }
    heads = []
    for column in state.shown(resource):
        descending = sorted_by.get(column.name)
        can_sort = narrow.sortable(resource, column, reader)
        turned = f"-{column.name}" if descending is False else column.name
        heads.append(
            Head(
                column.name,
                column.label,
                "end" if column.kind in _NUMBERS else "start",
                opened.href({**asked, "sort": turned}) if can_sort else None,
                None if descending is None else ("descending" if descending else "ascending"),
            )
        )
    return tuple(heads)


def _body(
    query: ResourceQuery,
    found: Rows,
    reader: Reader,
    columns: tuple[Column, ...],
    *,
    picks: bool,
) -> Markup:
    """The rows, by one prepared function a column: this runs for every cell of every list."""
    href = RecordLinks(query.resource)
    shown = tuple(
        FlatColumn(
            str(column.label),
            "muted" if column.name not in found.index else CELL_KINDS[column.kind],
            column.link,
        )
        for column in columns
    )
    writers: list[tuple[int, Callable[[Any], str]]] = [
        (found.index[column.name], cell_writer(column, reader))
        if column.name in found.index
        else (0, lambda _id: MASK)
        for column in columns
    ]
    rows = [
        (row[0], href(row[0]), *[write(row[at]) for at, write in writers]) for row in found.rows
    ]
    colours = [tones(column) for column in columns]
    icon: Any = current_app.jinja_env.globals["icon"]
    tick = str(icon("check", _("Yes")))
    return draw_rows(shown, rows, colours, tick, linked=bool(href), picks=picks)


def _empty(resource: Resource, create: Button | None) -> EmptyState:
    if resource.empty is None:
        return EmptyState(_("Nothing here yet"), resource.help, action=create, icon=resource.icon)
    return EmptyState(
        resource.empty.title, resource.empty.text, action=create, icon=resource.empty.icon
    )
