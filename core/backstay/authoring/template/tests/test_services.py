"""What can be done with tasks, without a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from backstay.spi import Conflict, NotFound
from backstay_plugname.jobs import JOBS
from backstay_plugname.models import Task, TaskState
from backstay_plugname.services import (
    COUNT_DAYS,
    CreateTask,
    EditTask,
    FinishTask,
    create_task,
    edit_task,
    finish_task,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy.orm import Session

    from backstay.spi import CompanyRef


def test_a_finished_task_can_not_be_changed(session: Session) -> None:
    task = create_task(session, CreateTask(title="Water the plants"))
    finish_task(session, FinishTask(id=task.id))
    assert task.state is TaskState.DONE
    with pytest.raises(Conflict, match="is finished"):
        edit_task(session, EditTask(id=task.id, title="Something else"))


def test_the_job_counts_the_days(session: Session, run_jobs: Callable[[], int]) -> None:
    task = create_task(session, CreateTask(title="Water the plants"))
    task.begun_on -= timedelta(days=3)
    finish_task(session, FinishTask(id=task.id))
    session.commit()
    assert run_jobs() > 0
    session.refresh(task)
    assert task.days == 3
    assert [job.name for job in JOBS] == [COUNT_DAYS]


def test_another_company_has_no_such_task(
    writing: Callable[..., AbstractContextManager[Session]], beta: CompanyRef
) -> None:
    with writing() as session:
        task_id = create_task(session, CreateTask(title="Water the plants")).id
    with writing(beta) as session:
        assert session.get(Task, task_id) is None
        with pytest.raises(NotFound):
            finish_task(session, FinishTask(id=task_id))
