"""Values and records made from the declarations: a value by the kind of its field."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from backstay.clock import today
from backstay.errors import BackstayError
from backstay.resources import fields as kinds
from backstay.resources.form_choices import member_of
from backstay.resources.forms import defaults_of, schema_of
from backstay.resources.serialize import raw
from backstay.testing.attack.samples import JobSample, Making, Sample

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Action, Operation, Resource
    from backstay.resources.forms import FormField

_DEEPEST: Final = 6


class CannotMake(Exception):
    """No sample can be made; the message says what a ``samples.py`` would have to give."""


class Maker:
    """Makes values and records; each number is given out once."""

    def __init__(self, suite: Suite, samples: tuple[Sample | JobSample, ...], first: int) -> None:
        """Begin counting at ``first``."""
        self.suite = suite
        self.samples = samples
        self._numbers = count(first)
        self._depth = 0

    def number(self) -> int:
        """The next number."""
        return next(self._numbers)

    def record(self, session: Session, name: str, state: str = "") -> Any:
        """Make a record of a resource, in a state if one is named.

        Raises:
            CannotMake: the declarations do not say how, and no sample does.
        """
        resource = self.suite.resources.get(name)
        if resource is None:
            raise CannotMake(f"no running plugin declares the resource {name}")
        if self._depth > _DEEPEST:
            raise CannotMake(f"{name} needs itself through its pickers: give a Sample")
        self._depth += 1
        try:
            made = self._in_state(session, resource, state)
            session.flush()
        except BackstayError as refused:
            asked = f"{name} in state “{state}”" if state else name
            raise CannotMake(f"a sample of {asked} was refused: {refused}") from refused
        finally:
            self._depth -= 1
        return made

    def ready(self, session: Session, name: str, action: str) -> Any:
        """A record that a sample makes for an action; None if there is no such sample."""
        for one in self._samples_of(name):
            if one.action == action and one.make is not None:
                made = one.make(self._making(session))
                session.flush()
                return made
        return None

    def arguments(self, session: Session, job: str) -> dict[str, Any]:
        """Arguments of a job, as its sample makes them.

        Raises:
            CannotMake: there is no sample of the job.
        """
        for one in self.samples:
            if isinstance(one, JobSample) and one.job == job:
                return one.arguments(self._making(session))
        raise CannotMake(f"no JobSample for {job}: give its arguments in samples.py")

    def states(self, resource: Resource) -> tuple[str, ...]:
        """All states of a resource, as its declaration names them."""
        column = resource.column(resource.state) if resource.state else None
        named = [
            *(choice.value for choice in (column.choices if column else ())),
            *resource.steps,
            *resource.update_states,
            *(state for action in resource.actions for state in (*action.states, action.leads_to)),
        ]
        return tuple(dict.fromkeys(state for state in named if state))

    def values(
        self, session: Session, resource: Resource, operation: Operation, record: Any = None
    ) -> dict[str, Any]:
        """Values for the fields of an operation's command, all of which it accepts."""
        if operation is resource.create and any(
            one.only_one for one in self._samples_of(resource.name)
        ):
            for there in session.scalars(select(resource.model)):
                session.delete(there)
            session.flush()
        number = self.number()
        given = self._given(resource)
        initial = self._initial(session, operation, record)
        values: dict[str, Any] = {}
        for field in schema_of(operation.command).fields:
            if field.name in given:
                values[field.name] = given[field.name](number)
            else:
                values[field.name] = self.value(session, field, number, initial.get(field.name))
        return values

    def command(
        self, session: Session, resource: Resource, operation: Operation, record: Any = None
    ) -> Any:
        """A command that the operation's service accepts."""
        return self.command_of(operation, self.values(session, resource, operation, record), record)

    def command_of(self, operation: Operation, values: dict[str, Any], record: Any) -> Any:
        """The command with these values, about this record."""
        schema = schema_of(operation.command)
        known = dict(values)
        if record is not None and "id" in schema.takes:
            known["id"] = record.id
        if record is not None and schema.versioned:
            known["version"] = record.version
        return operation.command(**known)

    def value(self, session: Session, field: FormField, number: int, initial: Any) -> Any:  # noqa: C901, PLR0911
        """One value that a field accepts.

        Raises:
            CannotMake: it has a pattern that no guess fits, or offers no choice.
        """
        kind = field.kind
        match kind:
            case kinds.TextField():
                return text_for(kind, field.name, number)
            case kinds.SecretField():
                return f"Sesame-{number}-unguessable".ljust(kind.min_length, "x")
            case kinds.BoolField():
                return bool(initial)
            case kinds.ChoicesField():
                return tuple(one.value for one in self._choices(session, kind)[:1])
            case kinds.FileField():
                raise CannotMake(f"field {field.name} takes a file: give one in samples.py")
        if initial not in {None, ""} and not isinstance(kind, kinds.MoneyField):
            return initial
        match kind:
            case kinds.NumberField():
                least = 1 if kind.minimum is None else kind.minimum
                return least if kind.maximum is None else min(least, kind.maximum)
            case kinds.MoneyField():
                return Decimal(10 + number % 90)
            case kinds.DateField():
                return today()
            case kinds.ChoiceField():
                return self._choice(session, field, kind)
            case kinds.PickerField():
                if kind.resource not in self.suite.resources and not field.insists:
                    return None
                return self.record(session, kind.resource).id
        raise CannotMake(f"field {field.name} is of an unknown kind: {type(kind).__name__}")

    def _choice(self, session: Session, field: FormField, kind: kinds.ChoiceField) -> Any:
        choices = self._choices(session, kind)
        if not choices:
            if not field.insists:
                return None
            raise CannotMake(f"field {field.name} offers nothing to choose")
        from typing import get_args

        return member_of(choices[0].value, get_args(field.expected) or (field.expected,))

    @staticmethod
    def _choices(session: Session, kind: Any) -> list[Any]:
        return list(kind.choices(session) if callable(kind.choices) else kind.choices)

    def _given(self, resource: Resource) -> dict[str, Any]:
        return {
            name: value
            for one in self._samples_of(resource.name)
            for name, value in one.values.items()
        }

    def _samples_of(self, name: str) -> list[Sample]:
        return [one for one in self.samples if isinstance(one, Sample) and one.resource == name]

    def _initial(self, session: Session, operation: Operation, record: Any) -> dict[str, Any]:
        known = defaults_of(operation.command)
        if operation.initial is not None:
            return {**known, **operation.initial(session, record)}
        if record is None:
            return known
        names = [field.name for field in schema_of(operation.command).fields]
        return {**known, **{n: getattr(record, n) for n in names if hasattr(record, n)}}

    def _making(self, session: Session) -> Making:
        return Making(session, self.number(), lambda name: self.record(session, name))

    def _in_state(self, session: Session, resource: Resource, state: str) -> Any:
        for one in self._samples_of(resource.name):
            if one.make is not None and one.state == state and not one.action:
                return one.make(self._making(session))
        if state:
            return self._walk(session, resource, state)
        return self._created(session, resource)

    def _created(self, session: Session, resource: Resource) -> Any:
        if resource.create is None:
            raise CannotMake(
                f"{resource.name} has no create operation: give a Sample of it in samples.py"
            )
        operation = resource.create
        made = operation.service(session, self.command(session, resource, operation))
        if not isinstance(made, resource.model):
            key = getattr(made, "id", None)
            made = None if key is None else session.get(resource.model, key)
        if made is None:
            raise CannotMake(
                f"creating {resource.name} returns no record: give a Sample of it in samples.py"
            )
        session.flush()
        return made

    def _walk(self, session: Session, resource: Resource, state: str) -> Any:
        """A record that came into a state by its actions, along the shortest way."""
        record = self.record(session, resource.name)
        start = resource.state_of(record)
        for action in _way(resource, start, state):
            operation = action.operation
            operation.service(session, self.command(session, resource, operation, record))
            session.flush()
            session.refresh(record)
        return record


