"""Parts of a page that a module makes: if one fails, the page stands without it.

Its code may fail, and so may its template, or what it gave to one of core's.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import current_app, g
from jinja2 import pass_context
from markupsafe import Markup

from backstay.kernel.failures import FAILURES, is_failure
from backstay.web.page import HomePart

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from backstay.web.page import PanelView

_log = logging.getLogger(__name__)
_INSTEAD = "resources/failed_panel.html"


@pass_context
def drawn_panel(around: Context, panel: PanelView) -> Markup:
    """The template of a panel, which sees what the page around it sees, and ``panel``."""
    try:
        return _drawn(around, panel, panel.template)
    except Exception as error:
        if not is_failure(error):
            raise
        part_failed(panel.plugin, str(panel.title), error)
        return _drawn(around, panel, _INSTEAD)


def _drawn(around: Context, panel: PanelView, name: str) -> Markup:
    template = around.environment.get_template(name)
    context = template.new_context(around.get_all(), shared=True, locals={"panel": panel})
    return Markup("".join(template.root_render_func(context)))  # noqa: S704 - as “include” does


def settled(part: HomePart) -> HomePart:
    """What a module puts on the start page, as plain text: nothing of its code runs after this.

    Raises:
        Exception: whatever its texts raise; an icon has no possible name; it is no HomePart.
    """
    for figure in part.figures:
        if figure.icon:
            draw: Any = current_app.jinja_env.globals["icon"]
            draw(figure.icon)
    return HomePart(
        figures=tuple(_plain(one, "label", "value", "hint", "href") for one in part.figures),
        checklist=tuple(_plain(one, "label", "text", "href") for one in part.checklist),
        notes=tuple(_plain(one, "text", "title") for one in part.notes),
    )


def _plain(value: Any, *names: str) -> Any:
    texts = {name: getattr(value, name) for name in names}
    plain = {name: None if text is None else str(text) for name, text in texts.items()}
    return replace(value, **plain)


def part_failed(plugin: str, part: str, error: Exception) -> None:
    """Log what went wrong in a part of a page, and count it as the module's."""
    request_id = g.get("request_id", "")
    _log.error("request %s: %s: “%s” failed", request_id, plugin, part, exc_info=error)
    FAILURES.failed(plugin, error, part, request_id)


__all__ = ["drawn_panel", "part_failed", "settled"]
