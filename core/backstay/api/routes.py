"""The routes of the API: one set for each resource of core and of the running plugins.

``/api/v1/c/<company>/<plugin>/<path>`` for what lies in a company, ``/api/v1/<plugin>/<path>`` for
the rest. Each route is marked with the permission that opens it, as pages are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from flask import Blueprint, Response

from backstay.api.represent import create_of, update_of
from backstay.api.views import ApiViews
from backstay.lists.query import ResourceQuery
from backstay.resources.fields import FileField, LinesField
from backstay.resources.forms import schema_of
from backstay.web.blueprint import requires

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.access.permissions import Permission
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Action, Operation, Resource

ROOT: Final = "/api/v1"
Does = Literal["list", "get", "create", "update", "act", "on_list"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One function of the API.

    Arguments:
        path: below the resource's address; ``<int:id>`` stands for the record.
        operation: what is carried out; None for reading.
    """

    resource: Resource
    does: Does
    name: str
    method: str
    path: str
    permission: Permission
    operation: Operation | None = None
    action: Action | None = None

    @property
    def rule(self) -> str:
        """The address as Flask writes it."""
        return f"{prefix_of(self.resource)}{self.path}"


def prefix_of(resource: Resource) -> str:
    """The address of a resource's list."""
    inside = "/c/<company>" if resource.lies_in_company else ""
    return f"{ROOT}{inside}/{resource.plugin}/{resource.path}"


def endpoints_of(resource: Resource) -> list[Endpoint]:
    """All functions of a resource that the API offers."""
    found = [
        Endpoint(resource, "list", "list", "GET", "", resource.view),
        Endpoint(resource, "get", "get", "GET", "/<int:id>", resource.view),
    ]
    for does, path, method, operation in (
        ("create", "", "POST", create_of(resource)),
        ("update", "/<int:id>", "PATCH", update_of(resource)),
    ):
        if operation is not None and _offered(operation):
            found.append(
                Endpoint(resource, does, does, method, path, operation.permission, operation)  # type: ignore[arg-type]
            )
    on_list = resource.api.on_list if resource.api is not None else ()
    for does, path, actions in (
        ("on_list", "/actions/", on_list),
        ("act", "/<int:id>/actions/", resource.actions),
    ):
        found += [
            Endpoint(
                resource,
                does,  # type: ignore[arg-type]
                f"{does}_{action.name}",
                "POST",
                path + action.name,
                action.operation.permission,
                action.operation,
                action,
            )
            for action in actions
            if _offered(action.operation)
        ]
    return found


def _offered(operation: Operation) -> bool:
    return operation.in_api and not _takes_files(operation.command)


def _takes_files(command: type[Any]) -> bool:
    kinds = [one.kind for one in schema_of(command).fields]
    return any(
        isinstance(kind, FileField) or (isinstance(kind, LinesField) and _takes_files(kind.line))
        for kind in kinds
    )


def blueprints(suite: Suite) -> list[Blueprint]:
    """One blueprint for each resource; routes are made when it is registered."""
    queries = {name: ResourceQuery(resource) for name, resource in suite.resources.items()}
    return [ApiBlueprint(resource, queries) for resource in suite.resources.values()]


class ApiBlueprint(Blueprint):
    """The API of one resource, under ``api.<plugin>.<noun>``."""

    def __init__(self, resource: Resource, queries: dict[str, ResourceQuery]) -> None:
        """Place it below the root."""
        super().__init__(resource.noun, __name__)
        self.plugin = resource.plugin
        self.resource = resource
        self.views = ApiViews(resource, queries)

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Make the routes; the model of a command is made when something is sent for it."""
        for one in endpoints_of(self.resource):
            self.add_url_rule(
                one.rule,
                one.name,
                requires(one.permission)(self._view(one)),
                methods=[one.method],
            )
        super().register(app, {**options, "name_prefix": f"api.{self.plugin}"})
        # It is made for one application: what Flask keeps for the next takes half a megabyte.
        self.deferred_functions.clear()

    def _view(self, one: Endpoint) -> Callable[..., Response]:
        made: Callable[..., Response]
        match one.does:
            case "act" if one.action is not None:
                made = self.views.action(one.action)
            case "on_list" if one.action is not None:
                made = self.views.on_list(one.action)
            case _:
                made = getattr(self.views, one.does)

        def answering(**values: Any) -> Response:
            return made(**values)

        return answering
