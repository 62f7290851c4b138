"""Pages around users that are not made from declarations: a new password, and “why may they?”."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from sqlalchemy import select

from backstay.access.core_permissions import ROLE_VIEW, USER_VIEW
from backstay.access.explain import explain as explained
from backstay.access.roles import permissions_by_plugin, plugin_title
from backstay.access.users import get_user
from backstay.companies.models import Company
from backstay.db.context import authorize
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.resources.formats import date_text
from backstay.resources.urls import resource_url
from backstay.web.blueprint import requires
from backstay.web.page import Cell, Crumb, FilterChoice, Head, Row
from backstay.web.render import page, redirect_to
from backstay.web.request import context, flash_done, session, suite

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.access.explain import Explanation
    from backstay.access.models import Grant, SignIn
    from backstay.access.users import NewPassword

blueprint = Blueprint("user_pages", __name__, url_prefix="/admin/users")


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """A one-time password on its only appearance."""

    title: str
    help: str
    login: str
    name: str
    password: str
    href: str


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Permissions of one module, to choose from."""

    label: str
    choices: tuple[FilterChoice, ...]


@dataclass(frozen=True, slots=True)
class ExplainPage:
    """The question, and the answer once one was asked."""

    title: str
    help: str
    action: str
    back_href: str
    permissions: tuple[ChoiceGroup, ...]
    companies: tuple[FilterChoice, ...]
    verdict: str = ""
    allowed: bool = False
    heads: tuple[Head, ...] = ()
    rows: tuple[Row, ...] = ()


def show_password(_session: Session, made: NewPassword) -> Response:
    """Answer with the password itself: nothing keeps it, so there is no page to go back to."""
    shown = PasswordPage(
        title=_("One-time password for %(name)s", name=made.user.name),
        help=_("The user is asked for a password of their own at the first sign-in."),
        login=made.user.login,
        name=made.user.name,
        password=made.password,
        href=resource_url("core.user", "record", id=made.user.id),
    )
    return page("admin/one_time_password.html", page=shown)


def back_to_user(_session: Session, grant: Grant) -> Response:
    """After a role was taken away: its own page is gone, the user's is not."""
    flash_done(_("The role was taken away."))
    return redirect_to(resource_url("core.user", "record", id=grant.user_id))


def back_to_sessions(_session: Session, _row: SignIn) -> Response:
    """After a browser was signed out."""
    flash_done(_("The browser is signed out."))
    return redirect_to(resource_url("core.session"))


@blueprint.get("/<int:user_id>/explain")
@requires(ROLE_VIEW)
def explain(user_id: int) -> Response:
    """Which grant and role decide whether a user may do something."""
    reading = session()
    authorize(reading, USER_VIEW)
    user = get_user(reading, user_id)
    permission = request.args.get("permission", "")
    code = request.args.get("company", "")
    companies = reading.execute(
        select(Company.id, Company.code, Company.name).order_by(Company.code)
    ).all()
    company_id = next((row.id for row in companies if row.code == code), None)
    if code and company_id is None:
        raise Invalid(_("There is no company “%(code)s”.", code=code), field="company")
    answer = explained(reading, user.id, permission, company_id) if permission else None
    href = resource_url("core.user", "record", id=user.id)
    title = _("Why may %(name)s, or why not?", name=user.name)
    shown = ExplainPage(
        title=title,
        help=_("Choose a permission and a place to see which role decides."),
        action=request.path,
        back_href=href,
        permissions=tuple(
            ChoiceGroup(
                plugin_title(suite(), plugin),
                tuple(FilterChoice(one.name, one.label, one.name == permission) for one in held),
            )
            for plugin, held in permissions_by_plugin(suite()).items()
        ),
        companies=(
            FilterChoice("", _("the pages outside the companies"), not code),
            *(
                FilterChoice(row.code, f"{row.code} {row.name}", row.code == code)
                for row in companies
            ),
        ),
        verdict=answer.text if answer else "",
        allowed=answer.allowed if answer else False,
        heads=(
            Head("role", _("Role")),
            Head("company", _("Given for")),
            Head("until", _("Until")),
            Head("counts", _("Does it count?")),
        ),
        rows=_rows(answer) if answer else (),
    )
    return page(
        "admin/explain.html",
        page=shown,
        crumbs=(
            Crumb(_("Administration")),
            Crumb(_("Users"), resource_url("core.user")),
            Crumb(user.name, href),
            Crumb(_("Explain")),
        ),
    )


def _rows(answer: Explanation) -> tuple[Row, ...]:
    locale = context().locale
    return tuple(
        Row(
            (
                Cell(one.role, "link", resource_url("core.role", "record", id=one.role_id)),
                Cell(one.company or _("All companies")),
                Cell(date_text(one.valid_to, locale) if one.valid_to else _("open"), "date"),
                Cell(one.text, tone="ok" if one.counts else None),
            )
        )
        for one in answer.reasons
    )
