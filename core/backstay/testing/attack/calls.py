"""The functions of a plugin's API as attacks use them: where they are and what they take."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backstay.api.represent import current_values, field_value, update_of
from backstay.api.routes import Endpoint, endpoints_of, prefix_of
from backstay.db.context import context_of
from backstay.resources.forms import schema_of
from backstay.resources.serialize import Reader
from backstay.testing.attack.uses import Use, allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from backstay.resources.declare import Operation, Resource
    from backstay.testing.api import ApiClient
    from backstay.testing.attack.arena import Arena


@dataclass(frozen=True, slots=True)
class Call:
    """A change through the API that would be carried out.

    Arguments:
        body: what a program would send.
        record_id: the record that it is about.
    """

    endpoint: Endpoint
    operation: Operation
    body: dict[str, Any]
    record_id: int | None

    @property
    def place(self) -> str:
        """Method and address, as findings name them."""
        return f"{self.endpoint.method} {self.endpoint.rule}"

    def send(
        self, arena: Arena, program: ApiClient, body: dict[str, Any] | None = None, **rest: Any
    ) -> TestResponse:
        """Send it, with another body if one is given."""
        headers = {"If-Match": "*", **rest.pop("headers", {})}
        path = address(arena, self.endpoint, self.record_id)
        sent = self.body if body is None else body
        return program.send(self.endpoint.method, path, sent, headers=headers, **rest)


def address(arena: Arena, endpoint: Endpoint, record_id: int | None) -> str:
    """Where a function is, in ALPHA."""
    rule = endpoint.rule.replace("<company>", arena.alpha.code)
    return rule.replace("<int:id>", str(record_id))


def home(arena: Arena, resource: Resource) -> str:
    """The address of a resource's list, in ALPHA."""
    return prefix_of(resource).replace("<company>", arena.alpha.code)


def use_of(endpoint: Endpoint, operation: Operation) -> Use:
    """The form that does the same, with the states in which it is allowed."""
    action = endpoint.action
    if endpoint.does == "update":
        return Use(endpoint.resource, operation, "edit", endpoint.resource.update_states)
    if action is None or endpoint.does == "on_list":
        return Use(endpoint.resource, operation, "new")
    return Use(endpoint.resource, operation, f"do/{action.name}", action.states, action)


def changes(arena: Arena) -> Iterator[tuple[Endpoint, Operation]]:
    """What changes something in the API of the plugin's resources."""
    for resource in arena.ground.resources:
        for one in endpoints_of(resource):
            if one.operation is not None:
                yield one, one.operation


def prepare(arena: Arena, endpoint: Endpoint, operation: Operation) -> Call:
    """A change that would be carried out, about a new record of its own.

    Raises:
        CannotMake: no sample can be made.
    """
    use = use_of(endpoint, operation)
    with arena.writing() as session:
        record = allowed(arena, session, use) if use.about_a_record else None
        values = _values(arena, session, endpoint, operation, record)
        reader = Reader.of(context_of(session), arena.suite)
        body = {
            field.name: field_value(field.kind, values[field.name], reader)
            for field in schema_of(operation.command).fields
            if values.get(field.name) is not None
        }
        return Call(endpoint, operation, body, None if record is None else int(record.id))


def _values(
    arena: Arena, session: Session, endpoint: Endpoint, operation: Operation, record: Any
) -> dict[str, Any]:
    """Values from the declarations; those of a sample where the API has a shape of its own."""
    resource = endpoint.resource
    if record is None:
        name = endpoint.does if endpoint.action is None else endpoint.action.name
        ready = arena.maker.ready(session, resource.name, name)
        if isinstance(ready, operation.command):
            return {one.name: getattr(ready, one.name) for one in dataclasses.fields(ready)}
    change = update_of(resource)
    shape = resource.api
    if shape is None or change is None or change is not shape.update:
        return arena.maker.values(session, resource, operation, record)
    if endpoint.does == "act":
        return arena.maker.values(session, resource, operation, record)
    sample = record if record is not None else arena.maker.record(session, resource.name)
    return current_values(change, session, sample)
