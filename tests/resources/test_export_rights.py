"""Who gets the file of an exported list: who may read the list, when it is written and fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.models import Grant, User, UserState
from backstay.files.models import PrivateFile
from backstay.jobs.models import Job, JobState
from backstay.lists.models import ExportRun
from backstay.testing.web import Browser, give, make_user

from .exporting import LIST, ask, events, take_back
from .garden import EVERYTHING, READ_NOTES, VIEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


@pytest.mark.usefixtures("short")
def test_the_rights_of_the_time_when_it_runs_count(
    app: Flask,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
) -> None:
    sow(*({"note": "TRUFFLES"} for _ in range(12)))
    make_user(database, "keeper", (VIEW, READ_NOTES), alpha)
    keeper = Browser.for_user(app, database, "keeper")
    masked = ask(keeper, f"{LIST}.csv")
    refused = ask(keeper, f"{LIST}.csv?note=TRUFFLES")
    with database.write(operator, garden) as session:
        take_back(session, READ_NOTES.name)
    run_jobs()
    text = keeper.get(f"{masked}/file").text
    assert "P0012" in text
    assert "TRUFFLES" not in text
    told = keeper.get(refused).text
    assert "It stopped before the end." in told
    assert "filtered by “Note”" in told
    assert "Have it written again" in told
    assert keeper.get(f"{refused}/file").status_code == 404
    assert len(events(database, garden, operator, "export")) == 1


@pytest.mark.usefixtures("short")
def test_who_lost_the_permission_or_the_company_is_refused_with_the_reason(
    gardener: Browser,
    database: Database,
    garden: Suite,
    operator: Context,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
) -> None:
    sow(*({} for _ in range(12)))
    ready = ask(gardener, f"{LIST}.csv")
    run_jobs()
    assert gardener.get(f"{ready}/file").status_code == 200
    late = ask(gardener, f"{LIST}.xlsx")
    with database.write(operator, garden) as session:
        take_back(session, VIEW.name)
    run_jobs()
    with database.read(operator, garden) as session:
        run = session.scalars(select(ExportRun).order_by(ExportRun.id.desc())).first()
        assert run is not None
        job = session.get_one(Job, run.job_id)
    assert job.state is JobState.DEAD
    assert "see plants" in job.error
    assert run.file_id is None
    for address in (late, ready, f"{ready}/file"):
        assert gardener.get(address).status_code == 403
    with database.write(operator, garden) as session:
        for grant in session.scalars(select(Grant)):
            session.delete(grant)
        file_id = session.scalars(select(PrivateFile.id)).one()
    assert gardener.get(f"/core/files/{file_id}").status_code == 404


@pytest.mark.usefixtures("short")
def test_nobody_else_and_no_disabled_person_gets_the_file(
    *,
    gardener: Browser,
    app: Flask,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    beta: CompanyRef,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
) -> None:
    sow(*({} for _ in range(12)))
    make_user(database, "other", EVERYTHING, alpha)
    other = Browser.for_user(app, database, "other")
    run = ask(gardener, f"{LIST}.csv")
    run_jobs()
    with database.read(operator, garden) as session:
        file_id = session.scalars(select(PrivateFile.id)).one()
        mine = session.scalars(select(User.id).where(User.login == "gardener")).one()
    other.get(LIST)
    for address in (run, f"{run}/file", f"/core/files/{file_id}"):
        assert other.get(address).status_code == 404, address
    assert other.post(f"{run}/cancel").status_code == 404
    assert run not in other.get(f"{LIST}/export/csv").text
    assert run in gardener.get(f"{LIST}/export/csv").text
    # The same person, in another company.
    give(database, mine, [one.name for one in EVERYTHING], beta)
    for address in (run, f"{run}/file"):
        assert gardener.get(address.replace("ALPHA", "BETA")).status_code == 404, address
        assert gardener.get(address).status_code == 200, address
    with database.write(operator, garden) as session:
        session.get_one(User, mine).state = UserState.DISABLED
    answer = gardener.get(f"{run}/file")
    assert answer.status_code in {303, 401}
    assert b"P0001" not in answer.data
