"""What goes wrong in a plugin is counted in memory, and reported once when it becomes too much."""

from __future__ import annotations

import os

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from backstay.errors import ConfigurationError, NotFound
from backstay.jobs.lease import LeaseLost
from backstay.kernel.failures import FAILURES, LIMIT, Failures, counted, is_failure


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock) -> Failures:
    return Failures(clock)


def fail(failures: Failures, times: int, plugin: str = "rogue") -> None:
    for number in range(times):
        failures.failed(plugin, ValueError(f"no {number}"), "GET /rogue", f"req-{number}")


def test_one_failure_less_than_the_limit_is_no_report(failures: Failures) -> None:
    fail(failures, LIMIT - 1)
    assert failures.take_due() == []


def test_the_limit_is_reported_once_with_the_last_failures(failures: Failures) -> None:
    called: list[bool] = []
    failures.when_due = lambda: called.append(True)
    fail(failures, LIMIT)
    (report,) = failures.take_due()
    assert (report.plugin, report.failures) == ("rogue", LIMIT)
    assert [one.reference for one in report.last] == [f"req-{n}" for n in range(15, 20)]
    assert report.last[-1].error == "ValueError: no 19"
    assert called == [True]
    assert failures.take_due() == []


def test_failures_that_lie_five_minutes_back_do_not_count(failures: Failures, clock: Clock) -> None:
    fail(failures, LIMIT - 1)
    clock.now += 301
    fail(failures, LIMIT - 1)
    assert failures.take_due() == []


def test_one_broken_page_does_not_take_a_plugin_away_that_otherwise_works(
    failures: Failures,
) -> None:
    failures.failed("rogue", ValueError("once"), "GET /rogue")
    for _request in range(LIMIT * 2):
        failures.succeeded("rogue")
    fail(failures, LIMIT * 2 - 1)
    assert failures.take_due() == []
    fail(failures, 1)
    assert len(failures.take_due()) == 1


def test_each_plugin_is_counted_by_itself(failures: Failures) -> None:
    fail(failures, LIMIT - 1, "apple")
    fail(failures, LIMIT - 1, "pear")
    assert failures.take_due() == []


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ValueError("bug"), True),
        (ConfigurationError("bug"), True),
        (ProgrammingError("select", {}, Exception("no such column")), True),
        (NotFound("no such record"), False),
        (OperationalError("select", {}, Exception("the database is away")), False),
        (LeaseLost("cancelled"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_refusals_and_a_database_that_is_away_are_no_failures(
    error: BaseException, counts: bool
) -> None:
    assert is_failure(error) is counts


def test_a_counted_function_raises_what_it_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(type(FAILURES), "failed", lambda _self, plugin, *_rest: seen.append(plugin))

    def broken() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        counted("rogue", "job rogue.x", broken)()
    assert seen == ["rogue"]


def test_a_forked_process_tells_its_parent_what_failed(failures: Failures) -> None:
    failures.hear_forks()
    for number in range(LIMIT):
        child = os.fork()
        if child == 0:
            failures.failed("rogue", ValueError(f"no {number}"), "job rogue.x")
            os._exit(0)
        os.waitpid(child, 0)
    assert failures.take_due() == []
    failures.gather()
    (report,) = failures.take_due()
    assert (report.failures, report.last[-1].error) == (LIMIT, "ValueError: no 19")


def test_successes_of_forked_processes_count_as_well(failures: Failures) -> None:
    failures.hear_forks()
    fail(failures, 1)
    child = os.fork()
    if child == 0:
        for _job in range(LIMIT * 2):
            failures.succeeded("rogue")
        os._exit(0)
    os.waitpid(child, 0)
    failures.gather()
    fail(failures, LIMIT)
    assert failures.take_due() == []
