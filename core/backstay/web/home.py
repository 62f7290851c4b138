"""The start page: on to the company last worked in, or to administration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, render_template

from backstay.access.permissions import SIGNED_IN
from backstay.i18n import gettext as _
from backstay.navigation.declare import Area
from backstay.navigation.menu import company_in_focus, open_to
from backstay.web.blueprint import requires
from backstay.web.gallery import gallery_context
from backstay.web.page import Button, ChecklistItem, Crumb, HomePage, Note
from backstay.web.render import frame, page, redirect_to
from backstay.web.request import context, runtime, session, signed_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.access.sessions import SignedIn
    from backstay.navigation.declare import Page

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@requires(SIGNED_IN)
def start() -> Response:
    """Open the company last worked in; without one, say what there is to do."""
    person = _person()
    company = company_in_focus(person)
    pages = open_to(runtime().menu, person.access, company)
    if company is not None and (
        any(p.area is not Area.ADMINISTRATION for p, _href in pages) or not _administration(pages)
    ):
        return redirect_to(f"/c/{company.code}/")
    return _home(pages, _("Start"), subtitle=_("Administration of this installation"))


@blueprint.get("/c/<company>/")
@requires(SIGNED_IN)
def company() -> Response:
    """The first page of a company: what to do first, and where to go."""
    person = _person()
    here = context().company
    pages = open_to(runtime().menu, person.access, here)
    if here is None:
        return _home(pages, _("Start"))
    notes = (
        (Note(_("This company is archived: its books can be read but not changed."), "warn"),)
        if here.archived
        else ()
    )
    return _home(pages, here.name, subtitle=f"{here.code} · {here.currency}", notes=notes)


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


def _administration(pages: Sequence[tuple[Page, str]]) -> bool:
    return any(p.area is Area.ADMINISTRATION for p, _href in pages)


def _home(
    pages: Sequence[tuple[Page, str]],
    title: str,
    *,
    subtitle: str = "",
    notes: tuple[Note, ...] = (),
) -> Response:
    checklist = tuple(
        ChecklistItem(
            label=p.first_step,
            text=p.first_step_help,
            href=href,
            done=p.step_done is not None and p.step_done(session()),
        )
        for p, href in pages
        if p.first_step
    )
    shown = HomePage(
        title=title,
        subtitle=subtitle,
        checklist_title=_("First steps"),
        checklist=checklist if any(not item.done for item in checklist) else (),
        shortcuts=tuple(
            Button(p.label, href=href, icon=p.icon) for p, href in pages if not p.first_step
        ),
        notes=notes
        or (
            ()
            if pages
            else (Note(_("You have no role here yet. Ask an administrator for one."), "info"),)
        ),
    )
    return page("home.html", page=shown, crumbs=())
