"""Command dataclasses as pydantic models: the same field kinds that make the forms.

Ids and amounts are texts, because a JSON number loses digits beyond 2^53 in most languages; days
are ISO 8601; enums go by value. What a model does not know is refused by name.

Imported late by those who read or describe a command: Pydantic takes a tenth of a second and some
megabytes, and most web processes show pages alone.
"""

from __future__ import annotations

import enum
import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    create_model,
)
from pydantic_core.core_schema import ValidationInfo

from backstay.api.formats import (
    DATE_SCHEMA,
    ID_PATTERN,
    ID_SCHEMA,
    MONEY_PATTERN,
    MONEY_SCHEMA,
    listed,
)
from backstay.db.types import to_units
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources.form_fields import bounds, checked_amount, read_day, read_text, within
from backstay.resources.forms import FormField, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from backstay.resources.serialize import Reader

_MONEY: Final = re.compile(MONEY_PATTERN, re.ASCII)
_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_BIGGEST_ID: Final = 2**63 - 1


class Sent(BaseModel):
    """Base of all models of what is sent: unknown members are refused.

    A model builds its validator when something is sent for the first time: a process is sent few of
    the commands that there are.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)


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
            _type_of(one, needed=required),
            Field(
                default=... if required else None,
                title=str(one.kind.label),
                description=str(one.kind.help) or None,
            ),
        )
    name = f"Change{command.__name__.removeprefix('Edit')}" if partial else command.__name__
    return create_model(name, __base__=Sent, **members)


def _type_of(one: FormField, *, needed: bool) -> Any:
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
            raise ValueError(
                _("It can't be null.") if needed else _("It can't be null; leave it out.")
            )
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
            raise ValueError(_("It must be one of: %(values)s.", values=listed(kind.choices)))
        if member is None or callable(kind.choices):
            return text
        return member(text)

    return read


def _values(kind: kinds.ChoiceField | kinds.ChoicesField) -> dict[str, Any]:
    if callable(kind.choices):
        return {}
    blank = [""] if isinstance(kind, kinds.ChoiceField) and kind.blank else []
    return {"enum": [*(one.value for one in kind.choices), *blank]}
