"""The reference of the API for people, and the document for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from backstay.access.permissions import SIGNED_IN
from backstay.api.body import read_parameters
from backstay.api.guard import caller
from backstay.api.openapi import document
from backstay.api.routes import ROOT
from backstay.api.views import answer
from backstay.i18n import gettext as _
from backstay.web.blueprint import requires
from backstay.web.page import Crumb
from backstay.web.render import page as render
from backstay.web.request import signed_in, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backstay.access.grants import Access
    from backstay.access.permissions import Permission

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
    example: str


@dataclass(frozen=True, slots=True)
class Group:
    """The functions of one resource."""

    name: str
    help: str
    calls: tuple[Call, ...]


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
    chosen = request.args.get("resource", "")[:80]
    groups = tuple(_groups(document(suite(), may=within(person.access)), words, chosen))
    title = _("API reference")
    return render(
        "api/reference.html",
        crumbs=(Crumb(_("My profile"), "/me/"), Crumb(title)),
        title=title,
        groups=groups,
        q=request.args.get("q", "")[:100],
        action=f"{ROOT}/",
        chosen=chosen,
    )


def _groups(spec: Mapping[str, Any], words: list[str], chosen: str) -> Iterator[Group]:
    for tag in spec["tags"]:
        if chosen and tag["name"] != chosen:
            continue
        calls = tuple(
            call
            for path, methods in spec["paths"].items()
            for method in _METHODS
            if method in methods and tag["name"] in methods[method]["tags"]
            for call in (_call(spec, path, method, methods[method]),)
            if _matches(call, tag["name"], words)
        )
        if calls:
            yield Group(tag["name"], tag["description"], calls)


def _matches(call: Call, name: str, words: list[str]) -> bool:
    text = " ".join(
        (name, call.method, call.path, call.summary, *(one.name for one in call.members))
    ).casefold()
    return all(word in text for word in words)


def _call(spec: Mapping[str, Any], path: str, method: str, what: Mapping[str, Any]) -> Call:
    sent = what.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(spec, sent.get("schema", {}))
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
        answers=tuple((status, one["description"]) for status, one in what["responses"].items()),
        example=_curl(spec, path, method, schema, what),
    )


def _resolved(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return spec["components"]["schemas"][name] if name else schema


def _members(
    spec: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = ""
) -> Iterator[FieldLine]:
    for name, one in schema.get("properties", {}).items():
        help_text = one.get("description", "") or one.get("title", "")
        required = name in schema.get("required", ())
        yield FieldLine(prefix + name, _type(spec, one), required, help_text)
        items = one.get("items", {})
        if "$ref" in items:
            yield from _members(spec, _resolved(spec, items), f"{prefix}{name}[].")


def _type(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    parts = schema.get("anyOf")
    if parts:
        return " | ".join(_type(spec, part) for part in parts)
    if "enum" in schema:
        return " | ".join(f"“{value}”" for value in schema["enum"][:12])
    kind = schema.get("format") or schema.get("type", "object")
    if kind == "array":
        return f"array of {_type(spec, schema.get('items', {}))}"
    return str(kind)


def _curl(
    spec: Mapping[str, Any],
    path: str,
    method: str,
    schema: Mapping[str, Any],
    what: Mapping[str, Any],
) -> str:
    lines = [f'curl "$BACKSTAY{path.replace("{company}", "$COMPANY").replace("{id}", "$ID")}"']
    if method != "get":
        lines[0] = lines[0].replace("curl", f"curl -X {method.upper()}")
    lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(one["name"] == "If-Match" for one in what["parameters"]):
        lines.append("-H 'If-Match: \"v1\"'")
    if method != "get":
        lines.append('-H "Content-Type: application/json"')
        body = _sample(spec, schema, only_required=method == "post")
        lines.append(f"-d '{json.dumps(body, ensure_ascii=False)}'")
    return " \\\n  ".join(lines)


def _sample(  # noqa: PLR0911 - one answer a type
    spec: Mapping[str, Any], schema: Mapping[str, Any], *, only_required: bool
) -> Any:
    schema = _resolved(spec, schema)
    if "anyOf" in schema:
        schema = {**schema["anyOf"][0], **{k: v for k, v in schema.items() if k == "examples"}}
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "array":
            return [_sample(spec, schema.get("items", {}), only_required=False)]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case "object":
            wanted = schema.get("required", ()) if only_required else schema.get("properties", ())
            return {
                name: _sample(spec, schema["properties"][name], only_required=only_required)
                for name in list(wanted)[:6]
            }
    return "2026-01-31" if schema.get("format") == "date" else "…"


BLUEPRINTS = (blueprint, document_blueprint)
