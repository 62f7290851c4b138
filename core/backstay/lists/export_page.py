"""Taking a list away: at once when it is short, else by a job whose page tells how far it is."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Response, request, url_for
from werkzeug.wsgi import wrap_file

from backstay.clock import now
from backstay.errors import NotFound
from backstay.files.models import Blob, PrivateFile
from backstay.files.store import size_text
from backstay.files.views import hand_over
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.jobs.models import JobState
from backstay.jobs.queue import UNDER_WAY
from backstay.lists import filters as narrow
from backstay.lists.exports import (
    IN_REQUEST,
    AskExport,
    ask_export,
    cancel_export,
    export_event,
    latest_exports,
)
from backstay.lists.models import ExportRun
from backstay.lists.opened import open_list
from backstay.lists.run_progress import run_progress
from backstay.lists.runs import own_run
from backstay.lists.saved_views import views_of
from backstay.lists.take_away import (
    LABELS,
    MEDIA_TYPES,
    ROWS_OF_A_SHEET,
    XLSX,
    columns_of,
    file_name,
    write_list,
)
from backstay.resources import formats
from backstay.resources.serialize import Reader
from backstay.resources.urls import endpoint_of
from backstay.web import page as view
from backstay.web.render import fragment, page, redirect_to, wants_fragment
from backstay.web.request import audit_now, context, database, flash_done, session, suite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Resource

_SPOOLED: Final = 4 * 1024 * 1024


def asked_state(resource: Resource, reader: Reader) -> narrow.ListState:
    """The state that an address beside the list's asks for, checked.

    Raises:
        Invalid, Malformed, NotFound: as :func:`open_list`.
    """
    named = request.args.get("view") or request.args.get("base")
    views = views_of(session(), resource.name) if named else ()
    state = open_list(resource, views, request.args, reader, "", by_itself=False).state
    for one, value in state.filters:
        narrow.condition(one, value, reader)
    return state


@dataclass(frozen=True, slots=True)
class ExportViews:
    """The views of one list's files."""

    query: ResourceQuery

    @property
    def resource(self) -> Resource:
        """Whose list it is."""
        return self.query.resource

    def at_once(self, form: str) -> Response:
        """The file, or the page that offers a job because the list is long."""
        reader = Reader.of(context(), suite())
        state = asked_state(self.resource, reader)
        if self.query.count(session(), state, reader, IN_REQUEST + 1) > IN_REQUEST:
            return redirect_to(self._offer_href(form, state.query(), everything=_everything()))
        columns = columns_of(self.query, state, everything=_everything())
        made = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - the response closes it
        with database().read(context(), suite()) as reading:
            write_list(made, form, self.query, reading, state, reader, columns)
        made.seek(0)
        audit_now(export_event(self.resource, context(), form, state.query()))
        response = Response(wrap_file(request.environ, made), mimetype=MEDIA_TYPES[form])
        name = file_name(self.resource, context(), form)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def offer(self, form: str) -> Response:
        """Say what will be made, or have it made."""
        if form not in MEDIA_TYPES:
            raise NotFound(_("A list can be had as CSV or as an Excel workbook."))
        reader = Reader.of(context(), suite())
        state = asked_state(self.resource, reader)
        everything = _everything()
        if request.method == "POST":
            asked = AskExport(
                resource=self.resource.name, form=form, query=state.query(), everything=everything
            )
            return redirect_to(self._href("export_run", run=ask_export(session(), asked).id))
        count = self.query.count(session(), state, reader, IN_REQUEST + 1)
        number = formats.number(min(count, IN_REQUEST), reader.locale)
        more = count > IN_REQUEST
        rows = _("more than %(n)s", n=number) if more else number
        names = ", ".join(
            str(one.label) for one in columns_of(self.query, state, everything=everything)
        )
        make = view.Button(
            _("Write the file"),
            self._offer_href(form, state.query(), everything=everything),
            icon="download",
            kind="primary",
            method="post",
            shortcut="Ctrl+Enter",
        )
        return self._page(
            form,
            notes=(
                view.Note(
                    _(
                        "The file is written in the background, from what is there when that"
                        " begins. You need not wait on its page."
                    )
                ),
                *self._about_sheets(form, reader),
            ),
            facts=(
                view.FieldView("rows", _("Rows"), rows),
                view.FieldView("columns", _("Columns"), names, wide=True),
            ),
            buttons=(make, self._back()),
            earlier=self._earlier(reader),
        )

    def run(self, run: int) -> Response:
        """How far the writing of a file is, or where the file is."""
        row = own_run(session(), ExportRun, run)
        reader = Reader.of(context(), suite())
        here = self._href("export_run", run=row.id)
        progress = run_progress(session(), row, self._title(row.format), here)
        if wants_fragment() and progress is not None and progress.poll_href:
            return fragment("components/progress_live.html", progress=progress)
        if wants_fragment():
            return redirect_to(here)
        if progress is None:
            return self._finished(row, reader)
        if progress.poll_href:
            cancel = view.Button(
                _("Cancel"),
                self._href("cancel_export", run=row.id),
                icon="x",
                method="post",
            )
            return self._page(row.format, progress=progress, buttons=(cancel, self._back()))
        again = self._again(row)
        return self._page(row.format, progress=progress, buttons=(again, self._back()))

    def cancel(self, run: int) -> Response:
        """Stop the writing of a file."""
        row = cancel_export(session(), run)
        flash_done(_("Cancelled: no file was made."))
        return redirect_to(self._href("export_run", run=row.id))

    def file(self, run: int) -> Response:
        """The file that was written."""
        row = own_run(session(), ExportRun, run)
        if row.file_id is None:
            raise NotFound(_("The file is not written yet."))
        return hand_over(row.file_id)

    def _finished(self, row: ExportRun, reader: Reader) -> Response:
        until = formats.instant_text(row.expires_at, reader.time_zone, reader.locale)
        count = ngettext(
            "%(count)s row",
            "%(count)s rows",
            row.rows,
            count=formats.number(row.rows, reader.locale),
        )
        if row.expires_at is None or row.expires_at <= now():
            note = view.Note(
                _("The file was kept until %(until)s and is gone.", until=until), "warn"
            )
            return self._page(row.format, notes=(note,), buttons=(self._again(row), self._back()))
        file = session().get(PrivateFile, row.file_id)
        blob = session().get(Blob, file.sha256) if file else None
        size = f", {size_text(blob.size)}" if blob else ""
        return self._page(
            row.format,
            notes=(
                view.Note(
                    _(
                        "Only you can fetch the file, until %(until)s; then it is deleted.",
                        until=until,
                    ),
                    "ok",
                    _("Ready: %(rows)s%(size)s.", rows=count, size=size),
                ),
            ),
            buttons=(
                view.Button(
                    _("Download"),
                    self._href("export_file", run=row.id),
                    icon="download",
                    kind="primary",
                    shortcut="Ctrl+Enter",
                ),
                self._back(),
            ),
        )

    def _page(
        self,
        form: str,
        *,
        progress: view.ProgressView | None = None,
        notes: tuple[view.Note, ...] = (),
        facts: tuple[view.FieldView, ...] = (),
        buttons: tuple[view.Button, ...] = (),
        earlier: tuple[view.Row, ...] = (),
    ) -> Response:
        title = self._title(form)
        back = url_for(endpoint_of(self.resource, "list"))
        return page(
            "resources/export.html",
            crumbs=(view.Crumb(self.resource.label_many, back), view.Crumb(title)),
            title=title,
            progress=progress,
            notes=notes,
            facts=facts,
            buttons=buttons,
            heads=(
                view.Head("asked", _("Asked for")),
                view.Head("format", _("File")),
                view.Head("state", _("State")),
            ),
            earlier=earlier,
        )

    def _earlier(self, reader: Reader) -> tuple[view.Row, ...]:
        """What was written of this list lately, so that a page that was left is found again."""
        return tuple(
            view.Row(
                (
                    view.Cell(
                        formats.instant_text(one.created_at, reader.time_zone, reader.locale)
                    ),
                    view.Cell(str(LABELS[one.format])),
                    view.Cell(_standing(one, state, reader), "prose"),
                ),
                href=self._href("export_run", run=one.id),
                id=str(one.id),
            )
            for one, state in latest_exports(session(), self.resource)
        )

    def _title(self, form: str) -> str:
        return _("%(things)s as %(format)s", things=self.resource.label_many, format=LABELS[form])

    def _about_sheets(self, form: str, reader: Reader) -> tuple[view.Note, ...]:
        if form != XLSX:
            return ()
        rows = formats.number(ROWS_OF_A_SHEET, reader.locale)
        return (
            view.Note(
                _("An Excel sheet holds %(n)s rows; what is beyond goes on to more sheets.", n=rows)
            ),
        )

    def _href(self, name: str, **values: Any) -> str:
        return url_for(endpoint_of(self.resource, name), **values)

    def _offer_href(self, form: str, query: Mapping[str, str], *, everything: bool) -> str:
        asked = {**query, **({} if everything else {"shown": "1"})}
        base = self._href("offer_export", form=form)
        return f"{base}?{urlencode(asked)}" if asked else base

    def _again(self, row: ExportRun) -> view.Button:
        href = self._offer_href(row.format, row.query, everything=row.everything)
        return view.Button(_("Have it written again"), href, icon="refresh", method="post")

    def _back(self) -> view.Button:
        href = url_for(endpoint_of(self.resource, "list"))
        return view.Button(_("Back to the list"), href)


def _standing(run: ExportRun, job: JobState, reader: Reader) -> str:
    if job in UNDER_WAY:
        return _("Being written")
    if run.expires_at is None:
        return _("Cancelled") if job is JobState.CANCELLED else _("Stopped")
    if run.expires_at <= now():
        return _("Gone")
    until = formats.instant_text(run.expires_at, reader.time_zone, reader.locale)
    return _("Ready until %(until)s", until=until)


def _everything() -> bool:
    """Whether all columns are wanted, not only those that the list shows."""
    return not request.args.get("shown")
