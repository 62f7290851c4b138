"""The views of a list: its page, totals, saved views, bulk actions, files, and its picker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

from backstay.db.patience import TookTooLong
from backstay.lists.bulk_page import bulk_answer, run_answer
from backstay.lists.export_page import ExportViews, asked_state
from backstay.lists.page import list_page
from backstay.lists.parts import sums_of, total_cells
from backstay.lists.view_actions import view_answer
from backstay.resources.serialize import Reader
from backstay.resources.titles import label_of_record
from backstay.search.words import LONGEST_SEARCH
from backstay.web.render import fragment, page, wants_fragment
from backstay.web.request import context, session, signed_in, suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Action, Resource
    from backstay.resources.forms import Desk


@dataclass(frozen=True, slots=True)
class ListViews:
    """The views of one resource's list.

    Arguments:
        desk: makes what the forms of a request need.
    """

    query: ResourceQuery
    desk: Callable[[], Desk]

    @property
    def resource(self) -> Resource:
        """The resource that is listed."""
        return self.query.resource

    def list(self) -> Response:
        """The list, or its rows alone for htmx."""
        reader = _reader()
        person = signed_in()
        shown = list_page(
            self.query,
            session(),
            reader,
            request.args,
            self._label_of(),
            person.access.person.density if person else "comfortable",
        )
        response = (
            fragment("resources/rows.html", page=shown)
            if wants_fragment()
            else page("resources/list.html", page=shown)
        )
        response.vary.add("HX-Request-Type")
        return response

    def total(self) -> Response:
        """The totals row of a list that does not fit a page."""
        reader = _reader()
        state = asked_state(self.resource, reader)
        sums, gave_up = None, False
        try:
            every = bool(request.args.get("every"))
            sums = sums_of(self.query, session(), state, reader, every=every)
        except TookTooLong:
            gave_up = True
        picks = bool(request.args.get("picks"))
        cells = total_cells(self.resource, state, reader, sums, picks=picks, gave_up=gave_up)
        return fragment(
            "resources/totals.html",
            cells=cells,
            labels=[c.label for c in state.shown(self.resource)],
        )

    def views(self) -> Response:
        """Save, change, delete a view, or choose what the list opens with."""
        return view_answer(self.resource, _reader())

    def bulk(self, action: Action) -> Callable[..., Response]:
        """The view of one action over many records."""
        return lambda: bulk_answer(self.query, action, self.desk())

    def bulk_run(self, run: int) -> Response:
        """What came of an action over many records."""
        return run_answer(self.query, run, self.desk())

    def files(self) -> ExportViews:
        """The views of the list as a file."""
        return ExportViews(self.query)

    def picker(self) -> Response:
        """Up to twenty records that match, for a combobox."""
        reader = _reader()
        found = self.query.picked(session(), _words(request.args.get("q", "")), reader)
        return jsonify(
            [
                {
                    "id": str(record.id),
                    "label": label_of_record(self.resource, record),
                    "hint": self.hint(record),
                }
                for record in found
            ]
        )

    def hint(self, record: Any) -> str:
        """A second line for the picker: the state, where there is one."""
        column = self.resource.column(self.resource.state) if self.resource.state else None
        if column is None:
            return ""
        state = self.resource.state_of(record)
        return next((str(one.label) for one in column.choices if one.value == state), state)

    def _label_of(self) -> Callable[[str, int], str | None]:
        desk = self.desk()
        return lambda name, record_id: desk.pick(name, record_id, True)  # noqa: FBT003


def _reader() -> Reader:
    return Reader.of(context(), suite())


def _words(typed: str) -> str:
    return typed.replace("\x00", "").strip()[:LONGEST_SEARCH]
