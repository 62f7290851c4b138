"""Saving how a list looks: for oneself, for the company, and as what opens by itself.

A view belongs to a list in one company. Private ones are seen by their owner alone; what is shared
is seen by everybody who may see the list, and shared or made the company's default by those who
hold the permission for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, or_, select

from backstay.access.core_permissions import LIST_VIEW_SHARE
from backstay.access.permissions import SIGNED_IN
from backstay.clock import now
from backstay.db.context import authorize, context_of
from backstay.db.fixed import Fixed
from backstay.errors import Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.lists.models import ListDefault, ListView

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

MOST_VIEWS: Final = 50
"""Of one person for one list."""
_LONGEST_NAME: Final = 80


def _visible(statement: Select[Any], *, in_company: bool) -> Select[Any]:
    """Of a list's views those that somebody sees: their own and the shared ones of the company.

    What :func:`_asked` gives is filled in when it is sent.
    """
    here = ListView.company_id == bindparam("company") if in_company else _OF_NO_COMPANY
    seen = or_(ListView.owner_id == bindparam("user"), ListView.shared.is_(True))
    return statement.where(ListView.resource == bindparam("resource"), here, seen)


def _asked(session: Session, resource: str) -> dict[str, Any]:
    context = context_of(session)
    company = {} if context.company is None else {"company": context.company.id}
    return {"resource": resource, "user": context.actor.user_id, **company}


_OF_NO_COMPANY: Final = ListView.company_id.is_(None)
_WITH_DEFAULTS: Final = (
    select(
        ListView.id,
        ListView.name,
        ListView.query,
        ListView.owner_id,
        ListView.shared,
        ListDefault.id.label("default_id"),
        ListDefault.user_id.label("default_of"),
    )
    .outerjoin(
        ListDefault,
        (ListDefault.view_id == ListView.id)
        & or_(ListDefault.user_id == bindparam("user"), ListDefault.user_id.is_(None)),
    )
    .order_by(ListView.name, ListView.id)
)
# Every list page sends one of these, so they are built once.
_IN_COMPANY: Final = Fixed(_visible(_WITH_DEFAULTS, in_company=True))
_OUTSIDE: Final = Fixed(_visible(_WITH_DEFAULTS, in_company=False))


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as a list's page needs it.

    Arguments:
        query: the list's URL parameters.
        mine: the reader owns it.
        my_default, company_default: the list opens with it.
    """

    id: int
    name: str
    query: dict[str, str]
    mine: bool
    shared: bool
    my_default: bool = False
    company_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveView:
    """A new view.

    Arguments:
        resource: name of the list's resource.
        query: its URL parameters, checked by the caller against the list.
        shared: for everybody in the company who may see the list.
    """

    resource: str
    name: str
    query: dict[str, str]
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """What a view shows from now on; its name and sharing stay."""

    id: int
    resource: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteView:
    """A view that nobody needs any more."""

    id: int
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseDefault:
    """The view that the list opens with.

    Arguments:
        view_id: None for the plain list.
        for_company: for all who chose none of their own.
    """

    resource: str
    view_id: int | None
    for_company: bool = False


def views_of(session: Session, resource: str) -> tuple[SavedView, ...]:
    """The views of a list that the reader may use, by name; one query."""
    asked = _asked(session, resource)
    found: dict[int, SavedView] = {}
    session.flush()
    query = _IN_COMPANY if "company" in asked else _OUTSIDE
    for row in query.execute(session.connection(), asked):
        key, name, state, owner_id, shared, default_id, default_of = row
        before = found.get(key)
        found[key] = SavedView(
            id=key,
            name=name,
            query=dict(state),
            mine=owner_id == asked["user"],
            shared=shared,
            my_default=(before is not None and before.my_default)
            or (default_id is not None and default_of is not None),
            company_default=(before is not None and before.company_default)
            or (default_id is not None and default_of is None),
        )
    return tuple(found.values())


def opening_view(views: tuple[SavedView, ...]) -> SavedView | None:
    """The view that a list opens with: the reader's own choice before the company's."""
    return next((one for one in views if one.my_default), None) or next(
        (one for one in views if one.company_default), None
    )


