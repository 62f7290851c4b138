"""Command dataclasses as pydantic models: the same field kinds that make the forms.

Ids and amounts are texts, because a JSON number loses digits beyond 2^53 in most languages; days
are ISO 8601; enums go by value. What a model does not know is refused by name.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core.core_schema import ValidationInfo

from backstay.db.types import to_units
from backstay.errors import Forbidden, Invalid, Problem
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources.form_fields import bounds, checked_amount, read_day, read_text, within
from backstay.resources.forms import FormField, schema_of
from backstay.resources.serialize import raw

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from sqlalchemy.orm import Session

    from backstay.resources.serialize import Reader

MONEY_PATTERN: Final = r"^-?\d{1,15}(\.\d{1,4})?$"
ID_PATTERN: Final = r"^[1-9]\d{0,18}$"
_MONEY: Final = re.compile(MONEY_PATTERN, re.ASCII)
_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_BIGGEST_ID: Final = 2**63 - 1
MONEY_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": MONEY_PATTERN,
    "examples": ["1250.00"],
    "description": "An exact amount as text, with at most the decimals of the currency.",
}
ID_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": ID_PATTERN,
    "examples": ["7234567890123456789"],
}
DATE_SCHEMA: Final[dict[str, Any]] = {"type": "string", "format": "date"}


class Sent(BaseModel):
    """Base of all models of what is sent: unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Given:
    """What was sent of a command: the values by field name, checked."""

    command: type[Any]
    values: dict[str, Any]


def has_files(command: type[Any]) -> bool:
    """Whether a command takes a file, which the API does not."""
    return any(isinstance(one.kind, kinds.FileField) for one in schema_of(command).fields)


def model_of(command: type[Any], *, partial: bool = False) -> type[Sent]:
    """The model of a command; ``partial`` for changes, where nothing is required."""
    return _model_of(cast("Hashable", command), partial)


@lru_cache(maxsize=1024)
def _model_of(command: Any, partial: bool) -> type[Sent]:  # noqa: FBT001 - a key of the cache
    members: dict[str, Any] = {}
    for one in schema_of(command).fields:
        # A box that is not ticked means no; here, too, a required “yes or no” may be left out.
        required = one.required and not partial and not isinstance(one.kind, kinds.BoolField)
        members[one.name] = (
            _type_of(one),
            Field(
                default=... if required else None,
                title=str(one.kind.label),
                description=str(one.kind.help) or None,
            ),
        )
    name = f"Change{command.__name__.removeprefix('Edit')}" if partial else command.__name__
    return create_model(name, __base__=Sent, **members)


def _type_of(one: FormField) -> Any:
    kind = one.kind
    if isinstance(kind, kinds.LinesField):
        return Annotated[list[model_of(kind.line)], Field(max_length=kind.most)]  # type: ignore[misc]
    allowed = get_args(one.expected) or (one.expected,)
    nullable = type(None) in allowed
    read, schema = _reading(one, allowed)

    def check(value: Any, info: ValidationInfo) -> Any:
        if value is None:
            if nullable:
                return None
            raise ValueError(_("It can't be null; leave it out."))
        return read(value, cast("Reader", info.context))

    if nullable:
        schema = {
            **{key: schema[key] for key in ("description", "examples") if key in schema},
            "anyOf": [schema, {"type": "null"}],
        }
    return Annotated[Any, PlainValidator(check), WithJsonSchema(schema)]


def _reading(  # noqa: PLR0911 - one branch a kind
    one: FormField, allowed: tuple[Any, ...]
) -> tuple[Callable[[Any, Reader], Any], dict[str, Any]]:
    kind = one.kind
    match kind:
        case kinds.TextField():
            return _text(kind, insists=one.insists), _text_schema(kind, insists=one.insists)
        case kinds.SecretField():
            return _secret(kind), {
                "type": "string",
                "minLength": kind.min_length,
                "maxLength": kind.max_length,
                "writeOnly": True,
            }
        case kinds.NumberField():
            least, most = bounds(kind)
            return lambda value, _reader: within(_whole(value), kind), {
                "type": "integer",
                "minimum": least,
                "maximum": most,
            }
        case kinds.MoneyField():
            return _amount(kind), MONEY_SCHEMA
        case kinds.DateField():
            return lambda value, _reader: read_day(_string(value)), DATE_SCHEMA
        case kinds.BoolField():
            return _bool, {"type": "boolean"}
        case kinds.ChoicesField():
            return _several, {
                "type": "array",
                "items": {"type": "string", **_values(kind)},
                "uniqueItems": True,
            }
        case kinds.ChoiceField():
            return _choice(kind, allowed), {"type": "string", **_values(kind)}
        case kinds.PickerField():
            return lambda value, _reader: read_id(value), {
                **ID_SCHEMA,
                "description": f"The id of a {kind.resource}.",
            }
    message = f"{one.name}: the API can't take a {type(kind).__name__}"
    raise TypeError(message)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("It must be a text."))  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _text(kind: kinds.TextField, *, insists: bool) -> Callable[[Any, Reader], str]:
    def read(value: Any, _reader: Reader) -> str:
        text = _string(value).strip()
        if not text:
            if insists:
                raise ValueError(_("Fill this in."))
            return ""
        return read_text(text, kind)

    return read


