"""Jobs while processes are killed at random: every effect exactly once.

    python -m tests.faults.random_kills --jobs 1000 --kills 60 --seed 7

Two workers that are woken by the broker and a runner that polls share the jobs. Again and again one
of them is killed with SIGKILL: a runner, a worker, what a worker forked (for a job, or its relay),
or the broker, which comes back empty. What was killed is started again, as a supervisor would.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backstay.jobs.models import JobState
from backstay.testing.postgres import running_postgres
from backstay.testing.valkey import running_valkey
from tests.faults.installation import (
    Installation,
    children_of,
    installed,
    kill,
    set_up,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS = ("worker one", "worker two")
RUNNER = "runner"
LONGEST_SECONDS = 0.25
NOTHING_HAPPENS_SECONDS = 60


@dataclass(frozen=True)
class Report:
    """What came of it."""

    killed: Counter[str]
    effects: Counter[str]
    states: Counter[JobState]
    attempts: int
    seconds: float

    @property
    def wrong(self) -> dict[str, int]:
        """Jobs whose effect is not there exactly once, and how often it is."""
        return {note: count for note, count in self.effects.items() if count != 1}


def hammer(installation: Installation, *, jobs: int, kills: int, seed: int) -> Report:
    """Run the jobs to their end while processes are killed, evenly over the whole run."""
    chance = random.Random(seed)
    began = time.monotonic()
    for name in WORKERS:
        installation.start_worker(name)
    installation.start(RUNNER, "worker", "--transport", "local")
    notes: list[str] = []
    for number in range(10):
        seconds = chance.uniform(0, LONGEST_SECONDS)
        notes += installation.ask(jobs // 10, name=f"batch {number}", seconds=seconds)
    killed: Counter[str] = Counter()
    for done in progress(installation, len(notes)):
        while killed.total() < kills and done >= len(notes) * killed.total() / (kills + 1):
            killed[_kill(installation, chance)] += 1
    effects = installation.effects()
    effects.update(dict.fromkeys(notes, 0))
    return Report(
        killed,
        effects,
        installation.states(),
        installation.attempts(),
        time.monotonic() - began,
    )


def progress(installation: Installation, jobs: int) -> Iterator[int]:
    """How many jobs are done, again and again until all are, as long as it goes on."""
    last, since = 0, time.monotonic()
    while True:
        done = installation.done()
        if done > last:
            last, since = done, time.monotonic()
        assert time.monotonic() - since < NOTHING_HAPPENS_SECONDS, f"it stands still at {done}"
        yield done
        if done == jobs:
            return
        time.sleep(0.02)


def _kill(installation: Installation, chance: random.Random) -> str:
    """Kill something, and start again what a supervisor would; returns what it was."""
    forked = [child for name in WORKERS for child in children_of(installation.running[name].pid)]
    of_workers = "forked" if forked else "worker"
    target = chance.choice(("runner", "worker", of_workers, of_workers, "broker"))
    if target == "broker":
        installation.broker.kill()
        installation.broker.start()
    elif target == "forked":
        kill(chance.choice(forked))
    else:
        name = RUNNER if target == "runner" else chance.choice(WORKERS)
        process = installation.running[name]
        process.kill()
        process.wait()
        if name == RUNNER:
            installation.start(RUNNER, "worker", "--transport", "local")
        else:
            installation.start_worker(name)
    return target


def main() -> None:
    """Do it on servers of its own and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.random_kills")
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="backstay-kills-") as folder,
        running_postgres() as server,
        running_valkey() as broker,
    ):
        prepared = set_up(server, Path(folder))
        with installed(prepared, server, broker, Path(folder) / "run") as installation:
            report = hammer(installation, jobs=given.jobs, kills=given.kills, seed=given.seed)
    sys.stdout.write(
        f"seed {given.seed}, {report.seconds:.0f} s\n"
        f"killed: {dict(report.killed)}, {report.killed.total()} in all\n"
        f"jobs: { {state.value: count for state, count in report.states.items()} }\n"
        f"attempts: {report.attempts}\n"
        f"effects that are not there exactly once: {report.wrong or 'none'}\n"
    )
    if report.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
