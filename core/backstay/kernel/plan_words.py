"""A plan as lines of text, for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.kernel.plans import Plan


def plan_lines(plan: Plan) -> Iterator[str]:
    """What stands in the way, what would be done, and to what."""
    for blocker in plan.blockers:
        yield _("It can't be done: %(problem)s", problem=blocker)
    for number, action in enumerate(plan.actions, 1):
        yield f"{number}. {action}"
    if plan.dependents:
        yield _("Needed by: %(names)s", names=", ".join(plan.dependents))
    yield from _tables(plan)
    yield from _permissions(plan)
    if plan.jobs:
        yield _("Jobs that wait or were given up: %(count)s", count=plan.jobs)


def _tables(plan: Plan) -> Iterator[str]:
    for migration in plan.migrations:
        yield _(
            "Migration %(revision)s: %(text)s", revision=migration.revision, text=migration.text
        )
        yield from (f"    {line}" for line in (migration.sql or migration.unknown).splitlines())
    for table in plan.tables:
        yield _("Table %(name)s: %(rows)s rows", name=table.name, rows=table.text)
    for one in plan.belongings:
        yield f"{one.label}: {one.rows:,}"


def _permissions(plan: Plan) -> Iterator[str]:
    for permission in plan.gained:
        yield _("Gained: %(name)s (%(label)s)", name=permission.name, label=permission.label)
    for permission in plan.lost:
        yield _("Lost: %(name)s (%(label)s)", name=permission.name, label=permission.label)
    for role in plan.roles:
        what = _("New role") if role.new else _("Role that gets more")
        yield f"{what} {role.code}: {', '.join(role.permissions)}"
    for one in plan.proposals:
        yield _(
            "Proposed for the role %(role)s, given with --give %(key)s: %(label)s",
            role=one.role,
            key=one.key,
            label=one.label,
        )
