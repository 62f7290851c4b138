"""A set-up installation on PostgreSQL with a broker, whose processes a test may kill.

Its plugin ``probe`` has one table, to which its jobs write one row each: how often a job had its
effect is the number of rows with its note.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.jobs.declare import JobKind
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue
from backstay.kernel.load import load
from backstay.kernel.state import next_generation
from backstay.kernel.suite import Part, Suite
from backstay.testing.plugins import PluginShelf
from backstay.testing.postgres import create_database, drop_database
from tests.e2e.servers import cli, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backstay.testing.valkey import Valkey

PASSWORD = "nine-nets-by-the-pier"
LEASE_SECONDS = 3
RECOVERED_SECONDS = 60
OPERATOR = operator_context("cli:test")

PLUGIN = '''
import os
import signal
import time
from pathlib import Path

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy import String

from backstay.spi import (
    ANNOTATIONS, SIGNED_IN, Audit, Identified, JobKind, Model, PluginBlueprint, Scope, enqueue,
    hookimpl, plugin_metadata, public, redirect_to, requires, session,
)


class ProbeBase(Model, DeclarativeBase):
    metadata = plugin_metadata("probe")
    type_annotation_map = ANNOTATIONS


class Effect(Identified, ProbeBase):
    __tablename__ = "probe_effect"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    note: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]


def work(run):
    """Write the effect, say so, and take some time before it is committed."""
    run.session.add(Effect(note=run.arguments["note"], pid=os.getpid()))
    run.session.flush()
    if began := run.arguments.get("began"):
        with Path(began).open("a") as file:
            file.write(f"{os.getpid()} {os.getppid()}\\n")
    time.sleep(run.arguments.get("seconds", 0))
    if run.arguments.get("fail_once") and not Path(run.arguments["fail_once"]).exists():
        Path(run.arguments["fail_once"]).touch()
        raise RuntimeError("half-way")


blueprint = PluginBlueprint("probe", __name__, in_company=False)


@blueprint.get("/slow")
@public
def slow():
    time.sleep(0.5)
    return "slow but whole"


@blueprint.post("/ask")
@requires(SIGNED_IN)
def ask():
    enqueue(session(), "probe.work", {"note": "by a request"})
    return redirect_to("/me/sessions")


@hookimpl
def backstay_models():
    return ProbeBase


@hookimpl
def backstay_blueprints():
    return (blueprint,)


@hookimpl
def backstay_jobs():
    told = Path(os.environ["BACKSTAY_HOME"], "stop-while-loading")
    if told.exists() and told.read_text() == str(os.getpid()):
        told.unlink()
        os.kill(os.getpid(), signal.SIGTERM)
    return (JobKind("probe.work", "Work", work, attempts=100),)
'''

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "probe_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "probe_effect",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(80), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe_effect")),
    )


def downgrade():
    op.drop_table("probe_effect")
"""


