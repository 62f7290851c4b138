"""The checklist of closing a period: what the machine finds, what people add, who waived what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.closing import Blocker, CloseTask, ClosingPeriod
from backstay.spi import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    authorize,
    close_tasks,
    company_of,
    context_of,
    give_reason,
    new_id,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.task_models import PeriodTask, TaskState
from backstay_ledger.models import Period
from backstay_ledger.permissions import BOOKS_VIEW, PERIOD_CLOSE
from backstay_ledger.services.content import as_json, hash_of_json

_OWN: Final = "own."
_DIGITS: Final = 16
"""Of the hash of a finding: enough for the findings of one task of one period."""
_LONGEST: Final = {"title": 200, "owner": 120, "reason": 500}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the checklist.

    Arguments:
        found: what is not in order, as the machine sees it.
        own: people added it; the machine knows nothing of it.
        blocks: the period can't be closed as it stands.
        state: open again where more or other things are found than a waiver was for.
        since: what is found that the waiver was not for; empty where there is no waiver.
    """

    name: str
    label: str
    found: tuple[Blocker, ...]
    own: bool
    blocks: bool
    can_be_waived: bool
    state: TaskState
    owner: str = ""
    reason: str = ""
    asked_by: str = ""
    decided_by: str = ""
    since: tuple[Blocker, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTask:
    """A task of people's own, such as “cash counted”."""

    period_id: int
    title: str
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTask:
    """Who does a task; empty for nobody."""

    period_id: int
    name: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTask:
    """A task that is done, or that is open again."""

    period_id: int
    name: str
    done: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveTask:
    """A task that the period shall be closed without: asked for by one, agreed to by another.

    It holds for what is found when it is asked for, and not for what is found later.

    Arguments:
        reason: of whoever asks; whoever agrees needs none.
    """

    period_id: int
    name: str
    reason: str = ""


def checklist(session: Session, period: Period) -> list[Item]:
    """All tasks of a period, each with what the machine finds now."""
    authorize(session, BOOKS_VIEW)
    stored = {
        row.name: row
        for row in session.scalars(
            select(PeriodTask).where(PeriodTask.period_id == period.id).order_by(PeriodTask.id)
        )
    }
    items = [
        _of_machine(task, _find(session, task, period), stored.get(task.name))
        for task in close_tasks(session)
    ]
    items += [_own(row) for name, row in stored.items() if name.startswith(_OWN)]
    return items


def pending(session: Session, period: Period) -> list[Item]:
    """The tasks that keep a period from being closed."""
    return [item for item in checklist(session, period) if item.blocks]


def refuse_pending(session: Session, period: Period) -> None:
    """Refuse to close a period while tasks are pending.

    Raises:
        Conflict: names them, with what the first of each is.
    """
    if items := pending(session, period):
        named = "; ".join(
            f"{item.label}: {(item.since or item.found)[0].text}" if item.found else item.label
            for item in items
        )
        raise Conflict(
            _(
                "%(period)s can't be closed yet. Put in order, or have a second person waive:"
                " %(tasks)s",
                period=period.label,
                tasks=named,
            )
        )


def add_task(session: Session, command: AddTask) -> PeriodTask:
    """Add a task of one's own to a period.

    Raises:
        Invalid: it has no title.
    """
    authorize(session, PERIOD_CLOSE)
    _check(title=command.title, owner=command.owner)
    if not command.title.strip():
        raise Invalid(_("Say what has to be done."), field="title")
    return _add(session, command.period_id, f"{_OWN}{new_id()}", command.title, command.owner)


def assign_task(session: Session, command: AssignTask) -> PeriodTask:
    """Say who does a task."""
    authorize(session, PERIOD_CLOSE)
    _check(owner=command.owner)
    row = _row(session, command.period_id, command.name)
    row.owner = command.owner.strip()
    session.flush()
    return row


def finish_task(session: Session, command: FinishTask) -> PeriodTask:
    """Mark a task as done, or as open again; what the machine finds still counts.

    Raises:
        Conflict: it is one of the machine's that blocks: those are put in order or waived.
    """
    authorize(session, PERIOD_CLOSE)
    row = _row(session, command.period_id, command.name)
    task = _machine(session, command.name)
    if command.done and task is not None and task.blocks:
        raise Conflict(
            _(
                "The machine sees by itself when this is in order. Put in order what it found, or"
                " ask that it be waived."
            )
        )
    row.state = TaskState.DONE if command.done else TaskState.OPEN
    row.decided_by = context_of(session).actor.label if command.done else None
    row.decided_at = now() if command.done else None
    row.asked_by, row.reason, row.found = None, "", ""
    session.flush()
    return row


def ask_waiver(session: Session, command: WaiveTask) -> PeriodTask:
    """Ask that a period be closed without a task.

    Raises:
        Invalid: no reason is given.
        Conflict: it can't be waived.
    """
    authorize(session, PERIOD_CLOSE)
    _check(reason=command.reason)
    if not command.reason.strip():
        raise Invalid(_("Say why it is waived."), field="reason")
    task = _machine(session, command.name)
    if task is not None and not task.can_be_waived:
        raise Conflict(
            _("The books would be wrong without it: it can't be waived. Put it in order.")
        )
    row = _row(session, command.period_id, command.name)
    found = () if task is None else _find(session, task, period_of(session, row.period_id))
    give_reason(session, command.reason.strip())
    row.state = TaskState.WAIVER_ASKED
    row.found = _kept(found)
    row.reason = command.reason.strip()
    row.asked_by = context_of(session).actor.label
    row.decided_by = row.decided_at = None
    session.flush()
    return row


def agree_waiver(session: Session, command: WaiveTask) -> PeriodTask:
    """Agree as the second person that a task is waived.

    Raises:
        Forbidden: whoever asked for it can't agree, administrators included.
        Conflict: nobody asked for it, or more or other things are found by now.
    """
    authorize(session, PERIOD_CLOSE)
    row = _row(session, command.period_id, command.name)
    actor = context_of(session).actor.label
    if row.state is not TaskState.WAIVER_ASKED:
        raise Conflict(_("Nobody asked that it be waived."))
    if row.asked_by == actor:
        raise Forbidden(_("A second person agrees: not whoever asked for it."))
    task = _machine(session, command.name)
    if task is not None:
        found = _find(session, task, period_of(session, row.period_id))
        if since := _since(row, found):
            raise Conflict(
                _(
                    "This was not found yet when it was asked for: %(what)s. Ask again.",
                    what=since[0].text,
                )
            )
    give_reason(session, row.reason)
    row.state = TaskState.WAIVED
    row.decided_by = actor
    row.decided_at = now()
    session.flush()
    return row


def period_of(session: Session, period_id: int) -> Period:
    """A period of the company.

    Raises:
        NotFound: there is none.
    """
    found = session.scalars(
        select(Period).where(Period.id == period_id, Period.company_id == company_of(session).id)
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such period in this company."))
    return found


def _of_machine(task: CloseTask, found: Sequence[Blocker], row: PeriodTask | None) -> Item:
    state = TaskState.OPEN if row is None else row.state
    since = () if row is None else _since(row, found)
    if since:
        state = TaskState.OPEN
    waived = state is TaskState.WAIVED and task.can_be_waived
    return Item(
        task.name,
        str(task.label),
        tuple(found),
        own=False,
        blocks=task.blocks and bool(found) and not waived,
        can_be_waived=task.can_be_waived,
        state=state,
        since=since,
        **_said(row),
    )


def _find(session: Session, task: CloseTask, period: Period) -> tuple[Blocker, ...]:
    about = ClosingPeriod(period.id, period.label, period.starts_on, period.ends_on)
    return tuple(task.find(session, about))


def _since(row: PeriodTask, found: Sequence[Blocker]) -> tuple[Blocker, ...]:
    """What is found that was not when the waiver was asked for."""
    if row.state not in {TaskState.WAIVER_ASKED, TaskState.WAIVED}:
        return ()
    before = set(row.found.split())
    return tuple(one for one in found if _digest(one) not in before)


def _kept(found: Sequence[Blocker]) -> str:
    """What is found, as the row of its task keeps it."""
    return " ".join(sorted({_digest(one) for one in found}))


def _digest(one: Blocker) -> str:
    said = (one.key, "", "") if one.key else (one.text, one.resource, one.record)
    return hash_of_json(as_json(said))[:_DIGITS]


def _own(row: PeriodTask) -> Item:
    return Item(
        row.name,
        row.title,
        (),
        own=True,
        blocks=row.state not in {TaskState.DONE, TaskState.WAIVED},
        can_be_waived=True,
        state=row.state,
        **_said(row),
    )


def _said(row: PeriodTask | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "owner": row.owner,
        "reason": row.reason,
        "asked_by": row.asked_by or "",
        "decided_by": row.decided_by or "",
    }


def _machine(session: Session, name: str) -> CloseTask | None:
    return next((task for task in close_tasks(session) if task.name == name), None)


def _row(session: Session, period_id: int, name: str) -> PeriodTask:
    """The row of a task, locked; made for one of the machine's that has none yet."""
    period = period_of(session, period_id)
    found = session.scalars(
        select(PeriodTask)
        .where(PeriodTask.period_id == period.id, PeriodTask.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is not None:
        return found
    if _machine(session, name) is None:
        raise NotFound(_("There is no such task in this period."))
    return _add(session, period.id, name, "", "")


def _add(session: Session, period_id: int, name: str, title: str, owner: str) -> PeriodTask:
    period = period_of(session, period_id)
    row = PeriodTask(
        company_id=period.company_id,
        period_id=period.id,
        name=name,
        title=title.strip(),
        owner=owner.strip(),
    )
    session.add(row)
    session.flush()
    return row


def _check(**texts: str) -> None:
    for field, text in texts.items():
        if len(text) > _LONGEST[field] or "\0" in text:
            raise Invalid(
                _("It is too long: %(most)s characters at most.", most=_LONGEST[field]),
                field=field,
            )
