"""The signed-in user's own pages: profile, password, sessions, look, and the palette's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request
from flask import session as cookie
from sqlalchemy import select

from backstay.access.models import User
from backstay.access.permissions import SIGNED_IN
from backstay.access.profile import (
    ChooseAppearance,
    EditProfile,
    choose_appearance,
    edit_profile,
)
from backstay.access.sessions import end_session, end_sessions, sessions_of
from backstay.access.sign_in import (
    ChangeOwnPassword,
    WrongPassword,
    change_own_password,
    count_password_check,
)
from backstay.audit.capture import Event
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.navigation.palette import company_named, search
from backstay.navigation.records import find_records
from backstay.resources.formats import instant_text
from backstay.resources.forms import CommandForm, Desk, make_form
from backstay.resources.serialize import Reader
from backstay.web.blueprint import requires
from backstay.web.page import Button, Crumb, FormPage, FormProblem, FormSection, Note
from backstay.web.render import page, redirect_to
from backstay.web.request import (
    audit_now,
    context,
    database,
    flash_done,
    runtime,
    session,
    signed_in,
    suite,
)
from backstay.web.security import safe_next
from backstay.web.transaction import outside_transaction, without_form_token

if TYPE_CHECKING:
    from backstay.access.sessions import SignedIn

blueprint = Blueprint("me", __name__, url_prefix="/me")


def _person() -> SignedIn:
    person = signed_in()
    assert person is not None  # noqa: S101 - the guard let nobody else in
    return person


@blueprint.get("/")
@requires(SIGNED_IN)
def profile() -> Response:
    """My particulars, and the ways to my password and sessions."""
    user = session().execute(
        select(User.name, User.email, User.locale, User.time_zone).where(
            User.id == context().actor.user_id
        )
    )
    return _profile_page(make_form(EditProfile, _desk(), initial=user.one()._asdict()))


@blueprint.post("/")
@requires(SIGNED_IN)
def save_profile() -> Response:
    """Save my particulars."""
    form = make_form(EditProfile, _desk(), formdata=request.form)
    if not form.validate():
        return _profile_page(form, form.problems(), 422)
    try:
        edit_profile(session(), form.command())
    except Invalid as error:
        return _profile_page(form, form.refuse(error.problems), 422)
    flash_done(_("Your profile is saved."))
    return redirect_to("/me/")


def _desk() -> Desk:
    """What the forms of these pages need; they pick no records."""
    return Desk(
        session(), Reader.of(context(), suite()), lambda _name: "", lambda _name, _id, _past: None
    )


def _profile_page(
    form: CommandForm, errors: tuple[FormProblem, ...] = (), status: int = 200
) -> Response:
    return page(
        "resources/form.html",
        status=status,
        crumbs=(Crumb(_("My profile")),),
        page=FormPage(
            title=_("My profile"),
            help=_("You are signed in as %(login)s.", login=_person().access.person.login),
            form=form,
            sections=(
                FormSection(_("About me"), ("name", "email")),
                FormSection(_("Language and time"), ("locale", "time_zone")),
            ),
            submit=Button(_("Save"), kind="primary", shortcut="Ctrl+Enter"),
            extra_buttons=(
                Button(_("Change my password"), href="/me/password", icon="key"),
                Button(_("Where I am signed in"), href="/me/sessions", icon="devices"),
                Button(_("My API tokens"), href="/me/tokens/", icon="plug"),
            ),
            cancel_href="/",
            action="/me/",
            errors=errors,
        ),
    )


@blueprint.get("/password")
@requires(SIGNED_IN)
def password() -> Response:
    """The form to change my password."""
    return _password_page(make_form(ChangeOwnPassword, _desk()))


@blueprint.post("/password")
@requires(SIGNED_IN)
@outside_transaction
def change_password() -> Response:
    """Change my password; all my other browsers are signed out.

    Its transactions are its own: a wrong password must leave its traces.
    """
    form = make_form(ChangeOwnPassword, _desk(), formdata=request.form)
    if not form.validate():
        return _password_page(form, form.problems(), 422)
    login = _person().access.person.login
    try:
        count_password_check(database(), context(), login)
        with database().write(context(), suite()) as writing:
            change_own_password(writing, form.command())
    except Invalid as error:
        if isinstance(error, WrongPassword):
            user_id = str(context().actor.user_id)
            audit_now(Event("change_password", "core_user", user_id, login, outcome="failed"))
        return _password_page(form, form.refuse(error.problems), 422)
    flash_done(_("Your password is changed. Other browsers were signed out."))
    return redirect_to("/" if _person().access.person.must_change_password else "/me/")


def _password_page(
    form: CommandForm, errors: tuple[FormProblem, ...] = (), status: int = 200
) -> Response:
    forced = _person().access.person.must_change_password
    note = Note(_("Somebody else knows the present password. Choose one of your own to go on."))
    return page(
        "resources/form.html",
        status=status,
        crumbs=(Crumb(_("My profile"), "/me/"), Crumb(_("Change my password"))),
        page=FormPage(
            title=_("Change my password"),
            form=form,
            sections=(FormSection(_("Password"), ("current", "new", "again")),),
            submit=Button(_("Change password"), kind="primary"),
            cancel_href="/me/",
            action="/me/password",
            errors=errors,
            notes=(note,) if forced else (),
        ),
    )


@blueprint.get("/sessions")
@requires(SIGNED_IN)
def sessions() -> Response:
    """Where I am signed in."""
    person = _person()
    here = context()
    return page(
        "me/sessions.html",
        crumbs=(Crumb(_("My profile"), "/me/"), Crumb(_("Where I am signed in"))),
        title=_("Where I am signed in"),
        sessions=[
            {
                "id": str(row.id),
                "device": row.device,
                "ip": row.ip,
                "since": instant_text(row.created_at, here.time_zone, here.locale),
                "seen": instant_text(row.seen_at, here.time_zone, here.locale),
                "current": row.id == person.id,
            }
            for row in sessions_of(session(), person.access.person.id)
        ],
    )


@blueprint.post("/sessions/<int:session_id>/end")
@requires(SIGNED_IN)
def end_one(session_id: int) -> Response:
    """Sign one of my browsers out."""
    person = _person()
    end_session(session(), person.access.person.id, session_id)
    if session_id == person.id:
        cookie.clear()
        return redirect_to("/sign-in")
    flash_done(_("That browser is signed out."))
    return redirect_to("/me/sessions")


@blueprint.post("/sessions/end-others")
@requires(SIGNED_IN)
def end_others() -> Response:
    """Sign all my other browsers out."""
    person = _person()
    count = end_sessions(session(), person.access.person.id, keep=person.id)
    flash_done(
        ngettext(
            "%(n)s other browser is signed out.", "%(n)s other browsers are signed out.", count
        )
    )
    return redirect_to("/me/sessions")


@blueprint.post("/appearance")
@requires(SIGNED_IN)
@without_form_token
def appearance() -> Response:
    """Choose theme or density; back to the page it was chosen on."""
    choose_appearance(
        session(),
        ChooseAppearance(
            theme=request.values.get("theme", ""), density=request.values.get("density", "")
        ),
    )
    referrer = request.referrer or ""
    origin = request.host_url.rstrip("/")
    came_from = referrer.removeprefix(origin) if referrer.startswith(origin + "/") else "/"
    return redirect_to(safe_next(request.form.get("next"), safe_next(came_from)))


@blueprint.get("/palette")
@requires(SIGNED_IN)
def palette() -> Response:
    """Pages and actions for the command palette, then records."""
    access = _person().access
    company = company_named(access, request.args.get("company"))
    words = request.args.get("q", "")[:200]
    found = search(runtime(), access, company, words)
    found += find_records(runtime(), access, company, words)
    return jsonify([item.as_json() for item in found])
