"""The signed-in user's own pages: profile, password, sessions, look, and the palette's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, Response, jsonify, request
from flask import session as cookie
from sqlalchemy import select
from wtforms import Form, PasswordField, SelectField, StringField, validators

from backstay.access.models import User
from backstay.access.passwords import LONGEST, SHORTEST
from backstay.access.permissions import SIGNED_IN
from backstay.access.profile import (
    LOCALES,
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
from backstay.i18n import lazy, ngettext
from backstay.navigation.palette import company_named, search
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
from backstay.web.transaction import outside_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from backstay.access.sessions import SignedIn

blueprint = Blueprint("me", __name__, url_prefix="/me")


class ProfileForm(Form):  # type: ignore[misc]
    """Name, e-mail, language, time zone."""

    name = StringField(
        lazy("Name"),
        [validators.InputRequired(lazy("Say your name.")), validators.Length(max=200)],
        render_kw={"autocomplete": "name"},
    )
    email = StringField(
        lazy("E-mail"),
        [validators.Length(max=254)],
        description=lazy("Where notices about your work are sent."),
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
    locale = SelectField(lazy("Language"), choices=list(LOCALES.items()))
    time_zone = SelectField(
        lazy("Time zone"), description=lazy("Times on the pages are shown in it.")
    )


class PasswordForm(Form):  # type: ignore[misc]
    """The present password and the new one, twice."""

    current = PasswordField(
        lazy("Present password"),
        [validators.InputRequired(lazy("Type your present password."))],
        render_kw={"autocomplete": "current-password"},
    )
    new = PasswordField(
        lazy("New password"),
        [validators.InputRequired(lazy("Type a new password."))],
        description=lazy(
            "At least 12 characters, of any kind. Three or four words in a row are easy to"
            " remember and hard to guess."
        ),
        render_kw={"autocomplete": "new-password", "minlength": SHORTEST, "maxlength": LONGEST},
    )
    again = PasswordField(
        lazy("New password again"),
        [validators.InputRequired(lazy("Type the new password once more."))],
        render_kw={"autocomplete": "new-password"},
    )


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
    ).one()
    form = _profile_form()
    form.process(data=user._asdict())
    return _profile_page(form)


@blueprint.post("/")
@requires(SIGNED_IN)
def save_profile() -> Response:
    """Save my particulars."""
    form = _profile_form()
    form.process(request.form)
    if not form.validate():
        return _profile_page(form, status=422)
    try:
        edit_profile(
            session(),
            EditProfile(
                name=form.name.data or "",
                email=form.email.data or "",
                locale=form.locale.data or "",
                time_zone=form.time_zone.data or "",
            ),
        )
    except Invalid as error:
        _mark(form, error)
        return _profile_page(form, status=422)
    flash_done(_("Your profile is saved."))
    return redirect_to("/me/")


def _profile_form() -> ProfileForm:
    form = ProfileForm()
    zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
    form.time_zone.choices = [(zone, zone.replace("_", " ")) for zone in zones]
    return form


def _profile_page(form: ProfileForm, *, status: int = 200) -> Response:
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
            ),
            cancel_href="/",
            action="/me/",
            errors=_problems(form),
        ),
    )


@blueprint.get("/password")
@requires(SIGNED_IN)
def password() -> Response:
    """The form to change my password."""
    return _password_page(PasswordForm())


@blueprint.post("/password")
@requires(SIGNED_IN)
@outside_transaction
def change_password() -> Response:
    """Change my password; all my other browsers are signed out."""
    form = PasswordForm(request.form)
    if not form.validate():
        return _password_page(form, status=422)
    command = ChangeOwnPassword(
        current=form.current.data or "", new=form.new.data or "", again=form.again.data or ""
    )
    login = _person().access.person.login
    try:
        count_password_check(database(), context(), login)
        with database().write(context(), suite()) as writing:
            change_own_password(writing, command)
    except Invalid as error:
        if isinstance(error, WrongPassword):
            user_id = str(context().actor.user_id)
            audit_now(Event("change_password", "core_user", user_id, login, outcome="failed"))
        _mark(form, error)
        return _password_page(form, status=422)
    flash_done(_("Your password is changed. Other browsers were signed out."))
    return redirect_to("/" if _person().access.person.must_change_password else "/me/")


def _password_page(form: PasswordForm, *, status: int = 200) -> Response:
    forced = _person().access.person.must_change_password
    note = Note(
        _("You signed in with a password that somebody else knows. Choose one of your own to go on."),
        "info",
    )
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
            errors=_problems(form),
            notes=(note,) if forced else (),
        ),
    )


@blueprint.get("/sessions")
@requires(SIGNED_IN)
def sessions() -> Response:
    """Where I am signed in."""
    person = _person()
    zone = ZoneInfo(person.access.person.time_zone)
    return page(
        "me/sessions.html",
        crumbs=(Crumb(_("My profile"), "/me/"), Crumb(_("Where I am signed in"))),
        title=_("Where I am signed in"),
        sessions=[
            {
                "id": str(row.id),
                "device": row.device,
                "ip": row.ip,
                "since": _instant(row.created_at, zone),
                "seen": _instant(row.seen_at, zone),
                "current": row.id == person.id,
            }
            for row in sessions_of(session(), person.access.person.id)
        ],
    )


def _instant(at: datetime, zone: ZoneInfo) -> str:
    from babel.dates import format_datetime

    return format_datetime(at.astimezone(zone), "medium", locale=context().locale)


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
    """Pages and actions for the command palette."""
    access = _person().access
    company = company_named(access, request.args.get("company"))
    found = search(runtime(), access, company, request.args.get("q", "")[:200])
    return jsonify([item.as_json() for item in found])


def _mark(form: Form, error: Invalid) -> None:
    """Put the service's problems at the fields that they belong to."""
    for problem in error.problems:
        field = form[problem.field] if problem.field in form else next(iter(form))
        field.errors = [*field.errors, str(problem.message)]


def _problems(form: Form) -> tuple[FormProblem, ...]:
    return tuple(
        FormProblem(field.id, field.label.text, message)
        for field in form
        for message in field.errors
    )
