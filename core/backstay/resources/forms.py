"""Forms made from command dataclasses: one class for each command, made once.

What is not annotated with a field kind can't be posted: ``id`` and ``version`` come from the record
and the form's own hidden field, everything else keeps its default.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_args, get_origin, get_type_hints

from wtforms import Form, HiddenField

from backstay.errors import ConfigurationError, Forbidden
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources import form_choices as choosing
from backstay.resources import form_fields as inputs
from backstay.web.page import FormProblem, FormSection

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from sqlalchemy.orm import Session

    from backstay.errors import Problem
    from backstay.resources.declare import Section
    from backstay.resources.serialize import Reader

FROM_RECORD: Final = frozenset({"id", "version"})
_TAKEN: Final = frozenset({"csrf_token", "_idem"})
_INPUTS: Final[dict[type[kinds.FieldKind], type[Any]]] = {
    kinds.TextField: inputs.TextInput,
    kinds.SecretField: inputs.SecretInput,
    kinds.NumberField: inputs.NumberInput,
    kinds.MoneyField: inputs.MoneyInput,
    kinds.DateField: inputs.DateInput,
    kinds.BoolField: inputs.BoolInput,
    kinds.PickerField: choosing.PickerInput,
    kinds.FileField: choosing.Upload,
    kinds.ChoicesField: choosing.SeveralOf,
}


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a command that can be typed in.

    Arguments:
        expected: the annotated type without the kind.
        required: the command has no default for it.
        insists: it can't be left empty: there is no default, or its type knows no empty value.
    """

    name: str
    kind: kinds.FieldKind
    expected: Any
    required: bool
    insists: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """What a command's form consists of.

    Arguments:
        takes: names of all the command's fields.
        versioned: the command carries the version that the form was filled from.
    """

    command: type[Any]
    fields: tuple[FormField, ...]
    takes: frozenset[str]
    versioned: bool

    def field(self, name: str) -> FormField | None:
        """The field of that name, if it can be typed in."""
        return next((field for field in self.fields if field.name == name), None)


def schema_of(command: type[Any]) -> Schema:
    """The form of a command dataclass.

    Raises:
        ConfigurationError: it is no frozen dataclass, or a field can be filled from nowhere.
    """
    return _schema_of(cast("Hashable", command))


@lru_cache(maxsize=1024)
def _schema_of(command: Any) -> Schema:
    if (
        not hasattr(command, "__dataclass_params__")
        or not vars(command)["__dataclass_params__"].frozen
    ):
        message = f"{command.__name__} must be a frozen dataclass"
        raise ConfigurationError(message)
    hints = get_type_hints(command, include_extras=True)
    found: list[FormField] = []
    for one in dataclasses.fields(command):
        required = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        hint = hints[one.name]
        kind = _kind_of(hint)
        if kind is None:
            if required and one.name not in FROM_RECORD:
                message = f"{command.__name__}.{one.name} is neither a form field nor has a default"
                raise ConfigurationError(message)
            continue
        if one.name in _TAKEN or one.name in FROM_RECORD:
            message = f"{command.__name__}.{one.name}: a form field can't have this name"
            raise ConfigurationError(message)
        expected = get_args(hint)[0]
        insists = required or not _knows_empty(kind, expected, one.default)
        found.append(FormField(one.name, kind, expected, required, insists))
    names = frozenset(one.name for one in dataclasses.fields(command))
    return Schema(command, tuple(found), names, "version" in names)


def _knows_empty(kind: kinds.FieldKind, expected: Any, default: Any) -> bool:
    """Whether an empty input has a meaning for the command's field."""
    allowed = get_args(expected) or (expected,)
    if isinstance(kind, (kinds.BoolField, kinds.ChoicesField)) or type(None) in allowed:
        return True
    if isinstance(kind, kinds.ChoiceField):
        return bool(kind.blank) or default == ""
    return str in allowed


