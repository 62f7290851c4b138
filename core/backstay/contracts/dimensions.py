"""Dimensions whose values another plugin keeps: projects, employees, warehouses.

A plugin declares one with the hook ``backstay_dimension_types``. The general ledger takes the
values over, so that lines carry them and reports are made by them, and keeps them in step: in the
plugin's own transaction when it says what has changed, and every night for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from backstay.i18n import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionItem:
    """A record of the plugin as a value of its dimension.

    Arguments:
        key: identifies the record for good, such as its id as text; at most 80 characters.
        code: as it is typed on lines, unique in the dimension; at most 40 characters, without =,
            comma and semicolon. It may change.
        name: what people read; at most 100 characters.
        parent: the key of the record that it lies below, if any; reports by that contain it.
        valid_from, valid_to: the first and the last day of entries that may carry it.
    """

    key: str
    code: str
    name: str
    parent: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionType:
    """A dimension whose values a plugin keeps.

    Arguments:
        name: ``<plugin>.<noun>``, unique among all plugins.
        code: of the dimension, as it is typed on lines: small letters, digits and _.
        label: what people read, in the singular.
        values: called with a session in a company and keys, or None for all; the records of these
            keys that are there. It must not write.
    """

    name: str
    code: str
    label: Text
    values: Callable[[Session, Sequence[str] | None], Iterable[DimensionItem]]


@dataclass(frozen=True, slots=True)
class KeptInStep:
    """How many values of a dimension were made, changed and closed."""

    created: int
    changed: int
    closed: int


class Dimensions(Protocol):
    """The dimensions of the company that the session works in."""

    def keep_in_step(
        self, session: Session, name: str, keys: Sequence[str] | None = None
    ) -> KeptInStep:
        """Take over values of a dimension as its plugin has them now, in the same transaction.

        The first time, the company gets the dimension; one of the same code that is there becomes
        it, with the values that have the same codes. A value whose record is gone stays for the
        history and is closed: entries after today can't carry it; where another record gets its
        code, it goes on as ``CODE~1``. A record that others lie below is taken over with them. No
        permission is asked for: the values are the plugin's own, whoever changes them.

        Arguments:
            name: of the dimension type.
            keys: of the records that were made, changed or deleted; None for all.

        Raises:
            NotFound: no running plugin declares it.
            Invalid: names each value that can't be taken over, and why.
        """
        ...
