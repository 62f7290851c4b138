"""Turning a view model into a response: with the frame around it, or as a redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, g, make_response, render_template, request

from backstay.i18n import current_locale
from backstay.web.request import suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.web.page import Crumb, Shell

_RTL = frozenset({"ar", "fa", "he", "ur"})


def page(
    template: str,
    *,
    status: int = 200,
    crumbs: Sequence[Crumb] | None = None,
    **values: Any,
) -> Response:
    """Render a template within the frame.

    Arguments:
        template: one of core's, or ``<plugin>/<file>.html``.
        crumbs: the breadcrumb trail; by default it follows from the URL and the page's title.
        values: what the template needs, mostly ``page=`` one of ``backstay.web.page``.
    """
    return make_response(
        render_template(template, **frame(values.get("page"), crumbs), **values), status
    )


def frame(shown: object = None, crumbs: Sequence[Crumb] | None = None) -> dict[str, Any]:
    """The values that ``base.html`` and ``bare.html`` need around a page."""
    locale = current_locale()
    return {
        "safe_mode": suite().safe_mode,
        "shell": shell(str(getattr(shown, "title", "")), crumbs),
        "lang": locale.replace("_", "-"),
        "dir": "rtl" if locale.partition("_")[0] in _RTL else "ltr",
    }


def shell(title: str = "", crumbs: Sequence[Crumb] | None = None) -> Shell | None:
    """What is around the page for the signed-in user; None when nobody is signed in."""
    from backstay.navigation.menu import shell_of
    from backstay.web.request import runtime

    if g.get("signed_in") is None:
        return None
    return shell_of(runtime(), title=title, crumbs=crumbs)


def fragment(template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a template without the frame, for a part of a page that htmx swaps."""
    return make_response(render_template(template, **values), status)


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page instead of the whole."""
    return request.headers.get("HX-Request-Type") == "partial"


def redirect_to(href: str) -> Response:
    """Go to another page of ours: 303, or for htmx 200 with ``HX-Redirect``.

    htmx would follow a 303 by itself and put the other page into the place of the form.
    """
    if request.headers.get("HX-Request"):
        response = make_response("", 200)
        response.headers["HX-Redirect"] = href
        return response
    response = make_response("", 303)
    response.headers["Location"] = href
    return response
