"""What the menu of saved views does: save, change, delete, choose what a list opens with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict

from backstay.errors import Invalid, Malformed, NotFound
from backstay.i18n import gettext as _
from backstay.lists.filters import condition
from backstay.lists.opened import open_list
from backstay.lists.saved_views import (
    ChangeView,
    ChooseDefault,
    DeleteView,
    SaveView,
    change_view,
    choose_default,
    delete_view,
    no_such_view,
    save_view,
    views_of,
)
from backstay.resources.urls import endpoint_of
from backstay.web.render import redirect_to
from backstay.web.request import flash_done, session

if TYPE_CHECKING:
    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader

_LONGEST_QUERY: Final = 4_000
_MOST_FIELDS: Final = 200


def view_answer(resource: Resource, reader: Reader) -> Response:
    """Carry out what a button of the menu asks for, and go back to the list.

    Raises:
        Malformed: there is no such button.
        Invalid, NotFound, Forbidden: as the services.
    """
    what, name = request.form.get("do", ""), resource.name
    if what == "save":
        view = save_view(
            session(),
            SaveView(
                resource=name,
                name=request.form.get("name", ""),
                query=_query(resource, reader),
                shared=bool(request.form.get("shared")),
            ),
        )
        if request.form.get("default"):
            choose_default(session(), ChooseDefault(resource=name, view_id=view.id))
        return _to(
            resource, {"view": str(view.id)}, _("The view “%(name)s” is saved.", name=view.name)
        )
    if what == "clear-default":
        choose_default(session(), ChooseDefault(resource=name, view_id=None))
        return _to(resource, {"view": "all"}, _("The list opens plainly for you."))
    if what == "clear-company-default":
        choose_default(session(), ChooseDefault(resource=name, view_id=None, for_company=True))
        return _to(resource, {"view": "all"}, _("The list opens plainly for all."))
    view_id = _id()
    if what == "change":
        change_view(
            session(), ChangeView(id=view_id, resource=name, query=_query(resource, reader))
        )
        return _to(resource, {"view": str(view_id)}, _("The view is changed."))
    if what == "delete":
        delete_view(session(), DeleteView(id=view_id, resource=name))
        return _to(resource, {}, _("The view is deleted."))
    if what in {"default", "company-default"}:
        everybody = what == "company-default"
        choose_default(
            session(), ChooseDefault(resource=name, view_id=view_id, for_company=everybody)
        )
        said = (
            _("The list opens with this view for all who chose none of their own.")
            if everybody
            else _("The list opens with this view for you.")
        )
        return _to(resource, {"view": str(view_id)}, said)
    raise Malformed(_("The form is not complete. Open the page again; nothing was saved."))


def _to(resource: Resource, asked: dict[str, str], said: str) -> Response:
    flash_done(said)
    base = url_for(endpoint_of(resource, "list"))
    return redirect_to(f"{base}?{urlencode(asked)}" if asked else base)


def _id() -> int:
    text = request.form.get("view", "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - 64 bits
        raise NotFound(no_such_view())
    return int(text)


def _query(resource: Resource, reader: Reader) -> dict[str, str]:
    """What the list showed, checked like an address."""
    text = request.form.get("query", "").removeprefix("?")
    if len(text) > _LONGEST_QUERY:
        raise Invalid(_("There is too much in this list's address to be saved."))
    try:
        asked = MultiDict(parse_qsl(text, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Invalid(_("There is too much in this list's address to be saved.")) from error
    views = views_of(session(), resource.name)
    state = open_list(resource, views, asked, reader, "", by_itself=False).state
    for one, value in state.filters:
        condition(one, value, reader)
    return state.query()
