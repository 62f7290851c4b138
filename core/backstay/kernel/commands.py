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
from backstay.kernel.models import PluginState
from backstay.kernel.modules import list_modules
from backstay.kernel.plans import Plan, plan


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
    _switch(name, PluginState.ENABLED, dry_run=dry_run)


@plugin.command("disable")
@click.argument("name")
@_dry_run
def disable(name: str, *, dry_run: bool) -> None:
    """Switch the module NAME off; its data is kept."""
    _switch(name, PluginState.DISABLED, dry_run=dry_run)


def _switch(name: str, target: PluginState, *, dry_run: bool) -> None:
    here = environment()
    context = here.context()
    if not context.may(PLUGIN_MANAGE):
        raise Forbidden(
            _("You may not do this: it needs the permission “%(name)s”.", name=PLUGIN_MANAGE.label)
        )
    if dry_run:
        _say(plan(here.database, name, target))
        return
    click.echo(transition(here.database, name, target, context).message)


def _say(planned: Plan) -> None:
    for problem in planned.problems:
        click.echo(_("It can't be done: %(problem)s", problem=problem))
    for number, step in enumerate(planned.steps, 1):
        click.echo(f"{number}. {step}")


for _command in FOR_AUTHORS:
    plugin.add_command(_command)

COMMANDS = (plugin,)
