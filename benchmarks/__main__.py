"""Running the benchmarks: ``./run bench [NAME ...] [--database sqlite|postgres] [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.rig.bench import Bench
from benchmarks.rig.result import DATABASES, Result, hardware


def subjects() -> list[str]:
    """The names of the benchmarks: one module each, which has ``measure(bench)``."""
    here = Path(__file__).parent
    return sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))


def run(names: list[str], bench: Bench) -> Iterator[Result]:
    """Run benchmarks one after the other."""
    for name in names:
        began = time.monotonic()
        yield from import_module(f"benchmarks.{name}").measure(bench)
        print(f"{name} took {time.monotonic() - began:.0f} s", file=sys.stderr)


def shown(result: Result) -> str:
    """A figure as a line of text, what belongs to it below."""
    head = f"{result.name:32} {result.database:9} {_number(result.value):>12} {result.unit}"
    details = [f"    {label}: {_number(value)}" for label, value in result.detail.items()]
    return "\n".join([head, *details])


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"  # noqa: PLR2004


def main() -> None:
    """Measure what was asked for and print it as text or JSON."""
    known = subjects()
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--database", choices=DATABASES, help="only this one")
    parser.add_argument("--json", action="store_true", help="a list of objects")
    parser.add_argument(
        "--lines", type=int, default=1_000_000, help="the largest ledger (default: 1000000)"
    )
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(known)):
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(known)}")
    machine = hardware()
    chosen = (given.database,) if given.database else DATABASES
    results: list[Result] = []
    print(machine, file=sys.stderr)
    with Bench(chosen, given.lines) as bench:
        for result in run(given.names or known, bench):
            results.append(result)
            print(shown(result), file=sys.stderr if given.json else sys.stdout, flush=True)
    if given.json:
        rounded = [{**asdict(one), "value": round(one.value, 3)} for one in results]
        for one in rounded:
            one["detail"] = {
                "hardware": machine,
                **{
                    name: round(value, 4) if isinstance(value, float) else value
                    for name, value in one["detail"].items()
                },
            }
        print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
