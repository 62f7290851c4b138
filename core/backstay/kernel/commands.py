"""``backstay plugin``: list the modules, take steps with them; new ones for authors."""

from __future__ import annotations

import click

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.authoring.commands import COMMANDS as FOR_AUTHORS
from backstay.cli_environment import Environment, command_environment, environment
from backstay.cli_output import echo_json, echo_rows, json_option
from backstay.db.context import authorize
from backstay.errors import Forbidden
from backstay.i18n import gettext as _
from backstay.kernel.lifecycle import transition
from backstay.kernel.modules import list_modules
from backstay.kernel.plan_json import plan_values
from backstay.kernel.plan_words import plan_lines
from backstay.kernel.plans import Plan
from backstay.kernel.states import Step, next_step


@click.group()
def plugin() -> None:
    """List the modules, take steps with them; write and check new ones."""


@plugin.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List what is installed, with its state."""
    with command_environment() as session:
        rows = [
            {
                "name": one.name,
                "title": one.title,
                "state": one.state.value,
                "version": one.version,
                "migrated": one.migrated,
                "running": one.running,
                "requires": list(one.requires),
                "needed_by": list(one.needed_by),
                "licence": one.licence,
                "message": one.message,
            }
            for one in list_modules(session)
        ]
    echo_rows(("name", "title", "state", "version", "message"), rows, as_json=as_json)


_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@plugin.command("plan")
@click.argument("name")
@click.option(
    "--for",
    "step",
    type=click.Choice([step.value for step in Step]),
    help="The step; left out, the one that comes next.",
)
@json_option
def show_plan(name: str, step: str | None, *, as_json: bool) -> None:
    """Say what a step with the module NAME would do, and what stands in the way."""
    here = environment()
    with command_environment() as session:
        authorize(session, PLUGIN_VIEW)
        found = next((one for one in list_modules(session) if one.name == name), None)
    chosen = Step(step) if step else next_step(found.standing) if found else Step.ENABLE
    _say(_full_plan(here, name, chosen), as_json=as_json)


_give = click.option(
    "--give",
    metavar="ROLE[:PERMISSION]",
    multiple=True,
    help="Give a role what the plan proposes for it, all or one; can be repeated.",
)


@plugin.command("enable")
@click.argument("name")
@_give
@_dry_run
def enable(name: str, give: tuple[str, ...], *, dry_run: bool) -> None:
    """Switch the module NAME on, and bring its tables up to date."""
    _take(name, Step.ENABLE, dry_run=dry_run, give=give)


@plugin.command("disable")
@click.argument("name")
@_dry_run
def disable(name: str, *, dry_run: bool) -> None:
    """Switch the module NAME off; its data is kept."""
    _take(name, Step.DISABLE, dry_run=dry_run)


@plugin.command("upgrade")
@click.argument("name")
@_give
@_dry_run
def upgrade(name: str, give: tuple[str, ...], *, dry_run: bool) -> None:
    """Bring the data of the module NAME to the version that is installed.

    Roles stay as they are, unless --give adds to them what the new version proposes: the plan lists
    it role by role.
    """
    _take(name, Step.UPGRADE, dry_run=dry_run, give=give)


@plugin.command("retire")
@click.argument("name")
@_dry_run
def retire(name: str, *, dry_run: bool) -> None:
    """Uninstall the module NAME and keep its data, so that its package may be removed."""
    _take(name, Step.RETIRE, dry_run=dry_run)


@plugin.command("purge")
@click.argument("name")
@click.option("--confirm", metavar="NAME", default="", help="The name once more.")
@_dry_run
def purge(name: str, confirm: str, *, dry_run: bool) -> None:
    """Delete all data of the module NAME, which is off; it is exported first.

    The export, a zip file below the data folder, is read back before anything is deleted. Without
    --confirm NAME nothing is done.
    """
    here = environment()
    if dry_run:
        _say(_full_plan(here, name, Step.PURGE))
        return
    from backstay.kernel.purge import purge as purge_module

    exports = here.home.path / "exports"
    click.echo(purge_module(here.database, exports, name, confirm, here.context()).message)


def _take(name: str, step: Step, *, dry_run: bool, give: tuple[str, ...] = ()) -> None:
    here = environment()
    context = here.context()
    if not context.may(PLUGIN_MANAGE):
        raise Forbidden(
            _("You may not do this: it needs the permission “%(name)s”.", name=PLUGIN_MANAGE.label)
        )
    if dry_run:
        _say(_full_plan(here, name, step))
        return
    click.echo(transition(here.database, name, step, context, give).message)


def _full_plan(here: Environment, name: str, step: Step) -> Plan:
    from backstay.kernel.forecast import full_plan

    return full_plan(here.database, name, step)


def _say(planned: Plan, *, as_json: bool = False) -> None:
    if as_json:
        echo_json(plan_values(planned))
        return
    for line in plan_lines(planned):
        click.echo(line)


for _command in FOR_AUTHORS:
    plugin.add_command(_command)

COMMANDS = (plugin,)
