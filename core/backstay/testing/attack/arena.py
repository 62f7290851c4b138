"""Where an attack takes place: an application over two companies that hold samples of everything.

An arena is made once for each plugin and engine and copied for each check, so that no check sees
what another one did.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, text

from backstay.companies.models import Company
from backstay.db.base import Audit, Scope
from backstay.db.context import operator_context
from backstay.kernel.discovery import discover, with_required
from backstay.kernel.load import load
from backstay.testing.api import ApiClient
from backstay.testing.attack.digests import Digests
from backstay.testing.attack.making import CannotMake, Maker
from backstay.testing.attack.samples import JobSample, Sample
from backstay.testing.fixtures import company_ref, create_companies, create_schema
from backstay.testing.routes import Route, all_routes
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Resource

EVERYBODY: Final = "boss"
"""Holds every permission for all companies."""
MEMBER: Final = "member"
"""Holds every permission, in ALPHA only."""
_TRAIL: Final = frozenset({"core_audit"})
_FIRST_OF_ARENA: Final = 1000
"""Where a check's own numbers begin; those below were used when the arena was made."""


@dataclass(frozen=True)
class Ground:
    """What is attacked.

    Arguments:
        plugin: its name, or ``core``.
        golden: the reviewed file of which role gets which answer; None where there is none.
        write_golden: write that file anew instead of comparing with it.
    """

    plugin: str
    suite: Suite
    samples: tuple[Sample | JobSample, ...]
    golden: Path | None = None
    write_golden: bool = False

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The plugin's own resources."""
        return tuple(one for one in self.suite.resources.values() if one.plugin == self.plugin)


def load_ground(plugin: str, golden: Path | None = None, *, write_golden: bool = False) -> Ground:
    """Load a plugin with those that it requires; for core, all that are installed.

    Raises:
        LookupError: the plugin is not installed, or does not load; says why.
    """
    found = discover()
    wanted = set(found) if plugin == "core" else with_required(plugin, found)
    suite = load(wanted)
    if suite.failed:
        reasons = ", ".join(f"{name}: {reason}" for name, reason in suite.failed.items())
        raise LookupError(f"not everything that {plugin} needs can be loaded: {reasons}")
    samples = [one for name in ("core", *suite.running) for one in samples_of(suite, name)]
    return Ground(plugin, suite, tuple(samples), golden, write_golden)


def samples_of(suite: Suite, plugin: str) -> tuple[Sample | JobSample, ...]:
    """What a plugin gives in its ``samples.py``."""
    if plugin == "core":
        name = "backstay.testing.attack.core_samples"
    else:
        name = f"{suite.found[plugin].root.name}.samples"
        if find_spec(name) is None:
            return ()
    given: tuple[Sample | JobSample, ...] = tuple(importlib.import_module(name).SAMPLES)
    return given


def furnish(ground: Ground, database: Database) -> None:
    """Fill an empty database: schema, two companies as setup leaves them, samples in both.

    Samples that can't be made are left out here: the check “samples” reports them.
    """
    suite = ground.suite
    create_schema(database, suite)
    create_companies(database, suite)
    make_user(database, EVERYBODY, list(suite.permissions))
    alpha = company_ref(database, suite, "ALPHA")
    make_user(database, MEMBER, list(suite.permissions), alpha)
    maker = Maker(suite, ground.samples, 1)
    for code in ("ALPHA", "BETA"):
        ref = company_ref(database, suite, code)
        context = operator_context("system:test", company=ref)
        with database.write(context, suite) as session:
            company = session.scalars(select(Company).where(Company.id == ref.id)).one()
            for part in suite.parts:
                for choice in part.company_setup:
                    choice.apply(session, company, choice.default)
                    session.flush()
        for resource in ground.resources:
            for _again in range(2):
                try:
                    with database.write(context, suite) as session:
                        maker.record(session, resource.name)
                except CannotMake:
                    break


class Visitor(Browser):
    """Somebody at a browser who also has a program with a token; nobody's token is empty."""

    def __init__(self, app: Flask) -> None:
        """Somebody who has neither signed in nor a token."""
        super().__init__(app)
        self.program = ApiClient(app, "")


