"""Attacks made from resources and models: they make records and try to misuse their forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import inspect

from backstay.resources import fields as kinds
from backstay.resources.forms import schema_of
from backstay.testing.attack.arena import EVERYBODY, Arena, changed, in_company
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.making import CannotMake
from backstay.testing.attack.pages import Page, read_page
from backstay.testing.attack.planting import (
    SHORT_MARKER,
    mark_everything,
    mark_others,
    planted,
    row_of,
)
from backstay.testing.attack.uses import Filled, Use, all_uses, fill
from backstay.testing.attack.wrong import wrong_in_form

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from backstay.resources.forms import FormField
    from backstay.testing.web import Browser

NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
REFUSED: Final = 400
SERVER_ERROR: Final = 500
_FORMULA: Final = ("=", "@")


def samples(arena: Arena) -> Iterator[Finding]:
    """A sample of each resource, in each of its states, can be made."""
    for resource in arena.ground.resources:
        walked = resource.update_states or any(one.states for one in resource.actions)
        for state in ("", *(arena.maker.states(resource) if walked else ())):
            try:
                with arena.writing() as session:
                    arena.maker.record(session, resource.name, state)
            except CannotMake as missing:
                yield Finding(resource.name, str(missing))


# --- companies -------------------------------------------------------------------------------


def foreign_ids(arena: Arena) -> Iterator[Finding]:
    """Ids of another company's records are answered 404, also by who may see both."""
    browser = arena.browser()
    for route in arena.every_route():
        numbers = [name for name in route.arguments if name == "id" or name.endswith("_id")]
        if not route.in_company or not numbers:
            continue
        for name, foreign in _ids_only_in_beta(arena):
            values = {"company": arena.alpha.code, **dict.fromkeys(numbers, str(foreign))}
            answered = arena.send(browser, route, route.path(values))
            if answered.status_code != NOT_FOUND:
                said = f"{name} of another company is answered {answered.status_code}"
                yield Finding(route.place, said, EVERYBODY)


def foreign_picks(arena: Arena) -> Iterator[Finding]:
    """A record of another company can't be picked in a form."""
    browser = arena.browser()
    for use, field, filled in _fields(arena):
        kind = field.kind
        if not isinstance(kind, kinds.PickerField):
            continue
        resource = arena.suite.resources.get(kind.resource)
        if resource is None or not in_company(resource):
            continue
        for foreign in arena.ids(resource, arena.beta):
            before = arena.digest()
            answered = filled.post(arena, browser, **{field.name: str(foreign)})
            if answered.status_code != UNPROCESSABLE or changed(before, arena.digest()):
                said = f"takes a {kind.resource} of another company ({answered.status_code})"
                yield Finding(f"{use.place} {field.name}", said, EVERYBODY)


def _ids_only_in_beta(arena: Arena) -> Iterator[tuple[str, int]]:
    for resource in arena.ground.resources:
        if resource.lies_in_company:
            own = set(arena.ids(resource, arena.alpha))
            for found in arena.ids(resource, arena.beta):
                if found not in own:
                    yield resource.name, found


# --- text ------------------------------------------------------------------------------------


def texts(arena: Arena) -> Iterator[Finding]:
    """What people wrote comes back as text: in lists, records, forms, pickers and files."""
    marked = [one for one in arena.ground.resources if mark_everything(arena, one)]
    mark_others(arena)
    seen: set[str] = set()
    browser = arena.browser()
    for route in arena.routes():
        if route.method != "GET":
            continue
        answered = browser.get(arena.address(route))
        resource = arena.resource_of(route)
        place = route.place
        if answered.mimetype == "text/html":
            page = read_page(answered.text)
            yield from (Finding(place, said) for said in _carried_out(page))
            if resource is not None and page.says(SHORT_MARKER):
                seen.add(resource.name)
        elif answered.mimetype == "text/csv":
            for cell in _formulas(answered.text):
                yield Finding(place, f"the cell {cell!r} is a formula to a spreadsheet")
    for resource in marked:
        if resource.name not in seen:
            yield Finding(resource.name, "what was written in its texts is shown nowhere as it is")


