"""The start page: on to the company last worked in, or to administration."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, make_response, render_template

from backstay.access.permissions import SIGNED_IN
from backstay.i18n import gettext as _
from backstay.navigation.menu import LABELS, company_in_focus, open_to
from backstay.navigation.recent import lately
from backstay.web.blueprint import requires
from backstay.web.gallery import gallery_context
from backstay.web.page import Button, Crumb, HomePage, HomePart, Note, Shortcuts
from backstay.web.parts import part_failed, settled
from backstay.web.render import frame, page, redirect_to
from backstay.web.request import context, runtime, session, signed_in, suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.access.sessions import SignedIn
    from backstay.navigation.declare import Page

_log = logging.getLogger(__name__)
blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@requires(SIGNED_IN)
def start() -> Response:
    """Open the company last worked in; for those who work in none, the administration."""
    person = _person()
    company = company_in_focus(runtime().menu, person)
    if company is not None:
        return redirect_to(f"/c/{company.code}/")
    pages = open_to(runtime().menu, person.access, None)
    title = _("Administration") if pages else _("Welcome")
    return _home(pages, title, subtitle=_("Users, companies and modules of this installation"))


@blueprint.get("/c/<company>/")
@requires(SIGNED_IN)
def company() -> Response:
    """The first page of a company: what to do first, where things stand, what happened lately."""
    here = context().company
    pages = open_to(runtime().menu, _person().access, here)
    if here is None:
        return _home(pages, _("Start"))
    notes = (
        (Note(_("This company is archived: its books can be read but not changed."), "warn"),)
        if here.archived
        else ()
    )
    inside = [(p, href) for p, href in pages if href.startswith("/c/")]
    return _home(inside, here.name, subtitle=f"{here.code} · {here.currency}", notes=notes)


@blueprint.get("/gallery")
@requires(SIGNED_IN)
def gallery() -> Response:
    """Every component in every state, for those who write pages and themes."""
    around = frame(crumbs=(Crumb(_("Component gallery")),))
    return make_response(render_template("gallery.html", **{**around, **gallery_context()}))


def _person() -> SignedIn:
    person = signed_in()
    assert person is not None  # noqa: S101 - the guard let nobody else in
    return person


def _home(
    pages: Sequence[tuple[Page, str]],
    title: str,
    *,
    subtitle: str = "",
    notes: tuple[Note, ...] = (),
) -> Response:
    parts = [part for p, _href in pages if (part := _part(p)) is not None]
    checklist = tuple(item for part in parts for item in part.checklist)
    if not pages:
        notes = (*notes, Note(_("You have no role here yet. Ask an administrator for one.")))
    shown = HomePage(
        title=title,
        subtitle=subtitle if pages else "",
        checklist_title=_("First steps"),
        checklist=checklist if any(not item.done for item in checklist) else (),
        figures=tuple(figure for part in parts for figure in part.figures),
        shortcuts=_shortcuts(pages),
        recent_title=_("Lately"),
        recent=lately(session(), suite()) if pages else (),
        notes=(*notes, *(note for part in parts for note in part.notes)),
    )
    return page("home.html", page=shown, crumbs=())


def _shortcuts(pages: Sequence[tuple[Page, str]]) -> tuple[Shortcuts, ...]:
    """What can be done, which the sidebar does not show; without any, the pages themselves.

    By section. One that would be alone under its heading stands under the last, with its like.
    """
    actions = [(p, href) for p, href in pages if p.in_palette_only]
    sections: dict[str, list[Button]] = {}
    for p, href in actions or pages:
        way = Button(p.label, href=href, icon=p.icon)
        sections.setdefault(_section(p), []).append(way)
    alone = [ways[0] for ways in sections.values() if len(ways) == 1]
    found = [Shortcuts(label, tuple(ways)) for label, ways in sections.items() if len(ways) > 1]
    if alone:
        found.append(Shortcuts(_("More") if found else "", tuple(alone)))
    return tuple(found)


def _section(declared: Page) -> str:
    """The heading of a page: its own, its module's name, or its work area in core."""
    if declared.section:
        return str(declared.section)
    module = suite().found.get(declared.endpoint.partition(".")[0])
    return str(LABELS[declared.area] if module is None else module.title)


def _part(declared: Page) -> HomePart | None:
    """What a module puts here; one that fails is left out and said so, the page stands."""
    if declared.home is None:
        return None
    plugin = declared.endpoint.partition(".")[0]
    try:
        made = declared.home(session())
        try:
            return None if made is None else settled(made)
        except Exception as error:
            # Its function was counted as a success already: what it gave was none.
            part_failed(plugin, f"start page: {declared.endpoint}", error)
            raise
    except Exception:  # noqa: BLE001 - whatever a module does wrong, the page stands
        _log.exception("request %s: %s fails on the home page", g.request_id, declared.endpoint)
        failed = _("“%(page)s” could not show its part of this page.", page=declared.label)
        return HomePart(notes=(Note(failed, "warn"),))
