"""Building the web application: a pure function of the loaded plugins and a database.

What is not declared does not start: a route without ``@requires`` or ``@public``, or with a
permission that nobody declared, stops the build.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Flask, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from backstay.access.callers import Callers
from backstay.access.grants import read_only_names
from backstay.access.permissions import Permission
from backstay.access.tokens import pepper_from
from backstay.api.guard import EXTENSION as CALLERS
from backstay.db.acting import CORE, acting_as
from backstay.errors import ConfigurationError
from backstay.i18n import gettext, ngettext
from backstay.kernel.failures import FAILURES
from backstay.navigation.menu import menu_of
from backstay.themes.in_force import tokens_in_force
from backstay.web import (
    compression,
    errors,
    guard,
    home,
    jinja,
    me,
    off,
    security,
    sign_in,
    static_files,
    token_pages,
)
from backstay.web.blueprint import PERMISSION, PUBLIC
from backstay.web.guard import STATIC
from backstay.web.problems import is_api
from backstay.web.request import EXTENSION, Runtime, Settings, context, suite
from backstay.web.rules import LateRule
from backstay.web.transaction import SAFE, carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask import Request
    from flask.typing import ResponseReturnValue
    from werkzeug.routing import Rule

    from backstay.db.database import Database
    from backstay.home import Home
    from backstay.kernel.suite import Suite

COOKIE: Final = "__Host-backstay"
_LARGEST_FORM: Final = 64 * 1024 * 1024
_LARGEST_FIELD: Final = 4 * 1024 * 1024
_SERVER_ERROR: Final = 500
_HERE: Final = Path(__file__).parent


class PluginRefused(ConfigurationError):
    """A plugin's routes can't be registered; the application is built again without it."""

    def __init__(self, plugin: str, message: str) -> None:
        """Name the plugin and the reason."""
        super().__init__(f"{plugin}: {message}")
        self.plugin = plugin
        self.reason = message


class PageCookies(SecureCookieSessionInterface):
    """Cookies for pages only: a static file that varied by cookie would be fetched too often."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Begin an empty one where the request has no cookie to be checked."""
        if not request.headers.get("Cookie"):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Leave static files and the API alone."""
        if request.endpoint != STATIC and not is_api():
            super().save_session(app, session, response)


class Application(Flask):
    """Flask, with each unsafe request carried out in one transaction."""

    session_interface = PageCookies()
    jinja_environment = jinja.Pages
    url_rule_class = LateRule

    def __init__(self, *args: Any, **options: Any) -> None:
        """Begin with the routes of nobody."""
        super().__init__(*args, **options)
        self.plugins: dict[str, str] = {}
        """Endpoint -> the plugin whose page it is; core's own are not in it."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Views are plain functions; each call would ask whether this one is."""
        return func

    def full_dispatch_request(self) -> Response:
        """Answer in the name of the plugin whose page it is, so that it writes its tables only."""
        plugin = self.plugins.get(str(request.endpoint), CORE)
        with acting_as(plugin):
            response = super().full_dispatch_request()
        if plugin != CORE and response.status_code < _SERVER_ERROR:
            FAILURES.succeeded(plugin)
        return response

    def dispatch_request(self) -> ResponseReturnValue:
        """Answer, in a transaction when the request changes something."""
        found = request.routing_exception
        signed_in = g.get("signed_in")
        if found is not None or request.method in SAFE or signed_in is None:
            return super().dispatch_request()
        view = self.view_functions[str(request.endpoint)]
        answer = super().dispatch_request
        return carry_out(lambda: self.make_response(answer()), view, signed_in.access.person.id)


def build(
    suite: Suite,
    database: Database,
    *,
    secret_key: str,
    theme: str = "harbor",
    settings: Settings | None = None,
    home_folder: Home | None = None,
) -> Flask:
    """Build the application of one generation. Reads, never writes.

    Raises:
        PluginRefused: a plugin's pages break the rules; build again without it.
        ConfigurationError: core or the installation is wrong.
    """
    settings = settings or Settings()
    app = Application("backstay", static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=secret_key,
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FIELD,
        TRUSTED_HOSTS=list(settings.hosts) or None,
    )
    _templates(app, suite)
    errors.install(app)
    guard.begin(app)
    csrf = CSRFProtect(app)

    @app.before_request
    def forged() -> None:
        # The API takes no cookies, so there is nothing to forge; it is asked for a token instead.
        if request.endpoint and not is_api():
            csrf.protect()

    guard.install(app, database)
    _register(app, suite)
    assets = static_files.collect(suite, theme, _HERE / "static", tokens_in_force(database))
    reading = read_only_names(suite.permissions.values())
    app.extensions[CALLERS] = Callers(database, pepper=pepper_from(secret_key), reading=reading)
    app.extensions[EXTENSION] = Runtime(
        suite=suite,
        database=database,
        settings=settings,
        assets=assets,
        menu=menu_of(app, suite),
        home=home_folder,
        reading=reading,
    )
    jinja.install(app.jinja_env, sprite_url=lambda: assets.url(static_files.THEME_ICONS))
    app.jinja_env.globals["asset"] = assets.url

    @app.after_request
    def headers(response: Response) -> Response:
        return security.secure(compression.compress(response), hsts=settings.hsts)

    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    return app


