"""A plugin of one table and a few jobs, with which every fault of a runner can be played."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.clock import now
from backstay.db.base import ANNOTATIONS, Audit, Identified, Model, Scope, plugin_metadata, short
from backstay.db.context import Context, operator_context
from backstay.jobs.declare import JobKind, JobRun
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.queue import enqueue
from backstay.kernel.load import load
from backstay.kernel.suite import Part, Suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.database import Database

OPERATOR = operator_context("cli:test")


class ProbeBase(Model, DeclarativeBase):
    metadata = plugin_metadata("probe")
    type_annotation_map = ANNOTATIONS


class Effect(Identified, ProbeBase):
    __tablename__ = "probe_effect"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    note: Mapped[str] = mapped_column(short(80))


@dataclass
class Probe:
    """A database with the probe plugin, and what its jobs do in this test."""

    database: Database
    doing: dict[str, Callable[[JobRun], None]] = field(default_factory=dict)
    queues: dict[str, JobQueue] = field(default_factory=dict)

    @property
    def suite(self) -> Suite:
        kinds = tuple(
            JobKind(f"probe.{name}", name, run, queue=self.queues.get(name, JobQueue.DEFAULT))
            for name, run in self.doing.items()
        )
        return Suite(
            generation=1,
            enabled=frozenset(),
            found={},
            parts=(*load(()).parts, Part(plugin="probe", base=ProbeBase, jobs=kinds)),
            failed={},
        )

    def ask(self, name: str, context: Context = OPERATOR, **arguments: Any) -> int:
        with self.database.write(context, self.suite) as session:
            return enqueue(session, f"probe.{name}", arguments).id

    def job(self, job_id: int) -> Job:
        with self.database.read(OPERATOR) as session:
            return session.get_one(Job, job_id)

    def effects(self) -> list[str]:
        with self.database.read(OPERATOR) as session:
            return list(session.scalars(select(Effect.note).order_by(Effect.id)))

    def change(self, job_id: int, **values: Any) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(update(Job).where(Job.id == job_id).values(**values))

    def expire(self, job_id: int) -> None:
        """As if the runner had not been heard of for long."""
        self.change(job_id, lease_until=now() - timedelta(seconds=1))

    def hurry(self, job_id: int) -> None:
        """Skip the wait between two attempts."""
        assert self.job(job_id).state is JobState.READY
        self.change(job_id, run_at=now() - timedelta(seconds=1))


def write_effect(run: JobRun) -> None:
    run.session.add(Effect(note=str(run.arguments.get("note", "done"))))


@pytest.fixture
def probe(database: Database) -> Probe:
    with database.engine.begin() as connection:
        ProbeBase.metadata.create_all(connection)
    return Probe(database, {"effect": write_effect})


@pytest.fixture
def effect() -> type[Effect]:
    return Effect
