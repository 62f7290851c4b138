"""Values of dimensions that other plugins keep, taken over as those have them.

A value is known by the key of its record, so that it keeps its history whatever it is called. What
is gone there is closed here and never deleted, because lines may carry it; where another record
gets its code, it gives that up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.dimensions import DimensionItem, DimensionType, KeptInStep
from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    company_of,
    dimension_types,
    today,
)
from backstay.spi import gettext as _
from backstay_ledger.dimensions.codes import VALUE_CODE
from backstay_ledger.models.dimensions import Dimension, DimensionValue
from backstay_ledger.services.bulk_rows import among, pieces
from backstay_ledger.services.posting import guarded

_LONGEST_CODE: Final = 40
_LONGEST_KEY: Final = 80
_LONGEST_NAME: Final = 100


class KeptDimensions:
    """Implements the protocol ``Dimensions``."""

    def keep_in_step(
        self, session: Session, name: str, keys: Sequence[str] | None = None
    ) -> KeptInStep:
        """Take over values of a dimension as its plugin has them now."""
        return keep_in_step(session, name, keys)


def keep_in_step(session: Session, name: str, keys: Sequence[str] | None = None) -> KeptInStep:
    """Take over values of a dimension as its plugin has them now; see ``Dimensions``.

    Arguments:
        name: of the dimension type.
        keys: of the records that were made, changed or deleted; None for all.

    Raises:
        NotFound: no running plugin declares it.
        Invalid: names each value that can't be taken over, and why.
    """
    kind = dimension_types(session).get(name)
    if kind is None:
        raise NotFound(_("No running module keeps a dimension “%(name)s”.", name=name[:100]))
    session.flush()
    items = {one.key: one for one in kind.values(session, keys)}
    with guarded():
        dimension = _dimension(session, kind)
        rows = _Rows.of(session, dimension, items, keys)
        if keys is not None and (above := _parents_not_told(session, kind, rows, items)):
            items |= above
            rows = _Rows.of(session, dimension, items, keys)
        gone = _gone(session, kind, rows.met(items), keys)
        if problems := tuple(_problems(rows, items, gone)):
            raise Invalid(
                _("The values of %(dimension)s can't be taken over.", dimension=dimension.name),
                problems=problems,
            )
        return _Taking(session, dimension, rows).take(items, keys, gone)


def kept_by_plugin(session: Session, dimension: Dimension) -> DimensionType | None:
    """The type of a dimension that a running plugin keeps; None where people keep it."""
    return None if dimension.kept_by is None else dimension_types(session).get(dimension.kept_by)


def refuse_by_hand(session: Session, dimension: Dimension) -> None:
    """Refuse that people change what a running plugin keeps.

    Raises:
        Conflict: names the plugin.
    """
    kind = kept_by_plugin(session, dimension)
    if kind is not None:
        raise Conflict(
            _(
                "The values of %(dimension)s come from the module “%(plugin)s”: change them there.",
                dimension=dimension.name,
                plugin=kind.name.partition(".")[0],
            )
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The values that records and their codes meet.

    Arguments:
        held: by the key of their record; what people kept is adopted by the record of its code.
        by_code: all of them.
    """

    session: Session
    held: dict[str, DimensionValue]
    by_code: dict[str, DimensionValue]

    @classmethod
    def of(
        cls,
        session: Session,
        dimension: Dimension,
        items: Mapping[str, DimensionItem],
        keys: Sequence[str] | None,
    ) -> _Rows:
        """Read the values of records, of what they lie below, and those that have their codes."""
        mine = select(DimensionValue).where(DimensionValue.dimension_id == dimension.id)
        found: list[DimensionValue] = []
        if keys is None:
            found += session.scalars(mine)
        else:
            above = {item.parent for item in items.values() if item.parent}
            for column, wanted in (
                (DimensionValue.source_key, {*keys, *items, *above}),
                (DimensionValue.code, {item.code for item in items.values()}),
            ):
                for some in pieces(sorted(wanted)):
                    found += session.scalars(mine.where(among(session, column, some)))
        held = {row.source_key: row for row in found if row.source_key is not None}
        by_code = {row.code: row for row in found}
        for key, item in items.items():
            row = by_code.get(item.code)
            if key not in held and row is not None and row.source_key is None:
                held[key] = row
        return cls(session, held, by_code)

    def other(self, item: DimensionItem) -> DimensionValue | None:
        """The value of something else that has a record's code."""
        row = self.by_code.get(item.code)
        return None if row is None or row is self.held.get(item.key) else row

    def met(self, items: Mapping[str, DimensionItem]) -> dict[str, DimensionValue]:
        """The values, by their key, that have a record's code and are of none of the records."""
        others = [row for item in items.values() if (row := self.other(item)) is not None]
        kept = [(row.source_key, row) for row in others if row.source_key is not None]
        return {key: row for key, row in kept if key not in items}

    def above(self, item: DimensionItem, items: Mapping[str, DimensionItem]) -> list[str]:
        """The keys of what a record is going to lie below, the nearest first; a circle once."""
        found: list[str] = []
        key, row = item.parent, self.held.get(item.parent)
        while key and key not in found:
            found.append(key)
            if key in items:
                key = items[key].parent
                row = self.held.get(key)
            else:
                above = None if row is None else row.parent_id
                row = None if above is None else self.session.get(DimensionValue, above)
                key = "" if row is None else row.source_key or ""
        return found


