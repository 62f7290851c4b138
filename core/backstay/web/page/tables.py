"""Lists and reports: rows of formatted cells, with filters above and totals below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from markupsafe import Markup

from backstay.i18n import Text
from backstay.web.page.pieces import Button, EmptyState, Note, Tag, Tone

CellKind: TypeAlias = Literal[
    "text",
    "money",
    "number",
    "date",
    "state",
    "link",
    "bool",
    "code",
    "muted",
    "prose",
    "named",
    "sum",
]
FilterKind: TypeAlias = Literal["segments", "select", "date", "text", "picker", "bool"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One formatted value. ``kind`` decides alignment and look, ``tone`` the colour of a state.

    ``prose`` is a sentence that is wrapped; everything else stays on one line. ``named`` says its
    column where there is no room for heads. ``sum`` stands in a
    totals row for figures that are added up when asked for, at ``href``.
    """

    text: Text = ""
    kind: CellKind = "text"
    href: str | None = None
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``href`` makes the whole row a link; ``depth`` indents the first cell."""

    cells: tuple[Cell, ...]
    href: str | None = None
    id: str = ""
    tone: Tone | None = None
    depth: int = 0
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A column heading; ``sort_href`` makes it sortable, ``sorted`` says how it is sorted now."""

    name: str
    label: Text
    align: Literal["start", "end"] = "start"
    sort_href: str | None = None
    sorted: Literal["ascending", "descending"] | None = None


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One value that a filter can take."""

    value: str
    label: Text
    current: bool = False


@dataclass(frozen=True, slots=True)
class FilterControl:
    """A filter in the bar above a list or a report; ``name`` is its key in the URL."""

    name: str
    label: Text
    kind: FilterKind = "text"
    choices: tuple[FilterChoice, ...] = ()
    value: str = ""
    picker_url: str | None = None
    value_label: str = ""
    suggest_url: str = ""
    """Of a text: where what is known is asked for while it is typed (js/suggest.js)."""
    several: bool = False
    """Of a list: any number of choices may be in force (reports take one)."""

    @property
    def chosen(self) -> Text:
        """What a report says on paper; empty where nothing was chosen, and for days."""
        if self.kind == "date":
            return ""
        if not self.choices:
            return self.value_label or self.value
        found = next((one for one in self.choices[1:] if one.current), None)
        return str(found.label).strip() if found else ""


@dataclass(frozen=True, slots=True)
class ActiveChip:
    """A filter in force, and the URL without it."""

    label: Text
    value: str
    clear_href: str
    joiner: Text = ""
    """“or” before a further value of the same filter, “and” before another filter."""
    name: str = ""
    raw: str = ""
    more: bool = False
    """A further value of this filter can be added."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column in the chooser."""

    name: str
    label: Text
    shown: bool


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A saved view in the menu; ``hint`` says whose it is and where it opens by itself."""

    label: Text
    href: str
    current: bool = False
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class ExportLink:
    """A file to take away; ``shown``: of what the list shows, which changes with its filters."""

    what: Text
    kind: Text
    href: str
    shown: bool


@dataclass(frozen=True, slots=True)
class ViewMenu:
    """The saved views of a list.

    Arguments:
        current: label of the view that is shown, empty for none.
        changed: the list shows something else than the view says.
        current_id: the view's id in the forms, empty for none.
        may_change, may_share: what the reader may do.
    """

    href: str
    views: tuple[ViewLink, ...]
    query: str = ""
    current: Text = ""
    changed: bool = False
    current_id: str = ""
    may_change: bool = False
    may_share: bool = False
    is_shared: bool = False
    my_default: bool = False
    company_default: bool = False


@dataclass(frozen=True, slots=True)
class BulkMenu:
    """What can be done with selected rows.

    Arguments:
        state: the list's parameters, for “all that match”.
        all_text: “Select all 1,234 that match”; empty where the page holds all.
    """

    actions: tuple[Button, ...]
    state: tuple[tuple[str, str], ...]
    all_text: Text = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list of records. The rows alone are ``resources/rows.html`` (for ``HX-Request-Type``).

    ``hidden`` carries URL parameters that the filter form has to keep, such as the sort order.
    """

    title: Text
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    url: str = ""
    help: Text = ""
    count_text: Text = ""
    search_label: Text | None = None
    search_value: str = ""
    filters: tuple[FilterControl, ...] = ()
    active_chips: tuple[ActiveChip, ...] = ()
    clear_href: str | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    next_href: str | None = None
    previous_href: str | None = None
    first_href: str | None = None
    exports: tuple[ExportLink, ...] = ()
    actions: tuple[Button, ...] = ()
    empty: EmptyState | None = None
    totals: tuple[Cell, ...] | None = None
    notes: tuple[Note, ...] = ()
    columns: tuple[ColumnChoice, ...] = ()
    views: ViewMenu | None = None
    bulk: BulkMenu | None = None
    density: str = ""
    other_density: str = ""
    plain_query: str = ""
    totals_href: str | None = None
    previews: bool = False
    body: Markup | None = None
    """The rows already drawn, by a template compiled for this list, in place of ``rows``."""


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """A block of rows under a heading, with its own total.

    Arguments:
        fold: how much there is ("12 lines"), where a telephone shows the heading, the rows of tone
            ``neutral`` and the total until somebody opens the rest; empty for a block that is
            never folded.
    """

    rows: tuple[Row, ...]
    label: Text | None = None
    href: str | None = None
    totals: tuple[Cell, ...] | None = None
    fold: Text = ""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A statement as of a date or for a span: parameters, groups, totals, and a printable form."""

    title: Text
    heads: tuple[Head, ...]
    groups: tuple[ReportGroup, ...]
    url: str = ""
    subtitle: Text = ""
    help: Text = ""
    params: tuple[FilterControl, ...] = ()
    exports: tuple[Button, ...] = ()
    totals: tuple[Cell, ...] | None = None
    opening: tuple[Cell, ...] | None = None
    status: Tag | None = None
    notes: tuple[Note, ...] = ()
    empty: EmptyState | None = None
    shown: Text = ""
    next_href: str | None = None
    first_href: str | None = None
