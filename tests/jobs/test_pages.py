"""The administrator's list of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.db.context import operator_context
from backstay.errors import Invalid
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job, JobState
from backstay.jobs.scheduler import Scheduler
from backstay.jobs.schedules import StoredSchedule
from backstay.kernel.load import load
from backstay.testing.web import Browser, make_user
from backstay.web.app import build

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.context import CompanyRef


@pytest.fixture
def dead(probe: Any) -> int:
    def refuse(_run: object) -> None:
        raise Invalid("The <file> is gone.")

    probe.doing["later"] = refuse
    job_id: int = probe.ask("later")
    execute_next(probe.database, lambda: probe.suite)
    return job_id


@pytest.fixture
def app(probe: Any, dead: int) -> Flask:
    return build(load(()), probe.database, secret_key="only-for-tests")


def sit_down(app: Flask, probe: Any, login: str, *permissions: str) -> Browser:
    make_user(probe.database, login, permissions)
    return Browser.for_user(app, probe.database, login)


def test_a_job_that_was_given_up_is_found_and_tried_again(
    app: Flask, probe: Any, dead: int
) -> None:
    admin = sit_down(app, probe, "admin", "core.job.view", "core.job.manage")
    listed = admin.get("/admin/jobs?state=dead").text
    assert "probe.later" in listed
    record = admin.get(f"/admin/jobs/{dead}").text
    assert "The &lt;file&gt; is gone." in record
    assert "Try again" in record
    assert admin.post(f"/admin/jobs/{dead}/do/retry").status_code == 303
    assert probe.job(dead).state is JobState.READY
    assert admin.post(f"/admin/jobs/{dead}/do/retry").status_code == 409


def test_whoever_may_only_see_jobs_is_not_offered_to_change_them(
    app: Flask, probe: Any, dead: int
) -> None:
    auditor = sit_down(app, probe, "auditor", "core.job.view")
    assert f"/admin/jobs/{dead}/do/retry" not in auditor.get(f"/admin/jobs/{dead}").text
    assert auditor.post(f"/admin/jobs/{dead}/do/retry").status_code == 403
    assert probe.job(dead).state is JobState.DEAD


def test_jobs_are_hidden_from_everybody_else(app: Flask, probe: Any, alpha: CompanyRef) -> None:
    make_user(probe.database, "clerk", ["core.job.view"], alpha)
    clerk = Browser.for_user(app, probe.database, "clerk")
    assert clerk.get("/admin/jobs").status_code == 403


def test_a_job_says_why_it_waits_and_what_it_was_asked_for(app: Flask, probe: Any) -> None:
    waiting = probe.ask("effect", note="<b>")
    admin = sit_down(app, probe, "admin", "core.job.view", "core.job.manage")
    record = admin.get(f"/admin/jobs/{waiting}").text
    assert "Why it waits" in record
    assert "is not installed" in record, "the application runs core alone"
    assert "&#34;&lt;b&gt;&#34;" in record


def test_a_failure_shows_where_it_arose(app: Flask, probe: Any) -> None:
    def broken_function(_run: object) -> None:
        raise RuntimeError("the disk is full")

    probe.doing["broken"] = broken_function
    job_id = probe.ask("broken")
    execute_next(probe.database, lambda: probe.suite)
    admin = sit_down(app, probe, "admin", "core.job.view")
    assert "in broken_function" in admin.get(f"/admin/jobs/{job_id}").text


def test_many_jobs_are_tried_again_at_once(app: Flask, probe: Any, dead: int) -> None:
    second = probe.ask("later")
    execute_next(probe.database, lambda: probe.suite)
    admin = sit_down(app, probe, "admin", "core.job.view", "core.job.manage")
    page = admin.get(f"/admin/jobs/bulk/retry?pick={dead}&pick={second}")
    assert page.status_code == 200
    chosen = {"records": f"{dead},{second}"}
    assert admin.post("/admin/jobs/bulk/retry", chosen).status_code == 303
    assert {probe.job(one).state for one in (dead, second)} == {JobState.READY}


def test_the_list_shows_the_jobs_of_one_schedule(app: Flask, probe: Any) -> None:
    Scheduler(probe.database).tick(load(()))
    with probe.database.read(operator_context("cli:test")) as session:
        row = session.scalars(
            select(StoredSchedule).where(StoredSchedule.name == "core.prune_files")
        ).one()
    admin = sit_down(app, probe, "admin", "core.job.view", "core.job.manage")
    listed = admin.get("/admin/schedules").text
    assert "core.prune_files" in listed
    assert "30 2 * * *" in listed
    assert admin.post(f"/admin/schedules/{row.id}/do/run").status_code == 303
    record = admin.get(f"/admin/schedules/{row.id}").text
    assert "Take away files that nobody needs" in record
    assert row.label in listed
    with probe.database.read(operator_context("cli:test")) as session:
        job = session.scalars(select(Job).where(Job.schedule_id == row.id)).first()
    assert job is not None
    page = admin.get(f"/admin/jobs/{job.id}").text
    assert f'href="/admin/schedules/{row.id}"' in page
    assert "<h1>Take away files that nobody needs" in page
    jobs = admin.get(f"/admin/jobs?schedule={row.id}").text
    assert "core.prune_files" in jobs
    assert "probe.later" not in jobs
