"""WTForms inputs for a command's field kinds: they read what people type and say what is wrong.

Each input keeps the text as it was typed, so that a refused form comes back unchanged.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wtforms import Field, widgets
from wtforms.validators import StopValidation

from backstay.db.types import to_units
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources import formats
from backstay.resources.serialize import raw

if TYPE_CHECKING:
    from backstay.resources.serialize import Reader

# A half of a surrogate pair can be sent as JSON but not be stored.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_CONTROL_IN_LINE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_BIGGEST: Final = 2**31 - 1
_YEARS: Final = (1900, 2999)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Input(Field):
    """A single input whose text is parsed by :meth:`parse`."""

    kind: kinds.FieldKind
    required = False
    looks_like: ClassVar[str] = "StringField"
    widget: Any = widgets.TextInput()

    def __init__(self, *, kind: Any, required: bool, reader: Reader, **kwargs: Any) -> None:
        """Take label, help and example from the kind."""
        super().__init__(
            label=kind.label,
            description=kind.help,
            render_kw={
                **({"placeholder": kind.example} if kind.example else {}),
                **({"data-wide": True} if kind.wide else {}),
            },
            **kwargs,
        )
        self.kind = kind
        self.required = required
        self.reader = reader
        self.type = self.looks_like
        if required:
            self.flags.required = True

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            ValueError: says what is wrong with it.
        """
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """A value as it stands in the input."""
        return raw(value)

    def empty(self) -> Any:
        """The value of an input that was left empty."""
        return None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the first value that was sent; what was not sent at all stays as it is."""
        if not valuelist:
            return
        text = valuelist[0].strip()
        self.data = self.empty() if not text else self.parse(text)

    def pre_validate(self, _form: Any) -> None:
        """Insist on a value where the command has no default."""
        if self.process_errors:
            raise StopValidation
        if self.required and self.data in {None, ""}:
            raise StopValidation(self.missing())

    def missing(self) -> str:
        """What is said when a required input is empty."""
        return _("Fill this in.")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.show(self.data)


class TextInput(Input):
    """A line of text, or several."""

    kind: kinds.TextField

    def __init__(self, *, kind: Any, **kwargs: Any) -> None:
        super().__init__(kind=kind, **kwargs)
        self.render_kw["autocomplete"] = kind.autocomplete
        self.flags.maxlength = kind.max_length
        if kind.multiline:
            self.widget = widgets.TextArea()
            self.type = "TextAreaField"

    def empty(self) -> str:
        """An empty line is a text too."""
        return ""

    def parse(self, text: str) -> str:
        """The text, if it fits."""
        return read_text(text, self.kind)


def read_text(text: str, kind: kinds.TextField) -> str:
    """A text without surrounding spaces, if it fits its kind.

    Raises:
        ValueError: says what is wrong with it.
    """
    lines = text.replace("\r\n", "\n")
    if (_CONTROL if kind.multiline else _CONTROL_IN_LINE).search(lines):
        raise ValueError(_("It contains characters that can't be stored, such as a tab."))
    if len(lines) > kind.max_length:
        raise ValueError(
            _(
                "It has %(count)s characters; at most %(most)s fit.",
                count=len(lines),
                most=kind.max_length,
            )
        )
    if len(lines) < kind.min_length:
        raise ValueError(_("It needs at least %(least)s characters.", least=kind.min_length))
    if kind.pattern and not re.fullmatch(kind.pattern, lines):
        raise ValueError(str(kind.pattern_help) or _("It is not written as it must be."))
    return lines


class SecretInput(Input):
    """A password: taken as it is, never shown again."""

    kind: kinds.SecretField
    looks_like = "PasswordField"
    widget = widgets.PasswordInput()

    def __init__(self, *, kind: Any, **kwargs: Any) -> None:
        super().__init__(kind=kind, **kwargs)
        self.render_kw["autocomplete"] = kind.autocomplete
        self.flags.maxlength = kind.max_length

    def process_formdata(self, valuelist: list[str]) -> None:
        """Spaces belong to a password."""
        text = valuelist[0] if valuelist else ""
        self.data = self.parse(text) if text else ""

    def parse(self, text: str) -> str:
        """The text, if it fits."""
        if len(text) < self.kind.min_length:
            raise ValueError(
                _("It needs at least %(least)s characters.", least=self.kind.min_length)
            )
        if len(text) > self.kind.max_length:
            raise ValueError(_("At most %(most)s characters fit.", most=self.kind.max_length))
        return text

    def _value(self) -> str:
        return ""


class NumberInput(Input):
    """A whole number within bounds."""

    kind: kinds.NumberField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.render_kw["inputmode"] = "numeric"

    def parse(self, text: str) -> int:
        """The whole number."""
        try:
            value = formats.read_decimal(text, self.reader.locale)
        except ValueError:
            raise ValueError(_("This is not a whole number.")) from None
        if value != value.to_integral_value():
            raise ValueError(_("This is not a whole number."))
        return within(int(value), self.kind)


def bounds(kind: kinds.NumberField) -> tuple[int, int]:
    """The least and the greatest number."""
    return (
        -_BIGGEST if kind.minimum is None else kind.minimum,
        _BIGGEST if kind.maximum is None else kind.maximum,
    )


def within(value: int, kind: kinds.NumberField) -> int:
    """The number, if it lies within its kind's bounds.

    Raises:
        ValueError: it does not.
    """
    least, most = bounds(kind)
    if not least <= value <= most:
        raise ValueError(_("It must lie between %(least)s and %(most)s.", least=least, most=most))
    return value


class MoneyInput(Input):
    """An amount in the company's currency, at most as fine as its smallest unit."""

    kind: kinds.MoneyField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.render_kw["data-kind"] = "money"
        self.render_kw["data-currency"] = self.reader.currency

    def parse(self, text: str) -> Decimal:
        """The amount."""
        return read_amount(text, self.reader)

    def show(self, value: Any) -> str:
        """As the input shows it."""
        return formats.editable_decimal(value, self.reader.locale, self.reader.minor_units)


