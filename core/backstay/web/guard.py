"""Before each view: who is it, in which company, may they. After it: everything is closed.

A view can't forget a check, because none of them checks: the mark on its route decides here.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, g, request, url_for
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from backstay.access.models import SignIn
from backstay.access.permissions import SIGNED_IN, Permission
from backstay.access.sessions import SignedIn, session_by_token
from backstay.clock import now
from backstay.db.context import Actor, Context, operator_context
from backstay.db.engine import briefly
from backstay.i18n import gettext as _
from backstay.i18n import use_locale
from backstay.web.blueprint import PERMISSION, PUBLIC
from backstay.web.errors import Denied, OutOfScope
from backstay.web.problems import is_api
from backstay.web.proxied import kept, this_request
from backstay.web.render import redirect_to
from backstay.web.request import runtime
from backstay.web.transaction import OUTSIDE, SAFE, Unit

if TYPE_CHECKING:
    from flask import Response

    from backstay.db.database import Database

SEEN_EVERY_SECONDS: Final = 60
_TOUCH_WAIT_MS: Final = 200
STATIC: Final = "static_files.send"
_SYSTEM: Final = operator_context("system:web")
_WITHOUT_NEW_PASSWORD: Final = frozenset({"me.password", "me.change_password", "sign_in.sign_out"})


class CookieUser(UserMixin):  # type: ignore[misc]
    """What flask-login keeps: the token of the session row, and whom it belongs to."""

    def __init__(self, token: str, signed_in: SignedIn) -> None:
        """Hold both."""
        self.token = token
        self.signed_in = signed_in

    def get_id(self) -> str:
        """The token; the cookie holds nothing else about the user."""
        return self.token


def begin(app: Flask) -> None:
    """What comes even before the CSRF check: an id for the log and an anonymous context."""

    @app.before_request
    def identify() -> None:
        # The objects behind the proxies: each look through one costs as much as what it finds.
        known, asked = kept(), this_request()
        known.request_id = secrets.token_hex(8)
        known.signed_in = None
        use_locale("en")
        if asked.endpoint != STATIC:
            parts = runtime()
            known.suite = parts.suite
            known.database = parts.database
            known.context = _anonymous(known.request_id, asked.remote_addr or "")
            view = app.view_functions.get(asked.endpoint or "")
            # A view that waits for another process must not keep that one from writing.
            write = asked.method not in SAFE and not hasattr(view, OUTSIDE)
            known.unit = Unit(parts.database, parts.suite, known.context, write=write)


def install(app: Flask, database: Database) -> None:
    """Register the checks, in the order in which they run."""
    _sign_in_cookies(app, database)
    _company_of_the_url(app)

    # Late: the API's guard needs the errors of the web application.
    from backstay.api.guard import enter

    @app.before_request
    def check() -> Response | None:
        if request.endpoint == STATIC:
            return None
        if is_api():
            enter()
            return None
        return _check(app)

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        unit: Unit | None = g.pop("unit", None)
        if unit is not None:
            unit.close()
        in_use: SignedIn | None = g.pop("in_use", None)
        if in_use is not None:
            # Not before, as a second connection is taken for it beside the one of the view.
            _touch(in_use)


def _sign_in_cookies(app: Flask, database: Database) -> None:
    logins = LoginManager(app)
    logins.session_protection = None

    @logins.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> CookieUser | None:
        reading = runtime().reading
        unit: Unit | None = g.get("unit")
        if unit is None:  # a static file that is not there: nobody has to be known for that
            return None
        if unit.write:
            # The writing session must not begin before it is clear who may write.
            with database.look(_SYSTEM) as session:
                found = session_by_token(session, token, reading=reading)
        else:
            unit.become(_SYSTEM)
            found = session_by_token(unit.session(), token, reading=reading)
            unit.become(g.context)
        return CookieUser(token, found) if found else None


def _company_of_the_url(app: Flask) -> None:
    """Take the company out of the arguments of views, and put it into the URLs that they make."""

    @cache
    def in_company(endpoint: str) -> bool:
        try:
            return app.url_map.is_endpoint_expecting(endpoint, "company")
        except KeyError:  # unknown: url_for says so better
            return False

    @app.url_value_preprocessor
    def take(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.company_code = values.pop("company", None) if values is not None else None

    @app.url_defaults
    def give(endpoint: str, values: dict[str, Any]) -> None:
        if "company" in values or not in_company(endpoint):
            return
        context: Context | None = g.get("context")
        if context is not None and context.company is not None:
            values["company"] = context.company.code


def _anonymous(request_id: str, ip: str) -> Context:
    return Context(Actor("anonymous"), company_ids=frozenset(), request_id=request_id, ip=ip)


def _check(app: Flask) -> Response | None:
    user: Any = current_user
    if user.is_authenticated:
        g.signed_in = user.signed_in
        use_locale(user.signed_in.access.person.locale)
        _enter(user.signed_in)
    view = app.view_functions.get(str(request.endpoint))
    if view is None or getattr(view, PUBLIC, False):
        return None
    permission: Permission = getattr(view, PERMISSION)
    g.required_permission = permission
    if g.signed_in is None:
        target = request.full_path.rstrip("?") if request.method in SAFE else None
        return redirect_to(url_for("sign_in.form", next=target if target != "/" else None))
    if g.company_code is not None and g.context.company is None:
        raise OutOfScope(_("There is no company of this name that is open to you."))
    if (
        g.signed_in.access.person.must_change_password
        and request.endpoint not in _WITHOUT_NEW_PASSWORD
    ):
        return redirect_to(url_for("me.password"))
    if not g.context.may(permission):
        raise Denied(_refusal(permission), permission.name)
    g.in_use = g.signed_in
    return None


def _enter(signed_in: SignedIn) -> None:
    """Exchange the anonymous context for the person's, in the company of the URL."""
    company = signed_in.access.company(g.company_code) if g.get("company_code") else None
    g.context = signed_in.access.context(
        company,
        session_id=signed_in.id,
        request_id=g.request_id,
        ip=request.remote_addr or "",
    )
    if g.get("company_code") and company is None:
        # Named a company that is not open: no row of any company is, and no function.
        g.context = replace(g.context, permissions=frozenset(), company_ids=frozenset())
    g.unit.become(g.context)


