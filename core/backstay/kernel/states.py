"""Where a module can stand, and the steps that lead from there: one table, read by everybody.

The pages, the command line, the API and the tests all ask :data:`FROM`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from backstay.kernel.models import PluginState

if TYPE_CHECKING:
    from backstay.kernel.discovery import Found
    from backstay.kernel.models import PluginRow


class ModuleState(enum.Enum):
    """Where a module stands, including what no row says: never enabled, package gone, outdated."""

    AVAILABLE = "available"
    ENABLED = "enabled"
    DISABLED = "disabled"
    UPGRADE_DUE = "upgrade_due"
    PAUSED = "paused"
    FAILED = "failed"
    MISSING = "missing"
    RETIRED = "retired"
    PURGED = "purged"


class Step(enum.Enum):
    """What an administrator can have done with a module."""

    ENABLE = "enable"
    DISABLE = "disable"
    UPGRADE = "upgrade"
    RETIRE = "retire"
    PURGE = "purge"


FROM: Final[dict[Step, frozenset[ModuleState]]] = {
    Step.ENABLE: frozenset(
        {
            ModuleState.AVAILABLE,
            ModuleState.DISABLED,
            ModuleState.FAILED,
            ModuleState.RETIRED,
            ModuleState.PURGED,
        }
    ),
    Step.UPGRADE: frozenset({ModuleState.UPGRADE_DUE}),
    Step.DISABLE: frozenset(
        {
            ModuleState.ENABLED,
            ModuleState.UPGRADE_DUE,
            ModuleState.FAILED,
            ModuleState.MISSING,
        }
    ),
    Step.RETIRE: frozenset(
        {
            ModuleState.ENABLED,
            ModuleState.UPGRADE_DUE,
            ModuleState.DISABLED,
            ModuleState.FAILED,
            ModuleState.MISSING,
        }
    ),
    Step.PURGE: frozenset(
        {ModuleState.DISABLED, ModuleState.FAILED, ModuleState.MISSING, ModuleState.RETIRED}
    ),
}
"""From which states a step can be taken at all; what else stands in the way is in its plan."""
LEADS_TO: Final[dict[Step, PluginState]] = {
    Step.ENABLE: PluginState.ENABLED,
    Step.DISABLE: PluginState.DISABLED,
    Step.UPGRADE: PluginState.ENABLED,
    Step.RETIRE: PluginState.RETIRED,
    Step.PURGE: PluginState.PURGED,
}


def state_of(
    package: Found | None, row: PluginRow | None, trouble: str = "", *, paused: bool = False
) -> ModuleState:
    """Where a module stands.

    Arguments:
        package: what is installed; None when nothing is.
        row: what the database knows; None for a module that was never enabled.
        trouble: why it does not run although it is enabled, where that is known.
        paused: whether it is that it failed too often.
    """
    if row is None:
        broken = package is not None and bool(package.broken)
        return ModuleState.FAILED if broken else ModuleState.AVAILABLE
    if row.state in {PluginState.RETIRED, PluginState.PURGED}:
        return ModuleState(row.state.value)
    if package is None:
        return ModuleState.MISSING
    if row.state is not PluginState.ENABLED:
        return ModuleState(row.state.value)
    if trouble or package.broken:
        return ModuleState.PAUSED if paused else ModuleState.FAILED
    return ModuleState.ENABLED if row.version == package.version else ModuleState.UPGRADE_DUE


def next_step(state: ModuleState) -> Step:
    """The step that somebody most likely wants in a state."""
    return {
        ModuleState.ENABLED: Step.DISABLE,
        ModuleState.UPGRADE_DUE: Step.UPGRADE,
        ModuleState.MISSING: Step.RETIRE,
    }.get(state, Step.ENABLE)
