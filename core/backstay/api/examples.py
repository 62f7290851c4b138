"""Examples for the reference page: command lines that work when they are pasted into a shell.

Values come from what the reader has: a record of each picker, a choice that is offered. What needs
several lines that fit together (an entry that balances) is taken from a record that is there.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, select
from sqlalchemy.orm import InstrumentedAttribute

from backstay.api.represent import (
    current_values,
    field_value,
    record_json,
    update_of,
    versioned,
)
from backstay.clock import today
from backstay.errors import BackstayError
from backstay.lists import filters as narrow
from backstay.resources import fields as kinds
from backstay.resources.forms import schema_of
from backstay.resources.serialize import raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from backstay.api.routes import Endpoint
    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Operation
    from backstay.resources.forms import FormField
    from backstay.resources.serialize import Reader

_MOST_CHANGED = 2
_MOST_TRIES = 20
_LOOKED_AT = 50
_AUTHORIZED = '-H "Authorization: Bearer $TOKEN"'
_JSON = '-H "Content-Type: application/json"'


@dataclass(frozen=True, slots=True)
class Examples:
    """Makes the examples of one resource.

    Arguments:
        queries: of all resources by name, for records to pick.
    """

    session: Session
    reader: Reader
    queries: Mapping[str, ResourceQuery]

    def shell(self, one: Endpoint) -> str:
        """The command line of a function; ``$ID`` is set by :meth:`first`."""
        path = shell_path(one.rule)
        if one.operation is None:
            return f'curl "$BACKSTAY{path}" {_AUTHORIZED}'
        lines = [f'curl -X {one.method} "$BACKSTAY{path}"', _AUTHORIZED, _JSON]
        before = ""
        if one.does == "update" and versioned(one.resource):
            before = (
                f'ETAG=$(curl -sI "$BACKSTAY{path}" {_AUTHORIZED}'
                " | tr -d '\\r' | sed -n 's/^etag: //Ip')\n"
            )
            lines.append('-H "If-Match: $ETAG"')
        body = json.dumps(self.body(one, one.operation), ensure_ascii=False)
        lines.append(f"-d {shlex.quote(body)}")
        return before + " \\\n  ".join(lines)

    def body(self, one: Endpoint, operation: Operation) -> dict[str, Any]:
        """What the example sends."""
        fields = {field.name: field for field in schema_of(operation.command).fields}
        change = update_of(one.resource)
        lines = any(isinstance(field.kind, kinds.LinesField) for field in fields.values())
        if change is not None and (one.does == "update" or lines):
            current = self._present(one, change)
            if one.does == "update":
                kept = {name: current[name] for name in fields if current.get(name) is not None}
                simple = [n for n in kept if not isinstance(fields[n].kind, kinds.LinesField)]
                names = simple[:_MOST_CHANGED]
            else:
                names = [name for name in fields if current.get(name) not in {None, ""}]
            if names:
                return {n: self._sent(fields[n].kind, current[n]) for n in names}
        return self._made_up(one, operation, fields)

    def record(self, name: str) -> str:
        """The record that a list shows first, as an answer has it; empty if there is none."""
        key = self._first_id(name)
        if key is None:
            return ""
        query = self.queries[name]
        record = query.record(self.session, key)
        shown = record_json(query, self.session, record, self.reader)
        return json.dumps(shown, ensure_ascii=False, indent=2)

    def _sent(self, kind: kinds.FieldKind, value: Any) -> Any:
        """A value as it is sent; members of lines that may be left out as they are, are."""
        sent = field_value(kind, value, self.reader)
        if not isinstance(kind, kinds.LinesField):
            return sent
        usual = {one.name: one.default for one in dataclasses.fields(kind.line)}
        return [{name: part for name, part in line.items() if part != usual[name]} for line in sent]

    def _made_up(
        self, one: Endpoint, operation: Operation, fields: Mapping[str, FormField]
    ) -> dict[str, Any]:
        """Values for what is needed, as the operation gives them or the fields allow."""
        made = operation.example
        given = made(self.session) if callable(made) else made
        if callable(made) and not given:
            return {}
        initial = self._initial(one, operation)
        body: dict[str, Any] = {}
        for field in fields.values():
            begun = initial.get(field.name) not in {None, ""}
            # What the form begins with is a choice that the others rest on.
            wanted = field.required or (begun and isinstance(field.kind, kinds.ChoiceField))
            if not wanted or field.name in given:
                continue
            if begun:
                body[field.name] = field_value(field.kind, initial[field.name], self.reader)
            elif isinstance(field.kind, kinds.PickerField):
                taken = set(map(str, body.values()))
                picked = self._pick(one, field.name, field.kind.resource, taken)
                if picked is None:
                    return {}  # there is nothing yet that it could refer to
                body[field.name] = picked
            else:
                body[field.name] = self._value(field)
        if one.does == "create":
            body |= {
                name: self._free(one, name, value)
                for name, value in body.items()
                if isinstance(fields[name].kind, kinds.TextField)
            }
        return {**body, **given}

    def _pick(self, one: Endpoint, name: str, resource: str, taken: set[str]) -> str | None:
        """The id of a record that no other field has, nor another record in the same field."""
        ids = self._ids(resource)
        column: Any = getattr(one.resource.model, name, None)
        if one.does == "create" and isinstance(column, InstrumentedAttribute):
            taken = taken | {str(key) for key in self.session.scalars(select(column).distinct())}
        free = [str(key) for key in ids if str(key) not in taken]
        if not ids:
            return None if resource in self.queries else "1"
        return free[0] if free else str(ids[0])

    def _initial(self, one: Endpoint, operation: Operation) -> dict[str, Any]:
        """What the form of a new record begins with."""
        if one.does != "create" or operation.initial is None:
            return {}
        return operation.initial(self.session, None)

    def _free(self, one: Endpoint, name: str, value: Any) -> Any:
        """A text that no record has yet, where it may have to be the only one."""
        column: Any = getattr(one.resource.model, name, None)
        if not isinstance(value, str) or not isinstance(getattr(column, "type", None), String):
            return value
        tries = (value, *(f"{value}{number}" for number in range(1, _MOST_TRIES)))
        taken = set(self.session.scalars(select(column).where(column.in_(tries))))
        return next((one for one in tries if one not in taken), value)

    def _present(self, one: Endpoint, change: Operation) -> dict[str, Any]:
        """The values of the record that the list shows first; of a finished one for a new one."""
        query = self.queries[one.resource.name]
        key = self._first_id(one.resource.name, finished=one.does != "update")
        if key is None:
            return {}
        try:
            return current_values(change, self.session, query.record(self.session, key))
        except BackstayError:
            return {}

    def _first_id(self, name: str, *, finished: bool = False) -> int | None:
        ids = self._ids(name, finished=finished)
        return ids[0] if ids else None

    def _ids(self, name: str, *, finished: bool = False) -> list[int]:
        """The records that the list shows first."""
        query = self.queries.get(name)
        if query is None or not self.reader.context.may(query.resource.view):
            return []
        resource = query.resource
        state = narrow.read_state(resource, {}, self.reader)
        page = query.page(self.session, state, self.reader, {}, size=_LOOKED_AT)
        place = page.index.get(resource.state)
        return [
            int(row[0])
            for row in page.rows
            if not finished or place is None or raw(row[place]) not in resource.update_states
        ]

    def _value(self, field: FormField) -> Any:  # noqa: PLR0911
        kind = field.kind
        match kind:
            case kinds.TextField():
                return str(kind.example) or "Example"
            case kinds.NumberField():
                return max(1, kind.minimum or 1)
            case kinds.MoneyField():
                return field_value(kind, Decimal(100), self.reader)
            case kinds.DateField():
                return today(self.reader.time_zone).isoformat()
            case kinds.BoolField():
                return False
            case kinds.ChoiceField() | kinds.ChoicesField():
                offered = kind.choices(self.session) if callable(kind.choices) else kind.choices
                values = [str(choice.value) for choice in offered][:1]
                return values if isinstance(kind, kinds.ChoicesField) else "".join(values)
            case kinds.PickerField():
                return str(self._first_id(kind.resource) or 1)
            case kinds.LinesField():
                return [{one.name: self._value(one) for one in schema_of(kind.line).fields}]
        return "…"


def shell_path(rule: str) -> str:
    """An address with variables of the shell in place of what differs."""
    return rule.replace("<company>", "$COMPANY").replace("<int:id>", "$ID")


def first(rule: str) -> str:
    """The command line that sets ``$ID`` to the record that a list shows first."""
    return (
        f'export ID=$(curl -s "$BACKSTAY{shell_path(rule)}?limit=1" {_AUTHORIZED}'
        ' | sed -n \'s/.*"items":\\[{"id":"\\([0-9]*\\)".*/\\1/p\')'
    )
