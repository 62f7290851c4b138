"""Values of dimensions that other plugins keep, taken over as those have them.

A value is known by the key of its record, so that it keeps its history whatever it is called. What
is gone there is closed here and never deleted, because lines may carry it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
        if problems := tuple(_problems(session, dimension, items)):
            raise Invalid(
                _("The values of %(dimension)s can't be taken over.", dimension=dimension.name),
                problems=problems,
            )
        held = _held(session, dimension, items, keys)
        return _Taking(session, dimension, held).take(items, keys)


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
class _Taking:
    session: Session
    dimension: Dimension
    held: dict[str, DimensionValue]

    def take(self, items: Mapping[str, DimensionItem], keys: Sequence[str] | None) -> KeptInStep:
        """Make, change and close values; those that lie below others come last."""
        new = [key for key in items if key not in self.held]
        self._free_codes(items)
        for key in new:
            self.held[key] = self._made(items[key])
        changed = [key for key in items if key not in new and self._change(items[key])]
        self.session.flush()
        moved = [key for key, item in items.items() if self._move(item)]
        gone = self.held.keys() - items.keys()
        closed = [key for key in sorted(gone) if (keys is None or key in keys) and self._close(key)]
        self.session.flush()
        return KeptInStep(len(new), len({*changed, *moved} - {*new}), len(closed))

    def _made(self, item: DimensionItem) -> DimensionValue:
        row = DimensionValue(
            company_id=self.dimension.company_id,
            dimension_id=self.dimension.id,
            code=item.code,
            name=item.name,
            valid_from=item.valid_from,
            valid_to=item.valid_to,
            source_key=item.key,
        )
        self.session.add(row)
        return row

    def _change(self, item: DimensionItem) -> bool:
        row = self.held[item.key]
        values = {
            "code": item.code,
            "name": item.name,
            "valid_from": item.valid_from,
            "valid_to": item.valid_to,
            "source_key": item.key,
        }
        changed = {name: one for name, one in values.items() if getattr(row, name) != one}
        for name, one in changed.items():
            setattr(row, name, one)
        return bool(changed)

    def _free_codes(self, items: Mapping[str, DimensionItem]) -> None:
        """Let records exchange their codes: no two values have the same one at any moment."""
        codes = {row.code: key for key, row in self.held.items()}
        for key, item in items.items():
            other = codes.get(item.code)
            if other is not None and other != key and other in items:
                self.held[other].code = f"~{self.held[other].id}"
        self.session.flush()

    def _move(self, item: DimensionItem) -> bool:
        row, above = self.held[item.key], self.held.get(item.parent) if item.parent else None
        if item.parent and above is None:
            above = self.session.scalars(
                select(DimensionValue).where(
                    DimensionValue.dimension_id == self.dimension.id,
                    DimensionValue.source_key == item.parent,
                )
            ).one_or_none()
        parent = None if above is None else above.id
        if row.parent_id == parent:
            return False
        row.parent_id = parent
        return True

    def _close(self, key: str) -> bool:
        row, day = self.held[key], today(company_of(self.session).time_zone)
        last = day if row.valid_from is None else max(day, row.valid_from)
        if row.valid_to is not None and row.valid_to <= last:
            return False
        row.valid_to = last
        return True


def _dimension(session: Session, kind: DimensionType) -> Dimension:
    """The dimension of a type in the company, locked; it is made or adopted the first time."""
    company = company_of(session)
    mine = select(Dimension).where(Dimension.company_id == company.id).with_for_update()
    mine = mine.execution_options(populate_existing=True)
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


def _held(
    session: Session,
    dimension: Dimension,
    items: Mapping[str, DimensionItem],
    keys: Sequence[str] | None,
) -> dict[str, DimensionValue]:
    """The values that are there, by the key of their record; adopted ones by the same code."""
    mine = select(DimensionValue).where(DimensionValue.dimension_id == dimension.id)
    if keys is None:
        rows = list(session.scalars(mine))
    else:
        rows = []
        for some in pieces(sorted({*keys, *items})):
            rows += session.scalars(mine.where(among(session, DimensionValue.source_key, some)))
        codes = sorted({item.code for item in items.values()})
        for some in pieces(codes):
            rows += session.scalars(
                mine.where(
                    among(session, DimensionValue.code, some), DimensionValue.source_key.is_(None)
                )
            )
    held = {row.source_key: row for row in rows if row.source_key is not None}
    unkept = {row.code: row for row in rows if row.source_key is None}
    for key, item in items.items():
        if key not in held and item.code in unkept:
            held[key] = unkept[item.code]
    return held


def _problems(
    session: Session, dimension: Dimension, items: Mapping[str, DimensionItem]
) -> Iterable[Problem]:
    taken = _taken(session, dimension, items)
    first: dict[str, str] = {}
    for item in items.values():
        where = f"values.{item.key[:_LONGEST_KEY]}"
        if not item.key or len(item.key) > _LONGEST_KEY:
            yield Problem(_("A key has 1 to %(most)s characters.", most=_LONGEST_KEY), where)
        if not re.fullmatch(VALUE_CODE, item.code):
            message = _("“%(code)s” can't be the code of a value.", code=item.code[:60])
            yield Problem(message, where)
        elif taken.get(item.code, item.key) != item.key or item.code in first:
            message = _("The code “%(code)s” is that of another value.", code=item.code)
            yield Problem(message, where)
        if not item.name or len(item.name) > _LONGEST_NAME:
            yield Problem(_("A name has 1 to %(most)s characters.", most=_LONGEST_NAME), where)
        if _ends_early(item.valid_from, item.valid_to):
            yield Problem(_("The days end before they begin."), where)
        first[item.code] = item.key


def _taken(
    session: Session, dimension: Dimension, items: Mapping[str, DimensionItem]
) -> dict[str, str]:
    """The records that have these codes and keep them, by code."""
    found: dict[str, str] = {}
    for some in pieces(sorted({item.code for item in items.values()})):
        rows = session.execute(
            select(DimensionValue.code, DimensionValue.source_key).where(
                DimensionValue.dimension_id == dimension.id,
                DimensionValue.source_key.is_not(None),
                among(session, DimensionValue.code, some),
            )
        )
        found.update({code: str(key) for code, key in rows if key not in items})
    return found


def _ends_early(first: date | None, last: date | None) -> bool:
    return first is not None and last is not None and last < first
