"""The route map as tests walk it: every route of core and of the plugins, with sample values.

Tests that are generated from it cover a plugin's pages without anybody writing a test for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backstay.web.blueprint import PERMISSION, PUBLIC
from backstay.web.problems import API_PREFIX, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask
    from werkzeug.routing import Rule

    from backstay.access.permissions import Permission

NOBODYS_ID: Final = "7"
"""An id that no row has: ids carry the time in their upper bits."""
_SAMPLES: Final = {"company": "ALPHA", "digest": "0", "path": "none.css", "rest": "anything"}


@dataclass(frozen=True, slots=True)
class Route:
    """One rule and one method.

    Arguments:
        permission: what it requires; None for a public one.
    """

    rule: str
    method: str
    endpoint: str
    arguments: frozenset[str]
    permission: Permission | None
    template: Rule

    @property
    def place(self) -> str:
        """The method and the rule, such as ``GET /c/<company>/ledger/entries``."""
        return f"{self.method} {self.rule}"

    @property
    def in_company(self) -> bool:
        """Whether its address names a company."""
        return "company" in self.arguments

    @property
    def is_api(self) -> bool:
        """Whether it is called by programs, with a token instead of a cookie."""
        return self.rule.startswith(API_PREFIX) and self.endpoint != REFERENCE

    def path(self, values: Mapping[str, str] | None = None) -> str:
        """An address that it answers, with sample values where none are given."""
        known = {**_SAMPLES, **(values or {})}
        filled = {}
        for name in self.arguments:
            converter = self.template._converters[name]  # noqa: SLF001 - werkzeug has no other way
            sample = NOBODYS_ID if "Integer" in type(converter).__name__ else "nothing"
            filled[name] = converter.to_python(known.get(name, sample))
        built = self.template.build(filled)
        assert built is not None, self.rule
        return str(built[1])


def routes(app: Flask) -> Iterator[Route]:
    """Every page of an application, by address and method; the API is in :func:`api_routes`."""
    return (one for one in all_routes(app) if not one.is_api)


def api_routes(app: Flask) -> Iterator[Route]:
    """Every route of the API, by address and method: asked with a token, answered in JSON."""
    return (one for one in all_routes(app) if one.is_api)


def all_routes(app: Flask) -> Iterator[Route]:
    """Pages and API together."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        view = app.view_functions[rule.endpoint]
        permission = None if getattr(view, PUBLIC, False) else getattr(view, PERMISSION)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(
                rule.rule, method, rule.endpoint, frozenset(rule.arguments), permission, rule
            )
