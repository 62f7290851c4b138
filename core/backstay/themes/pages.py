"""Choosing a theme, and seeing uploaded tokens before they are in force."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from flask import Blueprint, Response, make_response, render_template, url_for

from backstay.access.core_permissions import THEME_EDIT
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.resources.urls import resource_url
from backstay.themes.models import ThemeTokens
from backstay.themes.packages import Listed
from backstay.themes.services import ChooseTheme, choose_theme, list_themes, sheet_of
from backstay.web.blueprint import requires
from backstay.web.gallery import gallery_context
from backstay.web.page import Button, Cell, Crumb, Head, ReportGroup, ReportPage, Row
from backstay.web.render import frame, page, redirect_to
from backstay.web.request import flash_done, session

blueprint: Final = Blueprint("themes", __name__, url_prefix="/admin/themes")


@blueprint.get("")
@requires(THEME_EDIT)
def overview() -> Response:
    """The installed themes, the one in force, and the way to tokens."""
    current, found = list_themes(session())
    shown = ReportPage(
        title=_("Themes"),
        help=_("How every page looks to everybody. Light or dark is each person's own choice."),
        heads=(
            Head("title", _("Theme")),
            Head("state", _("State")),
            Head("about", _("About")),
            Head("version", _("Version")),
        ),
        groups=(ReportGroup(tuple(_row(one, current) for one in found)),),
        exports=(Button(_("Theme tokens"), resource_url("core.theme_tokens"), "settings"),),
    )
    return page(
        "admin/themes.html",
        page=shown,
        crumbs=(Crumb(_("Administration")), Crumb(_("Themes"))),
        choices=tuple(
            Button(
                _("Use %(theme)s", theme=one.title),
                url_for("themes.choose", name=one.name),
                "check",
                method="post",
                confirm=_("Everybody sees %(theme)s on their next page.", theme=one.title),
            )
            for one in found
            if one.name != current and not one.problem
        ),
    )


@blueprint.post("/<name>/use")
@requires(THEME_EDIT)
def choose(name: str) -> Response:
    """Let everybody see a theme from their next page on."""
    title = choose_theme(session(), ChooseTheme(name=name))
    flash_done(_("%(theme)s is in force.", theme=title))
    return redirect_to(url_for("themes.overview"))


@blueprint.get("/tokens/<int:tokens_id>")
@requires(THEME_EDIT)
def preview(tokens_id: int) -> Response:
    """Every component as it would look with these tokens; nobody else sees it."""
    row = _tokens(tokens_id)
    sheet = sheet_of(session(), row)
    around = frame(
        crumbs=(
            Crumb(_("Theme tokens"), resource_url("core.theme_tokens")),
            Crumb(row.name, resource_url("core.theme_tokens", "record", id=row.id)),
            Crumb(_("Preview")),
        )
    )
    href = url_for("themes.sheet", tokens_id=row.id, digest=_digest(sheet))
    shown = {**around, **gallery_context(), "preview_href": href, "preview_name": row.name}
    return make_response(render_template("admin/theme_preview.html", **shown))


@blueprint.get("/tokens/<int:tokens_id>/<digest>.css")
@requires(THEME_EDIT)
def sheet(tokens_id: int, digest: str) -> Response:
    """The style sheet of a preview, under an address that changes with its content."""
    made = sheet_of(session(), _tokens(tokens_id))
    if digest != _digest(made):
        raise NotFound(_("These tokens make another style sheet now."))
    response = make_response(made)
    response.mimetype = "text/css"
    return response


def _tokens(tokens_id: int) -> ThemeTokens:
    row = session().get(ThemeTokens, tokens_id)
    if row is None:
        raise NotFound(_("There are no such tokens."))
    return row


def _digest(made: str) -> str:
    return sha256(made.encode()).hexdigest()[:16]


def _row(one: Listed, current: str) -> Row:
    state, tone = (
        (_("In force"), "ok")
        if one.name == current
        else (_("Can't be used"), "bad")
        if one.problem
        else (_("Installed"), "neutral")
    )
    return Row(
        (
            Cell(one.title),
            Cell(state, "state", tone=tone),  # type: ignore[arg-type]
            Cell(one.problem or one.description, "prose"),
            Cell(one.version, "code"),
        ),
        id=one.name,
    )
