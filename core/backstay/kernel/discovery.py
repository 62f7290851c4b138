"""Which plugins and themes are installed, found without importing any of them.

Name, version, licence and hard dependencies come from the distribution's own metadata; title, icon
and the API number from ``plugin.toml`` beside the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import tomllib
from dataclasses import dataclass, replace
from importlib.metadata import (
    EntryPoint,
    PackageMetadata,
    PackageNotFoundError,
    distribution,
    entry_points,
)
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGINS: Final = "backstay.plugins"
THEMES: Final = "backstay.themes"
API: Final = 1
"""Raised when a change of the plugin interface breaks plugins; a plugin names the one it needs."""
RESERVED: Final = frozenset({"admin", "api", "c", "core", "files", "gallery", "me", "static"})
"""Addresses and tables of core begin with these."""


@dataclass(frozen=True, slots=True)
class Found:
    """An installed plugin, before anything of it is imported.

    Arguments:
        requires: names of the plugins that it can't live without.
        broken: why it can't be used at all, or an empty text.
    """

    name: str
    entry_point: EntryPoint
    root: Path
    title: str
    category: str
    icon: str
    summary: str
    version: str
    licence: str
    api: int
    requires: frozenset[str]
    broken: str = ""

    @property
    def migrations(self) -> Path:
        """The folder of the plugin's migrations."""
        return self.root / "migrations" / "versions"


def package_root(entry_point: EntryPoint) -> Path:
    """The folder of an entry point's package, found without importing it.

    Raises:
        ConfigurationError: the package is not there.
    """
    package = entry_point.module.partition(".")[0]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"the package {package} is not installed properly"
        raise ConfigurationError(message)
    return Path(next(iter(spec.submodule_search_locations)))


def discover() -> dict[str, Found]:
    """All installed plugins by name, the unusable ones with the reason.

    What was installed or removed while this process ran is seen too.
    """
    importlib.invalidate_caches()
    points: dict[str, EntryPoint] = {}
    taken: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=PLUGINS), key=_precedence):
        if point.name in points:
            taken[_distribution_of(point)] = point
        else:
            points[point.name] = point
    by_distribution = {
        NormalizedName(_distribution_of(point)): name for name, point in points.items()
    }
    found = [_read(point, by_distribution) for point in points.values()]
    found += [_twin(point, points[point.name], name) for name, point in taken.items()]
    return {plugin.name: plugin for plugin in sorted(found, key=lambda plugin: plugin.name)}


def _distribution_of(point: EntryPoint) -> str:
    name = point.dist.metadata["Name"] if point.dist else None
    return canonicalize_name(name or point.module)


def _precedence(point: EntryPoint) -> tuple[bool, str]:
    """A name belongs to the distribution that is called after it."""
    package = _distribution_of(point)
    return package != f"backstay-{point.name}", package


def _twin(point: EntryPoint, first: EntryPoint, name: str) -> Found:
    """A second package of the same plugin name, listed under the name of its distribution."""
    message = f"its plugin is called {point.name}, as that of {_distribution_of(first)}"
    return replace(_read(point, {}), name=name, title=name, broken=message)


def with_required(plugin: str, found: Mapping[str, Found]) -> set[str]:
    """A plugin with all that it requires, and what those require."""
    wanted = {plugin}
    waiting = [plugin]
    while waiting:
        one = found.get(waiting.pop())
        new = set(one.requires) - wanted if one else set()
        wanted |= new
        waiting += new
    return wanted


def _is_installed(requirement: Requirement) -> bool:
    if requirement.marker is not None:  # an extra, or another machine's
        return True
    try:
        distribution(requirement.name)
    except PackageNotFoundError:
        return False
    return True


def _licence(metadata: PackageMetadata | None) -> str:
    if metadata is None:
        return ""
    known = metadata.json
    return str(known.get("license_expression") or known.get("license") or "")


def _read(point: EntryPoint, by_distribution: Mapping[NormalizedName, str]) -> Found:
    broken = ""
    root = Path()
    manifest: dict[str, object] = {}
    try:
        root = package_root(point)
        manifest = tomllib.loads((root / "plugin.toml").read_text(encoding="utf-8"))
    except (ConfigurationError, OSError, ValueError) as error:
        broken = f"plugin.toml can't be read: {error}"
    api = manifest.get("api")
    if not re.fullmatch("[a-z]+", point.name):
        # Its tables are called <name>_..., and no other plugin's may begin likewise.
        broken = "its name may have small letters only"
    elif point.name in RESERVED:
        broken = f"its name may not be “{point.name}”: core has addresses or tables of that name"
    if not broken and api != API:
        broken = f"it is written for plugin API {api}; this Backstay has API {API}"
    metadata = point.dist.metadata if point.dist else None
    wanted = (point.dist.requires if point.dist else None) or []
    requirements: list[Requirement] = []
    try:
        requirements = [Requirement(text) for text in wanted]
    except InvalidRequirement as error:
        broken = broken or f"its requirements can't be read: {error}"
    if not broken and (missing := [one.name for one in requirements if not _is_installed(one)]):
        broken = f"it needs {', '.join(missing)}, which is not installed"
    return Found(
        name=point.name,
        entry_point=point,
        root=root,
        title=str(manifest.get("title", point.name)),
        category=str(manifest.get("category", "")),
        icon=str(manifest.get("icon", "plug")),
        summary=str(metadata["Summary"] or "") if metadata else "",
        version=str(metadata["Version"] or "") if metadata else "",
        licence=_licence(metadata),
        api=api if isinstance(api, int) else 0,
        requires=frozenset(
            by_distribution[name]
            for requirement in requirements
            if requirement.marker is None
            and (name := canonicalize_name(requirement.name)) in by_distribution
        ),
        broken=broken,
    )
