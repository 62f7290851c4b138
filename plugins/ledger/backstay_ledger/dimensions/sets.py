"""Sets of values: what lines say of dimensions, each combination stored once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backstay.contracts.ledger import PostingLine
from backstay.spi import company_of, new_id
from backstay.spi import gettext as _
from backstay_ledger.models.dimensions import (
    Dimension,
    DimensionSet,
    DimensionSetValue,
    DimensionValue,
    RequiredDimension,
)
from backstay_ledger.services.bulk_rows import pieces

if TYPE_CHECKING:
    from backstay_ledger.services.lookups import AccountRef
    from backstay_ledger.services.orders import Order

BETWEEN_PAIRS: Final = re.compile(r"[,;]|\s+(?=\w+\s*=)")
Pairs = tuple[tuple[str, str], ...]
"""Codes of dimensions and of their values: (("cost_centre", "100"), ("project", "X"))."""


@dataclass(frozen=True, slots=True)
class LineSet:
    """The set of a line as it is stored.

    Arguments:
        id: None where it is not stored yet, because nothing is to be written.
        digest: sha256 over its values, by which it is found again.
        pairs: what it says, in the order of the dimensions' codes.
    """

    id: int | None
    digest: str
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class _Known:
    dimension_id: int
    value_id: int
    valid_from: date | None
    valid_to: date | None


class LineSets:
    """The dimensions of a company as far as a batch of entries names them."""

    def __init__(
        self,
        session: Session,
        named: Iterable[Pairs],
        needing: Iterable[int] = (),
        *,
        write: bool,
    ) -> None:
        """Look up what is named and what is required.

        Arguments:
            needing: accounts that require a dimension.
            write: store combinations that are new.
        """
        self._required = required_of(session, needing)
        self._session = session
        self._write = write
        self._company_id = company_of(session).id
        self._dimensions: dict[str, bool] = {}
        self._values: dict[tuple[str, str], _Known] = {}
        self._sets: dict[str, int] = {}
        codes = {value for pairs in named for _dimension, value in pairs}
        rows = session.execute(
            select(
                Dimension.code,
                Dimension.active,
                Dimension.id,
                DimensionValue.code,
                DimensionValue.id,
                DimensionValue.valid_from,
                DimensionValue.valid_to,
            )
            .outerjoin(
                DimensionValue,
                and_(
                    DimensionValue.dimension_id == Dimension.id,
                    DimensionValue.company_id == self._company_id,
                    DimensionValue.code.in_(sorted(codes)),
                ),
            )
            .where(Dimension.company_id == self._company_id)
        )
        for dimension, active, dimension_id, value, value_id, first, last in rows:
            self._dimensions[dimension] = active
            if value_id is not None:
                self._values[dimension, value] = _Known(dimension_id, value_id, first, last)

    def on(
        self, line: PostingLine, account: AccountRef | None, day: date | None, *, requires: bool
    ) -> tuple[LineSet | None, list[str]]:
        """The set of a line on an account, or what is wrong with it (see :meth:`of`).

        Arguments:
            requires: it has to have what the account requires.
        """
        held, problems = self.of(line.dimensions, day) if line.dimensions else (None, [])
        if account is not None and requires:
            given = {dimension for dimension, _value in line.dimensions}
            problems += [
                _(
                    "Account %(code)s requires a value of %(dimension)s.",
                    code=line.account,
                    dimension=dimension,
                )
                for dimension in self._required.get(account.id, ())
                if dimension not in given
            ]
        return held, problems

    def of(self, pairs: Pairs, day: date | None) -> tuple[LineSet | None, list[str]]:
        """The set of a line, or what is wrong with what it says.

        Arguments:
            day: of the entry; None for one that says again what was valid once: a reversal, a
                closing, the release of a deferral.
        """
        problems: list[str] = []
        found: dict[str, _Known] = {}
        for dimension, value in pairs:
            if problem := self._problem(dimension, value, day, found):
                problems.append(problem)
            else:
                found[dimension] = self._values[dimension, value]
        if problems:
            return None, problems
        digest = digest_of(one.value_id for one in found.values())
        ordered = tuple(sorted((dimension, value) for dimension, value in pairs))
        if digest not in self._sets:
            stored = self._stored(digest)
            if stored is None and self._write:
                stored = self._intern(digest, found)
            if stored is None:
                return LineSet(None, digest, ordered), []
            self._sets[digest] = stored
        return LineSet(self._sets[digest], digest, ordered), []

    def _problem(
        self, dimension: str, value: str, day: date | None, found: Mapping[str, _Known]
    ) -> str | None:
        if dimension not in self._dimensions:
            return _("There is no dimension “%(code)s”.", code=dimension[:40])
        if dimension in found:
            return _("The line has two values of %(dimension)s.", dimension=dimension)
        known = self._values.get((dimension, value))
        if known is None:
            return _(
                "There is no value “%(value)s” of %(dimension)s.",
                value=value[:40],
                dimension=dimension,
            )
        return None if day is None else self._out_of_use(dimension, value, day, known)

    def _out_of_use(self, dimension: str, value: str, day: date, known: _Known) -> str | None:
        if not self._dimensions[dimension]:
            return _("%(dimension)s is inactive and takes no new lines.", dimension=dimension)
        early = known.valid_from is not None and day < known.valid_from
        if early or (known.valid_to is not None and day > known.valid_to):
            return _(
                "“%(value)s” of %(dimension)s is not valid on %(day)s.",
                value=value,
                dimension=dimension,
                day=day,
            )
        return None

    def _stored(self, digest: str) -> int | None:
        return self._session.scalar(
            select(DimensionSet.id).where(
                DimensionSet.company_id == self._company_id, DimensionSet.digest == digest
            )
        )

    def _intern(self, digest: str, found: Mapping[str, _Known]) -> int | None:
        """Store a combination; somebody else may store the same one at this moment."""
        sqlite = self._session.get_bind().dialect.name == "sqlite"
        insert = (sqlite_insert if sqlite else postgresql_insert)(DimensionSet)
        row = {"id": new_id(), "company_id": self._company_id, "digest": digest}
        options = {"audited": True}
        self._session.execute(insert.on_conflict_do_nothing(), [row], execution_options=options)
        stored = self._stored(digest)
        if stored == row["id"]:
            self._session.add_all(
                DimensionSetValue(
                    dimset_id=stored,
                    dimension_id=one.dimension_id,
                    company_id=self._company_id,
                    value_id=one.value_id,
                )
                for one in found.values()
            )
            self._session.flush()
        return stored


def line_sets(
    session: Session,
    orders: Sequence[Order],
    accounts: Iterable[AccountRef],
    *,
    write: bool,
    drafts: bool,
) -> LineSets | None:
    """What a batch of entries says of dimensions; None where it is nothing, as mostly.

    Arguments:
        write: store combinations that are new.
        drafts: they may lack what accounts require.
    """
    named = [line.dimensions for order in orders for line in order.posting.lines if line.dimensions]
    needing = {one.id for one in accounts if one.requires and not drafts}
    return LineSets(session, named, needing, write=write) if named or needing else None


def digest_of(value_ids: Iterable[int]) -> str:
    """The digest of a set, made of its values."""
    return hashlib.sha256(",".join(map(str, sorted(value_ids))).encode()).hexdigest()


def sealed_sets(digest: str, digests: Sequence[str]) -> str:
    """The hash of an entry with what its lines say of dimensions; without any it stays as it is."""
    if not any(digests):
        return digest
    return hashlib.sha256(json.dumps([digest, *digests]).encode()).hexdigest()


def pairs_of(session: Session, set_ids: Iterable[int], company_id: int) -> dict[int, LineSet]:
    """What stored sets say, by id."""
    said: dict[int, tuple[str, list[tuple[str, str]]]] = {}
    for some in pieces(sorted(set(set_ids))):
        rows: Any = session.execute(
            select(DimensionSet.id, DimensionSet.digest, Dimension.code, DimensionValue.code)
            .join(DimensionSetValue, DimensionSetValue.dimset_id == DimensionSet.id)
            .join(DimensionValue, DimensionValue.id == DimensionSetValue.value_id)
            .join(Dimension, Dimension.id == DimensionSetValue.dimension_id)
            .where(
                DimensionSet.company_id == company_id,
                DimensionSetValue.company_id == company_id,
                DimensionValue.company_id == company_id,
                Dimension.company_id == company_id,
                DimensionSet.id.in_(some),
            )
            .order_by(DimensionSet.id, Dimension.code)
        )
        for set_id, digest, dimension, value in rows:
            said.setdefault(set_id, (digest, []))[1].append((dimension, value))
    return {
        set_id: LineSet(set_id, digest, tuple(pairs)) for set_id, (digest, pairs) in said.items()
    }


def required_of(session: Session, account_ids: Iterable[int]) -> dict[int, list[str]]:
    """The codes of the dimensions that accounts require, by the account's id."""
    if not account_ids:
        return {}
    rows = session.execute(
        select(RequiredDimension.account_id, Dimension.code)
        .join(Dimension, Dimension.id == RequiredDimension.dimension_id)
        .where(
            RequiredDimension.company_id == company_of(session).id,
            RequiredDimension.account_id.in_(sorted(set(account_ids))),
        )
        .order_by(Dimension.code)
    )
    required: dict[int, list[str]] = {}
    for account_id, code in rows:
        required.setdefault(account_id, []).append(code)
    return required


def read_pairs(text: str) -> tuple[Pairs, str | None]:
    """What somebody typed, such as ``cost_centre=100 project=X``, or what is wrong with it.

    Commas between may be left out: a value has no equals sign, so the word before one names the
    next dimension. Codes of dimensions have small letters and may be typed with large ones.
    """
    pairs: list[tuple[str, str]] = []
    for part in BETWEEN_PAIRS.split(text):
        if not part.strip():
            continue
        dimension, mark, value = part.partition("=")
        if not mark or not dimension.strip() or not value.strip():
            said = _("“%(text)s” is not written as dimension=value.", text=part.strip()[:40])
            return (), said
        pairs.append((dimension.strip().lower(), value.strip()))
    return tuple(pairs), None


def written_pairs(pairs: Pairs) -> str:
    """Values as they are typed."""
    return ", ".join(f"{dimension}={value}" for dimension, value in pairs)
