"""Small plugins made on the spot, installed as real distributions, for tests of the kernel."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class PluginShelf:
    """A folder on the import path in which distributions can be put and from which they vanish."""

    folder: Path

    def add(
        self,
        name: str,
        code: str = "",
        *,
        requires: tuple[str, ...] = (),
        api: int = 1,
        files: dict[str, str] | None = None,
    ) -> Path:
        """Install a plugin.

        Arguments:
            code: the contents of its ``plugin.py`` after the import of ``backstay.spi``.
            requires: names of plugins that it can't live without.
            files: further files by their path inside the package.

        Returns:
            the package's folder.
        """
        package = self.folder / f"backstay_{name}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        (package / "plugin.toml").write_text(
            f'title = "{name.title()}"\ncategory = "test"\nicon = "plug"\napi = {api}\n',
            encoding="utf-8",
        )
        (package / "plugin.py").write_text(f"from backstay import spi\n{code}\n", encoding="utf-8")
        for path, text in (files or {}).items():
            place = package / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        info = self.folder / f"backstay_{name}-1.0.dist-info"
        info.mkdir()
        lines = [
            "Metadata-Version: 2.4",
            f"Name: backstay-{name}",
            "Version: 1.0",
            "Requires-Dist: backstay>=0.1",
            *(f"Requires-Dist: backstay-{other}" for other in requires),
        ]
        (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(
            f"[backstay.plugins]\n{name} = backstay_{name}.plugin\n", encoding="utf-8"
        )
        return package


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginShelf]:
    """A place to install plugins for one test; forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield PluginShelf(folder)
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if str(folder) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
