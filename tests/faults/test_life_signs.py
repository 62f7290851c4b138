"""Workers that fork for each job tell that they live, and count what fails in their forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from backstay.jobs.models import JobState
from backstay.kernel.process_models import Process
from backstay.kernel.state import in_force
from tests.faults.installation import RECOVERED_SECONDS, Installation, until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.needs("postgresql", "valkey"), pytest.mark.xdist_group("faults")]


def living(installation: Installation) -> int:
    with installation.database.reading_connection() as connection:
        return int(connection.scalar(select(func.count()).select_from(Process)) or 0)


def test_a_worker_is_known_while_it_lives(installation: Installation) -> None:
    installation.start_worker("worker")
    until(lambda: living(installation) == 1, RECOVERED_SECONDS, "its sign of life")
    installation.stop("worker")
    assert living(installation) == 0


def test_jobs_that_fail_in_forked_processes_pause_their_plugin(
    installation: Installation,
) -> None:
    installation.ask(21, seconds="no number")
    installation.start_worker("worker")
    paused: Callable[[], bool] = lambda: "probe" in in_force(installation.database).paused  # noqa: E731
    until(paused, RECOVERED_SECONDS, "the pause")
    assert installation.effects() == {}
    assert installation.states()[JobState.DEAD] == 0


def test_a_worker_that_is_told_to_end_while_it_loads_the_plugins_ends(
    installation: Installation,
) -> None:
    worker = installation.start_worker("worker")
    until(lambda: living(installation) == 1, RECOVERED_SECONDS, "its sign of life")
    installation.stop_while_loading(worker)
    notes = installation.ask(1)
    assert worker.wait(RECOVERED_SECONDS) == 0
    installation.start_worker("next")
    until(lambda: installation.done() == 1, RECOVERED_SECONDS, "the job")
    assert set(installation.effects()) == set(notes)