@dataclass(frozen=True, slots=True)
class _Taking:
    session: Session
    dimension: Dimension
    rows: _Rows

    def take(
        self,
        items: Mapping[str, DimensionItem],
        keys: Sequence[str] | None,
        gone: Mapping[str, DimensionValue],
    ) -> KeptInStep:
        """Make, change and close values; those that lie below others come last."""
        held = self.rows.held
        new = {key: item for key, item in items.items() if key not in held}
        self._give_up_codes(items, gone)
        self._free_codes(items)
        for key, item in new.items():
            held[key] = self._made(item)
        changed = [key for key in items if key not in new and self._change(items[key])]
        self.session.flush()
        moved = self._move(items)
        left = {*gone, *(key for key in held if keys is None or key in keys)} - items.keys()
        rows = {**held, **gone}
        closed = [key for key in sorted(left) if self._close(rows[key])]
        self.session.flush()
        return KeptInStep(len(new), len({*changed, *moved} - new.keys()), len(closed))

    def _made(self, item: DimensionItem) -> DimensionValue:
        row = DimensionValue(
            company_id=self.dimension.company_id,
            dimension_id=self.dimension.id,
            **_values(item),
        )
        self.session.add(row)
        return row

    def _change(self, item: DimensionItem) -> bool:
        row = self.rows.held[item.key]
        values = _values(item)
        changed = {name: one for name, one in values.items() if getattr(row, name) != one}
        for name, one in changed.items():
            setattr(row, name, one)
        return bool(changed)

    def _free_codes(self, items: Mapping[str, DimensionItem]) -> None:
        """Let records exchange their codes: no two values have the same one at any moment."""
        for item in items.values():
            other = self.rows.other(item)
            if other is not None and other.source_key in items:
                other.code = f"~{other.id}"
        self.session.flush()

    def _give_up_codes(
        self, items: Mapping[str, DimensionItem], gone: Mapping[str, DimensionValue]
    ) -> None:
        """Number the codes of values whose record is gone: other records have them now."""
        taken = {item.code for item in items.values()}
        for row in gone.values():
            mine = select(DimensionValue.code).where(
                DimensionValue.dimension_id == self.dimension.id,
                DimensionValue.code.startswith(row.code[:30], autoescape=True),
            )
            taken |= {*self.session.scalars(mine)}
            ends = (f"~{number}" for number in count(1))
            row.code = next(
                code
                for end in ends
                if (code := f"{row.code[: _LONGEST_CODE - len(end)]}{end}") not in taken
            )
            self.session.flush()

    def _move(self, items: Mapping[str, DimensionItem]) -> list[str]:
        """Put values below others, from the top down: no one stands below itself in between."""
        levels: dict[int, list[str]] = {}
        held = self.rows.held
        for key, item in items.items():
            above = held[item.parent].id if item.parent else None
            if held[key].parent_id != above:
                levels.setdefault(len(self.rows.above(item, items)), []).append(key)
        for _depth, some in sorted(levels.items()):
            for key in some:
                parent = items[key].parent
                held[key].parent_id = held[parent].id if parent else None
            self.session.flush()
        return [key for some in levels.values() for key in some]

    def _close(self, row: DimensionValue) -> bool:
        day = today(company_of(self.session).time_zone)
        last = day if row.valid_from is None else max(day, row.valid_from)
        if row.valid_to is not None and row.valid_to <= last:
            return False
        row.valid_to = last
        return True


