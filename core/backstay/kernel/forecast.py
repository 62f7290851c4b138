"""What a step forward would bring, asked of the plugin's own code: migrations, permissions, roles.

It imports the plugin and Alembic, so it is asked by the command line, in a process of its own.
Nothing is changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.access.models import Role, RoleTemplateMade
from backstay.access.permissions import Risk
from backstay.access.role_templates import EARLIER, proposals
from backstay.i18n import gettext as _
from backstay.kernel.load import load
from backstay.kernel.migrate import pending_sql, plugin_schema
from backstay.kernel.plans import (
    PlannedMigration,
    PlannedPermission,
    PlannedRole,
    declared,
    plan_on,
)
from backstay.kernel.state import in_force
from backstay.kernel.states import Step

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from backstay.db.database import Database
    from backstay.kernel.plans import Plan
    from backstay.kernel.suite import Part, Suite


def full_plan(database: Database, name: str, step: Step) -> Plan:
    """The dry run of a step with all that can be known of it. Writes nothing."""
    enabled = in_force(database).enabled
    with database.reading_connection() as connection:
        planned = plan_on(connection, name, step)
        if planned.full or planned.blockers:
            return planned
        suite = load(enabled | {name})
        if name in suite.failed:
            why = _("It can't be loaded: %(why)s", why=suite.failed[name])
            return replace(planned, blockers=(why,))
        return _asked(connection, planned, suite)


def _asked(connection: Connection, planned: Plan, suite: Suite) -> Plan:
    name = planned.plugin
    parts = [part for part in suite.parts if part.plugin == name]
    wanted = {one.name: one for part in parts for one in part.permissions}
    had = {one.name: one for one in declared(connection, name)}
    if planned.step is not Step.UPGRADE:
        had = {}
    return replace(
        planned,
        full=True,
        migrations=_migrations(connection, parts[0], suite),
        gained=tuple(
            PlannedPermission(one.name, str(one.label), one.risk.value)
            for one in wanted.values()
            if one.name not in had
        ),
        lost=tuple(one for one in had.values() if one.name not in wanted),
        roles=_roles(connection, name, parts),
        proposals=proposals(connection, name, parts),
    )


def _migrations(connection: Connection, part: Part, suite: Suite) -> tuple[PlannedMigration, ...]:
    if part.base is None:
        return ()
    schema = plugin_schema(suite.found[part.plugin], part.base.metadata)
    return tuple(
        PlannedMigration(
            revision,
            text,
            sql,
            "" if sql else _("It first looks into the database, so its SQL is known when it runs."),
        )
        for revision, text, sql in pending_sql(connection, schema)
    )


def _roles(connection: Connection, plugin: str, parts: list[Part]) -> tuple[PlannedRole, ...]:
    made = set(
        connection.scalars(select(RoleTemplateMade.code).where(RoleTemplateMade.plugin == plugin))
    )
    if EARLIER in made:
        return ()
    present = {
        row.code: row.read_only for row in connection.execute(select(Role.code, Role.read_only))
    }
    return tuple(
        PlannedRole(
            one.code,
            str(one.name),
            new=one.code not in present,
            permissions=tuple(
                sorted(
                    permission.name
                    for permission in one.permissions
                    if permission.risk is Risk.READ or not present.get(one.code, one.read_only)
                )
            ),
        )
        for part in parts
        for one in part.role_templates
        if one.code not in made
    )
