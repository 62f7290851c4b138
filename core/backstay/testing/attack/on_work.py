"""Attacks on what changes records: states that forbid it, faults in its midst, jobs run twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import event, update

from backstay.clock import now
from backstay.errors import BackstayError
from backstay.jobs.execute import execute_job
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue
from backstay.testing.attack.arena import EVERYBODY, Arena, changed
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.making import CannotMake
from backstay.testing.attack.uses import Use, all_uses, fill, uses_of

if TYPE_CHECKING:
    from backstay.resources.declare import Resource

CONFLICT: Final = 409
REFUSED: Final = 400
_MOST_STATEMENTS: Final = 400


class Fault(Exception):
    """What happens at a statement when the machine under it fails."""


# --- states ----------------------------------------------------------------------------------


def states(arena: Arena) -> Iterator[Finding]:
    """What the table of actions does not allow in a state is answered 409, page and service."""
    for resource in arena.ground.resources:
        if not resource.state:
            continue
        for state in arena.maker.states(resource):
            for use in uses_of(resource):
                if use.about_a_record and use.states:
                    yield from _try(arena, resource, state, use)


def _try(arena: Arena, resource: Resource, state: str, use: Use) -> Iterator[Finding]:
    place = f"{use.place} in state “{state}”"
    try:
        with arena.writing() as session:
            key = int(arena.maker.record(session, resource.name, state).id)
    except CannotMake:
        return  # told by the check “samples”
    if state in use.states:
        if use.action is not None and use.action.leads_to:
            yield from _leads(arena, use, place)
        return
    browser = arena.browser()
    path = use.path(arena, key)
    before = arena.digest(derived=True)
    for answered in (browser.get(path), browser.post(path)):
        if answered.status_code != CONFLICT:
            verb = answered.request.method
            yield Finding(f"{verb} {place}", f"answers {answered.status_code} instead of 409")
    if said := _service_does(arena, use, key):
        yield Finding(place, said)
    if tables := changed(before, arena.digest(derived=True)):
        yield Finding(place, f"changed {tables}")


def _service_does(arena: Arena, use: Use, key: int) -> str:
    """What the service itself does with a record in a state that forbids it; empty if it refuses.

    Pages are not the only callers: jobs and the command line reach the service too.
    """
    try:
        with arena.writing() as session:
            record = session.get_one(use.resource.model, key)
            command = arena.maker.command(session, use.resource, use.operation, record)
            use.operation.service(session, command)
            session.flush()
            _take_back()
    except Fault:
        return "the page refuses, but the service carries it out"
    except (BackstayError, CannotMake):
        return ""


def _take_back() -> NoReturn:
    """End a transaction so that nothing of it stays."""
    raise Fault


def _leads(arena: Arena, use: Use, place: str) -> Iterator[Finding]:
    filled = fill(arena, use)
    answered = filled.post(arena, arena.browser())
    if answered.status_code >= REFUSED:
        yield Finding(place, f"is allowed, but answers {answered.status_code}")
        return
    with arena.reading() as session:
        record = session.get(use.resource.model, filled.record_id)
        reached = use.resource.state_of(record) if record is not None else ""
    leads_to = use.action.leads_to if use.action else ""
    if reached != leads_to:
        yield Finding(place, f"leads to “{reached}” instead of “{leads_to}”")


# --- faults ----------------------------------------------------------------------------------


def faults(arena: Arena) -> Iterator[Finding]:
    """A fault at any SQL statement of a change leaves nothing half done."""
    logging.getLogger("backstay.web").setLevel(logging.CRITICAL)
    try:
        for use in all_uses(arena):
            try:
                yield from _break(arena, use)
            except CannotMake:
                continue  # told by the check “samples”
    finally:
        logging.getLogger("backstay.web").setLevel(logging.NOTSET)


def _break(arena: Arena, use: Use) -> Iterator[Finding]:
    filled = fill(arena, use)
    browser = arena.browser()
    before = arena.digest(derived=True)
    for number in range(1, _MOST_STATEMENTS):
        with failing_at(arena, number) as fault:
            answered = filled.post(arena, browser)
        place = f"{use.place}, fault at statement {number}"
        if not fault.happened:
            if answered.status_code >= REFUSED:
                yield Finding(use.place, f"without a fault it answers {answered.status_code}")
            return
        if answered.status_code < REFUSED:
            yield Finding(place, f"is passed over: answers {answered.status_code}", EVERYBODY)
            return
        if tables := changed(before, arena.digest(derived=True)):
            yield Finding(place, f"leaves changes behind in {tables}", EVERYBODY)
            return


_CLEARING: Final = "DELETE FROM core_idempotency WHERE ("
"""Forgetting old proofs (access.idempotency): now and then, after the commit of some request."""


class _Countdown:
    """Counts statements and fails at one of them."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.happened = False

    def __call__(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "PRAGMA", "SET ", "BEGIN", "SAVEPOINT", "RELEASE")):
            return
        if statement.startswith(_CLEARING):
            return
        self.left -= 1
        if self.left == 0:
            self.happened = True
            raise Fault(statement[:80])


