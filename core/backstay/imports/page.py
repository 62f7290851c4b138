"""What the page of an import shows: where it stands, what was found, what can be done now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flask import url_for

from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.imports.buttons import buttons_of
from backstay.imports.models import ImportState
from backstay.imports.resources import IMPORTS, STATES
from backstay.imports.services import is_stuck, job_of
from backstay.imports.store import problems_of, staged
from backstay.jobs.models import JobState
from backstay.jobs.progress import progress_text
from backstay.resources.formats import instant_text, number
from backstay.resources.serialize import Reader
from backstay.resources.timeline import timeline
from backstay.web.page import (
    Cell,
    FieldView,
    Figure,
    Head,
    Note,
    PanelView,
    ProgressView,
    RecordPage,
    Row,
    Step,
    Tag,
    TimelineItem,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.imports.declare import ImportKind
    from backstay.imports.models import Import
    from backstay.kernel.suite import Suite
    from backstay.web.page import StepState

_SHOWN_ROWS: Final = 10
_SHOWN_PROBLEMS: Final = 20
_WORKING: Final = (ImportState.UPLOADED, ImportState.COMMITTING)
_PLACE: Final = {
    ImportState.UPLOADED: 1,
    ImportState.REFUSED: 1,
    ImportState.READY: 2,
    ImportState.COMMITTING: 3,
    ImportState.DONE: 4,
}


@dataclass(frozen=True, slots=True)
class TableView:
    """A table in a panel; ``more`` are rows that are shown when they are asked for."""

    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    more: tuple[Row, ...] = ()
    foot: str = ""


@dataclass(frozen=True, slots=True)
class ImportPage:
    """The page of an import.

    Arguments:
        record: head, buttons, panels and history.
        progress: the job under way, or the one that was given up.
    """

    record: RecordPage
    figures: tuple[Figure, ...]
    facts: tuple[FieldView, ...]
    progress: ProgressView | None


def import_page(
    session: Session, suite: Suite, kind: ImportKind, row: Import, reader: Reader
) -> ImportPage:
    """Put the page of an import together."""
    progress = progress_of(session, row)
    working = progress is not None and progress.state in {"waiting", "running"}
    stuck = progress is not None and not working
    buttons = buttons_of(kind, row, working=working, stuck=stuck)
    return ImportPage(
        record=RecordPage(
            title=row.file_name,
            subtitle=kind.label,
            status=_status(row),
            steps=_steps(row.state),
            primary=buttons.primary,
            actions=buttons.actions,
            menu=buttons.menu,
            panels=(*_problems(kind, row), *_preview(session, kind, row)),
            timeline=_history(session, suite, row, reader),
            notes=_notes(kind, row, working=working),
        ),
        figures=() if working or not row.rows else _figures(kind, row, reader),
        facts=_facts(kind, row, reader),
        progress=progress,
    )


def _history(
    session: Session, suite: Suite, row: Import, reader: Reader
) -> tuple[TimelineItem, ...]:
    """Who moved the import on, and why; its counts and problems have their own places."""
    state = str(_("State"))
    told: list[TimelineItem] = []
    for item in timeline(session, suite, IMPORTS, row, reader):
        changes = tuple(one for one in item.changes if str(one.field) == state)
        if changes or not item.changes:
            told.append(replace(item, changes=changes))
    return tuple(told)


def progress_of(session: Session, row: Import) -> ProgressView | None:
    """The job that works on an import; None when nothing is to be waited for."""
    if row.state not in _WORKING:
        return None
    job = job_of(session, row)
    if is_stuck(job):
        if job is not None and job.state is JobState.CANCELLED:
            return ProgressView(
                title=_("Cancelled"), state="failed", text=_("Nothing was imported.")
            )
        return ProgressView(
            title=_("The job was given up"),
            state="failed",
            text=_(
                "Nothing was imported. %(error)s You can try again.",
                error=_sentence(job.error if job else ""),
            ),
        )
    checking = row.state is ImportState.UPLOADED
    return ProgressView(
        title=_("The file is being checked") if checking else _("The records are being made"),
        state="running" if job and job.state is JobState.RUNNING else "waiting",
        text=progress_text(job),
        done=job.progress_done if job else 0,
        total=(job.progress_total or None) if job else None,
        poll_href=url_for("core_imports.progress", id=row.id),
    )


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _status(row: Import) -> Tag:
    choice = next(one for one in STATES if one.value == row.state.value)
    return Tag(choice.label, choice.tone)


def _steps(state: ImportState) -> tuple[Step, ...]:
    here = _PLACE.get(state)
    if here is None:
        return ()
    labels = (_("Upload"), _("Check"), _("Confirm"), _("Import"))

    def standing(place: int) -> StepState:
        if place < here:
            return "done"
        return "current" if place == here else "next"

    return tuple(Step(label, standing(place)) for place, label in enumerate(labels))


def _notes(kind: ImportKind, row: Import, *, working: bool) -> tuple[Note, ...]:
    if working:
        return ()
    told = tuple(Note(note) for note in row.notes)
    if row.state is ImportState.REFUSED:
        said = ngettext(
            "One problem keeps the whole file out; nothing was imported.",
            "%(n)s problems keep the whole file out; nothing was imported.",
            row.problem_count,
        )
        return (Note(said, "bad", _("Refused.")), *told)
    if row.state is ImportState.READY:
        said = _(
            "The file was checked and nothing is wrong with it. Nothing is imported before you"
            " confirm."
        )
        return (Note(said, "ok", _("Ready.")), *told)
    if row.state is ImportState.DONE and row.problem_count:
        said = ngettext(
            "What is wrong with the file (%(n)s problem) was left out.",
            "What is wrong with the file (%(n)s problems) was left out.",
            row.problem_count,
        )
        told = (Note(said, "warn", _("In part.")), *told)
    if row.state is ImportState.DONE:
        said = _(
            "%(new)s new %(noun)s, %(present)s already there.",
            new=row.new,
            noun=kind.noun if row.new == 1 else kind.noun_many,
            present=row.present,
        )
        return (Note(said, "ok", _("Done.")), *told)
    return told


def _figures(kind: ImportKind, row: Import, reader: Reader) -> tuple[Figure, ...]:
    figures = [Figure(_("Rows in the file"), number(row.rows, reader.locale), icon="layout-rows")]
    if row.problem_count:
        count = number(row.problem_count, reader.locale)
        figures.append(Figure(_("Problems"), count, tone="bad", icon="alert-circle"))
    if row.state is not ImportState.REFUSED:
        new = _("New %(records)s", records=kind.noun_many)
        present = number(row.present, reader.locale)
        figures += [
            Figure(new, number(row.new, reader.locale), tone="ok", icon="plus"),
            Figure(_("Already there"), present, icon="check"),
        ]
    return tuple(figures)


def _facts(kind: ImportKind, row: Import, reader: Reader) -> tuple[FieldView, ...]:
    def at(name: str, label: str, value: object) -> FieldView:
        return FieldView(name, label, str(value))

    facts = [
        FieldView(
            "file", _("File"), row.file_name, href=url_for("core_imports.original", id=row.id)
        ),
        at("kind", _("Kind"), kind.label),
        at("by", _("Uploaded by"), row.created_by),
        at("on", _("On"), instant_text(row.created_at, reader.time_zone, reader.locale)),
    ]
    if row.finished_at is not None:
        ended = instant_text(row.finished_at, reader.time_zone, reader.locale)
        facts.append(at("ended", _("Ended"), ended))
    facts.append(FieldView("hash", _("SHA-256"), row.file_hash, "code", wide=True))
    return tuple(facts)


def _problems(kind: ImportKind, row: Import) -> tuple[PanelView, ...]:
    problems = problems_of(row)
    if not problems:
        return ()
    labels = {column.name: column.label for column in kind.columns}
    foot = (
        _(
            "The first %(shown)s of %(all)s problems are shown.",
            shown=len(problems),
            all=row.problem_count,
        )
        if row.problem_count > len(problems)
        else ""
    )
    rows = tuple(
        Row(
            (
                Cell("" if one.row is None else str(one.row), "number"),
                Cell(labels.get(one.field or "", one.field or ""), "muted"),
                Cell(one.message, "prose"),
            )
        )
        for one in problems
    )
    table = TableView(
        heads=(
            Head("row", _("Row"), "end"),
            Head("column", _("Column")),
            Head("message", _("What is wrong")),
        ),
        rows=rows[:_SHOWN_PROBLEMS],
        more=rows[_SHOWN_PROBLEMS:],
        foot=foot,
    )
    return (PanelView(_("Problems"), "imports/table_panel.html", table, flush=True),)


def _preview(session: Session, kind: ImportKind, row: Import) -> tuple[PanelView, ...]:
    first = staged(session, row.id, limit=_SHOWN_ROWS)
    if not first:
        return ()
    filled = [one for one in kind.columns if any(read.values.get(one.name) for read in first)]
    table = TableView(
        heads=(
            Head("number", _("Row"), "end"),
            *(Head(column.name, column.label) for column in filled),
        ),
        rows=tuple(
            Row(
                (
                    Cell(str(one.number), "number"),
                    *(Cell(one.values.get(column.name, ""), "named") for column in filled),
                )
            )
            for one in first
        ),
        foot=_("The first %(shown)s of %(all)s rows.", shown=len(first), all=row.rows)
        if row.rows > len(first)
        else "",
    )
    return (PanelView(_("Rows as they were read"), "imports/table_panel.html", table, flush=True),)
