"""Reading the audit trail: who did what, to which record, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from backstay.access.core_permissions import AUDIT_VIEW
from backstay.audit.canonical import MASK
from backstay.audit.models import AuditEvent
from backstay.db.context import authorize, context_of
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite

LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which events are asked for; an empty field does not narrow."""

    actor: str = ""
    entity: str = ""
    entity_id: str = ""
    action: str = ""
    request_id: str = ""
    limit: int = 100


def visible_events(session: Session) -> Sequence[ColumnElement[bool]]:
    """The events that may be seen here: those of the company, or all with a grant for all.

    The audit table is shared between the companies, so this is its record rule; events of no
    company (users, roles, modules, sign-ins) are for those who administer.
    """
    context = context_of(session)
    if context.company is not None:
        return (AuditEvent.company_id == context.company.id,)
    if context.company_ids is None:
        return ()
    return (AuditEvent.company_id.in_(sorted(context.company_ids)),)


def model_of(suite: Suite, table: str) -> Any:
    """The model of a running plugin that maps a table, or None."""
    for part in suite.parts:
        if part.base is not None:
            for mapper in part.base.registry.mappers:
                if mapper.class_.__tablename__ == table:
                    return mapper.class_
    return None


def masked_values(
    session: Session, entity: str, values: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The values of an event without those of field groups that the actor may not read."""
    context = context_of(session)
    if not values or context.permissions is None:
        return values
    suite = suite_of(session)
    groups = {group.name: group for part in suite.parts for group in part.field_groups}
    grouped: dict[str, str] = getattr(model_of(suite, entity), "__field_groups__", {})
    return {
        name: value
        if (group := grouped.get(name)) is None
        or (group in groups and context.may(groups[group].read))
        else MASK
        for name, value in values.items()
    }


def list_events(session: Session, query: AuditQuery) -> list[AuditEvent]:
    """The latest events that match, the latest first."""
    authorize(session, AUDIT_VIEW)
    wanted: dict[Any, str] = {
        AuditEvent.actor: query.actor,
        AuditEvent.entity: query.entity,
        AuditEvent.entity_id: query.entity_id,
        AuditEvent.action: query.action,
        AuditEvent.request_id: query.request_id,
    }
    return list(
        session.scalars(
            select(AuditEvent)
            .where(
                *visible_events(session),
                *(column == value for column, value in wanted.items() if value),
            )
            .order_by(AuditEvent.id.desc())
            .limit(min(query.limit, LONGEST))
        )
    )
