"""Which events a module follows, and how many of them it is not told of while it is off.

Nobody keeps events for a module that does not run: what it keeps it makes up for from the records
themselves. So an administrator is told what it misses. Jobs of those who follow the same event are
what is counted; where nobody else follows it, the number is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from backstay.clock import now
from backstay.db.ids import first_id_at
from backstay.i18n import gettext as _
from backstay.jobs.models import Job
from backstay.kernel.models import PluginDeclared

if TYPE_CHECKING:
    from sqlalchemy import Connection

LATELY: Final = timedelta(days=7)
"""Jobs that are done are kept longer than this."""


@dataclass(frozen=True, slots=True)
class Followed:
    """An event that a module follows.

    Arguments:
        count: how often it happened, as far as is known; there may have been more.
    """

    event: str
    count: int

    @property
    def text(self) -> str:
        """Its name with the count, as people read it."""
        if not self.count:
            return self.event
        return _("%(event)s (at least %(count)s)", event=self.event, count=f"{self.count:,}")


def events_since(connection: Connection, plugin: str, since: datetime) -> tuple[Followed, ...]:
    """The events that a module follows, as it said when it was last brought up to date."""
    declared = connection.scalar(select(PluginDeclared.jobs).where(PluginDeclared.name == plugin))
    names = sorted({one["event"] for one in declared or () if "event" in one})
    if not names:
        return ()
    counted = connection.execute(
        select(Job.event, func.count(Job.event_id.distinct()))
        .where(Job.id >= first_id_at(since), Job.event.in_(names))
        .group_by(Job.event)
    )
    counts = {row[0]: row[1] for row in counted}
    return tuple(Followed(name, counts.get(name, 0)) for name in names)


def will_miss(connection: Connection, plugin: str) -> tuple[str, ...]:
    """For a plan that switches a module off: what it will not be told of, in words."""
    found = events_since(connection, plugin, now() - LATELY)
    return tuple(
        _(
            "Tell it nothing of the event %(event)s while it is off, nor afterwards (in the last"
            " 7 days: %(count)s)",
            event=one.event,
            count=f"{one.count:,}",
        )
        for one in found
    )


__all__ = ["Followed", "events_since", "will_miss"]
