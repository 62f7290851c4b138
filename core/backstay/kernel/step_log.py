"""How the last step with each module went: for who did not wait until it was done."""

from __future__ import annotations

import enum
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from backstay.clock import now
from backstay.kernel.leases import held
from backstay.kernel.models import StepTaken
from backstay.kernel.plans import DUTY
from backstay.kernel.states import Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from backstay.db.database import Database

_STEPS: Final[Any] = StepTaken.__table__
_LONGEST: Final = 1000


class Outcome(enum.Enum):
    """How far a step is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its process was killed; nothing of it is half done."""


@dataclass(frozen=True, slots=True)
class LastStep:
    """The step that was taken last with a module.

    Arguments:
        message: what was said when it ended.
    """

    step: Step
    outcome: Outcome
    began_at: datetime
    ended_at: datetime | None
    message: str


@contextmanager
def noted(database: Database, name: str, step: Step, actor: str) -> Iterator[None]:
    """Write down that a step begins, and what it says when it fails; :func:`note_end` the rest."""
    with database.engine.begin() as connection:
        connection.execute(delete(_STEPS).where(_STEPS.c.name == name))
        connection.execute(
            insert(_STEPS).values(
                name=name,
                step=step.value,
                actor=actor,
                began_at=now(),
                ended_at=None,
                failed=False,
                message="",
            )
        )
    try:
        yield
    except Exception as error:
        with database.engine.begin() as connection:
            note_end(connection, name, str(error), failed=True)
        raise


def note_end(connection: Connection, name: str, message: str, *, failed: bool = False) -> None:
    """Write down how a step ended, in the transaction that ends it."""
    connection.execute(
        update(_STEPS)
        .where(_STEPS.c.name == name)
        .values(ended_at=now(), failed=failed, message=message[:_LONGEST])
    )


def last_step(connection: Connection, name: str) -> LastStep | None:
    """The step that was taken last with a module, or is being taken; None where there was none."""
    row = connection.execute(select(_STEPS).where(_STEPS.c.name == name)).one_or_none()
    if row is None:
        return None
    if row.ended_at is not None:
        outcome = Outcome.FAILED if row.failed else Outcome.DONE
    else:
        duty = held(connection, DUTY)
        under_way = duty is not None and duty.alive and duty.note == f"{row.step} {name}"
        outcome = Outcome.RUNNING if under_way else Outcome.INTERRUPTED
    return LastStep(Step(row.step), outcome, row.began_at, row.ended_at, row.message)


__all__ = ["LastStep", "Outcome", "last_step", "note_end", "noted"]
