"""The reference of the API for people, and the document for programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from backstay.access.permissions import SIGNED_IN
from backstay.api.body import read_parameters
from backstay.api.examples import Examples, first
from backstay.api.formats import ID_PATTERN, MONEY_PATTERN
from backstay.api.guard import caller
from backstay.api.module_schemas import TAG as MODULES
from backstay.api.openapi import ANSWERS, document, operation_id, record_name
from backstay.api.routes import ROOT, endpoints_of, prefix_of
from backstay.api.views import answer
from backstay.i18n import gettext as _
from backstay.lists.query import ResourceQuery
from backstay.resources.serialize import Reader
from backstay.web.blueprint import requires
from backstay.web.page import Crumb
from backstay.web.render import page as render
from backstay.web.request import context, database, signed_in, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backstay.access.grants import Access
    from backstay.access.permissions import Permission
    from backstay.db.context import CompanyRef
    from backstay.resources.declare import Resource

blueprint = Blueprint("api_reference", __name__, url_prefix=ROOT)
document_blueprint = Blueprint("api_document", __name__, url_prefix=ROOT)
_METHODS: Final = ("get", "post", "patch")


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A member or a parameter."""

    name: str
    type: str
    required: bool
    help: str


@dataclass(frozen=True, slots=True)
class Call:
    """One function, as a person reads about it."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[FieldLine, ...]
    members: tuple[FieldLine, ...]
    answers: tuple[tuple[str, str], ...]
    """Those of success: status and meaning."""
    refusals: tuple[str, ...]
    """Statuses; what they mean stands once for all functions."""
    gives: tuple[FieldLine, ...]
    """The members of its answer, where that is not simply the record."""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The functions of one resource.

    Arguments:
        name: of the resource, for addresses.
        title: what people call its records.
        record: the members that answers show a record with.
        first: the command line that sets ``$ID`` for the examples; empty in the index.
    """

    name: str
    title: str
    help: str
    calls: tuple[Call, ...]
    record: tuple[FieldLine, ...] = ()
    first: str = ""
    shown: str = ""
    """A record as an answer shows it; empty where there is none yet."""


@dataclass(frozen=True, slots=True)
class Module:
    """The resources of a module."""

    title: str
    groups: tuple[Group, ...]


def within(access: Access) -> Callable[[Permission, bool], bool]:
    """Whether a permission is held somewhere: in some company, or outside them."""
    inside = access.everywhere.union(*access.by_company.values())

    def may(permission: Permission, in_company: bool) -> bool:  # noqa: FBT001
        return permission.name in (inside if in_company else access.everywhere)

    return may


@document_blueprint.get("/openapi.json")
@requires(SIGNED_IN)
def openapi() -> Response:
    """The OpenAPI document: what this token may use."""
    read_parameters(())
    return answer(document(suite(), may=within(caller().access)))


@blueprint.get("/")
@requires(SIGNED_IN)
def page() -> Response:
    """The reference page: what the reader may use, searchable."""
    person = signed_in()
    assert person is not None  # noqa: S101 - the guard let nobody else in
    words = request.args.get("q", "").casefold().split()[:6]
    spec = document(suite(), may=within(person.access))
    name = request.args.get("resource", "")[:80]
    chosen = suite().resources.get(name)
    title = _("API reference")
    company = _company()
    group = _of_modules(spec) if name == MODULES else None
    if chosen is not None:
        group = _in_full(spec, chosen, company)
    crumbs = [Crumb(_("My profile"), "/me/"), Crumb(title, f"{ROOT}/" if group else None)]
    if group is not None:
        crumbs.append(Crumb(group.title))
    return render(
        "api/reference.html",
        crumbs=tuple(crumbs),
        title=title if group is None else group.title,
        group=group,
        modules=() if group is not None else tuple(_modules(spec, words)),
        q=request.args.get("q", "")[:100],
        action=f"{ROOT}/",
        variables=_variables(company),
        refusals=ANSWERS,
    )


def _company() -> CompanyRef | None:
    """The company of the examples: the one last worked in, or the first that is open."""
    person = signed_in()
    assert person is not None  # noqa: S101
    access = person.access
    last = access.company(person.company_code) if person.company_code else None
    return last or next(iter(access.companies), None)


def _variables(company: CompanyRef | None) -> str:
    lines = [f"export BACKSTAY={request.host_url.rstrip('/')}", "export TOKEN=bst_…"]
    if company is not None:
        lines.append(f"export COMPANY={company.code}")
    return "\n".join(lines)


def _modules(spec: Mapping[str, Any], words: list[str]) -> Iterator[Module]:
    tags = {tag["name"]: tag for tag in spec["tags"]}
    for module in spec["x-tagGroups"]:
        groups = [_group(spec, tags[name], module["name"], words) for name in module["tags"]]
        if found := tuple(one for one in groups if one.calls):
            yield Module(module["name"], found)


