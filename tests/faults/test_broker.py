"""F04, F05: the broker is away or forgets everything; no request fails and no job is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis

from backstay.jobs.models import JobState
from backstay.jobs.rq.bell import listen, ring_after_commits
from backstay.jobs.rq.doorbell import queues
from backstay.kernel.stopping import Stop
from tests.e2e.servers import Client, web_process
from tests.faults.installation import (
    PASSWORD,
    RECOVERED_SECONDS,
    Installation,
    until,
)

pytestmark = [pytest.mark.needs("postgresql", "valkey"), pytest.mark.xdist_group("faults")]


def test_f04_a_request_succeeds_while_the_broker_is_down_and_its_job_runs_later(
    installation: Installation, tmp_path: Path
) -> None:
    with web_process(installation.env, tmp_path / "web.log") as web:
        clerk = Client(web.port)
        clerk.sign_in("clerk", PASSWORD)
        worker = installation.start_worker("worker")
        installation.ask(1)
        until(lambda: installation.done() == 1, RECOVERED_SECONDS, "a job before")
        installation.broker.kill()
        for _time in range(3):
            assert clerk.submit("/me/password", {}, to="/probe/ask").status == 303
        assert installation.states()[JobState.READY] == 3
        installation.broker.start()
        until(lambda: installation.done() == 4, RECOVERED_SECONDS, "the jobs after")
        assert worker.poll() is None, "the worker waited for its broker"
    assert installation.effects()["by a request"] == 3


def test_f05_a_broker_that_forgets_everything_loses_no_job(installation: Installation) -> None:
    broker = Redis.from_url(installation.broker.url)
    notes = installation.ask(150, seconds=0.02)
    installation.start_worker("one")
    installation.start_worker("two")
    for done in (10, 60, 100):
        until(lambda wanted=done: installation.done() >= wanted, RECOVERED_SECONDS, "some jobs")
        broker.flushall()
    until(lambda: installation.done() == 150, RECOVERED_SECONDS, "all jobs")
    assert installation.effects() == dict.fromkeys(notes, 1)


def test_a_broker_that_is_killed_and_comes_back_empty_loses_no_job(
    installation: Installation,
) -> None:
    notes = installation.ask(60, seconds=0.02)
    installation.start_worker("one")
    installation.start_worker("two")
    until(lambda: installation.done() >= 10, RECOVERED_SECONDS, "some jobs")
    installation.broker.kill()
    installation.broker.start()
    until(lambda: installation.done() == 60, RECOVERED_SECONDS, "all jobs")
    assert installation.effects() == dict.fromkeys(notes, 1)


def test_a_commit_rings_and_a_rollback_does_not(installation: Installation) -> None:
    ring_after_commits(installation.database, installation.broker.url)
    broker = Redis.from_url(installation.broker.url)
    installation.ask(2)
    assert listen(broker, 1)
    assert not listen(broker, 0.05), "many jobs ring once"
    with pytest.raises(ZeroDivisionError):
        installation.ask_and_fail()
    assert not listen(broker, 0.05)
    installation.ask_for_later()
    assert not listen(broker, 0.05)


def test_a_commit_does_not_fail_without_a_broker(installation: Installation) -> None:
    installation.broker.kill()
    ring_after_commits(installation.database, installation.broker.url)
    installation.ask(1)
    installation.ask(1)
    assert installation.states() == {JobState.READY: 2}


def test_no_more_doorbells_wait_than_are_needed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backstay.jobs.rq import relay as relay_module

    monkeypatch.setattr(relay_module, "MOST_WAITING", 20)
    broker = Redis.from_url(installation.broker.url)
    installation.ask(50)
    relay = relay_module.Relay(installation.database, broker, lambda: installation.suite)
    assert relay.round() == 20
    assert relay.round() == 0
    (_interactive, default, _bulk) = queues(broker)
    assert default.count == 20
    first = set(default.get_job_ids())
    default.empty()
    assert relay.round() == 20
    assert not first & set(default.get_job_ids()), "workers have time to claim what they took"
    monkeypatch.setattr(relay_module, "_AGAIN_SECONDS", 0)
    default.empty()
    assert relay.round() == 20
    assert set(default.get_job_ids()) == first, "what was lost is rung for again"


def test_schedules_that_can_not_be_looked_at_do_not_keep_the_bell_from_ringing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backstay.jobs.rq import relay as relay_module

    def broken(_scheduler: object, _suite: object) -> int:
        raise KeyError("America/Nowhere")

    monkeypatch.setattr("backstay.jobs.scheduler.Scheduler.tick", broken)
    broker = Redis.from_url(installation.broker.url)
    installation.ask(3)
    (_interactive, default, _bulk) = queues(broker)
    relay_module.relay_forever(
        installation.database,
        broker,
        lambda: installation.suite,
        Stop(),
        lambda: default.count < 3,
    )
    assert default.count == 3
