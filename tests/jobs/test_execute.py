"""One job, one effect: whatever happens to the runner between the claim and the commit."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from backstay.access.models import User, UserState
from backstay.access.permissions import SIGNED_IN
from backstay.clock import now
from backstay.db.context import Actor, Context, authorize, context_of, operator_context
from backstay.db.database import Database
from backstay.errors import ConfigurationError, Invalid
from backstay.jobs.execute import execute_job, execute_next, wait_after
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.queue import enqueue, withdraw

if TYPE_CHECKING:
    from backstay.db.context import CompanyRef
    from backstay.jobs.declare import JobRun


def test_a_job_is_run_once(probe: Any) -> None:
    job_id = probe.ask("effect", note="a")
    assert execute_next(probe.database, lambda: probe.suite)
    assert not execute_next(probe.database, lambda: probe.suite)
    job = probe.job(job_id)
    assert (job.state, job.attempt, job.error) == (JobState.DONE, 1, "")
    assert job.finished_at is not None
    assert probe.effects() == ["a"]


def ask_and_fail(probe: Any) -> None:
    with probe.database.write(operator_context("cli:test"), probe.suite) as session:
        enqueue(session, "probe.effect", {})
        session.info["never"] = 1 / 0


def test_a_job_exists_only_when_the_command_that_asked_for_it_is_committed(probe: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        ask_and_fail(probe)
    assert not execute_next(probe.database, lambda: probe.suite)


def test_a_job_that_nobody_declares_is_refused(probe: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"probe\.nothing"):
        probe.ask("nothing")


def test_jobs_run_in_the_order_in_which_they_are_due(probe: Any) -> None:
    for note in "abc":
        probe.ask("effect", note=note)
    while execute_next(probe.database, lambda: probe.suite):
        pass
    assert probe.effects() == ["a", "b", "c"]


def test_a_failed_attempt_leaves_no_effect_and_is_tried_again_later(
    probe: Any, effect: Any
) -> None:
    calls = []

    def fail_once(run: JobRun) -> None:
        run.session.add(effect(note="half"))
        run.session.flush()
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the disk is full")

    probe.doing["flaky"] = fail_once
    job_id = probe.ask("flaky")
    execute_next(probe.database, lambda: probe.suite)
    job = probe.job(job_id)
    assert (job.state, job.error) == (JobState.READY, "RuntimeError: the disk is full")
    assert job.run_at > now()
    assert probe.effects() == []
    assert not execute_next(probe.database, lambda: probe.suite)
    probe.hurry(job_id)
    assert execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.DONE
    assert probe.effects() == ["half"]


def test_a_job_is_dead_after_its_last_attempt(probe: Any) -> None:
    def fail(run: JobRun) -> None:
        raise RuntimeError("never")

    probe.doing["hopeless"] = fail
    job_id = probe.ask("hopeless")
    for attempt in (1, 2, 3):
        assert execute_next(probe.database, lambda: probe.suite)
        assert probe.job(job_id).attempt == attempt
        if attempt < 3:
            probe.hurry(job_id)
    job = probe.job(job_id)
    assert (job.state, job.error) == (JobState.DEAD, "RuntimeError: never")
    assert not execute_next(probe.database, lambda: probe.suite)


def test_the_wait_between_attempts_grows_to_a_limit() -> None:
    waits = [wait_after(attempt) for attempt in range(1, 9)]
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=10)


def test_a_refusal_is_not_tried_again(probe: Any) -> None:
    def refuse(run: JobRun) -> None:
        raise Invalid("The period is closed.", field="date")

    probe.doing["refused"] = refuse
    job_id = probe.ask("refused")
    execute_next(probe.database, lambda: probe.suite)
    job = probe.job(job_id)
    assert (job.state, job.attempt) == (JobState.DEAD, 1)
    assert job.error == "date: The period is closed."


def test_a_runner_that_vanished_in_its_last_attempt_leaves_a_dead_job(probe: Any) -> None:
    job_id = probe.ask("effect")
    probe.change(job_id, state=JobState.RUNNING, attempt=3)
    probe.expire(job_id)
    assert not execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.DEAD
    assert "ended in the middle" in probe.job(job_id).error


def test_a_run_that_outlives_its_lease_has_no_effect(probe: Any, effect: Any) -> None:
    """The other runner takes the job over and ends first; the slow one must not add to it."""
    runs = []

    def slow(run: JobRun) -> None:
        runs.append(1)
        if len(runs) == 1:
            probe.expire(job_id)
            other = Database(probe.database.url)
            assert execute_next(other, lambda: probe.suite)
            other.dispose()
        run.session.add(effect(note=f"run {len(runs)}"))

    probe.doing["slow"] = slow
    job_id = probe.ask("slow")
    assert execute_next(probe.database, lambda: probe.suite)
    assert len(runs) == 2
    assert len(probe.effects()) == 1
    job = probe.job(job_id)
    assert (job.state, job.attempt) == (JobState.DONE, 2)


def test_a_late_failure_does_not_undo_the_run_that_took_over(probe: Any, effect: Any) -> None:
    runs = []

    def slow(run: JobRun) -> None:
        runs.append(1)
        if len(runs) == 1:
            probe.expire(job_id)
            execute_next(probe.database, lambda: probe.suite)
            raise RuntimeError("too late")
        run.session.add(effect(note="kept"))

    probe.doing["slow"] = slow
    job_id = probe.ask("slow")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.DONE
    assert probe.effects() == ["kept"]


def test_a_step_of_a_run_that_lost_its_lease_is_not_kept(probe: Any, effect: Any) -> None:
    runs = []

    def in_steps(run: JobRun) -> None:
        runs.append(1)
        first = len(runs) == 1
        if first:
            with run.transaction() as session:
                session.add(effect(note="first step"))
            probe.expire(job_id)
            execute_next(probe.database, lambda: probe.suite)
        with run.transaction() as session:
            session.add(effect(note="second step"))

    probe.doing["steps"] = in_steps
    job_id = probe.ask("steps")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.effects() == ["first step", "second step"]
    assert probe.job(job_id).state is JobState.DONE


def test_progress_is_seen_by_others_while_the_job_runs(probe: Any) -> None:
    seen = []

    def tells(run: JobRun) -> None:
        run.progress(1, 3, "Reading")
        job = probe.job(job_id)
        seen.append((job.progress_done, job.progress_total, job.progress_text, job.state))

    probe.doing["tells"] = tells
    job_id = probe.ask("tells")
    execute_next(probe.database, lambda: probe.suite)
    assert seen == [(1, 3, "Reading", JobState.RUNNING)]


def test_progress_told_too_late_does_not_stop_the_job(probe: Any, effect: Any) -> None:
    def tells_late(run: JobRun) -> None:
        run.session.add(effect(note="written"))
        run.session.flush()
        run.progress(1, 1, "too late on SQLite")

    probe.doing["late"] = tells_late
    job_id = probe.ask("late")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.DONE
    assert probe.effects() == ["written"]


def test_jobs_of_a_plugin_that_is_switched_off_wait(probe: Any) -> None:
    job_id = probe.ask("effect")
    running = probe.suite
    probe.doing.clear()
    assert not execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).attempt == 0
    assert execute_next(probe.database, lambda: running)
    assert probe.job(job_id).state is JobState.DONE


def make_user(probe: Any) -> int:
    with probe.database.write(operator_context("cli:test"), probe.suite) as session:
        user = User(login="clerk", name="Clerk", password_hash="-", created_at=now())
        session.add(user)
        session.flush()
        return int(user.id)


def test_a_job_acts_as_the_person_who_asked_with_their_present_permissions(probe: Any) -> None:
    user_id = make_user(probe)
    seen: list[Context] = []

    def acts(run: JobRun) -> None:
        authorize(run.session, SIGNED_IN)
        seen.append(context_of(run.session))

    probe.doing["acts"] = acts
    asked = Context(
        Actor("clerk", user_id), frozenset({SIGNED_IN.name, "x.y.z"}), request_id="r1", locale="de"
    )
    job_id = probe.ask("acts", asked)
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.DONE
    assert seen[0].actor == Actor("clerk", user_id)
    assert seen[0].permissions == {SIGNED_IN.name}
    assert (seen[0].request_id, seen[0].locale) == ("r1", "de")


def test_a_disabled_users_job_is_refused(probe: Any) -> None:
    user_id = make_user(probe)
    job_id = probe.ask("effect", Context(Actor("clerk", user_id)))
    with probe.database.write(operator_context("cli:test"), probe.suite) as session:
        session.get_one(User, user_id).state = UserState.DISABLED
    execute_next(probe.database, lambda: probe.suite)
    job = probe.job(job_id)
    assert job.state is JobState.DEAD
    assert "clerk" in job.error
    assert probe.effects() == []


def test_a_job_in_a_company_sees_no_other_company(
    probe: Any, alpha: CompanyRef, beta: CompanyRef
) -> None:
    seen = []
    probe.doing["where"] = lambda run: seen.append(context_of(run.session))
    probe.ask("where", operator_context("cli:test", company=beta))
    execute_next(probe.database, lambda: probe.suite)
    assert seen[0].company == beta
    assert seen[0].company_ids == {beta.id}


def test_no_job_is_left_behind_without_an_answer(probe: Any) -> None:
    for _ in range(3):
        probe.ask("effect")
    while execute_next(probe.database, lambda: probe.suite):
        pass
    with probe.database.read(operator_context("cli:test")) as session:
        left = session.scalar(
            select(func.count()).select_from(Job).where(Job.state != JobState.DONE)
        )
    assert left == 0


def test_a_job_that_only_reads_so_far_holds_no_transaction_of_its_own(
    probe: Any, effect: Any
) -> None:
    seen: list[object] = []

    def read_for_long(run: JobRun) -> None:
        with probe.database.engine.connect() as connection:
            idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            ours = f"{idle} AND datname = current_database()"
            seen.append(run.session.in_transaction())
            if not probe.database.is_sqlite:
                seen.append(connection.exec_driver_sql(ours).scalar())
        run.session.add(effect(note="late"))

    probe.doing["slow"] = read_for_long
    probe.ask("slow", note="late")
    assert execute_next(probe.database, lambda: probe.suite)
    assert not any(seen), seen
    assert probe.effects() == ["late"]


def test_a_job_that_is_cancelled_stops_at_its_next_sign_of_progress(
    probe: Any, effect: Any
) -> None:
    steps: list[int] = []

    def in_steps(run: JobRun) -> None:
        for step in range(5):
            run.progress(step, 5, "")
            steps.append(step)
            if step == 1:
                with probe.database.write(operator_context("cli:test"), probe.suite) as session:
                    assert withdraw(session, job_id) is JobState.RUNNING
                    assert withdraw(session, job_id) is None
        run.session.add(effect(note="late"))

    probe.doing["steps"] = in_steps
    job_id = probe.ask("steps", note="never")
    assert execute_next(probe.database, lambda: probe.suite)
    assert steps == [0, 1]
    assert probe.job(job_id).state is JobState.CANCELLED
    assert probe.effects() == []


def test_a_process_that_is_told_of_a_job_runs_that_one(probe: Any) -> None:
    first, second = probe.ask("effect", note="first"), probe.ask("effect", note="second")
    assert execute_job(probe.database, lambda: probe.suite, second)
    assert probe.effects() == ["second"]
    assert probe.job(second).runner.endswith(f":{os.getpid()}")
    assert not execute_job(probe.database, lambda: probe.suite, second), "it is done"
    assert probe.job(first).state is JobState.READY


def test_a_job_that_is_told_of_too_soon_or_twice_is_not_run(probe: Any) -> None:
    later = probe.ask("effect")
    probe.change(later, run_at=now() + timedelta(minutes=1))
    assert not execute_job(probe.database, lambda: probe.suite, later)
    taken = probe.ask("effect")
    running = {"state": JobState.RUNNING, "attempt": 1}
    probe.change(taken, lease_until=now() + timedelta(minutes=1), **running)
    assert not execute_job(probe.database, lambda: probe.suite, taken)
    probe.expire(taken)
    assert execute_job(probe.database, lambda: probe.suite, taken)
    assert probe.job(taken).attempt == 2
    assert probe.effects() == ["done"]
    assert not execute_job(probe.database, lambda: probe.suite, 1), "there is no such job"


def test_the_more_urgent_class_runs_first(probe: Any) -> None:
    order = (JobQueue.BULK, JobQueue.DEFAULT, JobQueue.INTERACTIVE)
    for queue in order:
        probe.queues[f"in_{queue.value}"] = queue
        probe.doing[f"in_{queue.value}"] = probe.doing["effect"]
        probe.ask(f"in_{queue.value}", note=queue.value)
    only = (JobQueue.INTERACTIVE,)
    assert execute_next(probe.database, lambda: probe.suite, queues=only)
    assert not execute_next(probe.database, lambda: probe.suite, queues=only)
    while execute_next(probe.database, lambda: probe.suite):
        pass
    assert probe.effects() == ["interactive", "default", "bulk"]