def until(condition: Callable[[], Any], seconds: float, what: str) -> None:
    """Wait for something that must happen within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} took more than {seconds} s"
        time.sleep(0.02)


@dataclass
class Installation:
    """What the tests of faults work on."""

    folder: Path
    database: Database
    broker: Valkey
    env: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    suite: Suite = field(init=False)

    def __post_init__(self) -> None:
        """Jobs are asked for by the test itself, and run by the installation's processes."""
        kind = JobKind("probe.work", "work", lambda _run: None, attempts=100)
        parts = (*load(()).parts, Part(plugin="probe", jobs=(kind,)))
        self.suite = Suite(
            generation=1, enabled=frozenset(), found={}, parts=parts, failed={}, safe_mode=False
        )

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of Backstay that goes on; its output is in ``<name>.log``."""
        with (self.folder / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "backstay", *arguments],
                env=self.env,
                stdout=output,
                stderr=output,
            )
        self.running[name] = process
        return process

    def start_worker(self, name: str) -> subprocess.Popen[bytes]:
        """Start a worker that is woken by the broker."""
        return self.start(name, "worker", "--transport", "rq")

    def stop_while_loading(self, process: subprocess.Popen[bytes]) -> None:
        """Have a process be told to end in the midst of loading the plugins anew."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        (home / "stop-while-loading").write_text(str(process.pid))
        with self.database.write(OPERATOR, self.suite) as session:
            next_generation(session)

    def stop(self, *names: str) -> None:
        """End processes as an admin does, and wait for them."""
        chosen = [self.running.pop(name) for name in names or tuple(self.running)]
        for process in chosen:
            process.terminate()
        for process in chosen:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def ask(self, count: int = 1, *, name: str = "job", **arguments: Any) -> list[str]:
        """Ask for jobs, each with a note of its own, in one transaction; returns the notes."""
        notes = [f"{name} {number}" for number in range(count)]
        with self.database.write(OPERATOR, self.suite) as session:
            for note in notes:
                enqueue(session, "probe.work", {"note": note, **arguments})
        return notes

    def ask_and_fail(self) -> None:
        """Ask for a job in a transaction that does not get to its end."""
        with self.database.write(OPERATOR, self.suite) as session:
            enqueue(session, "probe.work", {"note": "never"})
            raise ZeroDivisionError

    def ask_for_later(self) -> None:
        """Ask for a job that is not due yet."""
        with self.database.write(OPERATOR, self.suite) as session:
            later = now() + timedelta(hours=1)
            enqueue(session, "probe.work", {"note": "later"}, run_at=later)

    def effects(self) -> Counter[str]:
        """How often each note was written."""
        with self.database.reading_connection() as connection:
            rows = connection.execute(text("SELECT note, count(*) FROM probe_effect GROUP BY note"))
            return Counter({str(row[0]): int(row[1]) for row in rows})

    def states(self) -> Counter[JobState]:
        """How many of the jobs that were asked for are in which state."""
        with self.database.reading_connection() as connection:
            counted = select(Job.state, func.count()).where(Job.kind == "probe.work")
            rows = connection.execute(counted.group_by(Job.state))
            return Counter({row[0]: int(row[1]) for row in rows})

    def attempts(self) -> int:
        """How often jobs were begun."""
        with self.database.reading_connection() as connection:
            return int(connection.scalar(select(func.sum(Job.attempt))) or 0)

    def done(self) -> int:
        """How many jobs are done."""
        return self.states()[JobState.DONE]

    def log(self, name: str) -> str:
        """What a process said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True)
class Prepared:
    """A set-up database, to be copied for each test, and what processes start with."""

    template: str
    env: dict[str, str]


def set_up(server: str, folder: Path) -> Prepared:
    """Make a database with the plugin on and a user."""
    site = folder / "site"
    site.mkdir()
    files = {"migrations/versions/0001_effects.py": MIGRATION}
    PluginShelf(site).add("probe", PLUGIN, files=files)
    name = "template_faults"
    env = environment(folder / "home", create_database(server, name))
    env |= {
        "PYTHONPATH": f"{site}:{env.get('PYTHONPATH', '')}",
        "BACKSTAY_JOB_LEASE": str(LEASE_SECONDS),
    }
    cli(env, "migrate")
    cli(env, "plugin", "enable", "probe")
    user = ("user", "create", "clerk", "--role", "administrator", "--password-stdin")
    cli(env, *user, stdin=PASSWORD)
    return Prepared(name, env)


@contextmanager
def installed(
    prepared: Prepared, server: str, broker: Valkey, folder: Path
) -> Iterator[Installation]:
    """An installation on a copy of the database; all its processes end with the block."""
    folder.mkdir(exist_ok=True)
    name = f"faults_{secrets.token_hex(6)}"
    url = create_database(server, name, prepared.template)
    made = Installation(
        folder=folder,
        database=Database(url),
        broker=broker,
        env={
            **prepared.env,
            "BACKSTAY_HOME": str(folder / "home"),
            "BACKSTAY_DATABASE": url,
            "BACKSTAY_REDIS": broker.url,
        },
    )
    try:
        yield made
    finally:
        made.stop()
        made.database.dispose()
        drop_database(server, name)


def children_of(pid: int) -> list[int]:
    """The processes that a process forked."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(path.parent.name))
    return found


def kill(pid: int) -> None:
    """SIGKILL, for a process that may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
