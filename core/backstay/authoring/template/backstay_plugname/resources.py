"""The pages of tasks: list, record, forms, export and picker from one declaration."""

from __future__ import annotations

from typing import Final

from backstay.spi import (
    Action,
    Area,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Page,
    Resource,
    Section,
)
from backstay.spi import lazy as _
from backstay_plugname.models import Task, TaskState
from backstay_plugname.permissions import TASK_EDIT, TASK_FINISH, TASK_VIEW
from backstay_plugname.services import (
    CreateTask,
    EditTask,
    FinishTask,
    create_task,
    edit_task,
    finish_task,
)

_STATES: Final = (
    Choice(TaskState.OPEN.value, _("Open")),
    Choice(TaskState.DONE.value, _("Done"), "ok"),
)

TASKS: Final = Resource(
    name="plugname.task",
    path="tasks",
    model=Task,
    view=TASK_VIEW,
    label=_("Task"),
    label_many=_("Tasks"),
    icon="list-details",
    help=_("What has to be done, and what was done."),
    columns=(
        Column("title", _("Title"), Task.title, sortable=True, link=True),
        Column("due_on", _("Due on"), Task.due_on, Kind.DATE),
        Column("state", _("State"), Task.state, Kind.STATE, choices=_STATES),
        Column("begun_on", _("Begun on"), Task.begun_on, Kind.DATE, in_list=False),
        Column("finished_on", _("Finished on"), Task.finished_on, Kind.DATE, in_list=False),
        Column("days", _("Days"), Task.days, Kind.NUMBER, in_list=False),
    ),
    order=("title",),
    search=(Task.title,),
    filters=(Filter("state", _("State"), Task.state, _STATES),),
    sections=(
        Section(_("Task"), ("title", "due_on")),
        Section(_("Work"), ("begun_on", "finished_on", "days")),
    ),
    state="state",
    steps=("open", "done"),
    create=Operation(create_task, CreateTask, TASK_EDIT, _("New task")),
    update=Operation(edit_task, EditTask, TASK_EDIT, _("Edit")),
    update_states=("open",),
    actions=(
        Action(
            "finish",
            Operation(finish_task, FinishTask, TASK_FINISH, _("Finish")),
            icon="check",
            states=("open",),
            leads_to="done",
            primary=True,
            past=_("finished this"),
        ),
    ),
    empty=Empty(
        _("No tasks yet"),
        _("Write down the first one."),
        "list-details",
    ),
)

RESOURCES: Final = (TASKS,)
PAGES: Final = (
    Page(
        Area.SERVICE,
        _("Plugin title"),
        "plugname.task.list",
        "list-details",
        TASK_VIEW,
    ),
    Page(
        Area.SERVICE,
        _("New task"),
        "plugname.task.create",
        "plus",
        TASK_EDIT,
        in_palette_only=True,
        keywords=_("Plugin title"),
    ),
)
