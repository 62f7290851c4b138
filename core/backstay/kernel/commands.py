"""``backstay plugin``: list the modules, switch one on or off; new ones for authors."""

from __future__ import annotations

import click

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.authoring.commands import COMMANDS as FOR_AUTHORS
from backstay.cli_environment import command_environment, environment
from backstay.cli_output import echo_rows, json_option
from backstay.errors import Forbidden
from backstay.i18n import gettext as _
from backstay.kernel.lifecycle import transition
from backstay.kernel.modules import list_modules
from backstay.kernel.plans import Plan, plan
from backstay.kernel.states import Step


@click.group()
def plugin() -> None:
    """List the modules, switch them on and off; write and check new ones."""


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


@plugin.command("enable")
@click.argument("name")
@_dry_run
def enable(name: str, *, dry_run: bool) -> None:
    """Switch the module NAME on, and bring its tables up to date."""
    _take(name, Step.ENABLE, dry_run=dry_run)


@plugin.command("disable")
@click.argument("name")
@_dry_run
def disable(name: str, *, dry_run: bool) -> None:
    """Switch the module NAME off; its data is kept."""
    _take(name, Step.DISABLE, dry_run=dry_run)


@plugin.command("upgrade")
@click.argument("name")
@_dry_run
def upgrade(name: str, *, dry_run: bool) -> None:
    """Bring the data of the module NAME to the version that is installed."""
    _take(name, Step.UPGRADE, dry_run=dry_run)


@plugin.command("retire")
@click.argument("name")
@_dry_run
def retire(name: str, *, dry_run: bool) -> None:
    """Uninstall the module NAME and keep its data, so that its package may be removed."""
    _take(name, Step.RETIRE, dry_run=dry_run)


def _take(name: str, step: Step, *, dry_run: bool) -> None:
    here = environment()
    context = here.context()
    if not context.may(PLUGIN_MANAGE):
        raise Forbidden(
            _("You may not do this: it needs the permission “%(name)s”.", name=PLUGIN_MANAGE.label)
        )
    if dry_run:
        _say(plan(here.database, name, step))
        return
    click.echo(transition(here.database, name, step, context).message)


def _say(planned: Plan) -> None:
    for blocker in planned.blockers:
        click.echo(_("It can't be done: %(problem)s", problem=blocker))
    for number, action in enumerate(planned.actions, 1):
        click.echo(f"{number}. {action}")


for _command in FOR_AUTHORS:
    plugin.add_command(_command)

COMMANDS = (plugin,)
