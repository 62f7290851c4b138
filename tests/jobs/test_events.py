"""Events: what happened and the jobs of those who follow it are one commit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from sqlalchemy import select

from backstay.db.context import Context, context_of, operator_context
from backstay.errors import ConfigurationError
from backstay.jobs.declare import JobRun
from backstay.jobs.events import DomainEvent, Subscription, check_event, emit, restored, stored
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job, JobState
from backstay.kernel.suite import Part, Suite

if TYPE_CHECKING:
    from backstay.db.context import CompanyRef


@dataclass(frozen=True, slots=True)
class CratesPacked:
    """Crates were packed."""

    name: ClassVar[str] = "probe.crates_packed"
    version: ClassVar[int] = 1

    crate_ids: tuple[int, ...]
    on: date
    weight: Decimal = Decimal("1.50")


PACKED = CratesPacked((7, 2**60), date(2026, 3, 1), Decimal("2.25"))


def suite_with(probe: Any, *subscriptions: Subscription[Any], emits: bool = True) -> Suite:
    events: tuple[type[DomainEvent], ...] = (CratesPacked,) if emits else ()
    *others, last = probe.suite.parts
    more = Part(plugin="follower", events=(), subscriptions=subscriptions)
    return replace(
        probe.suite, parts=(*others, replace(last, events=events), more), jobs={}, subscribers={}
    )


def subscription(name: str, seen: list[Any]) -> Subscription[CratesPacked]:
    def run(run: JobRun, event: CratesPacked) -> None:
        seen.append((name, event, context_of(run.session)))

    return Subscription(CratesPacked, f"follower.{name}", name, run)


def emitted(probe: Any, suite: Suite, context: Context | None = None) -> int:
    with probe.database.write(context or operator_context("cli:test"), suite) as session:
        return emit(session, PACKED)


def jobs(probe: Any) -> list[Job]:
    with probe.database.read(operator_context("cli:test")) as session:
        return list(session.scalars(select(Job).order_by(Job.kind)))


def test_each_subscriber_gets_a_job_of_its_own(probe: Any, alpha: CompanyRef) -> None:
    seen: list[Any] = []
    suite = suite_with(probe, subscription("weigh", seen), subscription("ship", seen))
    clerk = operator_context("clerk", company=alpha)
    assert emitted(probe, suite, clerk) == 2
    made = jobs(probe)
    assert [job.kind for job in made] == ["follower.ship", "follower.weigh"]
    assert len({job.event_id for job in made}) == 1
    assert {job.event for job in made} == {"probe.crates_packed"}
    while execute_next(probe.database, lambda: suite):
        pass
    assert {name for name, _event, _context in seen} == {"weigh", "ship"}
    assert all(event == PACKED for _name, event, _context in seen)
    context = seen[0][2]
    assert (context.actor.label, context.company) == ("system:follower", alpha)
    assert context.request_id == clerk.request_id


def test_where_nobody_listens_nothing_is_written(probe: Any) -> None:
    suite = suite_with(probe)
    assert emitted(probe, suite) == 0
    assert jobs(probe) == []


def test_an_event_of_a_command_that_fails_did_not_happen(probe: Any) -> None:
    suite = suite_with(probe, subscription("weigh", []))

    def fail_after() -> None:
        with probe.database.write(operator_context("cli:test"), suite) as session:
            emit(session, PACKED)
            session.info["never"] = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_after()
    assert jobs(probe) == []


def test_one_subscriber_that_fails_does_not_hold_up_the_other(probe: Any) -> None:
    seen: list[Any] = []

    def fail(run: JobRun, event: CratesPacked) -> None:
        raise RuntimeError("no scales")

    suite = suite_with(
        probe, Subscription(CratesPacked, "follower.a", "a", fail), subscription("b", seen)
    )
    emitted(probe, suite)
    while execute_next(probe.database, lambda: suite):
        pass
    assert len(seen) == 1
    assert [job.state for job in jobs(probe)] == [JobState.READY, JobState.DONE]


def test_jobs_of_a_subscriber_that_is_switched_off_wait_and_get_no_more(probe: Any) -> None:
    seen: list[Any] = []
    on, off = suite_with(probe, subscription("weigh", seen)), suite_with(probe)
    emitted(probe, on)
    emitted(probe, off)
    assert not execute_next(probe.database, lambda: off)
    while execute_next(probe.database, lambda: on):
        pass
    assert len(seen) == 1


def test_an_event_that_nobody_declares_is_refused(probe: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"probe\.crates_packed"):
        emitted(probe, suite_with(probe, emits=False))


def test_an_event_of_an_older_version_is_read_with_defaults() -> None:
    older = {"version": 1, "values": {"crate_ids": [1], "on": "2026-03-01"}}
    assert restored(CratesPacked, older) == CratesPacked((1,), date(2026, 3, 1))
    newer = {"version": 9, "values": {**stored(PACKED)["values"], "colour": "red"}}
    assert restored(CratesPacked, newer) == PACKED


@dataclass
class NotFrozen:
    name: ClassVar[str] = "probe.x"
    version: ClassVar[int] = 1


@dataclass(frozen=True)
class OfAnother:
    name: ClassVar[str] = "other.x"
    version: ClassVar[int] = 1


@dataclass(frozen=True)
class Unstorable:
    name: ClassVar[str] = "probe.x"
    version: ClassVar[int] = 1

    session: dict[str, int]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (NotFrozen, "must be a frozen dataclass"),
        (OfAnother, r"begins with probe\."),
        (Unstorable, "the field session"),
    ],
)
def test_a_class_that_is_no_event_is_refused(event: type[Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_event("probe", event)
