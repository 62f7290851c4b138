"""How a paused module is shown: since when, why, and the button that lets it run again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import url_for

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.i18n import current_locale
from backstay.i18n import gettext as _
from backstay.kernel.processes import pauses
from backstay.resources.formats import instant_text
from backstay.web.page import Button, Cell, Head, Note, PanelView, Row
from backstay.web.request import context, suite

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.kernel.process_models import Pause


def pause_of(session: Session, plugin: str) -> Pause | None:
    """The pause of a module; None where it runs again already."""
    return next((one for one in pauses(session) if one.plugin == plugin), None)


def pause_note(one: Pause) -> Note:
    """Since when and why, on the module's own page."""
    text = _(
        "It failed %(count)s times within five minutes (%(process)s). Its pages say that it is"
        " paused, its jobs wait, its data stays as it is. It runs again when somebody resumes it.",
        count=one.failures,
        process=one.process,
    )
    return Note(text, "bad", _("Paused since %(at)s.", at=_when(one.at)))


def resume_button(one: Pause) -> Button:
    """The next step on the module's own page, which comes back to it."""
    return _button(_("Resume"), one, "module")


def pause_panel(one: Pause, *, with_button: bool = False) -> PanelView:
    """The last errors of a paused module.

    Arguments:
        with_button: on a page of many modules, where the panel has the button that resumes it.
    """
    rows = tuple(
        Row(
            (
                Cell(_when(datetime.fromisoformat(str(error["at"]))), "muted"),
                Cell(str(error["error"]), "prose"),
                Cell(str(error["where"]), "code"),
                Cell(str(error["reference"]), "code"),
            )
        )
        for error in one.errors
    )
    title = _title(one.plugin)
    values = {
        "heads": (
            Head("at", _("When")),
            Head("error", _("What it said")),
            Head("where", _("Where")),
            Head("request", _("Request")),
        ),
        "rows": rows,
        "empty": _("Nothing is known about its failures."),
        "links": (_button(_("Resume %(title)s", title=title), one, ""),) if with_button else (),
    }
    if not with_button:
        heading = _("Why it was paused: the last errors")
    else:
        heading = _(
            "“%(title)s” is paused: it failed %(count)s times within five minutes (%(process)s)",
            title=title,
            count=one.failures,
            process=one.process,
        )
    return PanelView(heading, "admin/table_panel.html", values, flush=True)


def _button(label: str, one: Pause, back: str) -> Button:
    return Button(
        label,
        href=url_for("processes.resume", name=one.plugin),
        icon="player-play",
        kind="primary",
        method="post",
        name="back" if back else None,
        value=back or None,
        disabled_reason=None
        if context().may(PLUGIN_MANAGE)
        else _("Your roles do not let you %(what)s.", what=PLUGIN_MANAGE.label),
    )


def _title(name: str) -> str:
    package = suite().found.get(name)
    return package.title if package else name


def _when(at: datetime) -> str:
    return instant_text(at, context().time_zone, current_locale())


__all__ = ["pause_note", "pause_of", "pause_panel", "resume_button"]
