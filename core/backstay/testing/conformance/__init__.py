"""The rules that every plugin must keep, tried in one go: ``backstay plugin check``.

The attacks on pages and records are rules here as well as tests (:mod:`backstay.testing.attack`).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backstay.kernel.discovery import discover
from backstay.testing.attack.arena import load_ground
from backstay.testing.attack.checks import CHECKS
from backstay.testing.conformance import (
    on_package,
    on_pages,
    on_schema,
    on_screens,
    on_types,
    on_upgrades,
)
from backstay.testing.conformance.attacks import rule_of
from backstay.testing.conformance.rules import (
    SQLITE,
    Bench,
    NotApplicable,
    Outcome,
    Rule,
    Verdict,
)
from backstay.testing.distributions import CannotBuild, build_wheel, on_path, unpack
from backstay.testing.postgres import find_postgres, running_postgres

if TYPE_CHECKING:
    from backstay.testing.attack.arena import Ground

GOLDEN: Final = "route_matrix.golden"
_MOST_LISTED: Final = 20

LOADS: Final = Rule(
    "loads",
    "It is found, imports, and registers with all that it requires.",
    "Read the reason; plugin.toml, the entry point and the imports of plugin.py must fit.",
    lambda _bench, _engine: iter(()),
)
OF_THE_WHOLE: Final = (
    LOADS,
    Rule(
        "migrations",
        "Its migrations make what its models describe, triggers included, and touch nothing else.",
        "Let “backstay plugin revision” write the missing migration, and read it.",
        on_schema.migrations,
        on_both=True,
    ),
    Rule(
        "upgrades",
        "Each of its migrations leads on with all rows kept, and can be undone.",
        "Give new columns a server_default, keep every row, and undo upgrade() in downgrade().",
        on_upgrades.upgrades,
        on_both=True,
    ),
    Rule(
        "switching",
        "Switching it on, off and on again leaves what the first time left.",
        "Change tables in migrations only, and let none of them depend on how often it runs.",
        on_schema.switching,
        on_both=True,
    ),
    Rule(
        "neighbours",
        "It runs with nothing but what it requires, and beside all that is installed.",
        "Import other plugins in bridges/<other>.py only, or require them in setup.cfg.",
        on_pages.neighbours,
    ),
    Rule(
        "queries",
        "A page costs as many statements with twenty records as with two, and a list few.",
        "Join what the list shows in the resource's joins; let nothing query for each row.",
        on_pages.queries,
    ),
    Rule(
        "accessible",
        "Each page keeps the rules of accessibility, fits a phone, and makes no errors.",
        "Build pages of the macros in components.html, and mend at each place what axe names.",
        on_screens.accessible,
    ),
    Rule(
        "typed",
        "Everything in its package has types, and they fit: mypy --strict says nothing.",
        "Give each function the types of its arguments and of what it returns.",
        on_types.typed,
    ),
    Rule(
        "documented",
        "Each module, and each public class and function, has a docstring.",
        "Say in the first line of its docstring what it does, or begin its name with _.",
        on_package.documented,
    ),
    Rule(
        "wheel",
        "Its wheel holds every file of the package, and it is switched on from the wheel alone.",
        "Name the files that are not Python under options.package_data in setup.cfg.",
        on_package.wheel,
    ),
)
"""Rules about the plugin as a whole; the others are the attacks."""
RULES: Final = (*OF_THE_WHOLE, *(rule_of(check) for check in CHECKS))


def check_plugin(name: str, rules: tuple[Rule, ...] = RULES) -> Iterator[Verdict]:
    """Try an installed plugin, rule by rule, as each is asked for.

    Arguments:
        name: of a plugin that :func:`discover` finds.
    """
    found = discover()[name]
    beside = found.root.parent
    source = beside if (beside / "pyproject.toml").is_file() else None
    yield from _check(name, source, rules)


def check_folder(folder: Path, rules: tuple[Rule, ...] = RULES) -> Iterator[Verdict]:
    """Try the plugin whose distribution lies in a folder, from the wheel that it makes."""
    with tempfile.TemporaryDirectory(prefix="backstay-check-") as scratch:
        site = Path(scratch) / "site"
        try:
            wheel = build_wheel(folder, Path(scratch))
            name = unpack(wheel, site)
            lacking = on_package.lacking(folder, wheel)
        except CannotBuild as error:
            lacking = [str(error)]
        if lacking:
            yield from _none_but(on_package.wheel, "\n".join(lacking), rules)
            return
        with on_path(site):
            yield from _check(name, folder, rules)


def _check(name: str, source: Path | None, rules: tuple[Rule, ...]) -> Iterator[Verdict]:
    golden = source / "tests" / GOLDEN if source else None
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        try:
            ground = load_ground(name, golden)
        except LookupError as error:
            yield from _none_but(LOADS.run, str(error), rules)
            return
        server = ""
        if find_postgres() is not None and any(rule.on_both for rule in rules):
            server = stack.enter_context(running_postgres())
        yield from check_ground(ground, source, server, rules)


def check_ground(
    ground: Ground, source: Path | None, server: str, rules: tuple[Rule, ...] = RULES
) -> Iterator[Verdict]:
    """Try a loaded plugin.

    Arguments:
        source: the folder of its distribution; None where that is not at hand.
        server: the URL of a PostgreSQL server; empty where it is tried on SQLite alone.
    """
    with tempfile.TemporaryDirectory(prefix="backstay-check-") as folder:
        bench = Bench(ground, source, Path(folder), server)
        try:
            for rule in rules:
                yield _verdict(rule, bench)
        finally:
            bench.close()


def _verdict(rule: Rule, bench: Bench) -> Verdict:
    engines = bench.engines if rule.on_both else (SQLITE,)
    found: list[str] = []
    try:
        for engine in engines:
            where = f" ({engine})" if len(engines) > 1 else ""
            found += [f"{one}{where}" for one in rule.run(bench, engine)]
    except NotApplicable as reason:
        return Verdict(rule.name, Outcome.NOT_APPLICABLE, str(reason), rule.mend)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its own verdict
        found.append(f"it raises {type(error).__name__}: {error}")
    if found:
        listed = found[:_MOST_LISTED]
        if len(found) > _MOST_LISTED:
            listed.append(f"… and {len(found) - _MOST_LISTED} more")
        return Verdict(rule.name, Outcome.FAIL, "\n".join(listed), rule.mend)
    detail = f"on {' and '.join(engines)}" if rule.on_both else ""
    return Verdict(rule.name, Outcome.PASS, detail, rule.mend)


def _none_but(run: object, why: str, rules: tuple[Rule, ...]) -> Iterator[Verdict]:
    """One rule is broken so that none of the others can be tried."""
    broken = next(rule.name for rule in RULES if rule.run is run)
    for rule in rules:
        if rule.name == broken:
            yield Verdict(rule.name, Outcome.FAIL, why, rule.mend)
        else:
            reason = f"it can't be tried before the rule “{broken}” is kept"
            yield Verdict(rule.name, Outcome.NOT_APPLICABLE, reason, rule.mend)


@contextmanager
def _quiet() -> Iterator[None]:
    """Faults are made on purpose; their tracebacks would bury what is found."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


__all__ = [
    "OF_THE_WHOLE",
    "RULES",
    "Outcome",
    "Rule",
    "Verdict",
    "check_folder",
    "check_ground",
    "check_plugin",
]
