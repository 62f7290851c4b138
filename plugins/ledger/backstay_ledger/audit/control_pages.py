"""Control queries on screen, each row leading to its entry, and as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from backstay.spi import (
    Invalid,
    company_of,
    context,
    database,
    instant_text,
    ngettext,
    page,
    requires,
    resource_url,
    session,
    suite,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.audit.controls import Asked, control_of, read_values
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, day_control, read_span, year_to_date
from backstay_ledger.permissions import AUDIT_VIEW, BOOKS_EXPORT
from backstay_ledger.resources.figures import Figures, heads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.audit.controls import Control, ControlColumn
    from backstay_ledger.pages.report_dates import Span

PAGE: Final = 50
"""Rows of a page; files have all."""
COUNTED: Final = 10_000
"""Rows that are counted; beyond them it is said that there are more."""
_LONGEST_PLACE: Final = 9
_FIGURES: Final = frozenset({"money", "number", "percent"})


@dataclass(frozen=True, slots=True)
class Part:
    """A page of an answer.

    Arguments:
        after: how many rows stand before it.
        total: how many rows there are, counted up to :data:`COUNTED` and the end of the page.
        open_end: there are more than were counted.
    """

    rows: tuple[tuple[Any, ...], ...]
    after: int
    total: int
    open_end: bool

    @classmethod
    def of(cls, found: Iterable[tuple[Any, ...]], after: int) -> Part:
        """The rows of a page. An answer is worked out anew for each, so it is left by counting."""
        rows: list[tuple[Any, ...]] = []
        total, end = 0, after + PAGE
        for row in found:
            if total >= max(end, COUNTED):
                return cls(tuple(rows), after, total, open_end=True)
            if after <= total < end:
                rows.append(row)
            total += 1
        return cls(tuple(rows), after, total, open_end=False)

    @property
    def has_all(self) -> bool:
        """Whether nothing stands on other pages."""
        return len(self.rows) == self.total and not self.open_end

    def counted(self, figures: Figures) -> str:
        """How many rows there are, as people read it."""
        return f"{figures.count(self.total)}{'+' if self.open_end else ''}"


def place_of(values: Mapping[str, str]) -> int:
    """How many rows stand before the page of the URL; none where it says nothing sensible."""
    text = values.get("after", "")
    known = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_PLACE
    return int(text) if known else 0


@blueprint.get("/audit/controls/<name>", endpoint="control")
@requires(AUDIT_VIEW)
def show_control(name: str) -> Response:
    """The answer of a control query."""
    db = session()
    control = control_of(name)
    span, values, notes = asked_of(db, control)
    # In a transaction of its own: what is streamed needs one, and the rest is never fetched.
    with database().read(context(), suite()) as reading:
        asked = Asked(span.start, span.end, values)
        found = Part.of(control.find(reading, asked), place_of(request.args))
        if found.after and not found.rows:  # fewer rows than there were
            found = Part.of(control.find(reading, asked), 0)
    query: dict[str, Any] = {"from": span.start.isoformat(), "to": span.end.isoformat(), **values}
    exports: tuple[ui.Button, ...] = ()
    if context().may(BOOKS_EXPORT):
        exports = tuple(_exports(name, query, found))
    figures = Figures(db)
    rows = tuple(_row(figures, control, row, query) for row in found.rows)
    return page(
        "report.html",
        page=ui.ReportPage(
            title=str(control.label),
            subtitle=_(
                "%(company)s · %(start)s to %(end)s · %(source)s",
                company=company_of(db).name,
                start=figures.day(span.start),
                end=figures.day(span.end),
                source=control.source,
            ),
            help=str(control.question),
            heads=heads(*((one.name, one.label, one.kind in _FIGURES) for one in control.columns)),
            groups=(ui.ReportGroup(rows),) if rows else (),
            url=url_for("ledger.control", name=name),
            params=(
                day_control("from", _("From"), span.start),
                day_control("to", _("To"), span.end),
                *_controls(control, values),
            ),
            exports=exports,
            status=ui.Tag(
                ngettext(
                    "%(count)s row",
                    "%(count)s rows",
                    found.total,
                    count=found.counted(figures),
                ),
                "neutral",
            )
            if rows
            else None,
            notes=notes,
            empty=ui.EmptyState(
                _("Nothing found"),
                _("No entry of these days answers the question."),
                icon="shield-check",
            ),
            **_pager(name, query, found, figures),
        ),
        crumbs=(
            ui.Crumb(_("Money")),
            ui.Crumb(_("Audit"), url_for("ledger.audit")),
            ui.Crumb(str(control.label)),
        ),
    )


def _pager(name: str, query: dict[str, Any], found: Part, figures: Figures) -> dict[str, Any]:
    """Where a page stands in the answer, and the ways to the first and the next one."""
    last = found.after + len(found.rows)
    return {
        "shown": _(
            "Rows %(first)s to %(last)s of %(total)s",
            first=figures.count(found.after + 1),
            last=figures.count(last),
            total=found.counted(figures),
        ),
        "next_href": url_for("ledger.control", name=name, **query, after=last)
        if last < found.total or found.open_end
        else None,
        "first_href": url_for("ledger.control", name=name, **query) if found.after else None,
    }


def _exports(name: str, query: dict[str, Any], found: Part) -> Iterator[ui.Button]:
    """Everything as a file, and where the page has not all of it what the page has."""
    for form, label in (("csv", _("CSV")), ("xlsx", _("Spreadsheet"))):
        href = url_for(f"ledger.control_{form}", name=name, **query)
        yield ui.Button(label, href, "download", "ghost")
    if not found.has_all:
        these = {**query, "rows": "shown", **({"after": found.after} if found.after else {})}
        for form, label in (("csv", _("CSV, these rows")), ("xlsx", _("Spreadsheet, these rows"))):
            href = url_for(f"ledger.control_{form}", name=name, **these)
            yield ui.Button(label, href, "download", "ghost")


def plain(column: ControlColumn, value: Any) -> str:
    """A value for files and scripts."""
    if value is None:
        return ""
    if column.kind in {"date", "instant"}:
        return str(value.isoformat())
    if column.kind == "money":
        return f"{value:f}"
    return str(value)


def asked_of(db: Session, control: Control) -> tuple[Span, dict[str, str], tuple[ui.Note, ...]]:
    """The days and parameters of the URL; where they are wrong that is said, and defaults hold."""
    today = company_today(db)
    span = read_span(request.args, year_to_date(db, today), today)
    try:
        return span, read_values(control, request.args), span.notes
    except Invalid as error:
        return span, read_values(control, {}), (*span.notes, ui.Note(str(error), "warn"))


def _controls(control: Control, values: dict[str, str]) -> Iterator[ui.FilterControl]:
    for one in control.parameters:
        chosen = values[one.name]
        yield ui.FilterControl(
            one.name,
            str(one.label),
            "select" if one.choices else "text",
            tuple(ui.FilterChoice(key, str(said), key == chosen) for key, said in one.choices),
            chosen,
        )


def _row(figures: Figures, control: Control, row: tuple[Any, ...], query: dict[str, Any]) -> ui.Row:
    href = None
    if row[0] is not None:
        href = resource_url("ledger.entry", "record", id=row[0])
    elif str(row[1]).isdigit():
        days: dict[str, Any] = {"from": query["from"], "to": query["to"]}
        href = url_for("ledger.control", name="leading", digit=row[1], **days)
    cells = zip(control.columns, row[1:], strict=True)
    return ui.Row(tuple(_cell(figures, one, value) for one, value in cells), href=href)


def _cell(figures: Figures, column: ControlColumn, value: Any) -> ui.Cell:
    kind: ui.CellKind
    match column.kind:
        case "percent":
            kind = "number"
        case "instant":
            kind = "date"
        case other:
            kind = other
    return ui.Cell("" if value is None else _text(figures, column, value), kind)


def _text(figures: Figures, column: ControlColumn, value: Any) -> str:
    match column.kind:
        case "money":
            return figures.text(value)
        case "date":
            return figures.day(value)
        case "instant":
            reader = context()
            return instant_text(value, reader.time_zone, reader.locale)
        case "number":
            return figures.count(value)
        case "percent":
            return f"{value:.3f}"
        case _:
            return str(value)