def _refusal(permission: Permission) -> str:
    company = g.context.company
    if permission.name == SIGNED_IN.name:
        return _("This page is not open to you.")
    if company is not None and company.archived:
        return _("This company is archived: its books can be read but not changed.")
    if company is not None:
        return _(
            "Your roles in %(company)s do not let you %(what)s.",
            company=company.name,
            what=permission.label,
        )
    return _("Your roles do not let you %(what)s.", what=permission.label)


def _touch(signed_in: SignedIn) -> None:
    """Note that the session is in use (once a minute) and which company it works in.

    It does not wait for a long writer: the next request notes it again.
    """
    company = g.context.company.code if g.context.company else signed_in.company_code
    at = now()
    recent = (at - signed_in.seen_at).total_seconds() < SEEN_EVERY_SECONDS
    if recent and company == signed_in.company_code:
        return
    with (
        suppress(OperationalError),
        briefly(runtime().database.engine, _TOUCH_WAIT_MS) as connection,
    ):
        connection.execute(
            update(SignIn).where(SignIn.id == signed_in.id).values(seen_at=at, company_code=company)
        )


def idempotency_token() -> str:
    """The token of the forms on this page; the same for all of them is harmless."""
    return secrets.token_urlsafe(18)


def sign_in_cookie(token: str) -> None:
    """Start the browser's part of a session with nothing left of what was there before."""
    cookie.clear()
    cookie["_user_id"] = token
    cookie["_fresh"] = True


__all__ = ["begin", "idempotency_token", "install", "sign_in_cookie"]