def _templates(app: Flask, suite: Suite) -> None:
    """Core's templates by their path, each plugin's under its own name only."""
    app.jinja_options = {"undefined": StrictUndefined}
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(_HERE / "templates"),
            PrefixLoader(
                {
                    name: FileSystemLoader(suite.found[name].root / "templates" / name)
                    for name in suite.running
                }
            ),
        ]
    )
    app.jinja_env.bytecode_cache = jinja.COMPILED
    app.jinja_env.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        csp_nonce=security.csp_nonce,
        idempotency_token=guard.idempotency_token,
        can=_can,
    )


def _can(permission: Permission | str) -> bool:
    """Whether the user of this page holds a permission; a misspelt name is an error."""
    if isinstance(permission, str):
        declared = suite().permissions.get(permission)
        if declared is None:
            message = f"no plugin declares the permission {permission}"
            raise ConfigurationError(message)
        permission = declared
    return context().may(permission)


def _register(app: Application, suite: Suite) -> None:
    for blueprint in (
        static_files.blueprint,
        sign_in.blueprint,
        home.blueprint,
        me.blueprint,
        token_pages.blueprint,
        token_pages.service_blueprint,
    ):
        app.register_blueprint(blueprint)
    for plugin, blueprint in (*_bespoke(suite), *_resources(suite), *_api(suite)):
        before = len(app.view_functions)
        with _blamed_on(plugin):
            app.register_blueprint(blueprint)
        if plugin != CORE:
            app.plugins.update(dict.fromkeys(islice(app.view_functions, before, None), plugin))
    for rule in app.url_map.iter_rules():
        with _blamed_on(app.plugins.get(rule.endpoint, CORE)):
            _check(app, suite, rule)
    off.register(app, suite)


@contextmanager
def _blamed_on(plugin: str) -> Iterator[None]:
    """What goes wrong in here is the plugin's: the application is built again without it."""
    try:
        yield
    except Exception as error:
        if plugin == CORE:
            raise
        raise PluginRefused(plugin, str(error)) from error


def _bespoke(suite: Suite) -> Iterable[tuple[str, Blueprint]]:
    for part in suite.parts:
        for blueprint in part.blueprints:
            yield part.plugin, blueprint


def _resources(suite: Suite) -> Iterable[tuple[str, Blueprint]]:
    if find_spec("backstay.resources.routes") is None:
        return
    routes: Any = importlib.import_module("backstay.resources.routes")
    for blueprint in routes.blueprints(suite):
        yield getattr(blueprint, "plugin", "core"), blueprint


def _api(suite: Suite) -> Iterable[tuple[str, Blueprint]]:
    # Late, as above: these modules ask the web application for the request that they answer.
    from backstay.api.modules import blueprint as modules
    from backstay.api.reference import BLUEPRINTS
    from backstay.api.routes import blueprints

    for page in (*BLUEPRINTS, modules):
        yield "core", page

    for blueprint in blueprints(suite):
        yield getattr(blueprint, "plugin", "core"), blueprint


def _check(app: Flask, suite: Suite, rule: Rule) -> None:
    """Refuse a route that nobody decided about.

    Raises:
        ConfigurationError: names the route and what it lacks.
    """
    view = app.view_functions[rule.endpoint]
    permission = getattr(view, PERMISSION, None)
    if getattr(view, PUBLIC, False):
        if permission is not None:
            message = f"{rule.rule} ({rule.endpoint}) is marked both public and not"
            raise ConfigurationError(message)
        return
    if permission is None:
        message = f"{rule.rule} ({rule.endpoint}) has neither @requires nor @public"
        raise ConfigurationError(message)
    if suite.permissions.get(permission.name) != permission:
        message = (
            f"{rule.rule} ({rule.endpoint}) requires {permission.name},"
            " which no running plugin declares"
        )
        raise ConfigurationError(message)