@dataclass
class Arena:
    """A furnished database with the application over it."""

    ground: Ground
    database: Database
    app: Flask = field(init=False)
    maker: Maker = field(init=False)
    alpha: CompanyRef = field(init=False)
    beta: CompanyRef = field(init=False)
    _programs: dict[str, ApiClient] = field(init=False, default_factory=dict)
    _digests: Digests | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Build the application."""
        suite = self.ground.suite
        self.app = build(suite, self.database, secret_key=SECRET)
        self.maker = Maker(suite, self.ground.samples, _FIRST_OF_ARENA)
        self.alpha = company_ref(self.database, suite, "ALPHA")
        self.beta = company_ref(self.database, suite, "BETA")

    @property
    def suite(self) -> Suite:
        """The loaded plugins."""
        return self.ground.suite

    @property
    def plugin(self) -> str:
        """The name of the plugin that is attacked."""
        return self.ground.plugin

    def browser(self, login: str = EVERYBODY) -> Visitor:
        """Somebody who is signed in at a browser and has a token."""
        visitor = Visitor.for_user(self.app, self.database, login)
        visitor.program = self.program(login)
        return visitor

    def stranger(self) -> Visitor:
        """Somebody who is not known."""
        return Visitor(self.app)

    def program(self, login: str = EVERYBODY) -> ApiClient:
        """A program with a token of somebody, which may whatever they may."""
        if login not in self._programs:
            self._programs[login] = ApiClient.for_user(self.app, self.database, self.suite, login)
        return self._programs[login]

    @contextmanager
    def writing(self, company: CompanyRef | None = None) -> Iterator[Session]:
        """A write transaction of the operator, in ALPHA if nothing else is said."""
        context = operator_context("system:test", company=company or self.alpha)
        with self.database.write(context, self.suite) as session:
            yield session

    @contextmanager
    def reading(self, company: CompanyRef | None = None) -> Iterator[Session]:
        """A session of the operator that can't write."""
        context = operator_context("system:test", company=company or self.alpha)
        with self.database.read(context, self.suite) as session:
            yield session

    def routes(self) -> tuple[Route, ...]:
        """The plugin's own pages."""
        return tuple(route for route in self.every_route() if not route.is_api)

    def api_routes(self) -> tuple[Route, ...]:
        """The API of the plugin's own resources."""
        return tuple(route for route in self.every_route() if route.is_api)

    def every_route(self) -> tuple[Route, ...]:
        """Both; the API first, because among the pages are those that revoke tokens."""
        own = (one for one in all_routes(self.app) if plugin_of(self.app, one) == self.plugin)
        return tuple(sorted(own, key=lambda route: not route.is_api))

    def resource_of(self, route: Route) -> Resource | None:
        """The resource whose records a route's id belongs to: by its address."""
        if route.is_api:
            blueprint = self.app.blueprints.get(route.endpoint.rpartition(".")[0])
            return getattr(blueprint, "resource", None)
        best: Resource | None = None
        for resource in self.suite.resources.values():
            home = list_rule(resource)
            inside = route.rule == home or route.rule.startswith((f"{home}/", f"{home}."))
            if inside and (best is None or len(home) > len(list_rule(best))):
                best = resource
        return best

    def ids(self, resource: Resource, company: CompanyRef) -> list[int]:
        """Ids of some records: of the company, or of all where records are shared."""
        model = resource.model
        with self.reading(company) as session:
            statement = select(model.id).order_by(model.id.desc()).limit(2)
            if resource.criteria is not None:
                statement = statement.where(*resource.criteria(session))
            return list(session.scalars(statement))

    def address(self, route: Route, company: CompanyRef | None = None) -> str:
        """The address of a route with the id of a real record, where there is one."""
        company = company or self.alpha
        values = {"company": company.code}
        for name in route.arguments:
            if name == "id" or name.endswith("_id"):
                values.update(self._key(route, name, company))
        return route.path(values)

    def _key(self, route: Route, name: str, company: CompanyRef) -> dict[str, str]:
        """An id for a route's argument: by its address, by its name, or of any of the plugin's."""
        by_address = self.resource_of(route) if name == "id" else None
        noun = name.removesuffix("_id")
        named = [one for one in self.ground.resources if one.noun == noun]
        for resource in [by_address] if by_address else [*named, *self.ground.resources]:
            if ids := self.ids(resource, company):
                return {name: str(ids[0])}
        return {}

    def send(self, browser: Visitor, route: Route, path: str, **rest: Any) -> TestResponse:
        """Ask a page as a browser does, with the tokens of a form; the API as a program does."""
        if route.is_api:
            body: dict[str, Any] | None = None if route.method == "GET" else {}
            return browser.program.send(route.method, path, body, **rest)
        if route.method == "GET":
            return browser.get(path, **rest)
        if route.method == "POST":
            return browser.post(path, **rest)
        return browser.client.open(path, method=route.method, **rest)

    def digest(self, *, derived: bool = False) -> dict[str, str]:
        """A digest of each table, to tell whether anything changed; the audit trail is left out.

        Arguments:
            derived: also the plugin's own tables of balances and caches.
        """
        if self._digests is None:
            self._digests = Digests(self.database)
        return self._digests.of(self._tables(derived=derived))

    def close(self) -> None:
        """Let go of the database, which may then be dropped."""
        if self._digests is not None:
            self._digests.close()
            self._digests = None
        self.database.dispose()

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.database.engine.connect() as connection:
            found = {
                table: int(connection.scalar(text(f'SELECT count(*) FROM "{table}"')) or 0)  # noqa: S608 - a name of ours
                for table in self._tables(derived=True)
            }
            connection.rollback()
        return found

    def _tables(self, *, derived: bool) -> list[str]:
        names: set[str] = set()
        for part in self.suite.parts:
            base: Any = part.base
            if base is None:
                continue
            policy = {m.local_table.name: m.class_.__audit__ for m in base.registry.mappers}
            for table in base.metadata.tables:
                is_derived = policy.get(table) is Audit.DERIVED
                if table not in _TRAIL and (not is_derived or (derived and part.plugin != "core")):
                    names.add(table)
        return sorted(names)


def changed(before: dict[str, str], after: dict[str, str]) -> str:
    """The tables whose digests differ, as a list in words; empty where none does."""
    return ", ".join(name for name in sorted(before) if before[name] != after.get(name))


def list_rule(resource: Resource) -> str:
    """The rule of a resource's list in the route map."""
    if resource.lies_in_company:
        return f"/c/<company>/{resource.plugin}/{resource.path}"
    return f"/{'admin' if resource.plugin == 'core' else resource.plugin}/{resource.path}"


def in_company(resource: Resource) -> bool:
    """Whether a resource's records belong to one company each."""
    return resource.model.__scope__ is Scope.COMPANY


def plugin_of(app: Flask, route: Route) -> str:
    """The plugin whose route it is; core's where no plugin's blueprint holds it."""
    name = route.endpoint.rpartition(".")[0]
    return str(getattr(app.blueprints.get(name), "plugin", "core"))


__all__ = [
    "EVERYBODY",
    "MEMBER",
    "Arena",
    "Ground",
    "Visitor",
    "changed",
    "furnish",
    "in_company",
    "list_rule",
    "load_ground",
    "plugin_of",
]