def _way(resource: Resource, start: str, end: str) -> list[Action]:
    """The actions that lead from one state to another.

    Raises:
        CannotMake: none do.
    """
    ways: dict[str, list[Action]] = {start: []}
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        if here == end:
            return ways[here]
        for action in resource.actions:
            there = action.leads_to
            if there and there not in ways and (not action.states or here in action.states):
                ways[there] = [*ways[here], action]
                waiting.append(there)
    raise CannotMake(
        f"no action leads {resource.name} to “{end}”:"
        f" give a Sample with state={end!r} in samples.py"
    )


def text_for(kind: kinds.TextField, name: str, number: int) -> str:
    """A text that a field accepts, different for each number.

    Raises:
        CannotMake: none of the guesses fits the field's pattern.
    """
    for guess in _guesses(kind, number):
        if len(guess) <= kind.max_length and (
            not kind.pattern or re.fullmatch(kind.pattern, guess)
        ):
            return guess
    raise CannotMake(f"no guess fits the pattern of field {name}: give its values in samples.py")


def _guesses(kind: kinds.TextField, number: int) -> Iterator[str]:
    for text in (f"T{number}", f"t{number}", str(number), f"t{number}@example.org"):
        yield text.ljust(kind.min_length, "0")
    if kind.example:
        yield f"{kind.example}{number}"
        yield kind.example


class _SentAgain(BytesIO):
    """A file's content that is there for the next request too: the test client closes it."""

    def close(self) -> None:
        """Go back to the beginning instead."""
        self.seek(0)


def as_form(values: dict[str, Any]) -> dict[str, Any]:
    """Values of a command as a browser posts them."""
    form: dict[str, Any] = {}
    for name, value in values.items():
        match value:
            case None:
                form[name] = ""
            case bool():
                if value:
                    form[name] = "1"
            case tuple() | list():
                form[name] = [raw(one) for one in value]
            case date():
                form[name] = value.isoformat()
            case enum.Enum() | Decimal() | int() | str():
                form[name] = raw(value)
            case kinds.Upload():
                form[name] = (_SentAgain(value.content), value.name)
            case _:
                form[name] = str(value)
    return form
