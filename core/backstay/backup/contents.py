"""What is in a database, in numbers that must be the same after a restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Table, column, func, inspect, select, table

from backstay.audit.models import AuditEvent
from backstay.db.types import Money
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from backstay.kernel.suite import Suite


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows of each table, sums of its money, and where the audit trail ends.

    Arguments:
        rows: table -> number of rows.
        sums: table -> column of money -> its sum in ten-thousandths.
        audit_head: id and hash of the last audit row, empty where there is none.
        stored: the hashes of the contents that the file store has to hold.
    """

    rows: Mapping[str, int]
    sums: Mapping[str, Mapping[str, int]]
    audit_head: str = ""
    stored: tuple[str, ...] = ()

    def differences(self, other: Contents) -> list[str]:
        """What is not the same in another database, in sentences."""
        found = [
            _(
                "%(table)s has %(there)s rows instead of %(here)s",
                table=name,
                here=self.rows.get(name, _("none")),
                there=other.rows.get(name, _("none")),
            )
            for name in sorted({*self.rows, *other.rows})
            if self.rows.get(name) != other.rows.get(name)
        ]
        found += [
            _("the sum of %(table)s.%(column)s differs", table=name, column=money)
            for name, sums in sorted(self.sums.items())
            for money, total in sums.items()
            if other.sums.get(name, {}).get(money) != total
        ]
        if self.audit_head != other.audit_head:
            found.append(_("the audit trail ends with another event"))
        return found


def money_columns(suite: Suite) -> dict[str, tuple[str, ...]]:
    """The columns of money of all loaded plugins, by table."""
    found: dict[str, tuple[str, ...]] = {}
    for part in suite.parts:
        if part.base is None:
            continue
        for one in part.base.metadata.sorted_tables:
            names = tuple(c.name for c in one.columns if isinstance(c.type, Money))
            if names:
                found[one.name] = names
    return found


def contents_of(connection: Connection, money: Mapping[str, Iterable[str]]) -> Contents:
    """Count and add up all tables, in the transaction of the connection."""
    names = sorted(inspect(connection).get_table_names())
    rows = {
        name: connection.scalar(select(func.count()).select_from(table(name))) or 0
        for name in names
    }
    sums = {
        name: {one: _sum(connection, name, one) for one in columns}
        for name, columns in sorted(money.items())
        if name in rows
    }
    return Contents(
        rows,
        sums,
        _head(connection) if "core_audit" in rows else "",
        _stored(connection) if "core_blob" in rows else (),
    )


def _stored(connection: Connection) -> tuple[str, ...]:
    blobs = table("core_blob", column("sha256"))
    return tuple(connection.scalars(select(blobs.c.sha256).order_by(blobs.c.sha256)))


def _sum(connection: Connection, name: str, money: str) -> int:
    total = connection.scalar(select(func.sum(column(money))).select_from(table(name)))
    return int(total or 0)


def _head(connection: Connection) -> str:
    events = AuditEvent.__table__
    assert isinstance(events, Table)  # noqa: S101 - what else is it mapped to
    last = connection.execute(
        select(events.c.id, events.c.row_hash).order_by(events.c.id.desc()).limit(1)
    ).one_or_none()
    return "" if last is None else f"{last.id}:{last.row_hash or ''}"