def _carried_out(page: Page) -> Iterator[str]:
    if "data-owned" in page.attributes:
        yield "what was written becomes an element of the page"
    if page.says("&amp;\"'49"):
        yield "what was written is carried out as a template"


def _formulas(text: str) -> Iterator[str]:
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        yield from (cell for cell in row if cell.startswith(_FORMULA))


# --- values and columns ----------------------------------------------------------------------


def values(arena: Arena) -> Iterator[Finding]:
    """Each wrong value of each field is answered 422 at that field, and nothing is changed."""
    browser = arena.browser()
    for use, field, filled in _fields(arena):
        before = arena.digest()
        for wrong in wrong_in_form(field):
            answered = filled.post(arena, browser, **{field.name: wrong})
            place = f"{use.place} {field.name}={str(wrong)[:30]!r}"
            if answered.status_code != UNPROCESSABLE:
                yield Finding(place, f"answers {answered.status_code} instead of 422")
            elif not _named(read_page(answered.text).faulty, field.name):
                yield Finding(place, "is refused without naming the field")
        if tables := changed(before, arena.digest()):
            yield Finding(f"{use.place} {field.name}", f"changed {tables} though it refused")


def _named(faulty: set[str], name: str) -> bool:
    return any(one == name or one.startswith(f"{name}-") for one in faulty)


def columns(arena: Arena) -> Iterator[Finding]:
    """Posting every column of the model changes those only that the form is made of."""
    browser = arena.browser()
    for use in all_uses(arena):
        control = _filled(arena, use)
        if control is None:
            continue
        # What the same form does by itself, on a record of its own, is not the doing of the extras.
        by_itself = _posted(arena, control, browser)[1]
        filled = fill(arena, use)
        extra = _extra(arena, use, by_itself)
        answered, after = _posted(
            arena, filled, browser, {name: posted for name, (posted, _value) in extra.items()}
        )
        if answered.status_code >= REFUSED:
            said = f"the form made from the declarations is answered {answered.status_code}"
            problems = ", ".join(sorted(read_page(answered.text).faulty))
            yield Finding(use.place, f"{said} {problems}".strip())
            continue
        for name, (_sent, value) in extra.items():
            if after and after[name] == value:
                yield Finding(use.place, f"takes the column {name}, which its form does not have")


def _posted(
    arena: Arena, filled: Filled, browser: Browser, extra: dict[str, str] | None = None
) -> tuple[TestResponse, dict[str, Any]]:
    """The answer to a form, and the row that it made or changed."""
    answered = filled.post(arena, browser, **(extra or {}))
    key = filled.record_id
    if key is None:
        key = next(iter(arena.ids(filled.use.resource, arena.alpha)), None)
    return answered, row_of(arena, filled.use.resource, key)


def _extra(arena: Arena, use: Use, before: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """What is posted, and would be stored, for each column that the form does not have."""
    own = {one.name for one in schema_of(use.operation.command).fields} | {"version"}
    if use.action is not None and use.action.leads_to:
        own.add(use.resource.state)
    found: dict[str, tuple[str, Any]] = {}
    for attribute in inspect(use.resource.model).column_attrs:
        if attribute.key in own:
            continue
        made = planted(arena, attribute.key, attribute.columns[0], before)
        if made is not None and made[1] != before.get(attribute.key):
            found[attribute.key] = made
    return found


def _filled(arena: Arena, use: Use) -> Filled | None:
    """A form to misuse; what can't be made is told by the check “samples”."""
    try:
        return fill(arena, use)
    except CannotMake:
        return None


def _fields(arena: Arena) -> Iterator[tuple[Use, FormField, Filled]]:
    for use in all_uses(arena):
        filled = _filled(arena, use)
        if filled is not None:
            for field in schema_of(use.operation.command).fields:
                yield use, field, filled
