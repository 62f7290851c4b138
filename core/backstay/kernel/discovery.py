"""Which plugins and themes are installed, found without importing any of them.

Name, version, licence and hard dependencies come from the distribution's own metadata; title, icon
and the API number from ``plugin.toml`` beside the package.
"""

from __future__ import annotations

import importlib.util
import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageMetadata, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGINS: Final = "backstay.plugins"
THEMES: Final = "backstay.themes"
API: Final = 1
"""Raised when a change of the plugin interface breaks plugins; a plugin names the one it needs."""


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
    """All installed plugins by name, the unusable ones with the reason."""
    points = {point.name: point for point in entry_points(group=PLUGINS)}
    by_distribution = {
        canonicalize_name(point.dist.name): name for name, point in points.items() if point.dist
    }
    found = (_read(point, by_distribution) for point in points.values())
    return {plugin.name: plugin for plugin in sorted(found, key=lambda plugin: plugin.name)}


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
    except (ConfigurationError, OSError, tomllib.TOMLDecodeError) as error:
        broken = f"plugin.toml can't be read: {error}"
    api = manifest.get("api")
    if not re.fullmatch("[a-z]+", point.name):
        # Its tables are called <name>_..., and no other plugin's may begin likewise.
        broken = "its name may have small letters only"
    if not broken and api != API:
        broken = f"it is written for plugin API {api}; this Backstay has API {API}"
    distribution = point.dist
    metadata = distribution.metadata if distribution else None
    wanted = (distribution.requires if distribution else None) or []
    requirements = [Requirement(text) for text in wanted]
    return Found(
        name=point.name,
        entry_point=point,
        root=root,
        title=str(manifest.get("title", point.name)),
        category=str(manifest.get("category", "")),
        icon=str(manifest.get("icon", "puzzle")),
        summary=str(metadata["Summary"] or "") if metadata else "",
        version=distribution.version if distribution else "",
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