def read_amount(text: str, reader: Reader) -> Decimal:
    """An amount as people type it.

    Raises:
        ValueError: it is no amount, too large, or finer than the currency's smallest unit.
    """
    try:
        amount = formats.read_decimal(text, reader.locale)
    except ValueError:
        example = formats.money_formatter(reader.locale, reader.minor_units)(Decimal(1250))
        raise ValueError(
            _("This is not an amount. Write it like %(example)s.", example=example)
        ) from None
    return checked_amount(amount, reader)


def checked_amount(amount: Decimal, reader: Reader) -> Decimal:
    """An amount with the decimals of the company's currency.

    Raises:
        ValueError: it is too large, or finer than the currency's smallest unit.
    """
    unit = Decimal(1).scaleb(-reader.minor_units)
    try:
        to_units(amount)
    except ValueError:
        if abs(amount) < Decimal(10) ** 12:
            raise ValueError(_too_fine(reader)) from None
        raise ValueError(_("This amount is too large.")) from None
    if amount % unit:
        raise ValueError(_too_fine(reader))
    return amount.quantize(unit)


def _too_fine(reader: Reader) -> str:
    if reader.minor_units == 0:
        return _("%(currency)s has no decimals.", currency=reader.currency)
    return _(
        "Use at most %(count)s decimals: %(currency)s has no smaller unit.",
        count=reader.minor_units,
        currency=reader.currency or _("the currency"),
    )


class DateInput(Input):
    """A business date, as the browser's date input sends it."""

    looks_like = "DateField"
    widget = widgets.DateInput()

    def parse(self, text: str) -> date:
        """The day."""
        return read_day(text)

    def show(self, value: Any) -> str:
        """As the input shows it."""
        return str(value.isoformat())


def read_day(text: str) -> date:
    """A business date in ISO 8601.

    Raises:
        ValueError: it is none, or lies beyond every calendar that people keep books by.
    """
    try:
        # Python reads weeks (2026-W05-6) and 20260131 as well, which people take for mistyped.
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise ValueError(
            _("This is not a date. Write it as year-month-day, like 2026-01-31.")
        ) from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ValueError(
            _("The year must lie between %(first)s and %(last)s.", first=1900, last=2999)
        )
    return day


class BoolInput(Input):
    """Yes or no. A box that is not ticked is not sent, so it is never missing."""

    looks_like = "BooleanField"
    widget = widgets.CheckboxInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Sent means ticked."""
        self.data = bool(valuelist) and valuelist[0] not in {"", "0", "false"}

    def process_data(self, value: Any) -> None:
        """Anything that counts as true is ticked."""
        self.data = bool(value)

    def pre_validate(self, _form: Any) -> None:
        """Both answers are answers."""

    def _value(self) -> str:
        return "1"
