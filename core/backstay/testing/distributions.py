"""A plugin's distribution as others get it: built into a wheel, unpacked where Python finds it."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backstay.kernel.discovery import PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILD: Final = (
    "import importlib, sys; importlib.import_module(sys.argv[1]).build_wheel(sys.argv[2])"
)
_LEFT_OUT: Final = (".*", "__pycache__", "*.pyc", "build", "dist", "*.egg-info", "node_modules")
_LONGEST_SECONDS: Final = 300


class CannotBuild(Exception):
    """A folder makes no wheel of a plugin; the message says why."""


def build_wheel(source: Path, target: Path) -> Path:
    """Build a folder's wheel as its ``pyproject.toml`` says, with what is installed here.

    Arguments:
        source: is copied first, so that nothing is left behind in it.
        target: an empty folder, which gets the wheel.

    Raises:
        CannotBuild: says what the build said last.
    """
    try:
        settings = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CannotBuild(f"its pyproject.toml can't be read: {error}") from error
    backend = settings.get("build-system", {}).get("build-backend", "setuptools.build_meta")
    copy = target / "source"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _BUILD, backend, str(target)],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    shutil.rmtree(copy)
    wheels = list(target.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = done.stderr.strip().splitlines() or ["no wheel was made"]
        raise CannotBuild(f"its wheel can't be built: {said[-1]}")
    return wheels[0]


def unpack(wheel: Path, site: Path) -> str:
    """Unpack a wheel into a folder for Python's path; returns the plugin's name.

    Raises:
        CannotBuild: it holds no plugin, or more than one.
    """
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    named: list[str] = []
    for path in site.glob("*.dist-info/entry_points.txt"):
        points = ConfigParser(delimiters=("=",))
        points.read_string(path.read_text(encoding="utf-8"))
        named += points.options(PLUGINS) if points.has_section(PLUGINS) else []
    if len(named) != 1:
        raise CannotBuild(
            f"its wheel must declare one entry point of {PLUGINS}; it declares {len(named)}"
        )
    return named[0]


@contextmanager
def on_path(site: Path) -> Iterator[None]:
    """Let Python find what lies in a folder, before all else; forget it again afterwards."""
    sys.path.insert(0, str(site))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(f"{site}/"):
                del sys.modules[name]


__all__ = ["CannotBuild", "build_wheel", "on_path", "unpack"]