def _text_schema(kind: kinds.TextField, *, insists: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": kind.max_length}
    if insists:
        schema["minLength"] = max(1, kind.min_length)
    if kind.pattern:
        optional = "" if insists else "?"
        schema["pattern"] = f"^(?:{kind.pattern}){optional}$"
    if kind.example:
        schema["examples"] = [str(kind.example)]
    return schema


def _secret(kind: kinds.SecretField) -> Callable[[Any, Reader], str]:
    def read(value: Any, _reader: Reader) -> str:
        text = _string(value)
        if not kind.min_length <= len(text) <= kind.max_length:
            raise ValueError(
                _(
                    "It needs %(least)s to %(most)s characters.",
                    least=kind.min_length,
                    most=kind.max_length,
                )
            )
        return text

    return read


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_("It must be a whole number."))  # noqa: TRY004
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(_("It must be a whole number."))
    return int(value)


def _amount(kind: kinds.MoneyField) -> Callable[[Any, Reader], Decimal]:
    def read(value: Any, reader: Reader) -> Decimal:
        if not isinstance(value, str):
            raise ValueError(_("Send amounts as text, like “1250.00”: numbers lose digits."))  # noqa: TRY004
        if not _MONEY.fullmatch(value):
            raise ValueError(_("This is not an amount. Write it like 1250.00 or -3.5."))
        amount = Decimal(value)
        if kind.any_currency:
            to_units(amount)
            return amount
        return checked_amount(amount, reader)

    return read


def read_id(value: Any) -> int:
    """An id as it is sent.

    Raises:
        ValueError: it is no text of digits, or beyond 64 bits.
    """
    if not isinstance(value, str):
        raise ValueError(_("Send ids as text: numbers lose digits beyond 2^53."))  # noqa: TRY004
    if not _ID.fullmatch(value) or int(value) > _BIGGEST_ID:
        raise ValueError(_("This is not an id."))
    return int(value)


def _bool(value: Any, _reader: Reader) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("It must be true or false."))  # noqa: TRY004
    return value


def _several(value: Any, _reader: Reader) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(_("It must be a list of texts."))
    return tuple(value)


def _choice(kind: kinds.ChoiceField, allowed: tuple[Any, ...]) -> Callable[[Any, Reader], Any]:
    member = next(
        (one for one in allowed if isinstance(one, type) and issubclass(one, (enum.Enum, int))),
        None,
    )

    def read(value: Any, _reader: Reader) -> Any:
        text = _string(value)
        if not text and kind.blank:
            return None if type(None) in allowed else ""
        if not callable(kind.choices) and text not in {one.value for one in kind.choices}:
            raise ValueError(_("It must be one of: %(values)s.", values=_listed(kind.choices)))
        if member is None or callable(kind.choices):
            return text
        return member(text)

    return read


def _listed(choices: Any) -> str:
    values = [str(one.value) for one in choices]
    return ", ".join(values[:20]) + (", …" if len(values) > 20 else "")  # noqa: PLR2004


def _values(kind: kinds.ChoiceField | kinds.ChoicesField) -> dict[str, Any]:
    if callable(kind.choices):
        return {}
    blank = [""] if isinstance(kind, kinds.ChoiceField) and kind.blank else []
    return {"enum": [*(one.value for one in kind.choices), *blank]}


