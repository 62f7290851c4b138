"""Fields of a group, and whoever may not read it: neither pages, files nor the API tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import String, inspect

from backstay.api.represent import update_of
from backstay.api.routes import endpoints_of
from backstay.resources.forms import schema_of
from backstay.testing.attack.arena import EVERYBODY, Arena, list_rule
from backstay.testing.attack.calls import address, home
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.planting import in_model, row_of
from backstay.testing.web import make_user

if TYPE_CHECKING:
    from backstay.access.permissions import FieldGroup
    from backstay.api.routes import Endpoint
    from backstay.resources.declare import Resource
    from backstay.testing.api import ApiClient
    from backstay.testing.web import Browser

REFUSED: Final = 400
FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class _Hidden:
    """A value that one person may not know.

    Arguments:
        name: the attribute of the model that holds it.
        login: of the person, who holds every permission but those of the group.
    """

    resource: Resource
    name: str
    group: FieldGroup
    secret: str
    login: str
    key: int


def groups(arena: Arena) -> Iterator[Finding]:
    """Fields of a group are hidden from who may not read it, on every page and in every file."""
    for hidden in _hide_each(arena):
        yield from _peek(arena, hidden)


def api_groups(arena: Arena) -> Iterator[Finding]:
    """Fields of a group are left out for who may not read it, and taken from nobody else."""
    for hidden in _hide_each(arena):
        yield from _ask(arena, hidden)


def _hide_each(arena: Arena) -> Iterator[_Hidden]:
    declared = {one.name: one for part in arena.suite.parts for one in part.field_groups}
    for resource in arena.ground.resources:
        for name, group in _grouped(resource, declared):
            hidden = _hide(arena, resource, name, group)
            if hidden is not None:
                yield hidden


def _grouped(resource: Resource, declared: dict[str, FieldGroup]) -> list[tuple[str, FieldGroup]]:
    """The attributes of a resource's model that belong to a field group."""
    found = {
        name: declared[group]
        for name, group in resource.model.__field_groups__.items()
        if group in declared
    }
    for column in resource.columns:
        if column.group is not None and in_model(resource, column.value):
            found[column.value.key] = column.group
    return list(found.items())


def _hide(arena: Arena, resource: Resource, name: str, group: FieldGroup) -> _Hidden | None:
    secret = f"Hush{arena.maker.number()}"
    login = f"blind{arena.maker.number()}"
    without = {group.read.name, group.write.name}
    make_user(arena.database, login, [p for p in arena.suite.permissions if p not in without])
    ids = arena.ids(resource, arena.alpha)
    kind = inspect(resource.model).column_attrs[name].columns[0].type
    if not ids or not isinstance(kind, String):
        return None
    with arena.writing() as session:  # through the ORM, so that the trail records it as well
        setattr(session.get_one(resource.model, ids[0]), name, secret)
    return _Hidden(resource, name, group, secret, login, ids[0])


# --- pages and files -------------------------------------------------------------------------


def _peek(arena: Arena, hidden: _Hidden) -> Iterator[Finding]:
    resource, name, secret = hidden.resource, hidden.name, hidden.secret
    place = list_rule(resource).replace("<company>", arena.alpha.code)
    record = f"{place}/{hidden.key}"
    blind, boss = arena.browser(hidden.login), arena.browser()
    if secret not in boss.get(record).text:
        yield Finding(f"{resource.name} {name}", "is not shown to who may read it", EVERYBODY)
    paths = [place, record, f"{record}/edit", f"{place}.csv", f"{place}/pick?q=", *_trail(arena)]
    yield from _shown(hidden, blind, paths)
    yield from _deduce(hidden, place, blind)
    for search in (f"{place}?q=", f"{place}/pick?q="):
        path = f"{search}{secret}"
        # Where nothing can be searched, any word leaves all records there.
        if (
            str(hidden.key) in blind.get(path).text
            and str(hidden.key) not in blind.get(f"{search}No{secret}").text
        ):
            yield Finding(f"GET {path}", f"finds a record by its hidden {name}", hidden.login)


