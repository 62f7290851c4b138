"""Processor time of other processes, which says more on a busy machine than the clock on the wall.

Read from ``/proc``, so the benchmarks need Linux; elsewhere these figures are zero.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import text

from backstay.db.database import Database

TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    parents = dict(_parents())
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def seconds_of(pids: Iterable[int], *, reaped: bool = False) -> float:
    """User and system time that processes have used so far.

    Arguments:
        reaped: with that of their children that ended.
    """
    ticks = 0
    for pid in pids:
        try:
            fields = _stat(pid)
        except OSError:
            continue
        ticks += sum(int(fields[at]) for at in (11, 12, *((13, 14) if reaped else ())))
    return ticks / TICKS


def database_seconds(database: Database) -> float:
    """Processor time of the whole PostgreSQL server; 0 for SQLite, which runs in our processes."""
    if database.is_sqlite:
        return 0.0
    with database.engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    try:
        postmaster = int(_stat(int(backend or 0))[1])
    except OSError:
        return 0.0
    children = [pid for pid in family(postmaster) if pid != postmaster]
    return seconds_of([postmaster], reaped=True) + seconds_of(children)


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident and proportional memory (RSS and PSS) of a process in MiB."""
    sizes = {"Rss": 0.0, "Pss": 0.0}
    for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in sizes:
            sizes[name] = int(rest.split()[0]) / 1024
    return sizes["Rss"], sizes["Pss"]


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` behind the name, which may hold spaces."""
    return (_PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _parents() -> Iterable[tuple[int, int]]:
    for entry in _PROC.glob("[0-9]*") if _PROC.is_dir() else ():
        try:
            yield int(entry.name), int(_stat(int(entry.name))[1])
        except OSError:
            continue
