"""What switching a plugin on or off would do, and asking for it: all that a web process needs.

Nothing here changes a schema or imports a plugin; the transition itself runs in a process of its
own (backstay.kernel.lifecycle).
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backstay.i18n import gettext as _
from backstay.kernel.discovery import discover
from backstay.kernel.models import PluginState
from backstay.kernel.state import in_force

if TYPE_CHECKING:
    from backstay.db.database import Database
    from backstay.home import Home


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transition would do.

    Arguments:
        steps: in words, in order.
        problems: why it can't be done; empty when it can.
    """

    plugin: str
    target: PluginState
    steps: tuple[str, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """How a transition ended, with a message for the administrator."""

    ok: bool
    message: str


def plan(database: Database, name: str, target: PluginState) -> Plan:
    """The dry run of enabling or disabling a plugin. Writes nothing."""
    enabled = in_force(database).enabled
    return (
        _plan_enabling(name, enabled)
        if target is PluginState.ENABLED
        else _plan_disabling(name, enabled)
    )


def _plan_enabling(name: str, enabled: frozenset[str]) -> Plan:
    target = PluginState.ENABLED
    found = discover()
    plugin = found.get(name)
    if plugin is None:
        known = ", ".join(sorted(found)) or _("none")
        return Plan(
            name,
            target,
            (),
            (_("There is no plugin “%(name)s”. Installed: %(known)s.", name=name, known=known),),
        )
    if name in enabled:
        return Plan(name, target, (), (_("%(title)s is already on.", title=plugin.title),))
    problems = [plugin.broken] if plugin.broken else []
    problems += [
        _("It needs %(other)s, which is off. Switch that on first.", other=found[other].title)
        for other in sorted(plugin.requires - enabled)
    ]
    count = len(list(plugin.migrations.glob("*.py")))
    return Plan(
        name,
        target,
        (
            _("Load %(title)s %(version)s", title=plugin.title, version=plugin.version),
            _("Bring its tables up to date (up to %(count)s migrations)", count=count),
            _("Add its permissions to the roles that its templates describe"),
            _("Show its pages to everybody who may use them, without a restart"),
        ),
        tuple(problems),
    )


def _plan_disabling(name: str, enabled: frozenset[str]) -> Plan:
    target = PluginState.DISABLED
    found = discover()
    title = found[name].title if name in found else name
    if name not in enabled:
        return Plan(name, target, (), (_("%(title)s is not on.", title=title),))
    dependents = sorted(
        found[other].title for other in enabled if other in found and name in found[other].requires
    )
    return Plan(
        name,
        target,
        (
            _("Take its pages out of the navigation; their addresses say that it is off"),
            _("Leave its jobs waiting until it is on again"),
            _("Keep all its data, roles and settings"),
        ),
        tuple(_("%(other)s needs it. Switch that off first.", other=other) for other in dependents),
    )


def run_subprocess(
    home: Home, name: str, target: PluginState, actor_login: str, reason: str
) -> Result:
    """Run a transition in a process of its own and wait for it; for web processes.

    Arguments:
        actor_login: on whose behalf; the audit trail names them.
        reason: why, in the administrator's words; may be empty.
    """
    verb = "enable" if target is PluginState.ENABLED else "disable"
    options = ["--as", actor_login, *(["--reason", reason] if reason else [])]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "backstay", *options, "plugin", verb, name],
            env=home.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Result(ok=False, message=_("It took longer than two minutes and was stopped."))
    said = (done.stdout if done.returncode == 0 else done.stderr).strip()
    return Result(ok=done.returncode == 0, message=said)
