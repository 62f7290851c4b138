"""A stranger's module, from its wheel to the end of its life, while all others go on working.

Three web processes and two workers on one PostgreSQL; the wheel is built outside this tree, from
what ``backstay plugin new`` writes. An administrator installs it while all of them run, switches it
on, brings it to a newer version, to one whose migration fails, to one that mends it, retires it and
deletes its data. People who read other pages meanwhile never see an error.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, literal_column, select, table
from sqlalchemy.exc import ProgrammingError

from backstay.db.database import Database
from backstay.testing.distributions import build_wheel
from backstay.testing.postgres import create_database, drop_database
from backstay.testing.valkey import running_valkey
from tests.e2e.browser import Person
from tests.e2e.servers import Client, WebProcess, cli, environment, web_process
from tests.e2e.visitors import reading
from tests.faults.installation import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.needs("postgresql"),
    pytest.mark.needs("valkey"),
    pytest.mark.xdist_group("browser"),
]

PASSWORD = "seven-sheep-on-a-hill"
OTHERS = ("/c/ACME/", "/c/ACME/ledger/accounts", "/me/sessions")
TASKS = "/c/ACME/loans/tasks"
WEBS, WORKERS = 3, 2

SECOND = '''"""Say more of a task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "loans_0002"
down_revision = "loans_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be empty."""
    op.add_column("loans_task", sa.Column("remark", sa.String(length=80), nullable=True))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("loans_task", "remark")
