"""Pages of API tokens: one's own under “My profile”, and making one for a service account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request, url_for

from backstay.access.core_permissions import SERVICE_ACCOUNT_EDIT
from backstay.access.permissions import SIGNED_IN
from backstay.access.tokens import (
    CreateServiceToken,
    CreateToken,
    NewToken,
    RevokeToken,
    create_service_token,
    create_token,
    pepper_from,
    revoke_token,
    tokens_of,
)
from backstay.access.users import get_user
from backstay.errors import Conflict, Invalid
from backstay.i18n import gettext as _
from backstay.resources.formats import instant_text
from backstay.resources.forms import CommandForm, Desk, make_form
from backstay.resources.serialize import Reader
from backstay.resources.urls import resource_url
from backstay.web.blueprint import requires
from backstay.web.page import Button, Crumb, FormPage, FormProblem, FormSection
from backstay.web.render import page, redirect_to
from backstay.web.request import context, flash_done, session, suite

if TYPE_CHECKING:
    from collections.abc import Mapping

blueprint = Blueprint("me_tokens", __name__, url_prefix="/me/tokens")
service_blueprint = Blueprint("service_tokens", __name__, url_prefix="/admin/service-accounts")


@blueprint.get("/")
@requires(SIGNED_IN)
def overview() -> Response:
    """My tokens."""
    title = _("My API tokens")
    return page(
        "me/tokens.html",
        crumbs=(Crumb(_("My profile"), "/me/"), Crumb(title)),
        title=title,
        reference="/api/v1/",
        tokens=[_shown(row) for row in tokens_of(session(), context().actor.user_id)],
    )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    here = context()
    states = {"active": _("valid"), "expired": _("expired"), "revoked": _("revoked")}
    reach = [
        ", ".join(row["companies"]) or _("all your companies"),
        _("%(n)s permissions", n=len(row["permissions"]))
        if row["permissions"]
        else _("whatever you may"),
        ", ".join(row["networks"]) or _("from anywhere"),
    ]
    used = row["last_used_at"]
    return {
        "id": row["id"],
        "name": row["name"],
        "prefix": row["prefix"],
        "state": states[row["state"]],
        "tone": "ok" if row["state"] == "active" else "neutral",
        "active": row["state"] == "active",
        "reach": " · ".join(reach),
        "until": instant_text(row["expires_at"], here.time_zone, here.locale),
        "used": instant_text(used, here.time_zone, here.locale) if used else _("never"),
    }


@blueprint.get("/new")
@requires(SIGNED_IN)
def new() -> Response:
    """The form for a new token."""
    return _form_page(make_form(CreateToken, _desk()))


@blueprint.post("/new")
@requires(SIGNED_IN)
def create() -> Response:
    """Make a token and show it, once."""
    form = make_form(CreateToken, _desk(), formdata=request.form)
    if not form.validate():
        return _form_page(form, form.problems(), 422)
    try:
        made = create_token(session(), form.command(), pepper=_pepper())
    except (Invalid, Conflict) as error:
        return _form_page(form, form.refuse(error.problems), error.status)
    return _once(made, "/me/tokens/")


@blueprint.post("/<int:token_id>/revoke")
@requires(SIGNED_IN)
def revoke(token_id: int) -> Response:
    """Take one of my tokens back."""
    revoke_token(session(), RevokeToken(id=token_id))
    flash_done(_("The token is revoked."))
    return redirect_to("/me/tokens/")


@service_blueprint.get("/<int:user_id>/token")
@requires(SERVICE_ACCOUNT_EDIT)
def new_for_service(user_id: int) -> Response:
    """The form for a token of a service account."""
    return _service_page(user_id, make_form(CreateServiceToken, _desk()))


@service_blueprint.post("/<int:user_id>/token")
@requires(SERVICE_ACCOUNT_EDIT)
def create_for_service(user_id: int) -> Response:
    """Make a token of a service account and show it, once."""
    form = make_form(CreateServiceToken, _desk(), formdata=request.form)
    if not form.validate():
        return _service_page(user_id, form, form.problems(), 422)
    try:
        made = create_service_token(session(), user_id, form.command(), pepper=_pepper())
    except (Invalid, Conflict) as error:
        return _service_page(user_id, form, form.refuse(error.problems), error.status)
    return _once(made, resource_url("core.service_account", "record", id=user_id))


def _pepper() -> bytes:
    return pepper_from(str(current_app.secret_key))


def _once(made: NewToken, back: str) -> Response:
    here = context()
    return page(
        "me/new_token.html",
        title=_("Token %(name)s", name=made.token.name),
        token=made.secret,
        until=instant_text(made.token.expires_at, here.time_zone, here.locale),
        back=back,
    )


def _desk() -> Desk:
    """What the forms of these pages need; they pick no records."""
    return Desk(
        session(), Reader.of(context(), suite()), lambda _name: "", lambda _name, _id, _past: None
    )


def _form_page(
    form: CommandForm, errors: tuple[FormProblem, ...] = (), status: int = 200
) -> Response:
    return page(
        "resources/form.html",
        status=status,
        crumbs=(
            Crumb(_("My profile"), "/me/"),
            Crumb(_("My API tokens"), "/me/tokens/"),
            Crumb(_("New token")),
        ),
        page=FormPage(
            title=_("New API token"),
            help=_("It is shown once, on the next page."),
            form=form,
            sections=(
                FormSection(_("Token"), ("name", "days")),
                FormSection(_("Reach"), ("companies", "permissions", "networks")),
            ),
            submit=Button(_("Make the token"), icon="key", kind="primary"),
            cancel_href="/me/tokens/",
            action="/me/tokens/new",
            errors=errors,
        ),
    )


def _service_page(
    user_id: int, form: CommandForm, errors: tuple[FormProblem, ...] = (), status: int = 200
) -> Response:
    account = get_user(session(), user_id)
    return page(
        "resources/form.html",
        status=status,
        page=FormPage(
            title=_("New token of %(name)s", name=account.name),
            help=_("It may do what the account's roles permit, and is shown once."),
            form=form,
            sections=(FormSection(_("Token"), ("name", "days", "networks")),),
            submit=Button(_("Make the token"), icon="key", kind="primary"),
            cancel_href=resource_url("core.service_account", "record", id=user_id),
            action=url_for("service_tokens.create_for_service", user_id=user_id),
            errors=errors,
        ),
    )
