"""What runs of all kinds share: each is its person's own, and none is kept for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import delete, select

from backstay.clock import now
from backstay.db.context import context_of
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.lists.models import ListRun

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

Run = TypeVar("Run", bound=ListRun)
_KEPT: Final = timedelta(days=30)


def own(session: Session, model: type[ListRun]) -> tuple[ColumnElement[bool], ...]:
    """The condition for runs of the person who acts, in the company that they act in."""
    context = context_of(session)
    company = (
        model.company_id.is_(None)
        if context.company is None
        else model.company_id == context.company.id
    )
    return model.user_id == (context.actor.user_id or 0), company


def own_run(session: Session, model: type[Run], run_id: int) -> Run:
    """A run of the person who acts, in the company that they act in.

    Raises:
        NotFound: there is none of that id, or it is another person's or another company's.
    """
    mine = own(session, model)
    found = session.scalars(select(model).where(model.id == run_id, *mine)).one_or_none()
    if found is None:
        raise NotFound(_("There is no such run of yours."))
    return found


def forget_old(session: Session, model: type[ListRun]) -> None:
    """Delete the runs that nobody looks at any more."""
    session.execute(
        delete(model).where(model.created_at < now() - _KEPT),
        execution_options={"synchronize_session": False},
    )