def _trail(arena: Arena) -> list[str]:
    """The audit trail's list, file and latest records."""
    resource = arena.suite.resources.get("core.audit")
    if resource is None:
        return []
    place = list_rule(resource).replace("<company>", arena.alpha.code)
    ids = arena.ids(resource, arena.alpha)
    return [place, f"{place}.csv", *(f"{place}/{key}" for key in ids)]


def _shown(hidden: _Hidden, blind: Browser | ApiClient, paths: list[str]) -> Iterator[Finding]:
    for path in paths:
        if hidden.secret in blind.get(path).text:
            said = f"shows {hidden.name} of the group {hidden.group.name}"
            yield Finding(f"GET {path}", said, hidden.login)


def _deduce(hidden: _Hidden, place: str, blind: Browser | ApiClient) -> Iterator[Finding]:
    """What is hidden can't be found out by sorting or filtering either."""
    resource, name = hidden.resource, hidden.name
    queries = [
        f"sort={column.name}"
        for column in resource.columns
        if in_model(resource, column.value) and column.value.key == name and column.sortable
    ]
    queries += [
        f"{one.name}={hidden.secret}"
        for one in resource.filters
        if in_model(resource, one.column) and one.column.key == name
    ]
    for query in queries:
        if blind.get(f"{place}?{query}").status_code < REFUSED:
            yield Finding(f"GET {place}?{query}", f"tells about the hidden {name}", hidden.login)


# --- the API ---------------------------------------------------------------------------------


def _ask(arena: Arena, hidden: _Hidden) -> Iterator[Finding]:
    resource, name = hidden.resource, hidden.name
    place = home(arena, resource)
    record = f"{place}/{hidden.key}"
    blind, boss = arena.program(hidden.login), arena.program()
    change = update_of(resource)
    named = {one.value.key for one in resource.columns if in_model(resource, one.value)}
    if change is not None:
        named |= {one.name for one in schema_of(change.command).fields}
    if name in named and hidden.secret not in boss.get(record).text:
        yield Finding(f"GET {record}", f"does not show {name} to who may read it", EVERYBODY)
    yield from _shown(hidden, blind, [place, record])
    yield from _deduce(hidden, place, blind)
    if resource.search and str(hidden.key) in blind.get(f"{place}?q={hidden.secret}").text:
        yield Finding(f"GET {place}?q=", f"finds a record by its hidden {name}", hidden.login)
    for endpoint in endpoints_of(resource):
        if endpoint.does == "update" and endpoint.operation is not None:
            yield from _write(arena, endpoint, hidden, blind)


def _write(
    arena: Arena, endpoint: Endpoint, hidden: _Hidden, blind: ApiClient
) -> Iterator[Finding]:
    """What is hidden is neither overwritten nor shown by the answers to a change."""
    name = hidden.name
    place = f"{endpoint.method} {endpoint.rule}"
    path = address(arena, endpoint, hidden.key)
    operation = update_of(endpoint.resource)
    fields = {one.name for one in schema_of(operation.command).fields} if operation else set()
    answers = [blind.patch(path, {}, headers={"If-Match": match}) for match in ('"v0"', "*")]
    if name in fields:
        refused = blind.patch(path, {name: "owned"}, headers={"If-Match": "*"})
        answers.append(refused)
        if refused.status_code != FORBIDDEN:
            said = f"takes {name} of a group that is not theirs: {refused.status_code}"
            yield Finding(place, said, hidden.login)
    if any(hidden.secret in answered.text for answered in answers):
        yield Finding(place, f"its answer shows {name}", hidden.login)
    if row_of(arena, endpoint.resource, hidden.key).get(name) != hidden.secret:
        yield Finding(place, f"changed {name}, which its sender may not see", hidden.login)
