"""The forms of a plugin's resources as attacks use them: where they are and what they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backstay.resources.forms import schema_of
from backstay.testing.attack.arena import list_rule
from backstay.testing.attack.making import CannotMake, as_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

    from backstay.resources.declare import Action, Operation, Resource
    from backstay.testing.attack.arena import Arena
    from backstay.testing.web import Browser


@dataclass(frozen=True, slots=True)
class Use:
    """One form of a resource.

    Arguments:
        part: the end of its address: ``new``, ``edit`` or ``do/<action>``.
        states: the states of the record in which it is allowed; empty means always.
    """

    resource: Resource
    operation: Operation
    part: str
    states: tuple[str, ...] = ()
    action: Action | None = None

    @property
    def place(self) -> str:
        """Resource and form, as findings name them."""
        return f"{self.resource.name} {self.part}"

    @property
    def about_a_record(self) -> bool:
        """Whether it works on a record that is there."""
        return self.part != "new"

    def path(self, arena: Arena, record_id: int | None) -> str:
        """Its address in ALPHA."""
        home = list_rule(self.resource).replace("<company>", arena.alpha.code)
        return f"{home}/{self.part}" if record_id is None else f"{home}/{record_id}/{self.part}"


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that would be accepted.

    Arguments:
        form: what a browser would post, without the tokens.
        record_id: the record that it is about.
    """

    use: Use
    form: dict[str, Any]
    record_id: int | None

    def post(self, arena: Arena, browser: Browser, **changed: Any) -> TestResponse:
        """Send it, with some values changed; None leaves a field out."""
        form = {k: v for k, v in {**self.form, **changed}.items() if v is not None}
        return browser.post(self.use.path(arena, self.record_id), form)


def uses_of(resource: Resource) -> Iterator[Use]:
    """The generated forms of a resource; bespoke pages are known by their routes only."""
    if resource.create is not None and not resource.create_endpoint:
        yield Use(resource, resource.create, "new")
    if resource.update is not None and not resource.edit_endpoint:
        yield Use(resource, resource.update, "edit", resource.update_states)
    for action in resource.actions:
        yield Use(resource, action.operation, f"do/{action.name}", action.states, action)


def all_uses(arena: Arena) -> Iterator[Use]:
    """The generated forms of all resources of the plugin."""
    for resource in arena.ground.resources:
        yield from uses_of(resource)


def fill(arena: Arena, use: Use) -> Filled:
    """A form that would be accepted, about a new record of its own.

    Raises:
        CannotMake: no sample can be made.
    """
    with arena.writing() as session:
        record: Any = None
        if use.about_a_record:
            record = allowed(arena, session, use)
        values = arena.maker.values(session, use.resource, use.operation, record)
        form = as_form(values)
        if record is not None and schema_of(use.operation.command).versioned:
            form["version"] = str(record.version)
        return Filled(use, form, None if record is None else int(record.id))


def allowed(arena: Arena, session: Any, use: Use) -> Any:
    """A record that is ready for the form, or is in the first state in which it is allowed."""
    name = use.resource.name
    if use.action is not None:
        ready = arena.maker.ready(session, name, use.action.name)
        if ready is not None:
            return ready
    record = arena.maker.record(session, name)
    if not use.states or use.resource.state_of(record) in use.states:
        return record
    for state in use.states:
        try:
            return arena.maker.record(session, name, state)
        except CannotMake:
            if state == use.states[-1]:
                raise
    raise AssertionError
