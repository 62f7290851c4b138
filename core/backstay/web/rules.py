"""Routes that do their work when they are linked to, and share what they have in common.

Werkzeug writes and compiles two functions for each rule as soon as it is added, and keeps parts of
its own for it. An installation has more than a thousand rules and a process links to a few dozen of
them: this took a quarter of a second of each start, and five megabytes of each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from werkzeug.routing import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from werkzeug.routing import BaseConverter
    from werkzeug.routing.rules import RulePart

_PARTS: Final[dict[str, RulePart]] = {}
"""Equal parts of rules, once: most begin with the company and the plugin."""
_METHODS: Final[dict[frozenset[str], set[str]]] = {}
"""Equal sets of methods, once."""


class LateRule(Rule):
    """A rule that learns how to build its address when it is first linked to."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take the methods that other rules have as well from them."""
        super().__init__(*arguments, **options)
        if self.methods is not None:
            self.methods = _METHODS.setdefault(frozenset(self.methods), self.methods)

    def get_converter(
        self,
        variable_name: str,
        converter_name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> BaseConverter:
        """The converter of the map for this kind of variable; it keeps nothing of a rule."""
        made: dict[str, BaseConverter] = vars(self.map).setdefault("backstay_converters", {})
        kind = repr((converter_name, args, sorted(kwargs.items())))
        if kind not in made:
            made[kind] = super().get_converter(variable_name, converter_name, args, kwargs)
        return made[kind]

    # Werkzeug's own hooks for it are private: where they go, rules are only as slow as they were.
    def _parse_rule(self, rule: str) -> Iterable[RulePart]:
        for part in super()._parse_rule(rule):
            yield _PARTS.setdefault(repr(part), part)

    def _compile_builder(
        self,
        append_unknown: bool = True,  # noqa: FBT001, FBT002 - as Werkzeug has it
    ) -> Callable[..., tuple[str, str]]:
        return _build_unknown if append_unknown else _build


def _build(rule: LateRule, /, **values: Any) -> tuple[str, str]:
    rule._build = Rule._compile_builder(rule, append_unknown=False).__get__(rule, None)  # noqa: SLF001
    return rule._build(**values)  # noqa: SLF001


def _build_unknown(rule: LateRule, /, **values: Any) -> tuple[str, str]:
    rule._build_unknown = Rule._compile_builder(rule, append_unknown=True).__get__(rule, None)  # noqa: SLF001
    return rule._build_unknown(**values)  # noqa: SLF001
