"""The rule about types: mypy finds nothing to say about the package, at its strictest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import backstay
from backstay.testing.conformance.rules import Bench, NotApplicable

_LONGEST_SECONDS: Final = 600
_ERROR: Final = re.compile(r": error: ")


def typed(bench: Bench, _engine: str) -> Iterator[str]:
    """Everything in the package has types, and they fit."""
    if find_spec("mypy") is None:
        raise NotApplicable("mypy is not installed: pip install mypy")
    found = bench.ground.suite.found
    root = found[bench.plugin].root
    sources = [Path(str(backstay.__file__)).parents[1]]
    sources += [found[name].root.parent for name in bench.ground.suite.running]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull),
            *("--explicit-package-bases", "--no-error-summary", "--hide-error-context"),
            # Of what is imported nothing is reported, nor that a library has no types.
            *("--follow-imports", "silent", "--disable-error-code", "import-untyped"),
            *("--cache-dir", _cache().name, "--package", root.name),
        ],
        cwd=bench.scratch(),
        env={**os.environ, "MYPYPATH": os.pathsep.join(_outside(sources))},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    if done.returncode == 0:
        return
    lines = [line for line in done.stdout.splitlines() if _ERROR.search(line)]
    for line in lines or (done.stderr or done.stdout).strip().splitlines()[-1:]:
        yield re.sub(rf"^.*?(?={re.escape(root.name)}/)", "", line).replace(f"{root.name}/", "", 1)


@cache
def _cache() -> TemporaryDirectory[str]:
    """What mypy found out about the libraries serves for all plugins that a process checks."""
    return TemporaryDirectory(prefix="backstay-mypy-")


def _outside(folders: list[Path]) -> list[str]:
    """Folders of sources; mypy finds those of installed packages itself, and refuses them here."""
    installed = {"site-packages", "dist-packages"}
    return list(dict.fromkeys(str(one) for one in folders if one.name not in installed))


__all__ = ["typed"]
