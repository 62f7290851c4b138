"""Pausing a plugin that fails again and again, and resuming it: for all processes at once.

A paused plugin is left out of the next generation like one that failed to load: its pages say so,
its jobs wait, what needs it does not run. Nothing resumes it but a person, so nothing flaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.acting import CORE, acting_as
from backstay.db.context import authorize, operator_context
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.kernel.models import PluginRow, PluginState
from backstay.kernel.process_models import Pause
from backstay.kernel.state import next_generation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from backstay.db.database import Database
    from backstay.kernel.failures import TooMany

_SYSTEM = operator_context("system:heartbeat", reason="it failed again and again")


def pause(database: Database, too_many: TooMany, *, process: str) -> bool:
    """Pause a plugin in a transaction of its own; False when it is paused or off already.

    Arguments:
        process: which one counted, for the administrator.
    """
    plugin = too_many.plugin
    with acting_as(CORE), database.write(_SYSTEM) as session:
        # One process after another: the row is the lock.
        row = session.get(PluginRow, plugin, with_for_update=True)
        if row is None or row.state is not PluginState.ENABLED:
            return False
        old = session.get(Pause, plugin)
        if old is not None and old.at >= row.changed_at:
            return False
        values = {
            "at": now(),
            "process": process[:200],
            "failures": too_many.failures,
            "errors": [one.as_dict() for one in too_many.last],
        }
        if old is None:
            session.add(Pause(plugin=plugin, **values))
        else:
            for name, value in values.items():
                setattr(old, name, value)
        last = too_many.last[-1].error if too_many.last else ""
        _note(session, "pause", plugin, {"failures": too_many.failures, "error": last})
        next_generation(session)
    return True


def resume_plugin(session: Session, plugin: str) -> None:
    """Let a paused plugin run again; every process follows at its next request.

    Raises:
        NotFound: it is not paused.
    """
    authorize(session, PLUGIN_MANAGE)
    row = session.get(Pause, plugin)
    if row is None:
        raise NotFound(_("“%(name)s” is not paused.", name=plugin), field="name")
    session.delete(row)
    _note(session, "resume", plugin, None)
    next_generation(session)


def _note(session: Session, action: str, plugin: str, after: Mapping[str, object] | None) -> None:
    record_event(
        session,
        Event(action, "core_plugin", plugin, plugin, after=dict(after) if after else None),
    )


__all__ = ["pause", "resume_plugin"]
