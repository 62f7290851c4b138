"""Parts of a list's page: the column chooser, the saved views, bulk actions and totals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import url_for

from backstay.access.core_permissions import LIST_VIEW_SHARE
from backstay.db.patience import within
from backstay.i18n import gettext as _
from backstay.lists.counting import MOST_COUNTED
from backstay.lists.opened import ALL
from backstay.lists.query import PAGE, ResourceQuery, Rows
from backstay.resources import formats
from backstay.resources.declare import Kind
from backstay.resources.masking import masked
from backstay.resources.urls import endpoint_of, serves
from backstay.web.page import BulkMenu, Button, Cell, ColumnChoice, ViewLink, ViewMenu

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.lists.filters import ListState
    from backstay.lists.opened import Opened
    from backstay.lists.saved_views import SavedView
    from backstay.resources.declare import Column, Resource
    from backstay.resources.serialize import Reader

SUM_MS: Final = 5_000
"""How long the rows of a long list may be added up, in milliseconds."""


def column_choices(resource: Resource, state: ListState) -> tuple[ColumnChoice, ...]:
    """The chooser: what is shown in its order, then what is not."""
    shown = state.shown(resource)
    rest = [column for column in resource.columns if column not in shown]
    return (
        *(ColumnChoice(one.name, one.label, shown=True) for one in shown),
        *(ColumnChoice(one.name, one.label, shown=False) for one in rest),
    )


def view_menu(resource: Resource, opened: Opened, reader: Reader) -> ViewMenu | None:
    """The saved views of a list, and what may be done with the one that is shown."""
    endpoint = endpoint_of(resource, "views")
    if not serves(endpoint):
        return None
    current = opened.view
    may_share = reader.context.may(LIST_VIEW_SHARE)
    plain = {"view": ALL} if opened.views else {}
    links = [ViewLink(_("All records"), _address(opened.base, plain), current=current is None)]
    links += [
        ViewLink(one.name, _address(opened.base, {"view": str(one.id)}), one == current, _hint(one))
        for one in opened.views
    ]
    return ViewMenu(
        href=url_for(endpoint),
        views=tuple(links),
        query=urlencode(opened.state.query()),
        current=current.name if current else "",
        changed=opened.changed,
        current_id=str(current.id) if current else "",
        may_change=current is not None and (may_share or (current.mine and not current.shared)),
        may_share=may_share,
        is_shared=current is not None and current.shared,
        my_default=current is not None and current.my_default,
        company_default=current is not None and current.company_default,
    )


def _address(base: str, values: dict[str, str]) -> str:
    return f"{base}?{urlencode(values)}" if values else base


def _hint(view: SavedView) -> str:
    words = [
        *((_("shared"),) if view.shared else ()),
        *((_("my start"),) if view.my_default else ()),
        *((_("start for all"),) if view.company_default else ()),
    ]
    return " · ".join(words)


def bulk_menu(resource: Resource, reader: Reader, state: ListState, rows: Rows) -> BulkMenu | None:
    """What the reader may do with many records at once; None when there is nothing."""
    buttons = tuple(
        Button(
            action.operation.label,
            href=url_for(endpoint_of(resource, "bulk", action.name)),
            icon=action.icon,
            kind="danger" if action.danger else "default",
        )
        for action in resource.actions
        if action.bulk is not None and reader.context.may(action.operation.permission)
    )
    if not buttons or not rows.rows:
        return None
    number = formats.number(min(rows.count, MOST_COUNTED), reader.locale)
    number += "+" if rows.more or rows.count > MOST_COUNTED else ""
    return BulkMenu(
        buttons,
        tuple(state.narrowing().items()),
        _("Select all %(count)s that match", count=number) if rows.count > PAGE else "",
    )


def totalled(resource: Resource, state: ListState, reader: Reader) -> tuple[Column, ...]:
    """The shown columns that are added up."""
    return tuple(
        column
        for column in state.shown(resource)
        if column.kind is Kind.MONEY and column.total and not masked(resource, column.value, reader)
    )


def list_totals(
    resource: Resource, state: ListState, reader: Reader, rows: Rows, *, picks: bool
) -> tuple[tuple[Cell, ...] | None, str | None]:
    """The totals row, and where to ask for it when the page does not hold all rows."""
    columns = totalled(resource, state, reader)
    if not columns or not rows.rows:
        return None, None
    if rows.count > MOST_COUNTED:
        return total_cells(resource, state, reader, None, picks=picks), None
    if rows.after or rows.before:
        here = _total_href(resource, state, picks=picks)
        return total_cells(resource, state, reader, {}, picks=picks), here
    sums = {
        column.name: sum((row[rows.index[column.name]] or 0 for row in rows.rows), Decimal(0))
        for column in columns
    }
    return total_cells(resource, state, reader, sums, picks=picks), None


def _total_href(resource: Resource, state: ListState, **more: bool) -> str:
    asked = {**state.query(), **{name: "1" for name, wanted in more.items() if wanted}}
    return f"{url_for(endpoint_of(resource, 'total'))}?{urlencode(asked)}"


def sums_of(
    query: ResourceQuery, session: Session, state: ListState, reader: Reader, *, every: bool = False
) -> dict[str, Any] | None:
    """The sums of all rows; None when there are too many to add up for a page.

    Arguments:
        every: somebody asked for the sums of a long list, and waits for them.

    Raises:
        TookTooLong: they were not there within ``SUM_MS``.
    """
    names = [column.name for column in totalled(query.resource, state, reader)]
    if every:
        with within(session, SUM_MS):
            _, sums = query.totals(session, state, reader, names, most=None)
    else:
        count, sums = query.totals(session, state, reader, names, most=MOST_COUNTED)
        if count > MOST_COUNTED:
            return None
    return {name: sums[name] or Decimal(0) for name in names}


def total_cells(
    resource: Resource,
    state: ListState,
    reader: Reader,
    sums: dict[str, Any] | None,
    *,
    picks: bool,
    gave_up: bool = False,
) -> tuple[Cell, ...]:
    """The totals row; without sums (too many rows) it offers to add them up, or says it gave up."""
    money = formats.money_formatter(reader.locale, reader.minor_units)
    known = sums or {}
    adds = {column.name for column in totalled(resource, state, reader)}
    cells: list[Cell] = [Cell("")] if picks else []
    for place, column in enumerate(state.shown(resource)):
        if column.name in known:
            cells.append(Cell(money(known[column.name]), "money"))
        elif column.name in adds:
            if sums is not None:
                cells.append(Cell("…", "money"))
            elif gave_up:
                cells.append(Cell(_("too many to add up"), "money"))
            else:
                href = _total_href(resource, state, picks=picks, every=True)
                cells.append(Cell(_("Add up all"), "sum", href))
        else:
            cells.append(Cell(_("Total") if place == 0 else ""))
    return tuple(cells)
