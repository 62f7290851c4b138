"""A command out of the JSON that a program sent: first its shape, then what the database knows."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, get_args

from backstay.api.body import MOST_PROBLEMS, unknown_member
from backstay.api.formats import listed
from backstay.errors import Forbidden, Invalid, Problem
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources.forms import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from backstay.resources.forms import FormField
    from backstay.resources.serialize import Reader


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
    # Late, as api/schemas.py says.
    from pydantic import ValidationError

    from backstay.api.schemas import model_of

    try:
        found = model_of(command, partial=current is not None).model_validate(
            dict(sent), context=reader
        )
    except ValidationError as error:
        wrong = error.errors(include_url=False)[:MOST_PROBLEMS]
        problems = tuple(_problem(one, command) for one in wrong)
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
) -> Iterator[Problem]:
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
                return _("It must be one of: %(values)s.", values=listed(choices))
            values[one.name] = _member(value, one.expected)
        case kinds.ChoicesField():
            choices = tuple(kind.choices(session) if callable(kind.choices) else kind.choices)
            if not set(value) <= {choice.value for choice in choices}:
                return _("Choose from: %(values)s.", values=listed(choices))
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


def _names_at(command: type[Any], path: Sequence[str | int]) -> list[str]:
    """The fields of a command, or of its lines where the path leads into them."""
    for part in path:
        if isinstance(part, str):
            command = next(
                one.kind.line
                for one in schema_of(command).fields
                if one.name == part and isinstance(one.kind, kinds.LinesField)
            )
    return [one.name for one in schema_of(command).fields]


def _problem(error: Any, command: type[Any]) -> Problem:
    place = ".".join(str(part)[:80] for part in error["loc"]) or None
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "value_error":
        return Problem(str(context["error"]), place)
    if kind == "extra_forbidden":
        *path, name = error["loc"]
        return unknown_member(str(name), _names_at(command, path), place or "")
    messages = {
        "missing": _("This field is missing."),
        "list_type": _("It must be a list."),
        "model_type": _("It must be an object."),
        "model_attributes_type": _("It must be an object."),
        "too_long": _("At most %(most)s fit.", most=context.get("max_length", "")),
    }
    return Problem(messages.get(kind, str(error["msg"])), place)
