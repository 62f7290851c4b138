"""Which code of the plugins this process has imported, and whether what lies on the disk is newer.

Python imports a module once. An update of a package reaches a process that has imported it only
when it starts anew, so each process remembers what it took and compares.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backstay.kernel.discovery import Found

_SOURCES: Final = ("*.py", "plugin.toml")


@dataclass(frozen=True, slots=True)
class Code:
    """A plugin's code as it lies on the disk.

    Arguments:
        version: of the distribution's metadata.
        changed_ns: when the newest of its source files was changed, in nanoseconds; what tells
            edits of an editable installation, whose version stays.
    """

    version: str
    changed_ns: int


_taken: Final[dict[str, Code]] = {}
_broken: Final[set[str]] = set()


def code_of(plugin: Found) -> Code:
    """The code that lies on the disk now."""
    changed = 0
    for pattern in _SOURCES:
        for path in plugin.root.rglob(pattern):
            try:
                changed = max(changed, path.stat().st_mtime_ns)
            except OSError:  # it is being replaced at this moment
                continue
    return Code(plugin.version, changed)


def imported(package: str) -> bool:
    """Whether this process has imported a package."""
    return package in sys.modules


def remember(plugin: Found, *, fresh: bool) -> None:
    """Note what is about to be imported, or was before anybody asked."""
    if fresh or plugin.name not in _taken:
        _taken[plugin.name] = code_of(plugin)


def forget(plugin: Found) -> None:
    """Take back an import that failed, so that the next one begins afresh."""
    package = plugin.root.name
    for name in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
        del sys.modules[name]
    _taken.pop(plugin.name, None)
    _broken.add(plugin.name)


def versions() -> dict[str, str]:
    """The version of each plugin that this process has imported."""
    return {name: code.version for name, code in sorted(_taken.items())}


def restart_needed(found: Mapping[str, Found]) -> dict[str, str]:
    """The plugins for whose sake this process has to start anew, each with the reason."""
    reasons = {
        name: _("its import failed in this process, which may have left something behind")
        for name in _broken & found.keys()
    }
    for name, taken in _taken.items():
        plugin = found.get(name)
        if plugin is None:
            continue
        now = code_of(plugin)
        if now.version != taken.version:
            reasons[name] = _(
                "version %(new)s is installed, this process runs %(old)s",
                new=now.version or "?",
                old=taken.version or "?",
            )
        elif now.changed_ns > taken.changed_ns:
            reasons[name] = _("its files were changed after this process had read them")
    return reasons


__all__ = ["Code", "code_of", "forget", "imported", "remember", "restart_needed", "versions"]
