"""The pages of an action over many records: what will happen, how far it is, what was left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict

from backstay.errors import Malformed
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.lists import filters as narrow
from backstay.lists.bulk import MOST, Plan, RunBulk, Skipped, bulk_form, plan, run_bulk, too_many
from backstay.lists.models import BulkRun, RunState
from backstay.lists.run_progress import run_progress
from backstay.lists.runs import own_run
from backstay.resources import formats
from backstay.resources.forms import schema_of, sections_of
from backstay.resources.urls import RecordLinks, endpoint_of
from backstay.web import page as view
from backstay.web.render import fragment, page, redirect_to, wants_fragment
from backstay.web.request import flash_done, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Action
    from backstay.resources.forms import CommandForm, Desk

_SHOWN: Final = 200
_LONGEST_IDS: Final = MOST * 20


def bulk_answer(query: ResourceQuery, action: Action, desk: Desk) -> Response:
    """Say what would be done with the selection, or do it."""
    if request.method == "POST":
        return _posted(query, action, desk)
    ids = _selection(query, desk)
    if len(ids) > MOST:
        return _too_many(query, action, desk)
    planned = plan(session(), query.resource, action, ids)
    initial: dict[str, Any] = {}
    if action.bulk is not None and action.bulk.initial is not None and planned.todo:
        initial = action.bulk.initial(session(), planned.todo)
    return _shown(query, action, desk, ids, planned, bulk_form(desk, action, initial=initial))


def _selection(query: ResourceQuery, desk: Desk) -> list[int]:
    if request.args.get("all"):
        # The boxes of the page are sent too; what counts is the filter.
        asked = [one for one in request.args.items(multi=True) if one[0] not in {"id", "all"}]
        state = narrow.read_state(query.resource, MultiDict(asked), desk.reader)
        return query.ids(session(), state, desk.reader, MOST + 1)
    return _numbers(request.args.getlist("id"))


def _numbers(texts: Sequence[str]) -> list[int]:
    if not all(text.isascii() and text.isdigit() and len(text) < 20 for text in texts):  # noqa: PLR2004
        raise Malformed(_("The selection holds something that is no record."), field="id")
    return list(dict.fromkeys(int(text) for text in texts))


def _posted(query: ResourceQuery, action: Action, desk: Desk) -> Response:
    typed = request.form.get("records", "")
    if len(typed) > _LONGEST_IDS:
        return _too_many(query, action, desk)
    ids = _numbers([one for one in typed.split(",") if one])
    form = bulk_form(desk, action, formdata=request.form)
    if not ids or (schema_of(action.operation.command).fields and not form.validate()):
        planned = plan(session(), query.resource, action, ids)
        return _shown(query, action, desk, ids, planned, form, form.problems(), 422)
    inputs = {
        field.name: request.form.getlist(field.name)
        for field in schema_of(action.operation.command).fields
        if field.name in request.form
    }
    run = run_bulk(session(), RunBulk(query.resource.name, action.name, tuple(ids), inputs))
    if run.state is RunState.DONE and not run.skipped:
        flash_done(_told(action, run.done))
        return redirect_to(_back(query))
    return redirect_to(url_for(endpoint_of(query.resource, "bulk_run"), run=run.id))


def _told(action: Action, count: int) -> str:
    return ngettext(
        "“%(action)s”: %(n)s record done.",
        "“%(action)s”: %(n)s records done.",
        count,
        action=action.operation.label,
    )


def _shown(
    query: ResourceQuery,
    action: Action,
    desk: Desk,
    ids: Sequence[int],
    planned: Plan,
    form: CommandForm,
    errors: tuple[view.FormProblem, ...] = (),
    status: int = 200,
) -> Response:
    resource, label = query.resource, action.operation.label
    count = len(planned.todo)
    number = formats.number(count, desk.reader.locale)
    submit = view.Button(
        ngettext(
            "%(action)s %(count)s record",
            "%(action)s %(count)s records",
            count,
            action=label,
            count=number,
        ),
        icon=action.icon,
        kind="danger" if action.danger else "primary",
        shortcut="Ctrl+Enter",
    )
    shown = view.FormPage(
        title=_("%(action)s: %(things)s", action=label, things=resource.label_many),
        form=form,
        sections=sections_of(form, action.operation.sections, _("For all of them"))
        if count
        else (),
        submit=submit,
        cancel_href=_back(query),
        action=_with_filters(url_for(endpoint_of(resource, "bulk", action.name))),
        help=action.operation.help,
        errors=errors,
        notes=(view.Note(action.confirm, "warn"),) if action.confirm and count else (),
    )
    return page(
        "resources/bulk.html",
        status=status,
        page=shown,
        crumbs=_crumbs(query, str(label)),
        figures=_figures(count, len(planned.skipped), len(ids), desk.reader.locale),
        todo=count,
        records=",".join(str(one.id) for one in planned.todo),
        **_left(query, planned.skipped),
    )


def _too_many(query: ResourceQuery, action: Action, desk: Desk) -> Response:
    """A selection beyond the limit is refused with the way back to the list as it was."""
    label = action.operation.label
    return page(
        "resources/bulk_refused.html",
        status=422,
        title=_("%(action)s: %(things)s", action=label, things=query.resource.label_many),
        crumbs=_crumbs(query, str(label)),
        why=too_many(desk.reader.locale),
        back=view.Button(_("Back to the list"), _back(query), "arrow-left"),
    )


def _crumbs(query: ResourceQuery, last: str) -> tuple[view.Crumb, ...]:
    back = _back(query)
    return (view.Crumb(query.resource.label_many, back), view.Crumb(last))


def _back(query: ResourceQuery) -> str:
    return _with_filters(url_for(endpoint_of(query.resource, "list")))


def _with_filters(base: str) -> str:
    """An address with the filters of the list from which the selection comes."""
    kept = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in {"id", "all"} and value and "\x00" not in value
    ]
    return f"{base}?{urlencode(kept)}" if kept else base


def _figures(done: int, skipped: int, all_: int, locale: str) -> tuple[view.Figure, ...]:
    return (
        view.Figure(_("Selected"), formats.number(all_, locale)),
        view.Figure(_("Will be done"), formats.number(done, locale), tone="ok"),
        view.Figure(
            _("Skipped"), formats.number(skipped, locale), tone="warn" if skipped else "neutral"
        ),
    )


def _left(query: ResourceQuery, skipped: Sequence[Skipped]) -> dict[str, Any]:
    """The table of what is left as it is, with the reason of each."""
    href = RecordLinks(query.resource)
    rows = tuple(
        view.Row(
            (view.Cell(one.label), view.Cell(one.reason, "prose")),
            href=href(int(one.id)) if href else None,
            id=one.id,
        )
        for one in skipped[:_SHOWN]
    )
    more = len(skipped) - len(rows)
    return {
        "heads": (view.Head("record", query.resource.label), view.Head("why", _("Why"))),
        "rows": rows,
        "more": ngettext("and %(n)s more", "and %(n)s more", more) if more > 0 else "",
    }


def run_answer(query: ResourceQuery, run_id: int, desk: Desk) -> Response:
    """How far a run is, or what it did and left."""
    run = own_run(session(), BulkRun, run_id)
    action = next((one for one in query.resource.actions if one.name == run.action), None)
    label = str(action.operation.label) if action else run.action
    here = url_for(endpoint_of(query.resource, "bulk_run"), run=run.id)
    progress = run_progress(session(), run, label, here, total=len(run.records), done=run.done)
    if wants_fragment() and progress is not None and progress.poll_href:
        return fragment("components/progress_live.html", progress=progress)
    if wants_fragment():
        return redirect_to(here)
    locale = desk.reader.locale
    skipped = [Skipped(*one) for one in run.skipped]
    return page(
        "resources/bulk_run.html",
        title=_("%(action)s: %(things)s", action=label, things=query.resource.label_many),
        crumbs=_crumbs(query, label),
        progress=progress,
        figures=(
            view.Figure(_("Selected"), formats.number(len(run.records), locale)),
            view.Figure(_("Done"), formats.number(run.done, locale), tone="ok"),
            view.Figure(
                _("Skipped"),
                formats.number(len(skipped), locale),
                tone="warn" if skipped else "neutral",
            ),
        ),
        back=view.Button(_("Back to the list"), href=url_for(endpoint_of(query.resource, "list"))),
        **_left(query, skipped),
    )
