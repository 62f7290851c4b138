"""A plugin that keeps every rule, and breaks exactly one of them on demand."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from flask import Response, redirect, request
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.access.permissions import FieldGroup, Permission, Risk
from backstay.db.base import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    Versioned,
    plugin_metadata,
    short,
)
from backstay.db.context import authorize, company_of, operator_context
from backstay.db.versions import check_version
from backstay.errors import Conflict, NotFound
from backstay.jobs.declare import JobKind
from backstay.kernel.load import _prepare
from backstay.kernel.suite import Part
from backstay.resources.declare import Action, Choice, Column, Filter, Kind, Operation, Resource
from backstay.resources.fields import TextField
from backstay.testing.attack import JobSample
from backstay.web.blueprint import PluginBlueprint, requires
from backstay.web.request import database, session

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.kernel.suite import Suite

VIEW = Permission("hostile.note.view", "see notes", Risk.READ)
EDIT = Permission("hostile.note.edit", "change notes")
HUSH_READ = Permission("hostile.hush.read", "read hushed texts", Risk.READ)
HUSH_WRITE = Permission("hostile.hush.write", "write hushed texts")
HUSHED = FieldGroup("hostile.hushed", "Hushed", HUSH_READ, HUSH_WRITE)


class NoteState(enum.Enum):
    OPEN = "open"
    DONE = "done"


STATES = (Choice("open", "Open"), Choice("done", "Done"))


@dataclass(frozen=True, kw_only=True)
class Change:
    id: int
    version: int | None = None
    name: Annotated[str, TextField(label="Name", max_length=120, min_length=1)]
    hush: Annotated[str, TextField(label="Hushed", max_length=120, group=HUSHED)] = ""


@dataclass(frozen=True, kw_only=True)
class ChangeAnything:
    """The same, with a field that forgets its group."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label="Name", max_length=120, min_length=1)]
    hush: Annotated[str, TextField(label="Hushed", max_length=120)] = ""


def with_hostile(suite: Suite, root: Path, fault: str = "") -> tuple[Suite, tuple[Any, ...]]:
    """The suite with the plugin, which has one fault, and the plugin's samples."""
    part, samples = hostile_part(fault)
    found = replace(next(iter(suite.found.values())), name="hostile", root=root)
    changed = replace(
        suite,
        parts=(suite.part("core"), part),
        found={**suite.found, "hostile": found},
        permissions={},
        resources={},
        jobs={},
        imports={},
        services={},
    )
    return changed, samples


def hostile_part(fault: str) -> tuple[Part, tuple[Any, ...]]:  # noqa: C901, PLR0915
    class Base(Model, DeclarativeBase):
        metadata = plugin_metadata("hostile")
        type_annotation_map = ANNOTATIONS

    class Note(Identified, CompanyScoped, Versioned, Base):
        __tablename__ = "hostile_note"
        __audit__ = Audit.FULL
        __field_groups__ = {"hush": "hostile.hushed"}  # noqa: RUF012

        name: Mapped[str] = mapped_column(short(120))
        hush: Mapped[str] = mapped_column(short(120), default="")
        secret_of: Mapped[str] = mapped_column(short(40), default="")
        state: Mapped[NoteState] = mapped_column(default=NoteState.OPEN)

    @dataclass(frozen=True, kw_only=True)
    class Write:
        name: Annotated[str, TextField(label="Name", max_length=120, min_length=1)]

    @dataclass(frozen=True, kw_only=True)
    class Finish:
        id: int

    def write(session: Any, command: Any) -> Any:
        authorize(session, EDIT)
        note = Note(company_id=company_of(session).id, name=command.name)
        if fault == "columns":
            note.secret_of = request.form.get("secret_of", "") if request else ""
        if fault == "api-texts":
            note.name = str(Markup.escape(command.name))
        session.add(note)
        session.flush()
        if fault in {"faults", "api-faults"}:
            session.commit()
            session.add(Note(company_id=company_of(session).id, name="second"))
            session.flush()
        return note

    def change(session: Any, command: Any) -> Any:
        authorize(session, EDIT)
        note = session.get(Note, command.id)
        if note is None:
            raise NotFound("There is no such note.")
        check_version(note, command.version)
        note.name, note.hush = command.name, command.hush
        session.flush()
        return note

    def present(_session: Any, note: Any) -> dict[str, Any]:
        return {"name": note.name, **({} if fault == "api-columns" else {"hush": note.hush})}

    def finish(session: Any, command: Any) -> Any:
        authorize(session, EDIT)
        note = session.get(Note, command.id)
        if note is None:
            raise NotFound("There is no such note.")
        if note.state is not NoteState.OPEN and fault != "states":
            raise Conflict("It is done.")
        if fault != "api-states":
            note.state = NoteState.DONE
        return note

    def run(job: Any) -> None:
        notes = job.session.scalars(select(Note).where(Note.name == "from a job")).all()
        if not notes or fault == "jobs":
            company = company_of(job.session)
            job.session.add(Note(company_id=company.id, name="from a job"))

    create = None if fault == "samples" else Operation(write, Write, EDIT, "New note")
    notes = Resource(
        name="hostile.note",
        path="notes",
        model=Note,
        view=VIEW,
        label="Note",
        label_many="Notes",
        icon="star",
        columns=(
            Column("name", "Name", Note.name, link=True),
            Column("state", "State", Note.state, Kind.STATE, choices=STATES),
            Column("hush", "Hushed", Note.hush, group=HUSHED),
        ),
        filters=(Filter("state", "State", Note.state, STATES),),
        title=(lambda note: f"{note.name} {note.hush}") if fault == "groups" else None,
        state="state",
        create=create,
        update=Operation(
            change,
            ChangeAnything if fault == "api-groups" else Change,
            EDIT,
            "Edit",
            initial=present,
        ),
        actions=(
            Action(
                "finish",
                Operation(finish, Finish, EDIT, "Finish"),
                states=("open",),
                leads_to="done",
            ),
        ),
    )
    pages = PluginBlueprint("hostile", __name__)

    @pages.get("/bespoke/<int:id>")
    @requires(VIEW)
    def bespoke(id: int) -> Any:  # noqa: A002
        if fault == "foreign-ids":
            with database().read(operator_context("system:hostile")) as everything:
                note = everything.get(Note, id)
        else:
            note = session().get(Note, id)
        if note is None:
            raise NotFound("There is no such note.")
        if fault == "reading":
            with database().write(operator_context("system:hostile")) as writing:
                writing.get_one(Note, id).secret_of += "x"
        if fault == "parameters":
            int(request.args.get("page", "1"))
        if fault == "redirects" and "next" in request.args:
            return redirect(request.args["next"])
        text = note.name if fault == "texts" else str(Markup.escape(note.name))
        response = Response(f"<p>{text}</p>", mimetype="text/html")
        if fault == "headers":
            response.set_cookie("hostile", "1")
        return response

    part = Part(
        plugin="hostile",
        base=Base,
        permissions=(VIEW, EDIT, HUSH_READ, HUSH_WRITE),
        field_groups=(HUSHED,),
        resources=(notes,),
        blueprints=(pages,),
        jobs=(JobKind("hostile.remember", "Remember", run),),
    )
    _prepare(part)
    return part, (JobSample(job="hostile.remember", arguments=lambda _making: {}),)


__all__ = ["hostile_part", "with_hostile"]
