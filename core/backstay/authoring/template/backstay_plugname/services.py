"""Writing, changing and finishing tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

from backstay.spi import (
    Conflict,
    DateField,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
    enqueue,
    today,
)
from backstay.spi import gettext as _
from backstay.spi import lazy as _l
from backstay_plugname.models import Task, TaskState
from backstay_plugname.permissions import TASK_EDIT, TASK_FINISH

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

COUNT_DAYS: Final = "plugname.count_days"
"""The job that works on a task after it was finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """Something that has to be done."""

    title: Annotated[str, TextField(label=_l("Title"), max_length=120)]
    due_on: Annotated[
        date | None,
        DateField(label=_l("Due on"), help=_l("Empty means that it can wait.")),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTask:
    """Corrections to an open task."""

    id: int
    version: int | None = None
    title: Annotated[str, TextField(label=_l("Title"), max_length=120)]
    due_on: Annotated[date | None, DateField(label=_l("Due on"))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTask:
    """A task that is done."""

    id: int


def create_task(session: Session, command: CreateTask) -> Task:
    """Add a task to the company that the session works in."""
    authorize(session, TASK_EDIT)
    company = company_of(session)
    task = Task(
        company_id=company.id,
        title=command.title,
        due_on=command.due_on,
        begun_on=today(company.time_zone),
    )
    session.add(task)
    session.flush()
    return task


def edit_task(session: Session, command: EditTask) -> Task:
    """Change the title or the date of a task.

    Raises:
        Stale: somebody else saved in the meantime.
        Conflict: it is finished.
    """
    authorize(session, TASK_EDIT)
    task = _open(session, command.id)
    check_version(task, command.version)
    task.title = command.title
    task.due_on = command.due_on
    return task


def finish_task(session: Session, command: FinishTask) -> Task:
    """Finish a task; a job counts afterwards how many days it took.

    Raises:
        Conflict: it was finished before.
    """
    authorize(session, TASK_FINISH)
    task = _open(session, command.id)
    task.state = TaskState.DONE
    task.finished_on = today(company_of(session).time_zone)
    enqueue(session, COUNT_DAYS, {"id": str(task.id)})
    return task


def _open(session: Session, task_id: int) -> Task:
    # The session adds the company: a task of another one is not found.
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(_("There is no such task."))
    if task.state is not TaskState.OPEN:
        raise Conflict(_("“%(title)s” is finished.", title=task.title))
    return task
