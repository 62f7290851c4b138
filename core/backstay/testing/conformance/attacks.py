"""The attacks as rules: each is tried on an arena of its own, where the plugin has a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from backstay.testing.conformance.rules import Bench, NotApplicable, Rule

if TYPE_CHECKING:
    from backstay.testing.attack.findings import Check


def _no_routes(bench: Bench) -> str:
    part = bench.part
    return "" if part.resources or part.blueprints else "it has no pages"


def _no_resources(bench: Bench) -> str:
    return "" if bench.ground.resources else "it has no resources"


def _no_states(bench: Bench) -> str:
    stateful = any(resource.state for resource in bench.ground.resources)
    return "" if stateful else "its resources have no states"


def _no_groups(bench: Bench) -> str:
    return "" if bench.part.field_groups else "it has no field groups"


def _no_jobs(bench: Bench) -> str:
    return "" if bench.part.jobs else "it has no jobs"


def _not_reviewed(bench: Bench) -> str:
    if bench.ground.golden is None:
        return "the reviewed file lies with its sources, which are not at hand"
    return _no_routes(bench)


_TARGETS: Final[dict[str, Callable[[Bench], str]]] = {
    "roles": _not_reviewed,
    **dict.fromkeys(
        (
            *("marks", "strangers", "other-company", "tokens", "reading", "headers"),
            *("parameters", "redirects", "foreign-ids", "texts"),
        ),
        _no_routes,
    ),
    "states": _no_states,
    "api-states": _no_states,
    "groups": _no_groups,
    "api-groups": _no_groups,
    "jobs": _no_jobs,
}
"""Why an attack has nothing to aim at, by its name; all others are about resources."""


def rule_of(check: Check) -> Rule:
    """An attack as a rule."""

    def run(bench: Bench, engine: str) -> Iterator[str]:
        if why := _TARGETS.get(check.name, _no_resources)(bench):
            raise NotApplicable(why)
        with bench.arena(engine) as arena:
            yield from map(str, check.run(arena))

    return Rule(check.name, check.rule, check.mend, run, on_both=check.on_both)


__all__ = ["rule_of"]
