"""The pages of plugins that are installed but not running: they say so, instead of vanishing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from backstay.access.permissions import SIGNED_IN
from backstay.i18n import gettext as _
from backstay.kernel.models import PluginRow, PluginState
from backstay.navigation.menu import ADMINISTRATORS
from backstay.web.blueprint import requires
from backstay.web.errors import error_response
from backstay.web.page import Button
from backstay.web.request import session, signed_in, suite
from backstay.web.transaction import without_form_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.kernel.suite import Suite

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def register(app: Flask, suite: Suite) -> None:
    """Catch the addresses of every plugin that is known but does not run."""
    known = {*suite.found, *(name for name in suite.failed if ":" not in name)}
    for name in sorted(known - set(suite.running)):
        for prefix, kind in ((f"/c/<company>/{name}", "company"), (f"/{name}", "outside")):
            for ending, last in (("/", "root"), ("/<path:rest>", "path")):
                app.add_url_rule(
                    prefix + ending,
                    endpoint=f"off.{name}.{kind}.{last}",
                    view_func=_page(name),
                    methods=_METHODS,
                )


def _page(name: str) -> Callable[..., Response]:
    @requires(SIGNED_IN)
    @without_form_token
    def off(rest: str = "") -> Response:
        del rest
        found = suite().found.get(name)
        title = found.title if found else name
        person = signed_in()
        manages = person is not None and ADMINISTRATORS in person.access.everywhere
        reason = suite().failed.get(name, "")
        modules = (
            Button(_("See why, and resume it"), href="/admin/processes", kind="primary")
            if name in suite().paused
            else Button(_("Open Modules"), href="/admin/modules", kind="primary"),
        )
        if name in suite().paused:
            message = _("“%(title)s” failed too often and is paused.", title=title)
        elif reason:
            message = _("“%(title)s” could not be started.", title=title)
        elif suite().safe_mode:
            message = _("“%(title)s” rests: Backstay runs in safe mode.", title=title)
        elif failed := _failed(name):
            message = _("“%(title)s” does not run, because its last change failed.", title=title)
            reason = failed
        else:
            message = _("“%(title)s” is switched off.", title=title)
        if reason and manages:
            message += " " + _("The reason: %(reason)s.", reason=reason.rstrip("."))
        return error_response(
            404,
            message,
            title=_("This module is not running"),
            advice=_("Its data is kept and comes back with it.")
            if manages
            else _advice(name, reason),
            actions=(*modules[: int(manages)], Button(_("Go to the start page"), href="/")),
        )

    return off


def _failed(name: str) -> str:
    """Why the last step with a plugin failed; empty for one that is off because it was wanted."""
    row = session().get(PluginRow, name)
    if row is None or row.state is not PluginState.FAILED:
        return ""
    return row.message or _("it is not known")


def _advice(name: str, reason: str) -> str:
    if name in suite().paused:
        return _("Its data is kept. An administrator sees why, and can resume it.")
    if reason:
        return _("Its data is kept. An administrator sees why under Modules.")
    return _("Its data is kept. An administrator can switch it on.")
