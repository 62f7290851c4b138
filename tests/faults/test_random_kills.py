"""The short form of the run with random kills; `random_kills.py` says how to do the long one."""

from __future__ import annotations

import pytest

from backstay.jobs.models import JobState
from tests.faults.installation import Installation
from tests.faults.random_kills import hammer

pytestmark = [pytest.mark.needs("postgresql", "valkey"), pytest.mark.xdist_group("faults")]

JOBS = 200
KILLS = 15


def test_every_effect_is_there_exactly_once_whatever_is_killed(
    installation: Installation,
) -> None:
    report = hammer(installation, jobs=JOBS, kills=KILLS, seed=20)
    assert report.wrong == {}
    assert report.states == {JobState.DONE: JOBS}
    assert report.killed.total() == KILLS
    assert report.attempts > JOBS, "no job was interrupted"