def _values(item: DimensionItem) -> dict[str, str | date | None]:
    """What a value has of its record; what the record lies below comes later."""
    return {
        "code": item.code,
        "name": item.name,
        "valid_from": item.valid_from,
        "valid_to": item.valid_to,
        "source_key": item.key,
    }


def _dimension(session: Session, kind: DimensionType) -> Dimension:
    """The dimension of a type in the company, locked; it is made or adopted the first time."""
    company = company_of(session)
    mine = (
        select(Dimension)
        .where(Dimension.company_id == company.id)
        .with_for_update(key_share=True)  # postings with new combinations refer to it meanwhile
        .execution_options(populate_existing=True)
    )
    found = session.scalars(mine.where(Dimension.kept_by == kind.name)).one_or_none()
    if found is None:
        found = session.scalars(mine.where(Dimension.code == kind.code)).one_or_none()
    if found is None:
        found = Dimension(
            company_id=company.id,
            code=kind.code,
            name=str(kind.label)[:_LONGEST_NAME],
            active=True,
            kept_by=kind.name,
        )
        session.add(found)
    elif found.kept_by is None:
        found.kept_by = kind.name
    elif found.kept_by != kind.name:
        raise Conflict(
            _(
                "The code “%(code)s” is that of a dimension which “%(other)s” keeps.",
                code=kind.code,
                other=found.kept_by,
            )
        )
    session.flush()
    return found


def _parents_not_told(
    session: Session, kind: DimensionType, rows: _Rows, items: Mapping[str, DimensionItem]
) -> dict[str, DimensionItem]:
    """The records that others lie below and of which nobody has told yet."""
    found: dict[str, DimensionItem] = {}
    asked = {item.parent for item in items.values() if item.parent} - {*items, *rows.held}
    while asked:
        more = {one.key: one for one in kind.values(session, sorted(asked)) if one.key in asked}
        found |= more
        above = {item.parent for item in more.values() if item.parent}
        asked = above - {*items, *found, *rows.held}
    return found


def _gone(
    session: Session,
    kind: DimensionType,
    met: Mapping[str, DimensionValue],
    keys: Sequence[str] | None,
) -> dict[str, DimensionValue]:
    """Those of some values whose record is not there any more."""
    if keys is None or not met:
        return {**met}
    there = {one.key for one in kind.values(session, sorted(met))}
    return {key: row for key, row in met.items() if key not in there}


def _problems(
    rows: _Rows, items: Mapping[str, DimensionItem], gone: Mapping[str, DimensionValue]
) -> Iterable[Problem]:
    first: set[str] = set()
    told = {*items, *gone}
    for item in items.values():
        where = f"values.{item.key[:_LONGEST_KEY]}"
        other = rows.other(item)
        if not item.key or len(item.key) > _LONGEST_KEY:
            yield Problem(_("A key has 1 to %(most)s characters.", most=_LONGEST_KEY), where)
        if not re.fullmatch(VALUE_CODE, item.code):
            message = _("“%(code)s” can't be the code of a value.", code=item.code[:60])
            yield Problem(message, where)
        elif item.code in first or (other is not None and other.source_key not in told):
            message = _("The code “%(code)s” is that of another value.", code=item.code)
            yield Problem(message, where)
        if not item.name or len(item.name) > _LONGEST_NAME:
            yield Problem(_("A name has 1 to %(most)s characters.", most=_LONGEST_NAME), where)
        if _ends_early(item.valid_from, item.valid_to):
            yield Problem(_("The days end before they begin."), where)
        if item.parent and item.parent not in items and item.parent not in rows.held:
            message = _("There is no “%(parent)s” to lie below.", parent=item.parent[:60])
            yield Problem(message, where)
        elif item.key in rows.above(item, items):
            yield Problem(_("“%(code)s” would stand below itself.", code=item.code[:60]), where)
        first.add(item.code)


def _ends_early(first: date | None, last: date | None) -> bool:
    return first is not None and last is not None and last < first
