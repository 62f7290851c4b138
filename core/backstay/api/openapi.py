"""The OpenAPI 3.1 document of the API, made from the same declarations as its routes.

A token's owner gets what they may use; tests look at the whole document.
"""

from __future__ import annotations

import dataclasses
import types
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from backstay import __version__
from backstay.access.roles import plugin_title
from backstay.api.formats import DATE_SCHEMA, ID_SCHEMA
from backstay.api.module_schemas import SCHEMA as MODULE_SCHEMA
from backstay.api.module_schemas import TAG as MODULE_TAG
from backstay.api.module_schemas import module_paths, module_schema
from backstay.api.represent import record_schema, versioned
from backstay.api.routes import Endpoint, endpoints_of
from backstay.api.views import LARGEST_PAGE, PAGE
from backstay.i18n import gettext as _
from backstay.search.words import LONGEST_SEARCH
from backstay.web.problems import PROBLEM_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from backstay.access.permissions import Permission
    from backstay.api.schemas import Sent
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Filter, Resource

_JSON: Final = "application/json"
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:backstay:problem:invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "row", "message"],
                "properties": {
                    "field": {"type": ["string", "null"], "examples": ["lines.2.account"]},
                    "row": {"type": ["integer", "null"]},
                    "message": {"type": "string"},
                },
            },
        },
        "yours": {"type": "object", "description": "With 412: what was sent."},
        "current": {"type": "object", "description": "With 412: the record as it is."},
        "etag": {"type": "string", "description": "With 412: the ETag of the record as it is."},
    },
}
ANSWERS: Final = {
    "400": "The request is malformed: a parameter or header is unknown, given twice or means"
    " nothing.",
    "401": "There is no token, or it opens nothing: it was revoked, it ended, or its owner is"
    " disabled. Make another.",
    "403": "The token or its owner lacks the permission, or it comes from another network.",
    "404": "There is nothing here, or it is not open to the token.",
    "405": "This address takes other methods only: see Allow.",
    "409": "Not possible in this state, or it contradicts what is recorded. Read the record again.",
    "412": "The record was changed since: both versions are in the answer, and the ETag to send"
    " with what you make of them.",
    "413": "The body is larger than 1 MiB. Send less at once.",
    "415": "The body is not JSON in UTF-8, or it is packed.",
    "422": "Something is wrong with the values: each error names its field.",
    "428": "If-Match is missing: send the ETag that the record was read with.",
    "429": "Too many wrong tokens came from this address. Wait as Retry-After says.",
    "503": "The database is busy or read-only. Send the same again when Retry-After says, with the"
    " same Idempotency-Key.",
}
"""What each refusal means and what to do, for the document and for the page."""
_READING: Final = ("400", "401", "403", "404", "405", "429", "503")


