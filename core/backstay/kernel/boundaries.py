"""Where core calls a plugin: what its declarations hold runs, from here on, in the plugin's name.

So it writes its own tables only (backstay.db.ownership), whoever calls it and in whose transaction;
and what goes wrong in it is counted as the plugin's (backstay.kernel.failures).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from backstay.db.acting import Provider, as_plugin
from backstay.errors import ConfigurationError
from backstay.kernel.failures import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.kernel.suite import Part


def guarded(part: Part) -> Part:
    """A plugin's part whose functions act as the plugin.

    Raises:
        ConfigurationError: it declares pages of another plugin, or a command of core's.
    """
    plugin = part.plugin

    def own(where: str, function: Callable[..., Any]) -> Any:
        return as_plugin(plugin, counted(plugin, where, function))

    for blueprint in part.blueprints:
        if getattr(blueprint, "plugin", None) != plugin:
            message = f"its pages {blueprint.name} must be a PluginBlueprint(“{plugin}”, ...)"
            raise ConfigurationError(message)
    for command in part.commands:
        _check_command(command)
        _own_command(plugin, command)
    return replace(
        part,
        jobs=tuple(replace(kind, run=own(f"job {kind.name}", kind.run)) for kind in part.jobs),
        subscriptions=tuple(
            replace(one, run=own(f"subscription {one.name}", one.run)) for one in part.subscriptions
        ),
        imports=tuple(
            replace(
                kind,
                validate=own(f"import {kind.name}", kind.validate),
                commit=own(f"import {kind.name}", kind.commit),
                undo=own(f"undoing an import {kind.name}", kind.undo),
            )
            for kind in part.imports
        ),
        approvables=tuple(
            replace(
                one,
                subject=own(f"approval of {one.name}", one.subject),
                preview=own(f"approval of {one.name}", one.preview),
                carry_out=own(f"approval of {one.name}", one.carry_out),
                send_back=own(f"approval of {one.name}", one.send_back),
            )
            for one in part.approvables
        ),
        dimension_types=tuple(
            replace(one, values=own(f"dimension {one.name}", one.values))
            for one in part.dimension_types
        ),
        company_setup=tuple(
            replace(choice, apply=own(f"setting up a company: {choice.name}", choice.apply))
            for choice in part.company_setup
        ),
        demo=tuple(replace(data, fill=own(f"demo {data.name}", data.fill)) for data in part.demo),
        pages=tuple(
            replace(page, home=own(f"start page: {page.endpoint}", page.home))
            if page.home
            else page
            for page in part.pages
        ),
        services={
            contract: Provider(plugin, provider) for contract, provider in part.services.items()
        },
    )


def _check_command(command: click.Command) -> None:
    # Late: the command line loads the plugins.
    from backstay.cli import CORE

    if any(command.name in names for names in CORE.values()):
        message = f"its command {command.name} is one of core's"
        raise ConfigurationError(message)


def _own_command(plugin: str, command: click.Command) -> None:
    if command.callback is not None:
        command.callback = as_plugin(plugin, command.callback)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _own_command(plugin, inner)


__all__ = ["guarded"]
