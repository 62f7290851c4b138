"""Attacks on the API of a plugin's resources: what the pages withstand, sent by a program."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from backstay.resources import fields as kinds
from backstay.resources.forms import schema_of
from backstay.testing.attack.arena import EVERYBODY, Arena, changed
from backstay.testing.attack.calls import Call, address, changes, home, prepare, use_of
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.making import CannotMake
from backstay.testing.attack.on_work import failing_at
from backstay.testing.attack.planting import (
    MARKER,
    SHORT_MARKER,
    mark_everything,
    planted,
    row_of,
)
from backstay.testing.attack.wrong import wrong_in_json

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from backstay.api.routes import Endpoint
    from backstay.resources.declare import Operation, Resource
    from backstay.testing.api import ApiClient

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
REFUSED: Final = 400
UNAUTHENTICATED: Final = 401
FORBIDDEN: Final = 403
CONFLICT: Final = 409
UNPROCESSABLE: Final = 422
SERVER_ERROR: Final = 500
_MOST_STATEMENTS: Final = 400


# --- who is it -------------------------------------------------------------------------------


def tokens(arena: Arena) -> Iterator[Finding]:
    """A cookie opens nothing of the API, and a token alone all of it."""
    boss = arena.browser()
    bearer = f"Bearer {boss.program.token}"
    for route in arena.api_routes():
        place, path = route.place, arena.address(route)
        before = arena.digest()
        for headers in (
            {},
            {"X-CSRFToken": boss.csrf},
            {"Authorization": bearer.replace("Bearer", "Basic")},
        ):
            answered = boss.client.open(path, method=route.method, json={}, headers=headers)
            if answered.status_code != UNAUTHENTICATED:
                said = f"answers {answered.status_code} to a cookie without a token"
                yield Finding(place, said, EVERYBODY)
        if tables := changed(before, arena.digest()):
            yield Finding(place, f"without a token it changed {tables}", EVERYBODY)
        # About no record, so that it does not revoke the very token.
        answered = arena.send(boss, route, path if route.method == "GET" else route.path())
        if answered.status_code in {UNAUTHENTICATED, FORBIDDEN}:
            yield Finding(place, f"answers {answered.status_code} to a token", EVERYBODY)
        if "Set-Cookie" in answered.headers:
            yield Finding(place, "sets a cookie", EVERYBODY)


# --- values and columns ----------------------------------------------------------------------


def values(arena: Arena) -> Iterator[Finding]:
    """Each wrong value of each member is answered 422 with its name, and nothing is changed."""
    program = arena.program()
    for call in _calls(arena):
        before = arena.digest()
        for place, body in _wrong_bodies(arena, call):
            yield from _must_name(call, place, call.send(arena, program, body))
        if tables := changed(before, arena.digest()):
            yield Finding(call.place, f"changed {tables} though it refused")


def _wrong_bodies(arena: Arena, call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """Bodies with one wrong value, and the member that must be named."""
    for field in schema_of(call.operation.command).fields:
        for wrong in wrong_in_json(arena, field):
            yield field.name, {**call.body, field.name: wrong}
        lines = call.body.get(field.name)
        if isinstance(field.kind, kinds.LinesField) and lines:
            for part in schema_of(field.kind.line).fields:
                for wrong in wrong_in_json(arena, part):
                    changed_line = {**lines[0], part.name: wrong}
                    place = f"{field.name}.0.{part.name}"
                    yield place, {**call.body, field.name: [changed_line, *lines[1:]]}


def _must_name(call: Call, name: str, answered: TestResponse) -> Iterator[Finding]:
    if answered.status_code != UNPROCESSABLE:
        said = f"a wrong {name} is answered {answered.status_code} instead of 422"
        yield Finding(call.place, said)
        return
    named = {str(one["field"]) for one in _json(answered)["errors"]}
    if not any(one == name or one.startswith(f"{name}.") for one in named):
        yield Finding(call.place, f"a wrong {name} is refused naming {', '.join(sorted(named))}")


def columns(arena: Arena) -> Iterator[Finding]:
    """Columns that a command does not have are refused by name; what is not sent stays."""
    program = arena.program()
    for call in _calls(arena):
        known = {one.name for one in schema_of(call.operation.command).fields}
        was = row_of(arena, call.endpoint.resource, call.record_id)
        before = arena.digest()
        for name, sent in _columns(arena, call.endpoint.resource, was):
            if name not in known:
                answered = call.send(arena, program, {**call.body, name: sent})
                yield from _must_name(call, name, answered)
        if tables := changed(before, arena.digest()):
            yield Finding(call.place, f"changed {tables} through columns that it does not have")
        if call.endpoint.does == "update":
            yield from _keeps(arena, call, program)


def _columns(arena: Arena, resource: Resource, was: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    from sqlalchemy import inspect

    for attribute in inspect(resource.model).column_attrs:
        made = planted(arena, attribute.key, attribute.columns[0], was)
        yield attribute.key, made[0] if made is not None else "owned"


def _keeps(arena: Arena, call: Call, program: ApiClient) -> Iterator[Finding]:
    """Whether a change of one member leaves all others as they were."""
    path = address(arena, call.endpoint, call.record_id)
    names = [one.name for one in schema_of(call.operation.command).fields]
    call.send(arena, program)  # so that every member holds something to lose
    for name in names:
        if name not in call.body:
            continue
        before = _json(program.get(path))
        answered = call.send(arena, program, {name: call.body[name]})
        if answered.status_code >= SERVER_ERROR:
            yield Finding(call.place, f"{name} alone is answered {answered.status_code}")
        after = _json(program.get(path))
        lost = [one for one in names if one != name and before.get(one) != after.get(one)]
        if lost:
            yield Finding(call.place, f"sent {name} only, and {', '.join(lost)} changed as well")


# --- text ------------------------------------------------------------------------------------


def texts(arena: Arena) -> Iterator[Finding]:
    """What programs wrote comes back as data, with no character escaped or lost."""
    program = arena.program()
    for call in _calls(arena):
        if call.endpoint.does in {"create", "update"}:
            yield from _round_trip(arena, call, program)
    for resource in arena.ground.resources:
        if not mark_everything(arena, resource):
            continue
        listed = program.get(home(arena, resource))
        if not _says(_json(listed)):
            yield Finding(f"GET {home(arena, resource)}", "shows what was written nowhere as it is")


def _says(value: Any) -> bool:
    match value:
        case str():
            return value.startswith(SHORT_MARKER)
        case dict():
            return any(_says(one) for one in value.values())
        case list():
            return any(_says(one) for one in value)
    return False


def _round_trip(arena: Arena, call: Call, program: ApiClient) -> Iterator[Finding]:
    for field in schema_of(call.operation.command).fields:
        kind = field.kind
        if not isinstance(kind, kinds.TextField) or kind.pattern:
            continue
        marker = MARKER if kind.max_length >= len(MARKER) else SHORT_MARKER
        if kind.max_length < len(marker):
            continue
        fresh = _prepared(arena, call.endpoint, call.operation)
        if fresh is None:
            return
        answered = fresh.send(arena, program, {**fresh.body, field.name: marker})
        if answered.status_code == UNPROCESSABLE:
            continue  # a rule of its own, such as an address of mail
        if answered.status_code >= REFUSED:
            said = f"{field.name}={marker!r} is answered {answered.status_code}"
            yield Finding(call.place, said)
            continue
        if answered.mimetype != JSON:
            yield Finding(call.place, f"is answered as {answered.mimetype}")
            continue
        shown = _json(answered).get(field.name, marker)
        if str(shown).casefold() != marker.casefold():  # codes may be written in capitals
            yield Finding(call.place, f"{field.name} was sent as {marker!r}, comes back {shown!r}")


# --- states and faults -----------------------------------------------------------------------


def states(arena: Arena) -> Iterator[Finding]:
    """What the table of actions does not allow in a state is answered 409; the rest leads on."""
    for endpoint, operation in changes(arena):
        use = use_of(endpoint, operation)
        if use.about_a_record and use.states and use.resource.state:
            for state in arena.maker.states(use.resource):
                if state not in use.states:
                    yield from _refused_in(arena, endpoint, operation, state)
            yield from _leads(arena, endpoint, operation)


def _refused_in(
    arena: Arena, endpoint: Endpoint, operation: Operation, state: str
) -> Iterator[Finding]:
    try:
        with arena.writing() as session:
            key = int(arena.maker.record(session, endpoint.resource.name, state).id)
    except CannotMake:
        return  # told by the check “samples”
    program = arena.program()
    before = arena.digest(derived=True)
    call = Call(endpoint, operation, {}, key)
    answered = call.send(arena, program)
    place = f"{call.place} in state “{state}”"
    if answered.status_code != CONFLICT:
        yield Finding(place, f"answers {answered.status_code} instead of 409")
    if tables := changed(before, arena.digest(derived=True)):
        yield Finding(place, f"changed {tables}")


def _leads(arena: Arena, endpoint: Endpoint, operation: Operation) -> Iterator[Finding]:
    call = _prepared(arena, endpoint, operation)
    action = endpoint.action
    if call is None or action is None or not action.leads_to:
        return
    answered = call.send(arena, arena.program())
    if answered.status_code >= REFUSED:
        yield Finding(call.place, f"is allowed, but answers {answered.status_code}")
        return
    with arena.reading() as session:
        record = session.get(endpoint.resource.model, call.record_id)
        reached = endpoint.resource.state_of(record) if record is not None else ""
    if reached != action.leads_to:
        yield Finding(call.place, f"leads to “{reached}” instead of “{action.leads_to}”")


def faults(arena: Arena) -> Iterator[Finding]:
    """A fault at any writing statement leaves nothing behind, and its answer tells no internals."""
    logging.getLogger("backstay.web").setLevel(logging.CRITICAL)
    try:
        for call in _calls(arena):
            yield from _break(arena, call)
    finally:
        logging.getLogger("backstay.web").setLevel(logging.NOTSET)


def _break(arena: Arena, call: Call) -> Iterator[Finding]:
    program = arena.program()
    program.get(home(arena, call.endpoint.resource))  # so that its use is noted already
    before = arena.digest(derived=True)
    headers = {"Idempotency-Key": f"fault-{arena.maker.number()}"}
    for number in range(1, _MOST_STATEMENTS):
        with failing_at(arena, number) as fault:
            # Each time the same key: a failure must not be remembered as the answer.
            answered = call.send(arena, program, headers=headers)
        place = f"{call.place}, fault at statement {number}"
        if not fault.happened:
            if answered.status_code >= REFUSED:
                said = f"without a fault it answers {answered.status_code}: {answered.text[:300]}"
                yield Finding(call.place, said)
            return
        if answered.status_code < REFUSED:
            yield Finding(place, f"is passed over: answers {answered.status_code}", EVERYBODY)
            return
        if answered.mimetype != PROBLEM or _tells_internals(answered.text):
            yield Finding(place, f"its answer is no plain problem: {answered.text[:120]}")
        if tables := changed(before, arena.digest(derived=True)):
            yield Finding(place, f"leaves changes behind in {tables}", EVERYBODY)
            return


def _tells_internals(text: str) -> bool:
    return any(word in text for word in ("Traceback", "Fault", "INSERT", "UPDATE", "DELETE", ".py"))


def _json(answered: TestResponse) -> dict[str, Any]:
    return dict(answered.json or {})


def _calls(arena: Arena) -> Iterator[Call]:
    for endpoint, operation in changes(arena):
        call = _prepared(arena, endpoint, operation)
        if call is not None:
            yield call


def _prepared(arena: Arena, endpoint: Endpoint, operation: Operation) -> Call | None:
    """A call to misuse; what can't be made is told by the check “samples”."""
    try:
        return prepare(arena, endpoint, operation)
    except CannotMake:
        return None