def _group(spec: Mapping[str, Any], tag: Mapping[str, str], module: str, words: list[str]) -> Group:
    calls = tuple(
        call
        for path, methods in spec["paths"].items()
        for method in _METHODS
        if method in methods and tag["name"] in methods[method]["tags"]
        for call in (_call(spec, path, method, methods[method]),)
        if _matches(call, f"{module} {tag['name']} {tag['x-displayName']}", words)
    )
    return Group(tag["name"], tag["x-displayName"], tag["description"], calls)


def _in_full(
    spec: Mapping[str, Any], resource: Resource, company: CompanyRef | None
) -> Group | None:
    """One resource with an example for each function; None if nothing of it is open."""
    tag = next((one for one in spec["tags"] if one["name"] == resource.name), None)
    person = signed_in()
    if tag is None or person is None:
        return None
    group = _group(spec, tag, "", [])
    queries = {name: ResourceQuery(one) for name, one in suite().resources.items()}
    inside = company if resource.lies_in_company else None
    here = person.access.context(
        inside, session_id=context().session_id, request_id=context().request_id, ip=context().ip
    )
    with database().read(here, suite()) as reading:
        examples = Examples(reading, Reader.of(here, suite()), queries)
        record = examples.record(resource.name)
        shown = {
            operation_id(one).replace(".", "-"): examples.shell(one)
            for one in endpoints_of(resource)
        }
    calls = tuple(replace(call, example=shown[call.anchor]) for call in group.calls)
    return replace(
        group,
        help=str(resource.help),
        calls=calls,
        record=tuple(_members(spec, spec["components"]["schemas"][record_name(resource)])),
        first=first(prefix_of(resource)),
        shown=record,
    )


def _of_modules(spec: Mapping[str, Any]) -> Group | None:
    """The functions for modules, which are no records."""
    tag = next((one for one in spec["tags"] if one["name"] == MODULES), None)
    return _group(spec, tag, "", []) if tag is not None else None


def _matches(call: Call, name: str, words: list[str]) -> bool:
    text = " ".join(
        (name, call.method, call.path, call.summary, *(one.name for one in call.members))
    ).casefold()
    return all(word in text for word in words)


def _call(spec: Mapping[str, Any], path: str, method: str, what: Mapping[str, Any]) -> Call:
    sent = what.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(spec, sent.get("schema", {}))
    done = next(one for status, one in what["responses"].items() if status.startswith("2"))
    given = done.get("content", {}).get("application/json", {}).get("schema", {})
    return Call(
        anchor=what["operationId"].replace(".", "-"),
        method=method.upper(),
        path=path,
        summary=what["summary"],
        description=what["description"],
        parameters=tuple(
            FieldLine(
                one["name"],
                _type(spec, one["schema"]),
                one.get("required", False),
                one.get("description", ""),
            )
            for one in what["parameters"]
        ),
        members=tuple(_members(spec, schema)),
        answers=tuple(
            (status, one["description"])
            for status, one in sorted(what["responses"].items())
            if status not in ANSWERS
        ),
        refusals=tuple(status for status in sorted(what["responses"]) if status in ANSWERS),
        # The record is described once for all functions that answer with it.
        gives=() if "$ref" in given else tuple(_members(spec, given, deep=False)),
    )


def _resolved(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return spec["components"]["schemas"][name] if name else schema


def _members(
    spec: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "", *, deep: bool = True
) -> Iterator[FieldLine]:
    for name, one in schema.get("properties", {}).items():
        help_text = one.get("description", "") or one.get("title", "")
        required = name in schema.get("required", ())
        yield FieldLine(prefix + name, _type(spec, one), required, help_text)
        parts = one.get("anyOf", (one,))
        items: Mapping[str, Any] = next((part["items"] for part in parts if "items" in part), {})
        if deep and ("$ref" in items or "properties" in items):
            yield from _members(spec, _resolved(spec, items), f"{prefix}{name}[].")


def _type(  # noqa: PLR0911 - one branch a kind
    spec: Mapping[str, Any], schema: Mapping[str, Any]
) -> str:
    """A type as a person reads it; any value where the schema says nothing."""
    parts = schema.get("anyOf")
    if parts:
        return " | ".join(_type(spec, part) for part in parts)
    if "pattern" in schema and (named := _named().get(schema["pattern"])):
        return named
    if "enum" in schema:
        return " | ".join(f"“{value}”" for value in schema["enum"][:12])
    untyped = "object" if "$ref" in schema else _("any")
    kind = schema.get("format") or schema.get("type", untyped)
    if isinstance(kind, list):
        return " | ".join(kind)
    if kind == "array":
        return f"array of {_type(spec, schema.get('items', {}))}"
    if "maxLength" in schema:
        return _("%(kind)s, at most %(most)s characters", kind=kind, most=schema["maxLength"])
    if "minimum" in schema and "maximum" in schema:
        least, most = schema["minimum"], schema["maximum"]
        return _("%(kind)s, %(least)s to %(most)s", kind=kind, least=least, most=most)
    return str(kind)


def _named() -> dict[str, str]:
    """What the patterns of texts that are written in one way only are called, under “Rules”."""
    return {MONEY_PATTERN: _("amount"), ID_PATTERN: _("id")}


BLUEPRINTS = (blueprint, document_blueprint)
