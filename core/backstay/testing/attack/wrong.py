"""Values that no field may take: of a wrong type, range or length, as forms and programs send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from backstay.resources import fields as kinds
from backstay.testing.attack.arena import Arena, in_company

if TYPE_CHECKING:
    from backstay.resources.forms import FormField


def wrong_in_form(field: FormField) -> Iterator[Any]:  # noqa: C901
    """What a form may send that a field must refuse, by its kind."""
    match field.kind:
        case kinds.TextField() as kind:
            yield "x" * (kind.max_length + 1)
            yield "a\x00b"
            if field.insists and (kind.min_length or str not in _types(field)):
                yield ""
            if kind.min_length > 1:
                yield "x" * (kind.min_length - 1)
        case kinds.SecretField() as kind:
            yield "x" * (kind.max_length + 1)
        case kinds.NumberField() as kind:
            yield from ("many", "1.5", "9" * 30, "NaN")
            if kind.minimum is not None:
                yield str(kind.minimum - 1)
            if kind.maximum is not None:
                yield str(kind.maximum + 1)
        case kinds.MoneyField():
            yield from ("much", "1.23456", "9" * 20, "NaN", "Infinity", "1e400")
        case kinds.DateField():
            yield from ("yesterday", "2026-02-30", "1066-10-14", "9999-99-99")
        case kinds.ChoiceField():
            yield "no-such-choice"
        case kinds.ChoicesField():
            yield ["no-such-choice"]
        case kinds.PickerField():
            yield from ("somebody", "7", "-1", "9" * 30)


def wrong_in_json(arena: Arena, field: FormField) -> Iterator[Any]:  # noqa: C901, PLR0912
    """What a program may send that a field must refuse, by its kind."""
    match field.kind:
        case kinds.TextField() as kind:
            yield from ("x" * (kind.max_length + 1), "a\x00b", "\ud800", 7, ["x"])
            if field.insists and kind.min_length:
                yield ""
        case kinds.SecretField() as kind:
            yield from ("x" * (kind.max_length + 1), 7)
        case kinds.NumberField() as kind:
            yield from ("1", 1.5, 10**30, True)
            if kind.minimum is not None:
                yield kind.minimum - 1
            if kind.maximum is not None:
                yield kind.maximum + 1
        case kinds.MoneyField():
            yield from (7, 0.1, "much", "1.23456", "9" * 20, "NaN", "Infinity", "1e4", "１")  # noqa: RUF001
        case kinds.DateField():
            yield from (7, "yesterday", "2026-02-30", "1066-10-14", "05.03.2026")
        case kinds.BoolField():
            yield from ("true", 1)
        case kinds.ChoicesField():
            yield from ("x", ["no-such-choice"], [7])
        case kinds.ChoiceField():
            yield from ("no-such-choice", 7)
        case kinds.PickerField() as kind:
            yield from (7, 2**53 + 1, "somebody", "7", "-1", str(2**63))
            resource = arena.suite.resources.get(kind.resource)
            if resource is not None and in_company(resource):
                yield from map(str, arena.ids(resource, arena.beta))
        case kinds.LinesField():
            yield from ("x", {}, [7], [{"no_such_member": "x"}])


def _types(field: FormField) -> tuple[Any, ...]:
    return get_args(field.expected) or (field.expected,)
