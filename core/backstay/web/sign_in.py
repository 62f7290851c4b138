"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, render_template, request
from flask import session as cookie

from backstay.access.permissions import SIGNED_IN
from backstay.access.sessions import end_session
from backstay.access.sign_in import SignInWith, TooManyAttempts, WrongPassword, sign_in
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.web.blueprint import public, requires
from backstay.web.device import device_name
from backstay.web.guard import sign_in_cookie
from backstay.web.page import SignInPage
from backstay.web.render import frame, redirect_to
from backstay.web.request import context, database, session, signed_in, suite
from backstay.web.security import is_loopback, safe_next
from backstay.web.transaction import outside_transaction, without_form_token

if TYPE_CHECKING:
    from backstay.i18n import Text

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def form() -> Response:
    """The sign-in page; somebody who is signed in goes on at once."""
    target = safe_next(request.args.get("next"))
    if signed_in() is not None:
        return redirect_to(target)
    return _page(target)


@blueprint.post("/sign-in")
@public
@outside_transaction
def submit() -> Response:
    """Check login and password, and give the browser a new session."""
    target = safe_next(request.form.get("next"))
    login = request.form.get("login", "")
    try:
        opened = sign_in(
            database(),
            context(),
            SignInWith(
                login=login,
                password=request.form.get("password", ""),
                ip=request.remote_addr or "",
                device=device_name(request.user_agent.string),
            ),
        )
    except TooManyAttempts as error:
        response = _page(target, login=login, problem=error.message, status=error.status)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    except (WrongPassword, Invalid) as error:
        return _page(target, login=login, problem=error.message, status=error.status)
    before = signed_in()
    if before is not None:
        # The browser forgets the token of its former session, so nobody could end that one.
        with database().write(context(), suite()) as writing:
            end_session(writing, before.access.person.id, before.id)
    sign_in_cookie(opened.token)
    return redirect_to("/me/password" if opened.must_change_password else target)


@blueprint.post("/sign-out")
@requires(SIGNED_IN)
@without_form_token
def sign_out() -> Response:
    """End this session, on the server too, and forget what the browser kept of it."""
    person = signed_in()
    if person is not None:
        end_session(session(), person.access.person.id, person.id)
    cookie.clear()
    response = redirect_to("/sign-in")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _page(
    target: str, *, login: str = "", problem: Text | None = None, status: int = 200
) -> Response:
    shown = SignInPage(
        login=login,
        next="" if target == "/" else target,
        problem=problem,
        notice=_cookie_notice(),
    )
    return make_response(render_template("sign_in.html", page=shown, **frame()), status)


def _cookie_notice() -> str | None:
    """Why signing in can't work: browsers drop Secure cookies that come over plain http."""
    if request.is_secure or is_loopback(request.host):
        return None
    return _(
        "This page came without encryption, so the browser will not keep you signed in."
        " Open Backstay under https:// (put a reverse proxy with a certificate in front, such as"
        " Caddy or nginx), or on the server itself under http://127.0.0.1."
    )
