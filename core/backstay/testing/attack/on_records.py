"""Attacks made from resources and models: they make records and try to misuse their forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Boolean, Date, Enum, Integer, String, inspect, text
from sqlalchemy.exc import DBAPIError

from backstay.db.types import Money
from backstay.resources import fields as kinds
from backstay.resources.forms import schema_of
from backstay.testing.attack.arena import EVERYBODY, Arena, changed, in_company, list_rule
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.making import CannotMake
from backstay.testing.attack.pages import Page, read_page
from backstay.testing.attack.uses import Filled, Use, all_uses, fill
from backstay.testing.web import make_user

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from backstay.access.permissions import FieldGroup
    from backstay.resources.declare import Resource
    from backstay.resources.forms import FormField
    from backstay.testing.web import Browser

MARKER: Final = """=<i data-owned>&amp;"'{{7*7}}"""
SHORT_MARKER: Final = "=<i data-owned>"
FREE_TEXT: Final = 100
"""Columns of at least this length hold what people write, whatever form it came through."""
NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
REFUSED: Final = 400
SERVER_ERROR: Final = 500
_FORMULA: Final = ("=", "@")
_NUMBER: Final = 4711
_DAY: Final = date(1999, 9, 9)


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
                yield Finding(f"{route.method} {route.rule}", said, EVERYBODY)


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
    _mark_others(arena)
    seen: set[str] = set()
    browser = arena.browser()
    for route in arena.routes():
        if route.method != "GET":
            continue
        answered = browser.get(arena.address(route))
        resource = arena.resource_of(route)
        place = f"GET {route.rule}"
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


def mark_everything(arena: Arena, resource: Resource) -> bool:
    """Write the marker into every text of some records, whatever forms would have let through."""
    names = {one.key for one in resource.search if getattr(one, "class_", None) is resource.model}
    for operation in (resource.create, resource.update):
        if operation is not None:
            fields = schema_of(operation.command).fields
            names |= {one.name for one in fields if isinstance(one.kind, kinds.TextField)}
    table = inspect(resource.model).local_table
    done = False
    for key in arena.ids(resource, arena.alpha):
        done = _mark(arena, resource.model, names, f"{table.name}.id = {key}") or done
    return done and any(
        column.name in names and not column.format and in_model(resource, column.value)
        for column in resource.columns
    )


def in_model(resource: Resource, value: Any) -> bool:
    """Whether a column shows an attribute of the resource's own model."""
    return getattr(value, "class_", None) is resource.model


def _mark_others(arena: Arena) -> None:
    """The same in tables that have no pages of their own, such as an entry's lines."""
    with_pages = {one.model for one in arena.ground.resources}
    for part in arena.suite.parts:
        base: Any = part.base
        if base is None or part.plugin != arena.ground.plugin or part.plugin == "core":
            continue
        for mapper in base.registry.mappers:
            if mapper.class_ not in with_pages:
                _mark(arena, mapper.class_, set(), "1 = 1")


def _mark(arena: Arena, model: Any, names: set[str], where: str) -> bool:
    table = inspect(model).local_table
    values = {}
    for column in table.columns:
        kind = column.type
        if not isinstance(kind, String) or isinstance(kind, Enum) or column.foreign_keys:
            continue
        if column.name in model.__secret__ or column.name.endswith("hash"):
            continue
        length = kind.length or FREE_TEXT
        if column.name not in names and length < FREE_TEXT:
            continue
        if length >= len(SHORT_MARKER) and not column.unique:
            values[column.name] = MARKER if length >= len(MARKER) else SHORT_MARKER
    if not values:
        return False
    pairs = ", ".join(f"{name} = :{name}" for name in values)
    statement = f"UPDATE {table.name} SET {pairs} WHERE {where}"  # noqa: S608 - names of ours
    try:
        with arena.writing() as session:
            session.connection().execute(text(statement), values)
    except DBAPIError:
        return False  # frozen: it keeps what a form wrote
    return True


# --- values and columns ----------------------------------------------------------------------


def values(arena: Arena) -> Iterator[Finding]:
    """Each wrong value of each field is answered 422 at that field, and nothing is changed."""
    browser = arena.browser()
    for use, field, filled in _fields(arena):
        before = arena.digest()
        for wrong in wrong_values(field):
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


def wrong_values(field: FormField) -> Iterator[Any]:  # noqa: C901
    """Values that a field must refuse, by its kind."""
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


def _types(field: FormField) -> tuple[Any, ...]:
    from typing import get_args

    return get_args(field.expected) or (field.expected,)


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


