"""Rules about the distribution: what is documented, what the wheel holds, where it runs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from backstay.testing.conformance.rules import Bench, NotApplicable
from backstay.testing.distributions import CannotBuild, build_wheel, unpack

_LONGEST_SECONDS: Final = 120
_Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def documented(bench: Bench, _engine: str) -> Iterator[str]:
    """Each module, and each public class and function in it, says what it is for."""
    root = bench.ground.suite.found[bench.plugin].root
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if "migrations" in relative.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        if ast.get_docstring(tree) is None:
            yield f"{relative}: the module has no docstring"
        yield from (f"{relative}:{line}: {name} has no docstring" for line, name in _silent(tree))


def _silent(tree: ast.Module | ast.ClassDef, inside: str = "") -> Iterator[tuple[int, str]]:
    for node in tree.body:
        if not isinstance(node, _Documented) or node.name.startswith("_"):
            continue
        name = f"{inside}{node.name}"
        if ast.get_docstring(node) is None:
            yield node.lineno, name
        if isinstance(node, ast.ClassDef):
            yield from _silent(node, f"{name}.")


def wheel(bench: Bench, _engine: str) -> Iterator[str]:
    """The wheel is whole, and the plugin is switched on from it, away from its sources."""
    if bench.source is None:
        raise NotApplicable("it is installed from a wheel, and its sources are not at hand")
    scratch = bench.scratch()
    try:
        built = build_wheel(bench.source, scratch)
        unpack(built, scratch / "site")
    except CannotBuild as error:
        yield str(error)
        return
    if missing := lacking(bench.source, built):
        yield from missing
        return
    yield from _boots(bench, scratch)


def lacking(source: Path, built: Path) -> list[str]:
    """What lies in the packages of a folder and not in its wheel, a sentence for each file."""
    expected = {
        path.relative_to(source).as_posix()
        for package in source.glob("backstay_*/")
        if package.suffix != ".egg-info"  # left behind by pip wheel
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    with ZipFile(built) as archive:
        missing = expected - set(archive.namelist())
    return [f"{name} is not in the wheel" for name in sorted(missing)]


def _boots(bench: Bench, scratch: Path) -> Iterator[str]:
    """Switch it on in a new data folder, with Python looking at the wheel first."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BACKSTAY_")},
        "BACKSTAY_HOME": str(scratch / "home"),
        "PYTHONPATH": os.pathsep.join([str(scratch / "site"), *filter(None, sys.path)]),
    }
    needed = [name for name in bench.ground.suite.running if name != bench.plugin]
    steps = [
        ("migrate",),
        *(("plugin", "enable", name) for name in (*needed, bench.plugin)),
        ("plugin", "list", "--json"),
    ]
    for step in steps:
        done = subprocess.run(
            [sys.executable, "-m", "backstay", *step],
            cwd=scratch,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it says nothing"]
            yield f"from its wheel, “backstay {' '.join(step)}” fails: {said[-1]}"
            return


__all__ = ["documented", "lacking", "wheel"]
