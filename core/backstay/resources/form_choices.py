"""WTForms inputs that choose: one of several values, any number of them, a record, a file."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, get_args

from wtforms import FileField, RadioField, SelectField, SelectMultipleField, widgets
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import StopValidation

from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources.declare import Choice
from backstay.resources.form_fields import Input, TextInput
from backstay.resources.serialize import raw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

YES: Final = "1"
"""As a tick box sends it."""
NO: Final = "0"
_RADIO_CHOICES: Final = 6


class PickerInput(Input):
    """Another record; ``resolve`` looks it up in the session's scope."""

    kind: kinds.PickerField
    picker_url = ""
    value_label = ""
    resolve: Callable[[int], str | None]

    def parse(self, text: str) -> int:
        """An id."""
        if not text.isascii() or not text.isdigit():
            raise ValueError(_("Choose one from the list."))
        return int(text)

    def look_up(self) -> None:
        """Find the label of the picked record.

        Raises:
            StopValidation: there is no such record that can be picked.
        """
        if self.data is None:
            return
        label = self.resolve(self.data)
        if label is None:
            raise StopValidation(_("There is no such choice any more. Choose one from the list."))
        self.value_label = label

    def pre_validate(self, form: Any) -> None:
        """The record must be there, in this company, and open to being picked."""
        super().pre_validate(form)
        self.look_up()


class Upload(FileField):
    """A file, read whole into memory after its size was checked."""

    def __init__(self, *, kind: Any, required: bool, **kwargs: Any) -> None:
        kwargs.pop("reader", None)
        super().__init__(
            label=kind.label,
            description=kind.help,
            render_kw={"accept": kind.accept} if kind.accept else {},
            **kwargs,
        )
        self.kind = kind
        self.type = "FileField"
        self.required = required
        if required:
            self.flags.required = True

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take the file from the request."""
        self.data = None
        sent = valuelist[0] if valuelist else None
        if sent is None or not getattr(sent, "filename", ""):
            return
        content = sent.stream.read(self.kind.max_bytes + 1)
        if len(content) > self.kind.max_bytes:
            raise ValueError(
                _(
                    "The file is larger than %(most)s MB.",
                    most=self.kind.max_bytes // (1024 * 1024),
                )
            )
        self.data = kinds.Upload(name=str(sent.filename)[-200:], content=content)

    def pre_validate(self, _form: Any) -> None:
        """Insist on a file where the command has no default."""
        if self.process_errors:
            raise StopValidation
        if self.required and self.data is None:
            raise StopValidation(_("Choose a file."))


def yes_or_no() -> tuple[Choice, ...]:
    """The choices of a “yes or no” that may be left to the service."""
    return Choice(YES, _("Yes")), Choice(NO, _("No"))


def choice_field(choices: Sequence[Choice], kind: kinds.ChoiceField, *, required: bool) -> Any:
    """The class for a choice: radio buttons where the choices explain themselves, else a select."""
    explained = any(choice.help for choice in choices) and len(choices) <= _RADIO_CHOICES
    return OneOfFew if required and explained and not kind.blank else OneOf


def _options(choices: Sequence[Choice]) -> list[SelectChoice]:
    return [
        SelectChoice(
            choice.value,
            str(choice.label),
            {
                **({"help": str(choice.help)} if choice.help else {}),
                **({"tag": str(choice.tag), "tone": choice.tone} if choice.tag else {}),
            },
            str(choice.group) if choice.group else None,
        )
        for choice in choices
    ]


class _Choosing:
    """What the three fields with choices share."""

    def prepare(self: Any, kind: Any, choices: Sequence[Choice], *, required: bool) -> None:
        self.kind = kind
        self.required = required
        self.declared = tuple(choices)
        if required:
            self.flags.required = True

    @staticmethod
    def coerced(value: Any) -> str:
        return "" if value is None else raw(value)


class OneOf(_Choosing, SelectField):
    """One of several values, in a select."""

    looks_like = "SelectField"

    def __init__(self, *, kind: Any, required: bool, choices: Any, **kwargs: Any) -> None:
        kwargs.pop("reader", None)
        options = _options(choices)
        if not required or kind.blank:
            options.insert(0, SelectChoice("", str(kind.blank)))
        elif self.looks_like == "SelectField":
            options.insert(0, SelectChoice("", _("Choose…")))
        super().__init__(
            label=kind.label,
            description=kind.help,
            choices=options,
            coerce=self.coerced,
            validate_choice=False,
            render_kw={"data-wide": True} if kind.wide else {},
            **kwargs,
        )
        self.type = self.looks_like
        self.prepare(kind, choices, required=required)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that was sent; what was not sent at all stays as it is."""
        if valuelist:
            self.data = valuelist[0]

    def pre_validate(self, _form: Any) -> None:
        """Only a declared value counts."""
        if not self.data:
            if self.required:
                raise StopValidation(_("Choose one."))
        elif self.data not in {choice.value for choice in self.declared}:
            raise StopValidation(_("Choose one of the values that are offered."))


class OneOfFew(OneOf, RadioField):
    """One of a few values that explain themselves, as radio buttons."""

    looks_like = "RadioField"
    widget: Any = widgets.ListWidget(prefix_label=False)
    option_widget: Any = widgets.RadioInput()


class SeveralOf(_Choosing, SelectMultipleField):
    """Any number of values, as a list of boxes to tick."""

    def __init__(self, *, kind: Any, required: bool, choices: Any, **kwargs: Any) -> None:
        kwargs.pop("reader", None)
        super().__init__(
            label=kind.label,
            description=kind.help,
            choices=_options(choices),
            coerce=self.coerced,
            validate_choice=False,
            **kwargs,
        )
        self.type = "SelectMultipleField"
        self.prepare(kind, choices, required=required)

    def pre_validate(self, _form: Any) -> None:
        """Only declared values count."""
        allowed = {choice.value for choice in self.declared}
        if any(value not in allowed for value in self.data or ()):
            raise StopValidation(_("Choose from the values that are offered."))
        if self.required and not self.data:
            raise StopValidation(_("Choose at least one."))


def to_command_value(field: Any, expected: Any) -> Any:
    """The input's value as the command's field takes it.

    ``expected`` is the annotated type without its kind: an enum, ``str``, ``tuple`` ...
    """
    value = field.data
    if isinstance(field, SeveralOf):
        return tuple(value or ())
    allowed = get_args(expected) or (expected,)
    if isinstance(field, OneOf):
        return member_of(value, allowed) if value else None if type(None) in allowed else ""
    if isinstance(field, TextInput) and not value and str not in allowed:
        return None
    return value


def member_of(value: str, allowed: tuple[Any, ...]) -> Any:
    """The enum member or number that a choice's text stands for."""
    if bool in allowed:
        return value == YES
    for one in allowed:
        if isinstance(one, type) and issubclass(one, (enum.Enum, int)):
            return one(value)
    return value