def read_command(
    command: type[Any],
    sent: Mapping[str, Any],
    session: Session,
    reader: Reader,
    pick: Callable[[str, int, bool], bool],
    *,
    current: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The values of a command's fields out of a JSON object, checked as a form checks them.

    Arguments:
        pick: whether a record of a resource can be picked; the third argument says that it is the
            present value.
        current: the record's values, when it is a change: nothing is required then.

    Raises:
        Invalid: names every field that is wrong.
        Forbidden: a field is given that the reader may not write.
    """
    try:
        found = model_of(command, partial=current is not None).model_validate(
            dict(sent), context=reader
        )
    except ValidationError as error:
        problems = tuple(_problem(one) for one in error.errors(include_url=False))
        raise Invalid(
            problems[0].message if len(problems) == 1 else _("The request has problems."),
            problems=problems,
        ) from None
    values = {name: getattr(found, name) for name in found.model_fields_set}
    problems = tuple(_late_problems(command, values, session, reader, pick, current or {}))
    if problems:
        raise Invalid(problems[0].message, problems=problems)
    return values


def _late_problems(
    command: type[Any],
    values: dict[str, Any],
    session: Session,
    reader: Reader,
    pick: Callable[[str, int, bool], bool],
    current: Mapping[str, Any],
) -> Any:
    """What only the database knows; values are made what the command takes on the way."""
    for one in schema_of(command).fields:
        if one.name not in values:
            if one.required and isinstance(one.kind, kinds.BoolField) and not current:
                values[one.name] = False
            continue
        if not reader.may_write(one.kind.group):
            raise Forbidden(
                _("You may not fill in “%(name)s”.", name=one.kind.label), field=one.name
            )
        message = _late_problem(one, values, session, pick, current)
        if message:
            yield Problem(message, one.name)


def _late_problem(
    one: FormField,
    values: dict[str, Any],
    session: Session,
    pick: Callable[[str, int, bool], bool],
    current: Mapping[str, Any],
) -> str:
    kind, value = one.kind, values[one.name]
    match kind:
        case kinds.PickerField() if value is not None:
            if not pick(kind.resource, value, current.get(one.name) == value):
                return _("There is no such record that can be chosen.")
        case kinds.ChoiceField() if callable(kind.choices) and value not in {None, ""}:
            choices = tuple(kind.choices(session))
            if value not in {choice.value for choice in choices}:
                return _("It must be one of: %(values)s.", values=_listed(choices))
            values[one.name] = _member(value, one.expected)
        case kinds.ChoicesField():
            choices = tuple(kind.choices(session) if callable(kind.choices) else kind.choices)
            if not set(value) <= {choice.value for choice in choices}:
                return _("Choose from: %(values)s.", values=_listed(choices))
        case kinds.LinesField():
            values[one.name] = tuple(
                kind.line(**{name: getattr(line, name) for name in line.model_fields_set})
                for line in value
            )
    return ""


def _member(value: str, expected: Any) -> Any:
    for one in get_args(expected) or (expected,):
        if isinstance(one, type) and issubclass(one, (enum.Enum, int)):
            try:
                return one(value)
            except ValueError:
                return value
    return value


def _problem(error: Any) -> Problem:
    place = ".".join(str(part) for part in error["loc"]) or None
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "value_error":
        return Problem(str(context["error"]), place)
    messages = {
        "missing": _("This field is missing."),
        "extra_forbidden": _("There is no field of this name here."),
        "list_type": _("It must be a list."),
        "model_type": _("It must be an object."),
        "model_attributes_type": _("It must be an object."),
        "too_long": _("At most %(most)s fit.", most=context.get("max_length", "")),
    }
    return Problem(messages.get(kind, str(error["msg"])), place)


def field_value(kind: kinds.FieldKind, value: Any, reader: Reader) -> Any:  # noqa: PLR0911
    """A command's value as the API writes it: what may be sent back unchanged."""
    if value is None:
        return None
    match kind:
        case kinds.MoneyField():
            from backstay.resources.formats import plain_money

            units = 0 if kind.any_currency else reader.minor_units
            return plain_money(value, units)
        case kinds.DateField():
            return value.isoformat()
        case kinds.NumberField() | kinds.BoolField():
            return value
        case kinds.ChoicesField():
            return [raw(one) for one in value]
        case kinds.LinesField():
            parts = [(one.name, one.kind) for one in schema_of(kind.line).fields]
            return [
                {name: field_value(part, getattr(line, name), reader) for name, part in parts}
                for line in value
            ]
    return raw(value)


def result_value(value: Any) -> Any:  # noqa: PLR0911
    """A value of a service's result by its type: ids are texts there too."""
    match value:
        case None | bool() | str():
            return value
        case enum.Enum():
            return value.value
        case int():
            return str(value) if abs(value) > 2**31 else value
        case Decimal():
            return str(value)
        case tuple() | list():
            return [result_value(one) for one in value]
    if dataclasses.is_dataclass(value):
        return {
            one.name: str(found) if one.name == "id" else result_value(found)
            for one in dataclasses.fields(value)
            for found in (getattr(value, one.name),)
        }
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