def row_of(arena: Arena, resource: Resource, key: int | None) -> dict[str, Any]:
    """The attributes of a record by name; nothing where there is no record."""
    if key is None:
        return {}
    with arena.reading() as session:
        record = session.get(resource.model, key)
        if record is None:
            return {}
        return {one.key: getattr(record, one.key) for one in inspect(resource.model).column_attrs}


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


def planted(  # noqa: PLR0911
    arena: Arena, name: str, column: Any, before: dict[str, Any]
) -> tuple[str, Any] | None:
    """What is sent to change a column, and what it would hold then; None where nothing fits."""
    if name == "company_id":
        return str(arena.beta.id), arena.beta.id
    match column.type:
        case Enum(enum_class=members) if members is not None:
            other = [one for one in members if one != before.get(name)][-1:]
            return (str(other[0].value), other[0]) if other else None
        case Boolean():
            flipped = not before.get(name, False)
            return ("1" if flipped else ""), flipped
        case Money():
            from decimal import Decimal

            return f"{_NUMBER}.00", Decimal(_NUMBER)
        case Integer():
            return str(_NUMBER), _NUMBER
        case Date():
            return _DAY.isoformat(), _DAY
        case String():
            return "owned", "owned"
    return None


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


# --- field groups ----------------------------------------------------------------------------


def groups(arena: Arena) -> Iterator[Finding]:
    """Fields of a group are hidden from who may not read it, on every page and in every file."""
    declared = {one.name: one for part in arena.suite.parts for one in part.field_groups}
    for resource in arena.ground.resources:
        for name, group in grouped(resource, declared):
            yield from _peek(arena, resource, name, group)


def grouped(resource: Resource, declared: dict[str, FieldGroup]) -> list[tuple[str, FieldGroup]]:
    """The attributes of a resource's model that belong to a field group."""
    found = {
        name: declared[group]
        for name, group in resource.model.__field_groups__.items()
        if group in declared
    }
    for column in resource.columns:
        if column.group is not None and in_model(resource, column.value):
            found[column.value.key] = column.group
    return list(found.items())


def _peek(arena: Arena, resource: Resource, name: str, group: FieldGroup) -> Iterator[Finding]:
    secret = f"Hush{arena.maker.number()}"
    login = f"blind{arena.maker.number()}"
    hidden = {group.read.name, group.write.name}
    make_user(arena.database, login, [p for p in arena.suite.permissions if p not in hidden])
    ids = arena.ids(resource, arena.alpha)
    if not ids or not isinstance(
        inspect(resource.model).column_attrs[name].columns[0].type, String
    ):
        return
    with arena.writing() as session:  # through the ORM, so that the trail records it as well
        setattr(session.get_one(resource.model, ids[0]), name, secret)
    home = list_rule(resource).replace("<company>", arena.alpha.code)
    record = f"{home}/{ids[0]}"
    blind, boss = arena.browser(login), arena.browser()
    if secret not in boss.get(record).text:
        yield Finding(f"{resource.name} {name}", "is not shown to who may read it", EVERYBODY)
    paths = [home, record, f"{record}/edit", f"{home}.csv", f"{home}/pick?q=", *_trail(arena)]
    for path in paths:
        if secret in blind.get(path).text:
            yield Finding(f"GET {path}", f"shows {name} of the group {group.name}", login)
    yield from _deduce(resource, name, home, secret, str(ids[0]), blind)


def _deduce(
    resource: Resource, name: str, home: str, secret: str, key: str, blind: Browser
) -> Iterator[Finding]:
    """What is hidden can't be found out by sorting, filtering or searching either."""
    for column in resource.columns:
        if in_model(resource, column.value) and column.value.key == name and column.sortable:
            answered = blind.get(f"{home}?sort={column.name}")
            if answered.status_code < REFUSED:
                yield Finding(f"GET {home}?sort={column.name}", "sorts by what is hidden", "blind")
    for one in resource.filters:
        if in_model(resource, one.column) and one.column.key == name:
            answered = blind.get(f"{home}?{one.name}={secret}")
            if answered.status_code < REFUSED:
                yield Finding(f"GET {home}?{one.name}=", "filters by what is hidden", "blind")
    for search in (f"{home}?q=", f"{home}/pick?q="):
        path = f"{search}{secret}"
        # Where nothing can be searched, any word leaves all records there.
        if key in blind.get(path).text and key not in blind.get(f"{search}No{secret}").text:
            yield Finding(f"GET {path}", f"finds a record by its hidden {name}", "blind")


def _trail(arena: Arena) -> list[str]:
    """The audit trail's list, file and latest records."""
    resource = arena.suite.resources.get("core.audit")
    if resource is None:
        return []
    home = list_rule(resource).replace("<company>", arena.alpha.code)
    ids = arena.ids(resource, arena.alpha)
    return [home, f"{home}.csv", *(f"{home}/{key}" for key in ids)]
