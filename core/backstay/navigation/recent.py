"""What happened lately, for the start page: everybody's work to those who may read the trail."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from backstay.audit.models import AuditEvent
from backstay.db.context import context_of
from backstay.i18n import gettext as _
from backstay.resources.formats import instant_iso, instant_text
from backstay.web.jinja import initials
from backstay.web.page import TimelineItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite

_MOST: Final = 6
_READ: Final = 60
"""So many events at most are looked through for those that differ from the one after them."""
_TRAIL: Final = "core.audit.view"
_NOT_WORK: Final = frozenset({"sign_in", "sign_out", "deny", "sign_out_everywhere"})


def lately(session: Session, suite: Suite) -> tuple[TimelineItem, ...]:
    """The latest events here: in the company of the page, or outside any.

    What one person did to one record again and again, such as the steps of an import, is told once.
    """
    context = context_of(session)
    company = context.company.id if context.company else None
    query = (
        select(
            AuditEvent.at,
            AuditEvent.actor,
            AuditEvent.action,
            AuditEvent.entity,
            AuditEvent.label,
            AuditEvent.reason,
        )
        .where(
            AuditEvent.company_id == company,
            AuditEvent.outcome == "done",
            AuditEvent.action.not_in(_NOT_WORK),
        )
        .order_by(AuditEvent.id.desc())
        .limit(_READ)
    )
    if context.permissions is not None and _TRAIL not in context.permissions:
        query = query.where(AuditEvent.actor_id == context.actor.user_id)
    things: dict[str, str] = {}
    pasts: dict[tuple[str, str], str] = {}
    for one in suite.resources.values():
        # The first of a table names its rows; service accounts come after users.
        things.setdefault(one.model.__tablename__, one.thing)
        for action in one.actions:
            if action.past:
                pasts[one.model.__tablename__, action.name] = str(action.past)
    return tuple(
        TimelineItem(
            actor=row.actor,
            initials=initials(row.actor.rpartition(":")[2]),
            action_text=_told(
                pasts.get((row.entity, row.action)) or row.action.replace("_", " "),
                row.action,
                things.get(row.entity, ""),
                row.label,
            ),
            at_iso=instant_iso(row.at),
            at_text=instant_text(row.at, context.time_zone, context.locale),
            reason=row.reason,
        )
        for row in _told_once(session.execute(query))
    )


def _told_once(rows: Iterable[Any]) -> list[Any]:
    """The latest of each run of events that differ in nothing but their time."""
    runs = groupby(rows, lambda row: (row.actor, row.action, row.entity, row.label, row.reason))
    return [next(run) for _what, run in islice(runs, _MOST)]


def _told(verb: str, action: str, thing: str, label: str) -> str:
    what = " ".join(part for part in (thing, f"“{label}”" if label else "") if part)
    known = {
        "create": _("added %(what)s", what=what),
        "update": _("changed %(what)s", what=what),
        "delete": _("removed %(what)s", what=what),
    }
    return known.get(action, _("%(verb)s: %(what)s", verb=verb, what=what))
