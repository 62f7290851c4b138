"""Jobs on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from backstay.cli import backstay
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.errors import NotFound
from backstay.home import Home
from backstay.jobs.execute import execute_next
from backstay.jobs.housekeeping import FORGET_JOBS
from backstay.jobs.models import JobState
from backstay.jobs.queue import enqueue
from backstay.kernel.load import load
from backstay.kernel.setup import migrate

if TYPE_CHECKING:
    from pathlib import Path

OPERATOR = operator_context("cli:test")


class CommandLine:
    """``backstay job`` on a data folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.database = Database(self.home.database_url)
        migrate(self.database)
        self.suite = load(())

    def __call__(self, *arguments: str) -> str:
        done = CliRunner().invoke(
            backstay, ["--home", str(self.home.path), *arguments], catch_exceptions=False
        )
        return done.output

    def ask(self) -> str:
        # The command before gave the process's node number back.
        self.database = Database(self.home.database_url)
        with self.database.write(OPERATOR, self.suite) as session:
            return str(enqueue(session, FORGET_JOBS, {"n": 1}).id)


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def test_jobs_are_listed_with_why_they_wait(cli: CommandLine) -> None:
    first, second = cli.ask(), cli.ask()
    text = cli("job", "list")
    assert "WAITS" in text
    assert "1 other is before it." in text
    rows = json.loads(cli("job", "list", "--json", "--state", "ready", "--queue", "bulk"))
    assert [row["id"] for row in rows] == [second, first]
    assert rows[1]["waits"] == "It is next."
    assert json.loads(cli("job", "list", "--json", "--kind", "core.export")) == []


def test_a_job_is_shown_with_all_that_is_known(cli: CommandLine) -> None:
    job_id = cli.ask()
    shown = json.loads(cli("job", "show", job_id, "--json"))
    assert (shown["kind"], shown["arguments"]) == (FORGET_JOBS, {"n": 1})
    assert "core.forget_jobs" in cli("job", "show", job_id)
    with pytest.raises(NotFound):
        cli("job", "show", "7")


def test_jobs_are_cancelled_and_tried_again(cli: CommandLine) -> None:
    job_id, other = cli.ask(), cli.ask()
    cli("job", "cancel", job_id, other)
    assert not execute_next(cli.database, lambda: cli.suite)
    dead = cli.ask()
    with cli.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE core_job SET state = ? WHERE id = ?", (JobState.DEAD.value, int(dead))
        )
    cli("job", "retry", dead)
    assert json.loads(cli("job", "show", dead, "--json"))["state"] == "ready"
