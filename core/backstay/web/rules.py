"""Routes that do their work when they are linked to, and share what they have in common.

Werkzeug writes and compiles two functions for each rule as soon as it is added, and keeps parts of
its own for it. An installation has more than a thousand rules and a process links to a few dozen of
them: this took a quarter of a second of each start, and five megabytes of each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from werkzeug.routing import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.routing.rules import RulePart

_PARTS: Final[dict[str, RulePart]] = {}
"""Equal parts of rules, once: most begin with the company and the plugin."""


class LateRule(Rule):
    """A rule that learns how to build its address when it is first linked to."""

    # Werkzeug's own hooks for it are private: where they go, rules are only as slow as they were.
    def _parse_rule(self, rule: str) -> Iterable[RulePart]:
        for part in super()._parse_rule(rule):
            yield _PARTS.setdefault(repr(part), part)

    def _compile_builder(
        self,
        append_unknown: bool = True,  # noqa: FBT001, FBT002 - as Werkzeug has it
    ) -> Callable[..., tuple[str, str]]:
        written = super()._compile_builder

        def build(rule: LateRule, /, **values: Any) -> tuple[str, str]:
            built = written(append_unknown).__get__(rule, None)
            setattr(rule, "_build_unknown" if append_unknown else "_build", built)
            address: tuple[str, str] = built(**values)
            return address

        return build