def document(
    suite: Suite, *, may: Callable[[Permission, bool], bool] = lambda _permission, _inside: True
) -> dict[str, Any]:
    """The OpenAPI document.

    Arguments:
        may: whether a permission is held, inside companies (True) or outside; what is not held is
            left out.
    """
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    tags: list[dict[str, str]] = []
    modules: dict[str, list[str]] = {}
    for resource in suite.resources.values():
        offered = [
            one for one in endpoints_of(resource) if may(one.permission, resource.lies_in_company)
        ]
        if not offered:
            continue
        schemas[record_name(resource)] = record_schema(resource)
        tags.append(
            {
                "name": resource.name,
                "x-displayName": str(resource.label_many),
                "description": f"{resource.label_many}. {resource.help}".strip(),
            }
        )
        modules.setdefault(plugin_title(suite, resource.plugin), []).append(resource.name)
        for one in offered:
            path = one.rule.replace("<company>", "{company}").replace("<int:id>", "{id}")
            paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    if of_modules := module_paths(may, _refusals):
        paths |= of_modules
        schemas[MODULE_SCHEMA] = module_schema()
        tags.append({"name": MODULE_TAG, "x-displayName": _("Modules"), "description": ""})
        modules.setdefault(plugin_title(suite, "core"), []).append(MODULE_TAG)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Backstay",
            "version": __version__,
            "description": _(
                "Ids and amounts are texts. Dates are ISO 8601, instants in UTC. Fields that the"
                " token may not read are left out."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": tags,
        "x-tagGroups": [{"name": name, "tags": names} for name, names in modules.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    }


def record_name(resource: Resource) -> str:
    """The name of a resource's schema."""
    return "".join(
        part.title() for part in resource.name.replace("_", ".").replace("-", ".").split(".")
    )


def _operation(one: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    resource = one.resource
    label = str(one.operation.label) if one.operation is not None else ""
    thing = str(resource.label)
    named = label if thing.casefold() in label.casefold() else f"{label}: {thing}"
    summary = {
        "list": _("List: %(name)s", name=resource.label_many),
        "get": _("Read: %(name)s", name=resource.label),
        "create": _("Create: %(name)s", name=resource.label),
        "update": _("Change: %(name)s", name=resource.label),
    }.get(one.does, named)
    described = {
        "operationId": operation_id(one),
        "summary": summary,
        "description": _description(one),
        "tags": [resource.name],
        "parameters": list(_parameters(one)),
        "responses": _responses(one),
        "x-permission": one.permission.name,
    }
    if one.operation is not None:
        described["requestBody"] = {
            "required": bool(_required(one)),
            "content": {_JSON: {"schema": _body(one, schemas)}},
        }
    return described


def operation_id(one: Endpoint) -> str:
    """The name of a function, which stays the same within v1."""
    return f"{one.resource.name}.{one.name}"


def _description(one: Endpoint) -> str:
    parts = [_("Needs the permission “%(name)s”.", name=one.permission.name)]
    if one.operation is not None and one.operation.help:
        parts.append(str(one.operation.help))
    if one.action is not None and one.action.states:
        parts.append(_("Possible in: %(states)s.", states=", ".join(one.action.states)))
    return " ".join(parts)


def _model(one: Endpoint) -> type[Sent]:
    from backstay.api.schemas import model_of  # late, as it says there

    assert one.operation is not None  # noqa: S101 - asked for operations only
    return model_of(one.operation.command, partial=one.does == "update")


def _required(one: Endpoint) -> list[str]:
    return list(_model(one).model_json_schema().get("required", ()))


def _body(one: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of what is sent; parts of it become components of their own."""
    model = _model(one)
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    for described in schema.get("properties", {}).values():
        described.pop("default", None)
    schema.pop("description", None)
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameters(one: Endpoint) -> Iterable[dict[str, Any]]:
    resource = one.resource
    if resource.lies_in_company:
        yield {
            "name": "company",
            "in": "path",
            "required": True,
            "description": "The company's code.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 20},
        }
    if "<int:id>" in one.path:
        yield {
            "name": "id",
            "in": "path",
            "required": True,
            "description": _("Of the record, from a list."),
            "schema": ID_SCHEMA,
        }
    if one.does == "list":
        yield from _list_parameters(resource)
    if one.operation is not None:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Sent again with the same request, the first answer is given again.",
            "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
        }
    if one.does == "update" and versioned(resource):
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The ETag with which the record was read.",
            "schema": {"type": "string", "minLength": 1, "examples": ['"v3"']},
        }


def _list_parameters(resource: Resource) -> Iterable[dict[str, Any]]:
    sortable = [column.name for column in resource.columns if column.sortable]
    yield _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
        _("Records on a page; left out, %(number)s.", number=PAGE),
    )
    mark = {"type": "string", "minLength": 1}
    yield _query("after", mark, _("The mark of the next page: “after” of an answer."))
    yield _query("before", mark, _("The mark of the page before: “before” of an answer."))
    if sortable:
        values = [name for one in sortable for name in (one, f"-{one}")]
        help_text = _("A minus turns the order round.")
        yield _query("sort", {"type": "string", "enum": values}, help_text)
    if resource.search:
        yield _query(
            "q", {"type": "string", "maxLength": LONGEST_SEARCH}, str(resource.search_label)
        )
    for one in resource.filters:
        help_text = str(one.label)
        if one.kind == "picker":
            help_text = _("%(label)s: the id of such a record.", label=one.label)
        yield _query(one.name, _filter_schema(one), help_text)


def _filter_schema(one: Filter) -> dict[str, Any]:
    if one.choices:
        return {"type": "string", "enum": [choice.value for choice in one.choices]}
    match one.kind:
        case "picker":
            return dict(ID_SCHEMA)
        case "date_from" | "date_to":
            return dict(DATE_SCHEMA)
        case "bool":
            return {"type": "string", "enum": ["0", "1"]}
    return {"type": "string"}


def _query(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "schema": schema,
        **({"description": description} if description else {}),
    }


def _responses(one: Endpoint) -> dict[str, Any]:
    record = {"$ref": f"#/components/schemas/{record_name(one.resource)}"}
    match one.does:
        case "list":
            good = {"200": _answer(_("One page of the list."), _page(record))}
        case "get":
            good = {"200": _answer(_("The record."), record)}
        case "create":
            good = {"201": _answer(_("It was created."), _result(one) or record)}
        case "on_list":
            asks = one.action is not None and one.action.only_answers
            status, said = ("200", _("The answer.")) if asks else ("201", _("It was done."))
            good = {status: _answer(said, _result(one) or record)}
        case "update":
            good = {"200": _answer(_("It was changed."), record)}
        case _:
            good = {
                "200": _answer(_("It was done."), _result(one) or record),
                "204": {"description": _("It was done, and there is nothing to show.")},
            }
    if one.operation is not None and "waits" in (_result(one) or {}).get("properties", {}):
        good["202"] = _answer(_("It waits for the approval of somebody else."), _result(one) or {})
    writing: tuple[str, ...] = (
        () if one.operation is None else ("409", "412", "413", "415", "422", "428")
    )
    if one.does == "list":
        writing = ("422",)
    return good | _refusals((*_READING, *writing))


def _refusals(statuses: tuple[str, ...]) -> dict[str, Any]:
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": ANSWERS[status], "content": {PROBLEM_TYPE: problem}}
        for status in sorted(set(statuses))
    }


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _page(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["items", "count", "count_is_exact", "after", "before"],
        "properties": {
            "items": {"type": "array", "items": record, "description": _("The records.")},
            "count": {"type": "integer", "description": _("How many there are, at most 10000.")},
            "count_is_exact": {
                "type": "boolean",
                "description": _("False where there are more than 10000."),
            },
            "after": {
                "type": ["string", "null"],
                "description": _("Send it as “after” for the next page; null on the last."),
            },
            "before": {
                "type": ["string", "null"],
                "description": _("Send it as “before” for the page before; null on the first."),
            },
        },
    }


def _result(one: Endpoint) -> dict[str, Any] | None:
    """The schema of what a service returns, where that is a value and no record."""
    assert one.operation is not None  # noqa: S101
    try:
        returned = get_type_hints(one.operation.service).get("return")
    except NameError:  # a name that is imported for type checkers only
        return {"type": "object"}
    if isinstance(returned, type) and issubclass(returned, one.resource.model):
        return None
    if isinstance(returned, type) and dataclasses.is_dataclass(returned):
        return _of_type(returned)
    return None if returned is type(None) else {"type": "object"}


def _of_type(hint: Any) -> dict[str, Any]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return {
            "type": "object",
            "properties": {
                one.name: ID_SCHEMA if one.name == "id" else _of_type(hints[one.name])
                for one in dataclasses.fields(hint)
            },
        }
    if get_origin(hint) in {Union, types.UnionType}:
        return {
            "anyOf": [
                {"type": "null"} if part is type(None) else _of_type(part)
                for part in get_args(hint)
            ]
        }
    simple: dict[Any, Literal["string", "boolean"]] = {str: "string", bool: "boolean"}
    return {"type": simple[hint]} if hint in simple else {}
