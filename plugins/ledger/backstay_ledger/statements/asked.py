"""What somebody asked a statement for, read from a URL; what is wrong is said and not an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from backstay.spi import Invalid
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import asked_by, asked_of
from backstay_ledger.dimensions.slices import WHOLE, Slice
from backstay_ledger.pages.report_dates import company_today, read_day, read_span
from backstay_ledger.statements.columns import (
    Column,
    balance_columns,
    fiscal_start,
    read_comparisons,
    span_columns,
)
from backstay_ledger.statements.tree import Tree
from backstay_ledger.statements.trees import choose_tree


@dataclass(frozen=True, slots=True)
class Asked:
    """A tree, the columns, and how they were asked for."""

    tree: Tree
    columns: tuple[Column, ...]
    compare: str
    accounts: bool
    notes: tuple[ui.Note, ...]
    of: Slice = WHOLE
    by: str = ""

    @property
    def label(self) -> str:
        """What a file's heading says besides the days: a tree of one's own, and which part."""
        return ", ".join(filter(None, (self.tree.name if self.tree.code else "", self.of.label)))

    @property
    def query(self) -> dict[str, Any]:
        """What a link carries on, besides the days."""
        return {
            **self.of.query,
            **({"by": self.by} if self.by else {}),
            **({"compare": self.compare} if self.compare else {}),
            **({"tree": self.tree.code} if self.tree.code else {}),
            **({} if self.accounts else {"accounts": "0"}),
        }


def asked_as_of(session: Session, values: Mapping[str, str]) -> Asked:
    """A statement as of a day; today's when none is named."""
    day, notes = read_day(values, "as_of", company_today(session))
    return _asked(session, values, notes, lambda compared: balance_columns(session, day, compared))


def asked_span(session: Session, values: Mapping[str, str]) -> Asked:
    """A statement over days; the fiscal year until today when none are named."""
    end = company_today(session)
    span = read_span(values, end, end)
    start = span.start if values.get("from", "").strip() else fiscal_start(session, span.end)
    notes = list(span.notes)
    return _asked(session, values, notes, lambda compared: span_columns(start, span.end, compared))


def by_dimensions(session: Session, values: Mapping[str, str], asked: Asked) -> Asked:
    """What the URL says of dimensions besides: which values, and whose values are the columns."""
    by, notes = asked_by(session, values)
    sliced = asked_of(session, values)
    if by and len(asked.columns) > 1:
        said = _("Columns by a dimension are of the same days: nothing is compared.")
        notes = (*notes, ui.Note(said, "info"))
        asked = replace(asked, columns=asked.columns[:1], compare="")
    return replace(asked, of=sliced.of, by=by, notes=(*asked.notes, *sliced.notes, *notes))


def _asked(
    session: Session, values: Mapping[str, str], notes: list[ui.Note], columns: Any
) -> Asked:
    compare = values.get("compare", "").strip()[:60]
    try:
        found = columns(read_comparisons(compare))
    except Invalid as error:
        notes.append(ui.Note(str(error), "warn"))
        compare = ""
        found = columns(())
    tree, missing = choose_tree(session, values.get("tree", "").strip()[:20])
    if missing:
        notes.append(
            ui.Note(
                _(
                    "There is no tree “%(code)s”; “%(name)s” is shown instead.",
                    code=missing,
                    name=tree.name,
                ),
                "warn",
            )
        )
    return Asked(tree, found, compare, values.get("accounts", "1") != "0", tuple(notes))
