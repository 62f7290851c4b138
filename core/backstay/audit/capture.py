"""Audit rows for every change of an audited model, in the same transaction.

Called by the session after each flush, so no service can forget it; services that write with
statements (posting in bulk) call :func:`record_many` themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, insert, inspect, text

from backstay.audit.canonical import MASK, canonical, hash_of
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.base import Audit, plugin_of
from backstay.db.context import context_of
from backstay.db.fixed import Fixed
from backstay.db.ids import new_ids
from backstay.search.upkeep import follow_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import InstanceState, Session, sessionmaker


@dataclass(frozen=True, slots=True)
class Event:
    """What an audit row says beside who, when and from where (the session knows those).

    Arguments:
        action: ``create``, ``update``, ``delete`` or a verb such as ``post`` or ``sign_in``.
        entity: the table of the record, or an area such as ``sign_in``.
        before: changed columns with their canonical values before, and likewise ``after``.
        row_hash: see backstay.audit.canonical; None for events that are no change of a row.
        outcome: ``done``, ``denied`` or ``failed``.
    """

    action: str
    entity: str
    entity_id: str = ""
    label: str = ""
    plugin: str = "core"
    company_id: int | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    row_hash: str | None = None
    approval: str = ""
    outcome: str = "done"


def record_changes(factory: sessionmaker[Session]) -> None:
    """Write audit rows after each flush of every session of a factory."""
    event.listen(factory, "after_flush", _after_flush)


def record_event(session: Session, happened: Event) -> None:
    """Add one audit row to the transaction."""
    record_many(session, [happened])


def record_many(session: Session, happened: Sequence[Event]) -> None:
    """Add audit rows to the transaction with one statement, and bring the search index up to date.

    Services that change rows by statement call it after the change.
    """
    _record(session, happened)
    follow_events(session, happened)


def _record(session: Session, happened: Sequence[Event]) -> None:
    if not happened:
        return
    context = context_of(session)
    connection = session.connection()
    shared: dict[str, Any] = {
        "actor_id": context.actor.user_id,
        "actor": context.actor.label,
        "on_behalf_of": context.actor.on_behalf_of,
        "session_id": context.session_id,
        "request_id": context.request_id,
        "ip": context.ip,
        "reason": context.reason[:500],
    }
    rows = [
        {
            "id": new,
            "plugin": one.plugin,
            "plugin_version": plugin_version(one.plugin),
            "action": one.action,
            "entity": one.entity,
            "entity_id": one.entity_id,
            "label": one.label[:200],
            "company_id": one.company_id,
            "before": one.before,
            "after": one.after,
            "row_hash": one.row_hash,
            "approval": one.approval,
            "outcome": one.outcome,
        }
        for new, one in zip(new_ids(len(happened)), happened, strict=True)
    ]
    if connection.dialect.name == "postgresql":
        _ON_POSTGRESQL.execute(connection, {**shared, "rows": _json(rows)})
    else:
        # SQLite's clock is this machine's clock.
        statement = insert(AuditEvent.__table__).values(at=now(), **shared)  # type: ignore[arg-type]
        connection.execute(statement, rows)


_SHARED = {
    "actor_id": "bigint",
    "actor": "text",
    "on_behalf_of": "text",
    "session_id": "bigint",
    "request_id": "text",
    "ip": "text",
    "reason": "text",
}
_OWN = (
    "id bigint, plugin text, plugin_version text, action text, entity text, entity_id text,"
    " label text, company_id bigint, before json, after json, row_hash text, approval text,"
    " outcome text"
)
_names = ", ".join(column.split()[0] for column in _OWN.split(", "))
# One statement for all rows: posting writes thousands, and the driver would send each by itself.
_ON_POSTGRESQL = Fixed(
    text(
        f"INSERT INTO core_audit (at, xid, {', '.join(_SHARED)}, {_names})"  # noqa: S608
        " SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint,"
        " pg_current_xact_id()::text,"
        f" {', '.join(f'CAST(:{name} AS {kind})' for name, kind in _SHARED.items())}, {_names}"
        f" FROM json_to_recordset(CAST(:rows AS json)) AS given({_OWN})"
    )
)
_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@lru_cache
def plugin_version(plugin: str) -> str:
    """The installed version of a plugin's distribution, copied to each audit row."""
    try:
        return version("backstay" if plugin == "core" else f"backstay-{plugin}")
    except PackageNotFoundError:
        return ""


def _after_flush(session: Session, _context: Any) -> None:
    happened = [
        found
        for rows, describe in (
            (session.new, _created),
            (session.dirty, _updated),
            (session.deleted, _deleted),
        )
        for row in rows
        if getattr(row, "__audit__", None) is Audit.FULL and (found := describe(row)) is not None
    ]
    # The index follows the objects themselves.
    _record(session, happened)


def _visible(row: Any, name: str, value: object) -> Any:
    return MASK if name in row.__secret__ else canonical(value)


def _event(
    row: Any,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> Event:
    state: InstanceState[Any] = inspect(row, raiseerr=True)
    identity = state.identity or tuple(
        getattr(row, attribute.key)
        for attribute in (state.mapper.get_property_by_column(c) for c in state.mapper.primary_key)
    )
    company = row.id if row.__tablename__ == "core_company" else getattr(row, "company_id", None)
    return Event(
        action=action,
        entity=row.__tablename__,
        entity_id=":".join(str(part) for part in identity),
        label=row.audit_label(),
        plugin=plugin_of(type(row)),
        company_id=company,
        before=before,
        after=after,
        row_hash=None if action == "delete" else hash_of(row),
    )


def _columns(row: Any) -> list[str]:
    return [attribute.key for attribute in inspect(row).mapper.column_attrs]


def _created(row: Any) -> Event:
    after = {
        name: _visible(row, name, value)
        for name in _columns(row)
        if (value := getattr(row, name)) is not None
    }
    return _event(row, "create", None, after)


def _updated(row: Any) -> Event | None:
    state = inspect(row)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in _columns(row):
        history = state.attrs[name].history
        if history.has_changes():
            before[name] = _visible(row, name, history.deleted[0] if history.deleted else None)
            after[name] = _visible(row, name, history.added[0] if history.added else None)
    if set(after) <= {"version"}:
        return None
    return _event(row, "update", before, after)


def _deleted(row: Any) -> Event:
    before = {
        name: _visible(row, name, value)
        for name in _columns(row)
        if (value := getattr(row, name)) is not None
    }
    return _event(row, "delete", before, None)
