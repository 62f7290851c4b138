"""Blueprints for pages that are not made from a resource, and the marks that open a route.

A route without ``@requires`` or ``@public`` stops the build: forgetting a check can't open a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from flask import Blueprint

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.sansio.blueprints import BlueprintSetupState

    from backstay.access.permissions import Permission

View = TypeVar("View", bound="Callable[..., Any]")
PERMISSION = "__backstay_permission__"
PUBLIC = "__backstay_public__"


def requires(permission: Permission) -> Callable[[View], View]:
    """Open a view to those who hold the permission (in the company of the URL, if it has one)."""

    def mark(view: View) -> View:
        setattr(view, PERMISSION, permission)
        return view

    return mark


def public(view: View) -> View:
    """Open a view to everybody, signed in or not."""
    setattr(view, PUBLIC, True)
    return view


class PluginBlueprint(Blueprint):
    """A blueprint that can't reach beyond its own routes.

    Arguments:
        plugin: the plugin's name; pages lie under ``/c/<company>/<plugin>/``.
        import_name: pass ``__name__``.
        in_company: False for pages outside any company, under ``/<plugin>/``.
    """

    def __init__(
        self, plugin: str, import_name: str, *, in_company: bool = True, name: str = ""
    ) -> None:
        """Place the routes under the plugin's own prefix."""
        prefix = f"/c/<company>/{plugin}" if in_company else f"/{plugin}"
        super().__init__(name or plugin, import_name, url_prefix=prefix)
        self.plugin = plugin
        self._adding_route = False

    def add_url_rule(self, *args: Any, **kwargs: Any) -> None:
        """Add a route; the one thing that a plugin's blueprint notes for its registration."""
        self._adding_route = True
        try:
            super().add_url_rule(*args, **kwargs)
        finally:
            self._adding_route = False

    def record(self, func: Callable[[BlueprintSetupState], None]) -> None:
        """Note what is done at registration: routes only, nothing that gets hold of the app.

        Raises:
            ConfigurationError: it is something else.
        """
        if not self._adding_route:
            self._refuse()
        super().record(func)

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        message = f"plugin {self.plugin} may not install handlers for the whole application"
        raise ConfigurationError(message)

    before_app_request = _refuse
    after_app_request = _refuse
    teardown_app_request = _refuse
    app_context_processor = _refuse
    app_errorhandler = _refuse
    app_template_filter = _refuse
    app_template_global = _refuse
    app_template_test = _refuse
    app_url_value_preprocessor = _refuse
    app_url_defaults = _refuse
    record_once = _refuse
