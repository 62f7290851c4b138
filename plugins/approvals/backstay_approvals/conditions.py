"""Conditions of rules as people write them: one a line, an attribute with the values it may have.

``journal = GEN, BNK`` holds where one of the record's values is among them, and ``journal != GEN``
where none is. All lines have to hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from backstay.spi import Invalid
from backstay.spi import gettext as _

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LINE: Final = re.compile(r"(\w+)\s*(!?=)\s*(.+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One line.

    Arguments:
        among: whether a value has to be among ``values``, or none may be.
    """

    attribute: str
    values: frozenset[str]
    among: bool = True

    def holds(self, attributes: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether it holds for a record."""
        met = not self.values.isdisjoint(attributes.get(self.attribute, ()))
        return met is self.among


def read_conditions(text: str, known: Collection[str], field: str) -> tuple[Condition, ...]:
    """The conditions in a text.

    Arguments:
        known: the attributes that can be asked about.

    Raises:
        Invalid: names the line that can't be read, or the attribute that is not known.
    """
    found: list[Condition] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise Invalid(
                _("Line %(n)s can't be read. Write it as: journal = GEN, BNK", n=number),
                field=field,
            )
        name, operator, values = match.groups()
        if name not in known:
            raise Invalid(
                _(
                    "Line %(n)s: “%(name)s” is not known here. Choose from: %(known)s.",
                    n=number,
                    name=name,
                    known=", ".join(sorted(known)),
                ),
                field=field,
            )
        chosen = frozenset(part for one in values.split(",") if (part := one.strip()))
        if not chosen:
            raise Invalid(_("Line %(n)s names no value.", n=number), field=field)
        found.append(Condition(name, chosen, operator == "="))
    return tuple(found)