def save_view(session: Session, command: SaveView) -> ListView:
    """Keep a list's state under a name.

    Raises:
        Invalid: the name is empty, too long or used by the person for this list already, or there
            are too many views.
        Forbidden: sharing needs its permission.
    """
    context = authorize(session, LIST_VIEW_SHARE if command.shared else SIGNED_IN)
    name = " ".join(command.name.replace("\x00", "").split())
    if not name or len(name) > _LONGEST_NAME:
        raise Invalid(
            _("Give the view a name of at most %(n)s characters.", n=_LONGEST_NAME), field="name"
        )
    own = (*_place(session, command.resource), ListView.owner_id == context.actor.user_id)
    if session.scalar(
        select(func.count(ListView.id)).where(*own, func.lower(ListView.name) == name.lower())
    ):
        raise Invalid(
            _("You have a view “%(name)s” of this list already.", name=name), field="name"
        )
    if (session.scalar(select(func.count(ListView.id)).where(*own)) or 0) >= MOST_VIEWS:
        raise Invalid(
            _("You have %(n)s views of this list; delete one first.", n=MOST_VIEWS), field="name"
        )
    view = ListView(
        resource=command.resource,
        company_id=context.company.id if context.company else None,
        owner_id=context.actor.user_id,
        name=name,
        shared=command.shared,
        query=dict(command.query),
        created_at=now(),
    )
    session.add(view)
    session.flush()
    return view


def change_view(session: Session, command: ChangeView) -> ListView:
    """Let a view show what the list shows now.

    Raises:
        NotFound: there is none of that id that the person may see.
        Forbidden: it is shared and the person may not change what is shared.
    """
    view = _changeable(session, command.id, command.resource)
    view.query = dict(command.query)
    session.flush()
    return view


def delete_view(session: Session, command: DeleteView) -> None:
    """Delete a view; lists that opened with it open plainly again.

    Raises:
        NotFound, Forbidden: as :func:`change_view`.
    """
    view = _changeable(session, command.id, command.resource)
    for default in session.scalars(select(ListDefault).where(ListDefault.view_id == view.id)):
        session.delete(default)
    session.flush()
    session.delete(view)
    session.flush()


def choose_default(session: Session, command: ChooseDefault) -> None:
    """Let a list open with a view.

    Raises:
        NotFound: there is no such view.
        Invalid: a private view can't be the company's.
        Forbidden: the company's default needs the permission to share.
    """
    context = authorize(session, LIST_VIEW_SHARE if command.for_company else SIGNED_IN)
    user_id = None if command.for_company else context.actor.user_id
    company_id = context.company.id if context.company else None
    if command.view_id is not None:
        view = _view(session, command.view_id, command.resource)
        if command.for_company and not view.shared:
            raise Invalid(_("Only a shared view can be what the list opens with for everybody."))
    before: Any = session.scalars(
        select(ListDefault).where(
            ListDefault.resource == command.resource,
            _same(ListDefault.company_id, company_id),
            _same(ListDefault.user_id, user_id),
        )
    ).first()
    if command.view_id is None:
        if before is not None:
            session.delete(before)
    elif before is None:
        session.add(
            ListDefault(
                resource=command.resource,
                company_id=company_id,
                user_id=user_id,
                view_id=command.view_id,
            )
        )
    else:
        before.view_id = command.view_id
    session.flush()


def _same(column: Any, value: int | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value  # type: ignore[no-any-return]


def _place(session: Session, resource: str) -> tuple[ColumnElement[bool], ...]:
    company = context_of(session).company
    return (
        ListView.resource == resource,
        _same(ListView.company_id, company.id if company else None),
    )


def _view(session: Session, view_id: int, resource: str) -> ListView:
    asked = _asked(session, resource)
    one = select(ListView).where(ListView.id == view_id)
    found: ListView | None = session.scalars(
        _visible(one, in_company="company" in asked), asked
    ).one_or_none()
    if found is None:
        raise NotFound(no_such_view())
    return found


def no_such_view() -> str:
    """What is said about a view that does not exist, is private, or is of another company."""
    return _("There is no such view of this list. It may have been deleted, or be private.")


def _changeable(session: Session, view_id: int, resource: str) -> ListView:
    view = _view(session, view_id, resource)
    context = authorize(session, SIGNED_IN)
    if view.shared or view.owner_id != context.actor.user_id:
        authorize(session, LIST_VIEW_SHARE)
    return view
