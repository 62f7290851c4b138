"""Writing a long list takes no more memory than writing a short one, in either format."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.access.core_permissions import AUDIT_EXPORT, AUDIT_VIEW
from backstay.audit.capture import Event, record_many
from backstay.db.context import Actor, Context
from backstay.jobs.models import Job
from backstay.lists.exports import AskExport, ask_export
from backstay.lists.models import ExportRun, RunState
from backstay.testing.web import make_user

if TYPE_CHECKING:
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

ROWS = 40_000
ROOM = 30
"""Megabytes of address space beyond what the job of a short list took before."""
RUNNER = """
import resource, sys
from pathlib import Path
from backstay.db.database import Database
from backstay.jobs.execute import execute_next
from backstay.kernel.discovery import discover
from backstay.kernel.load import load

database = Database(sys.argv[1], files=Path(sys.argv[2]))
suite = load(discover())
for short in range(2):
    assert execute_next(database, lambda: suite)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
cap = used + int(sys.argv[3]) * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
while execute_next(database, lambda: suite):
    pass
"""


def test_memory_does_not_grow_with_the_list(
    database: Database, suite: Suite, operator: Context
) -> None:
    user_id = make_user(database, "auditor", [AUDIT_VIEW, AUDIT_EXPORT])
    happened = [
        Event(
            "noted", "core_company", str(number), f"Number {number} of a long list", outcome="done"
        )
        for number in range(ROWS)
    ]
    with database.write(operator, suite) as session:
        record_many(session, happened)
    person = Context(Actor("auditor", user_id), permissions=None, company_ids=None)
    with database.write(person, suite) as session:
        for query in ({"q": "Nothing-is-called-so"}, {}):
            for form in ("csv", "xlsx"):
                ask_export(
                    session,
                    AskExport(resource="core.audit", form=form, query=query, everything=False),
                )
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, database.url, str(database.files), str(ROOM)],
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with database.read(operator, suite) as session:
        errors = session.scalars(select(Job.error)).all()
        runs = session.scalars(select(ExportRun).order_by(ExportRun.id)).all()
        assert [one.state for one in runs] == [RunState.DONE] * 4, errors
        assert [one.rows for one in runs[:2]] == [0, 0]
        assert all(one.rows > ROWS for one in runs[2:])
