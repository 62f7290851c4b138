"""What an administrator asks about the living processes, and about the modules that were paused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backstay.access.core_permissions import PLUGIN_VIEW
from backstay.clock import now
from backstay.db.context import authorize
from backstay.kernel.heartbeat import STALE
from backstay.kernel.models import Installation, PluginRow
from backstay.kernel.process_models import Pause, Process
from backstay.kernel.state import INSTALLATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Life:
    """The processes that were heard of lately, and the generation that all of them should run."""

    in_force: int
    processes: tuple[Process, ...]

    def behind(self, process: Process) -> bool:
        """Whether a process runs another generation than the one in force."""
        return process.generation != self.in_force

    def restart_needed(self, plugin: str) -> tuple[tuple[Process, str], ...]:
        """The processes that have to start anew for a module's sake, each with the reason."""
        return tuple(
            (one, str(one.restart[plugin])) for one in self.processes if plugin in one.restart
        )


def life(session: Session) -> Life:
    """The living processes, web servers first, the eldest first."""
    authorize(session, PLUGIN_VIEW)
    alive: Sequence[Process] = session.scalars(
        select(Process)
        .where(Process.seen_at >= now() - STALE)
        .order_by(Process.kind.desc(), Process.started_at, Process.id)
    ).all()
    number = session.scalar(select(Installation.generation).where(Installation.id == INSTALLATION))
    return Life(number or 0, tuple(alive))


def pauses(session: Session) -> list[Pause]:
    """The modules that are paused now."""
    authorize(session, PLUGIN_VIEW)
    paused: Any = (
        select(Pause)
        .join(PluginRow, PluginRow.name == Pause.plugin)
        .where(Pause.at >= PluginRow.changed_at)
        .order_by(Pause.plugin)
    )
    return list(session.scalars(paused))


__all__ = ["Life", "life", "pauses"]