'''
THIRD = SECOND.replace("loans_0002", "loans_0003").replace("loans_0001", "loans_0002")
THIRD = THIRD.replace("remark", "place").replace("Say more", "Say where")
FAILS = THIRD.replace("=True))\n", '=True))\n    raise RuntimeError("no such place")\n')
TASK = table("loans_task")


@dataclass
class Shelf:
    """A stranger's source and the folder where the servers find what is installed."""

    source: Path
    site: Path

    def write(self, version: str, migration: str, body: str) -> None:
        """Bring the source to a version with one more migration, and the model to its column."""
        setup = self.source / "setup.cfg"
        setup.write_text(re.sub(r"(?m)^version = .*$", f"version = {version}", setup.read_text()))
        package = self.source / "backstay_loans"
        (package / "migrations" / "versions" / f"{migration}.py").write_text(body)
        found = re.search(r'Column\("(\w+)"', body)
        assert found is not None
        declared = f"    {found[1]}: Mapped[str | None] = mapped_column(short(80))\n"
        models = package / "models.py"
        if declared not in models.read_text():
            before = "    state: Mapped[TaskState]"
            models.write_text(models.read_text().replace(before, declared + before))

    def install(self) -> None:
        """Build the wheel and put it in the place of the one before, as pip does."""
        with TemporaryDirectory() as folder:
            wheel = build_wheel(self.source, Path(folder))
            self.remove()
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(self.site)

    def remove(self) -> None:
        """Uninstall it."""
        for path in self.site.iterdir():
            shutil.rmtree(path)


@dataclass
class Machines:
    """The processes of an installation."""

    env: dict[str, str]
    folder: Path
    webs: list[WebProcess] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self) -> None:
        with (self.folder / f"worker{len(self.workers)}.log").open("ab") as log:
            command = [sys.executable, "-m", "backstay", "worker", "--transport", "rq"]
            self.workers.append(subprocess.Popen(command, env=self.env, stdout=log, stderr=log))

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)
        self.workers.clear()

    def start_anew(self) -> None:
        """What an administrator does after an update: none of it closes a port."""
        for web in self.webs:
            web.process.send_signal(signal.SIGHUP)
        self.stop_workers()
        for _number in range(WORKERS):
            self.start_worker()


@pytest.fixture
def machines(postgres_url: str, tmp_path: Path) -> Iterator[Machines]:
    url = create_database(postgres_url, "stranger")
    (tmp_path / "site").mkdir()
    env = environment(tmp_path / "home", url)
    env |= {
        "PYTHONPATH": f"{tmp_path / 'site'}:{env.get('PYTHONPATH', '')}",
    }
    cli(env, "migrate")
    cli(env, "plugin", "enable", "ledger")
    cli(env, "company", "create", "ACME", "--name", "Acme Ltd", "--currency", "EUR")
    person = ("--company", "ACME", "--password-stdin")
    cli(env, "user", "create", "clerk", "--role", "accountant", *person, stdin=PASSWORD)
    admin = ("user", "create", "root", "--role", "administrator", "--password-stdin")
    cli(env, *admin, stdin=PASSWORD)
    made = Machines(env, tmp_path)
    with ExitStack() as stack:
        env["BACKSTAY_REDIS"] = stack.enter_context(running_valkey()).url
        for number in range(WEBS):
            made.webs.append(stack.enter_context(web_process(env, tmp_path / f"web{number}.log")))
        made.start_anew()
        yield made
        made.stop_workers()
    drop_database(postgres_url, "stranger")


@contextmanager
def others_at_work(machines: Machines) -> Iterator[None]:
    """People read other pages on each process; in the end none of them has seen an error."""
    clients = [Client(web.port) for web in machines.webs]
    for client in clients:
        client.sign_in("clerk", PASSWORD)
    with reading(clients, OTHERS) as seen:
        yield
    assert {status for _path, status in seen} == {200}, seen
    assert seen.total() > WEBS * len(OTHERS)


@dataclass
class Administrator:
    """Somebody who takes the steps in a browser, at the first process."""

    person: Person
    env: dict[str, str]

    def take(self, step: str, **fields: str) -> str:
        """From the module's page over the plan to what was done; returns what is said then."""
        page = self.person.page
        page.goto("/admin/modules/loans")
        link = page.locator(f'main a[href="/admin/modules/loans/{step}"]').first
        if not link.is_visible():
            page.locator(".more-actions summary").click()
        link.click()
        page.wait_for_url(f"**/loans/{step}")
        self.person.look()
        for name, value in fields.items():
            page.locator(f"main [name={name}]").fill(value)
        # The password once more, unless it was typed a moment ago.
        for password in page.locator("main input[type=password]").all():
            password.fill(PASSWORD)
        with page.expect_navigation(timeout=120_000):
            page.locator("main form .form-foot button[type=submit]").click()
        self.person.look()
        return page.locator("main").inner_text()

    def state(self) -> str:
        """Where the module stands."""
        listed = json.loads(cli(self.env, "plugin", "list", "--json"))
        return next((row["state"] for row in listed if row["name"] == "loans"), "unknown")


@dataclass
class Story:
    """What happens to the module, one chapter after the other."""

    machines: Machines
    shelf: Shelf
    admin: Administrator
    database: Database
    clerks: list[Client] = field(default_factory=list)

    def tasks(self, among: str = "id") -> int:
        """How many tasks there are that have a value in a column."""
        column = literal_column(among)
        with self.database.reading_connection() as connection:
            return int(connection.scalar(select(func.count(column)).select_from(TASK)) or 0)

    def answers(self) -> bool:
        """Whether every process shows the module's page."""
        return all(clerk.get(TASKS).status == 200 for clerk in self.clerks)

    def begin(self) -> None:
        """Installed while all processes run, it is on without a restart, and its jobs run."""
        self.shelf.install()
        self.admin.take("enable")
        cli(self.machines.env, "user", "grant", "clerk", "loanskeeper", "--company", "ACME")
        for web in self.machines.webs:
            clerk = Client(web.port)
            clerk.sign_in("clerk", PASSWORD)
            made = clerk.submit(f"{TASKS}/new", {"title": f"By way of {web.port}", "due_on": ""})
            assert made.status == 303, made.text
            place = made.headers["Location"]
            assert clerk.submit(place, {}, to=f"{place}/do/finish").status == 303
            self.clerks.append(clerk)
        until(lambda: self.tasks("days") == WEBS, 60, "the jobs of the workers")

    def upgrade(self) -> None:
        """A newer version brings its data along; the processes are started anew for its code."""
        self.shelf.write("0.2.0", "0002_remark", SECOND)
        self.shelf.install()
        assert self.admin.state() == "upgrade_due"
        self.admin.take("upgrade")
        self.machines.start_anew()
        until(self.answers, 60, "the restart")
        assert self.admin.state() == "enabled"
        assert self.tasks() == WEBS

    def fail(self) -> None:
        """A migration that fails in its last step changes nothing but what is said."""
        self.shelf.write("0.3.0", "0003_place", FAILS)
        self.shelf.install()
        assert "no such place" in self.admin.take("upgrade")
        assert self.admin.state() == "failed"
        assert self.tasks("remark") == 0
        with pytest.raises(ProgrammingError):
            self.tasks("place")

    def recover(self) -> None:
        """The version in which its author mended it is on again, with all data."""
        self.shelf.write("0.3.1", "0003_place", THIRD)
        self.shelf.install()
        self.admin.take("enable")
        self.machines.start_anew()
        until(self.answers, 60, "the recovery")
        assert self.tasks("place") == 0
        assert self.tasks() == WEBS

    def end(self) -> None:
        """Retired, its package may go and its data stays; purged, the data is in an export."""
        self.admin.take("retire")
        self.shelf.remove()
        assert self.admin.state() == "retired"
        assert self.tasks() == WEBS
        assert "/loans/" not in self.clerks[1].get("/c/ACME/").text
        self.admin.take("purge", typed_name="loans")
        assert self.admin.state() == "purged"
        with pytest.raises(ProgrammingError):
            self.tasks()
        export = next((self.machines.folder / "home" / "exports").glob("*.zip"))
        with zipfile.ZipFile(export) as archive:
            kept = next(name for name in archive.namelist() if "loans_task" in name)
            assert len(archive.read(kept).splitlines()) == WEBS


def test_a_strangers_module_goes_its_whole_way(
    machines: Machines, browser: Browser, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "loans", tmp_path / "site")
    cli(machines.env, "plugin", "new", "loans", "--to", str(shelf.source))
    root = Person.arrive(browser, f"http://127.0.0.1:{machines.webs[0].port}")
    root.sign_in("root", PASSWORD)
    database = Database(machines.env["BACKSTAY_DATABASE"])
    story = Story(machines, shelf, Administrator(root, machines.env), database)
    with others_at_work(machines):
        story.begin()
        story.upgrade()
        story.fail()
        story.recover()
        story.end()
    database.dispose()
    assert not root.complaints
