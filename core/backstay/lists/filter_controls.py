"""The filters of a list as controls above it and as chips that say what is in force."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, cast

from flask import url_for

from backstay.i18n import gettext as _
from backstay.lists import filters as narrow
from backstay.resources import formats
from backstay.resources.urls import serves
from backstay.web.page import ActiveChip, FilterChoice, FilterControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.lists.opened import Opened
    from backstay.resources.declare import Filter, Resource
    from backstay.resources.serialize import Reader
    from backstay.web.page import FilterKind

_CONTROLS: Final[dict[str, FilterKind]] = {"date_from": "date", "date_to": "date"}
_MOST_SEGMENTS: Final = 5


def list_filters(
    resource: Resource,
    opened: Opened,
    reader: Reader,
    label_of: Callable[[str, int], str | None],
) -> tuple[tuple[FilterControl, ...], tuple[ActiveChip, ...]]:
    """The controls above a list, and one chip for each value that is in force."""
    state = opened.state
    asked = state.query()
    chosen = {one.name: value for one, value in state.filters}
    controls: list[FilterControl] = []
    chips: list[ActiveChip] = []
    if state.search:
        without = {name: value for name, value in asked.items() if name != "q"}
        chips.append(ActiveChip(_("Search"), state.search, opened.href(without), name="q"))
    for one in narrow.usable_filters(resource, reader):
        if one.kind == "picker" and not serves(f"{one.picker}.picker"):
            continue  # the other resource's plugin does not run
        values = narrow.values_of(one, chosen[one.name]) if one.name in chosen else ()
        words = [_shown(one, value, reader, label_of) for value in values]
        controls.append(_control(one, values, words))
        for value, text in zip(values, words, strict=True):
            rest = [other for other in values if other != value]
            without = {name: old for name, old in asked.items() if name != one.name}
            if rest:
                without[one.name] = ",".join(rest)
            joiner = _("or") if value != values[0] else _("and") if chips else ""
            chips.append(
                ActiveChip(
                    one.label,
                    text,
                    opened.href(without),
                    joiner,
                    one.name,
                    value,
                    more=one.kind == "picker" and value == values[-1],
                )
            )
    return tuple(controls), tuple(chips)


def _control(one: Filter, values: tuple[str, ...], words: list[str]) -> FilterControl:
    kind = one.kind
    if kind in {"segments", "select"}:
        # Several choices may be in force, so each has a box of its own.
        few = len(one.choices) <= _MOST_SEGMENTS
        kind = ("segments" if few else "select") if one.choices else "text"
    lone = len(values) == 1
    return FilterControl(
        one.name,
        one.label,
        cast("FilterKind", _CONTROLS.get(kind, kind)),
        choices=tuple(
            FilterChoice(choice.value, choice.label, current=choice.value in values)
            for choice in one.choices
        ),
        value=values[0] if lone else "",
        picker_url=url_for(f"{one.picker}.picker") if kind == "picker" else None,
        value_label=words[0] if lone and kind == "picker" else "",
        several=True,
    )


def _shown(
    one: Filter, value: str, reader: Reader, label_of: Callable[[str, int], str | None]
) -> str:
    """A filter's value in words, for its chip."""
    if one.choices:
        return next((str(c.label) for c in one.choices if c.value == value), value)
    if one.kind == "bool":
        return _("Yes")
    if one.kind in {"date_from", "date_to"}:
        return formats.date_text(date.fromisoformat(value), reader.locale)
    if one.kind == "picker":
        return label_of(one.picker, int(value)) or _("no longer there")
    return value