def _kind_of(hint: Any) -> kinds.FieldKind | None:
    if get_origin(hint) is not Annotated:
        return None
    return next((one for one in get_args(hint)[1:] if isinstance(one, kinds.FieldKind)), None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a form needs to know of the request.

    Arguments:
        picker_url: URL of a resource's picker, by the resource's name.
        pick: label of a record that can be picked, by resource and id, or None; the third
            argument says that it was picked before.
    """

    session: Session
    reader: Reader
    picker_url: Callable[[str], str]
    pick: Callable[[str, int, bool], str | None]


class CommandForm(Form):
    """The WTForms form of a command. Made by :func:`make_form`."""

    schema: Schema

    def command(self, record: Any = None, initial: Mapping[str, Any] | None = None) -> Any:
        """The frozen command from the validated inputs.

        Fields that the reader may not write keep the record's value.

        Raises:
            Forbidden: a field without a default may not be written by this reader.
        """
        values: dict[str, Any] = {}
        for field in self.schema.fields:
            if field.name in self._fields:
                values[field.name] = choosing.to_command_value(
                    self._fields[field.name], field.expected
                )
            elif initial is not None and field.name in initial:
                values[field.name] = initial[field.name]
            elif field.required:
                raise Forbidden(
                    _("You may not fill in “%(name)s”, which is needed.", name=field.kind.label)
                )
        if "id" in self.schema.takes and record is not None:
            values["id"] = record.id
        if self.schema.versioned and (version := self.posted_version()) is not None:
            values["version"] = version
        return self.schema.command(**values)

    def posted_version(self) -> int | None:
        """The version that the form was filled from, as the hidden field says it."""
        field = self._fields.get("version")
        text = str(field.data or "") if field is not None else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004

    def problems(self) -> tuple[FormProblem, ...]:
        """What the inputs themselves found wrong."""
        return tuple(
            FormProblem(field.id, field.label.text, " ".join(str(one) for one in field.errors))
            for field in self
            if field.errors
        )

    def refuse(self, problems: tuple[Problem, ...]) -> tuple[FormProblem, ...]:
        """Put a service's problems at their fields; those without a field belong to the whole."""
        shown: list[FormProblem] = []
        for problem in problems:
            name = (problem.field or "").partition(".")[0]
            field = self._fields.get(name)
            if field is None or field.type == "HiddenField":
                known = self.schema.field(name)
                shown.append(FormProblem("", known.kind.label if known else "", problem.message))
                continue
            field.errors = [*field.errors, problem.message]
            shown.append(FormProblem(field.id, field.label.text, problem.message))
        return tuple(shown)


@lru_cache(maxsize=1024)
def _form_class(command: Any) -> type[CommandForm]:
    return type(f"{command.__name__}Form", (CommandForm,), {"schema": schema_of(command)})


def make_form(
    command: type[Any],
    desk: Desk,
    *,
    initial: Mapping[str, Any] | None = None,
    formdata: Any = None,
    version: int | None = None,
) -> CommandForm:
    """The form of a command, filled with what was posted or else with the initial values.

    Arguments:
        command: the frozen dataclass.
        desk: the request's session and reader.
        initial: values by field name; the command's own defaults fill the rest.
        formdata: what was posted, or None.
        version: the version of the record, for the hidden field.
    """
    schema = schema_of(command)
    values = {**defaults_of(command), **(initial or {})}
    form = _form_class(cast("Hashable", command))()
    bound: dict[str, Any] = {}
    for field in schema.fields:
        if not desk.reader.may_write(field.kind.group):
            continue
        bound[field.name] = _bind(field, form, desk, values.get(field.name))
    if schema.versioned:
        hidden: Any = HiddenField()
        bound["version"] = hidden.bind(form, "version")
    form._fields.update(bound)
    posted = form.meta.wrap_formdata(form, formdata)
    for name, field in bound.items():
        field.process(posted, version if name == "version" else values.get(name))
    return form


def defaults_of(command: type[Any]) -> dict[str, Any]:
    """The command's own defaults by field name."""
    found: dict[str, Any] = {}
    for one in dataclasses.fields(command):
        if one.default is not dataclasses.MISSING:
            found[one.name] = one.default
        elif one.default_factory is not dataclasses.MISSING:
            found[one.name] = one.default_factory()
    return found


def _bind(field: FormField, form: CommandForm, desk: Desk, current: Any) -> Any:
    kind = field.kind
    options: dict[str, Any] = {
        "kind": kind,
        "required": field.insists and not isinstance(kind, kinds.BoolField),
        "reader": desk.reader,
    }
    if isinstance(kind, (kinds.ChoiceField, kinds.ChoicesField)):
        choices = kind.choices(desk.session) if callable(kind.choices) else kind.choices
        made: Any = (
            choosing.choice_field(choices, kind, required=field.insists)
            if isinstance(kind, kinds.ChoiceField)
            else choosing.SeveralOf
        )
        return made(**options, choices=choices).bind(form, field.name)
    if isinstance(kind, kinds.BoolField) and kind.blank:
        decided: Any = choosing.OneOf(**options, choices=choosing.yes_or_no())
        return decided.bind(form, field.name)
    bound = _INPUTS[type(kind)](**options).bind(form, field.name)
    if isinstance(kind, kinds.PickerField):
        resource = kind.resource
        bound.picker_url = desk.picker_url(resource)
        bound.resolve = lambda record_id: desk.pick(resource, record_id, record_id == current)
        if isinstance(current, int):
            bound.value_label = desk.pick(resource, current, True) or ""  # noqa: FBT003
    return bound


def sections_of(
    form: CommandForm, declared: tuple[Section, ...], title: Any
) -> tuple[FormSection, ...]:
    """The form's fields in the declared sections; what is in none of them comes last."""
    placed: set[str] = set()
    sections: list[FormSection] = []
    typed = [field.name for field in form if field.type != "HiddenField"]
    for section in declared:
        names = tuple(name for name in section.fields if name in typed and name not in placed)
        if names:
            placed.update(names)
            sections.append(FormSection(section.title, names, section.help))
    rest = tuple(name for name in typed if name not in placed)
    if rest:
        sections.append(FormSection(title, rest))
    return tuple(sections)
