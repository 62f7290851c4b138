"""When jobs run by themselves: what plugins declare, and what an administrator may change of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, Versioned, short
from backstay.db.types import Id
from backstay.errors import ConfigurationError, Invalid
from backstay.jobs.cron import check_cron, next_time

if TYPE_CHECKING:
    from backstay.i18n import Text


class CatchUp(enum.Enum):
    """What becomes of the times at which nobody was there to start the job."""

    NONE = "none"
    """They are gone; the job runs at its next time. For what is of use at that hour only."""
    ONCE = "once"
    """The job runs once for all of them. For what brings something up to date."""
    ALL = "all"
    """The job runs once for each, the latest ones up to a limit. For a report of each day."""


class ScheduleState(enum.Enum):
    """Whether a schedule makes jobs."""

    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Schedule:
    """At which times a job runs by itself, as ``system:schedule`` and outside every company.

    Arguments:
        name: ``<plugin>.<noun>``; an administrator's changes are kept under it.
        job: name of a JobKind of the same plugin; it gets the arguments below and ``planned_at``,
            the planned instant in ISO 8601.
        cron: five fields: minute, hour, day of the month, month, day of the week.
        time_zone: IANA name of the zone whose clock counts.
        catch_up: what becomes of times that were missed.
        limit: the most times that ``CatchUp.ALL`` makes up for at once.
    """

    name: str
    label: Text
    job: str
    cron: str
    time_zone: str = "UTC"
    catch_up: CatchUp = CatchUp.ONCE
    limit: int = 31
    arguments: dict[str, Any] = field(default_factory=dict)

    def next_time(self, after: datetime) -> datetime | None:
        """The first planned instant after another, as it is declared."""
        return next_time(self.cron, self.time_zone, after)


class StoredSchedule(Versioned, Identified, CoreBase):
    """A schedule as it is in force: as its plugin declares it, or as an administrator set it."""

    __tablename__ = "core_schedule"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    name: Mapped[str] = mapped_column(short(80), unique=True)
    label: Mapped[str] = mapped_column(short(200), default="")
    """What its module called it last."""
    job: Mapped[str] = mapped_column(short(80))
    cron: Mapped[str] = mapped_column(short(120))
    time_zone: Mapped[str] = mapped_column(short(64))
    catch_up: Mapped[CatchUp]
    limit: Mapped[int]
    is_own: Mapped[bool] = mapped_column(default=False)
    """Set by an administrator, so that the plugin's own times do not replace it."""
    state: Mapped[ScheduleState] = mapped_column(default=ScheduleState.ACTIVE)
    planned_until: Mapped[datetime]
    """All planned times up to this instant have their jobs, or were passed over."""
    next_at: Mapped[datetime | None]
    last_job_id: Mapped[int | None] = mapped_column(Id)
    """The job of the last planned time that had one."""


def check_schedule(schedule: Schedule, jobs: set[str]) -> None:
    """Refuse a schedule of a job that its plugin does not have, or at times that mean nothing.

    Raises:
        ConfigurationError: names the schedule.
    """
    from backstay.time_zones import checked_time_zone

    try:
        check_cron(schedule.cron)
        checked_time_zone(schedule.time_zone)
    except Invalid as error:
        message = f"the schedule {schedule.name}: {error}"
        raise ConfigurationError(message) from error
    if schedule.job not in jobs:
        message = (
            f"the schedule {schedule.name} is of {schedule.job}, which is no job of its plugin"
        )
        raise ConfigurationError(message)
