"""What a benchmark yields: one figure with its unit, its database and how it came about."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

SQLITE: Final = "sqlite"
POSTGRES: Final = "postgres"
DATABASES: Final = (SQLITE, POSTGRES)


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure.

    Arguments:
        name: subject and figure, such as ``posting.entries``; the same in every run.
        value: in ``unit``.
        unit: ``1/s``, ``ms``, ``s``, ``KiB``, ``MiB`` or ``count``.
        database: ``sqlite``, ``postgres``, or empty where none takes part.
        detail: what belongs to it: limits of the same run, processor time, queries, sizes.
    """

    name: str
    value: float
    unit: str
    database: str = ""
    detail: dict[str, float | int | str] = field(default_factory=dict)


def hardware() -> str:
    """One line about the machine and the programs, to be printed with every figure."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _lines("/proc/cpuinfo")
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    cores = sum(line.startswith("processor") for line in _lines("/proc/cpuinfo"))
    memory = next(
        (int(line.split()[1]) // 2**20 for line in _lines("/proc/meminfo") if "MemTotal" in line),
        0,
    )
    return (
        f"{cores or '?'} x {model}, {memory} GiB, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