@contextmanager
def failing_at(arena: Arena, number: int) -> Iterator[_Countdown]:
    """Let the application's n-th writing statement fail before it reaches the database."""
    fault = _Countdown(number)
    event.listen(arena.database.engine, "before_cursor_execute", fault)
    try:
        yield fault
    finally:
        event.remove(arena.database.engine, "before_cursor_execute", fault)


# --- jobs ------------------------------------------------------------------------------------


def jobs(arena: Arena) -> Iterator[Finding]:
    """Each background job has one effect: run twice, and again after a fault at each statement."""
    for part in arena.suite.parts:
        if part.plugin != arena.ground.plugin:
            continue
        for kind in part.job_kinds:
            try:
                yield from _twice(arena, kind.name)
            except CannotMake as missing:
                yield Finding(kind.name, str(missing))


def _twice(arena: Arena, name: str) -> Iterator[Finding]:
    key = _ask(arena, name)
    rows = arena.rows()
    if error := _run(arena, key):
        yield Finding(name, f"does not run with its sample: {error}")
        return
    grown = _growth(rows, arena.rows())
    yield from _again(arena, name, key, "the second run")
    key = _ask(arena, name)
    rows = arena.rows()
    for number in range(1, _MOST_STATEMENTS):
        with failing_at(arena, number) as fault:
            error = _run(arena, key)
        if not fault.happened:
            break
        if not error:
            yield Finding(f"{name}, fault at statement {number}", "is passed over: it says done")
            return
        _make_ready(arena, key)
    if error:
        yield Finding(name, f"does not run any more after faults: {error}")
        return
    broken = _growth(rows, arena.rows())
    # Fewer are none too few: the first run may have done some of the second one's work.
    if more := {table: count for table, count in broken.items() if count > grown.get(table, 0)}:
        yield Finding(name, f"after faults it makes more rows: {more}, where one run makes {grown}")
    yield from _again(arena, name, key, "the run after faults")


def _again(arena: Arena, name: str, key: int, which: str) -> Iterator[Finding]:
    once = arena.digest(derived=True)
    _make_ready(arena, key)
    error = _run(arena, key)
    if tables := changed(once, arena.digest(derived=True)):
        yield Finding(name, f"{which} changed {tables}")
    if error:
        yield Finding(name, f"{which} fails: {error}")


def _ask(arena: Arena, name: str) -> int:
    with arena.writing() as session:
        return enqueue(session, name, arena.maker.arguments(session, name)).id


def _make_ready(arena: Arena, key: int) -> None:
    """Let a job run again as if it had not, with the cursor and the attempt that it has."""
    ready = {"state": JobState.READY, "run_at": now(), "attempts": 2 * _MOST_STATEMENTS}
    with arena.database.engine.begin() as connection:
        connection.execute(update(Job).where(Job.id == key).values(**ready))


def _growth(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}


def _run(arena: Arena, key: int) -> str:
    """Run a job once; returns why it is not done, or nothing."""
    try:
        execute_job(arena.database, lambda: arena.suite, key)
    except Fault as fault:
        return f"not begun, or its failure not written down: {fault}"
    with arena.reading() as session:
        job = session.get_one(Job, key)
        return "" if job.state is JobState.DONE else f"{job.state.value}: {job.error}"
