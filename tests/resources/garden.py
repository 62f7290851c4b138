"""A small plugin that keeps gardens: one model of every kind that a resource can declare."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select, true
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from backstay.access.permissions import FieldGroup, Permission, Risk
from backstay.db.base import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    Scope,
    Versioned,
    plugin_metadata,
    short,
)
from backstay.db.context import authorize, company_of
from backstay.db.types import Id
from backstay.db.versions import check_version
from backstay.errors import Conflict, Invalid, NotFound, Stale
from backstay.files.declare import Attachments
from backstay.resources.declare import (
    Action,
    Bulk,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Related,
    Resource,
    Section,
)
from backstay.resources.fields import (
    BoolField,
    ChoiceField,
    ChoicesField,
    DateField,
    MoneyField,
    NumberField,
    PickerField,
    TextField,
)

VIEW = Permission("garden.plant.view", "see plants", Risk.READ)
EDIT = Permission("garden.plant.edit", "change plants")
PICK = Permission("garden.plant.pick", "pick plants")
VIEW_BEDS = Permission("garden.bed.view", "see beds", Risk.READ)
VIEW_TOOLS = Permission("garden.tool.view", "see tools", Risk.READ)
READ_NOTES = Permission("garden.note.read", "read secret notes", Risk.READ)
WRITE_NOTES = Permission("garden.note.write", "write secret notes")
NOTES = FieldGroup("garden.notes", "Secret notes", READ_NOTES, WRITE_NOTES)
EVERYTHING = (VIEW, EDIT, PICK, VIEW_BEDS, VIEW_TOOLS, READ_NOTES, WRITE_NOTES)


class GardenBase(Model, DeclarativeBase):
    metadata = plugin_metadata("garden")
    type_annotation_map = ANNOTATIONS


class PlantState(enum.Enum):
    SEED = "seed"
    GROWING = "growing"
    PICKED = "picked"


class Bed(Identified, CompanyScoped, Versioned, GardenBase):
    __tablename__ = "garden_bed"
    __audit__ = Audit.FULL

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(200))
    open: Mapped[bool] = mapped_column(default=True)


class Plant(Identified, CompanyScoped, Versioned, GardenBase):
    __tablename__ = "garden_plant"
    __audit__ = Audit.FULL
    __field_groups__ = {"note": "garden.notes"}  # noqa: RUF012
    __table_args__ = (
        Index("ix_garden_plant_company_id_code_id", "company_id", "code", "id"),
        CheckConstraint("height IS NULL OR height <> 777", name="height"),
    )

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(200))
    price: Mapped[Decimal]
    planted: Mapped[date | None]
    watered_at: Mapped[datetime | None]
    height: Mapped[int | None]
    edible: Mapped[bool] = mapped_column(default=False)
    state: Mapped[PlantState] = mapped_column(default=PlantState.SEED)
    bed_id: Mapped[int | None] = mapped_column(Id, ForeignKey("garden_bed.id"))
    note: Mapped[str] = mapped_column(short(200), default="")


class Tool(Identified, GardenBase):
    __tablename__ = "garden_tool"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL

    name: Mapped[str] = mapped_column(short(80))


STATES = (
    Choice("seed", "Seed"),
    Choice("growing", "Growing", "info"),
    Choice("picked", "Picked", "ok"),
)


@dataclass(frozen=True, slots=True)
class SowPlant:
    code: Annotated[str, TextField(label="Code", max_length=20, pattern="[A-Z0-9-]+")]
    name: Annotated[str, TextField(label="Name")]
    price: Annotated[Decimal, MoneyField(label="Price")]
    planted: Annotated[date | None, DateField(label="Planted on")] = None
    height: Annotated[int | None, NumberField(label="Height", minimum=0, maximum=900)] = None
    edible: Annotated[bool, BoolField(label="Edible")] = False
    bed_id: Annotated[int | None, PickerField(label="Bed", resource="garden.bed")] = None
    note: Annotated[str, TextField(label="Note", group=NOTES)] = ""
    uses: Annotated[
        tuple[str, ...],
        ChoicesField(label="Uses", choices=(Choice("soup", "Soup"), Choice("tea", "Tea"))),
    ] = ()
    start: Annotated[PlantState, ChoiceField(label="Start as", choices=STATES[:2])] = (
        PlantState.SEED
    )


@dataclass(frozen=True, slots=True)
class EditPlant:
    id: int
    version: int
    name: Annotated[str, TextField(label="Name")]
    price: Annotated[Decimal, MoneyField(label="Price")]
    bed_id: Annotated[int | None, PickerField(label="Bed", resource="garden.bed")] = None
    note: Annotated[str, TextField(label="Note", group=NOTES)] = ""


@dataclass(frozen=True, slots=True)
class TouchPlant:
    id: int


@dataclass(frozen=True, slots=True)
class PickPlant:
    id: int
    reason: Annotated[str, TextField(label="Reason")]
    version: int | None = None


def sow_plant(session: Session, command: SowPlant) -> Plant:
    authorize(session, EDIT)
    if session.scalar(select(func.count(Plant.id)).where(Plant.code == command.code)):
        raise Invalid(f"The code {command.code} is taken.", field="code")
    plant = Plant(
        company_id=company_of(session).id,
        code=command.code,
        name=command.name,
        price=command.price,
        planted=command.planted,
        height=command.height,
        edible=command.edible,
        bed_id=command.bed_id,
        note=command.note,
        state=command.start,
    )
    session.add(plant)
    session.flush()
    return plant


def _plant(session: Session, plant_id: int) -> Plant:
    plant = session.scalars(select(Plant).where(Plant.id == plant_id)).one_or_none()
    if plant is None:
        raise NotFound("There is no such plant.")
    return plant


def edit_plant(session: Session, command: EditPlant) -> Plant:
    authorize(session, EDIT)
    plant = _plant(session, command.id)
    check_version(plant, command.version)
    plant.name = command.name
    if command.name == "Late":
        session.flush()
        raise Stale("Somebody was faster.")
    plant.price = command.price
    plant.bed_id = command.bed_id
    plant.note = command.note
    return plant


def water_plant(session: Session, command: TouchPlant) -> Plant:
    authorize(session, EDIT)
    plant = _plant(session, command.id)
    if plant.state is PlantState.PICKED:
        raise Conflict("It is picked.")
    plant.state = PlantState.GROWING
    plant.watered_at = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    return plant


def pick_plant(session: Session, command: PickPlant) -> Plant:
    authorize(session, PICK)
    plant = _plant(session, command.id)
    if command.reason == "rot":
        raise Invalid("It may not rot.", field="reason")
    plant.state = PlantState.PICKED
    return plant


def weed_plant(session: Session, command: PickPlant) -> Plant:
    authorize(session, PICK)
    plant = _plant(session, command.id)
    plant.state = PlantState.PICKED
    session.flush()
    if plant.name == "Weed":
        raise Conflict("Weeds do not wither.")
    return plant


def uproot_plant(session: Session, command: TouchPlant) -> None:
    authorize(session, EDIT)
    session.delete(_plant(session, command.id))


def _keeps(_session: Session, plant: Plant) -> str | None:
    return "A picked plant keeps its pictures." if plant.state is PlantState.PICKED else None


PLANTS = Resource(
    name="garden.plant",
    path="plants",
    model=Plant,
    view=VIEW,
    label="Plant",
    label_many="Plants",
    icon="star",
    help="What grows in the garden.",
    columns=(
        Column("code", "Code", Plant.code, Kind.CODE, sortable=True),
        Column("name", "Name", Plant.name, sortable=True, link=True),
        Column("price", "Price", Plant.price, Kind.MONEY, sortable=True),
        Column("planted", "Planted", Plant.planted, Kind.DATE, sortable=True),
        Column("watered_at", "Watered", Plant.watered_at, Kind.INSTANT),
        Column("height", "Height", Plant.height, Kind.NUMBER, sortable=True),
        Column("edible", "Edible", Plant.edible, Kind.BOOL),
        Column("state", "State", Plant.state, Kind.STATE, choices=STATES, sortable=True),
        Column("bed", "Bed", Bed.code, sortable=True),
        Column("note", "Note", Plant.note, sortable=True, group=NOTES),
    ),
    filters=(
        Filter("state", "State", Plant.state, choices=STATES),
        Filter("bed", "Bed", Plant.bed_id, kind="picker", picker="garden.bed"),
        Filter("from", "Planted from", Plant.planted, kind="date_from"),
        Filter("to", "Planted to", Plant.planted, kind="date_to"),
        Filter("watered", "Watered since", Plant.watered_at, kind="date_from"),
        Filter("edible", "Edible", Plant.edible, kind="bool"),
        Filter("note", "Note", Plant.note, kind="text"),
        Filter(
            "tool", "Tool", None, kind="picker", picker="shed.tool", condition=lambda _v: true()
        ),
    ),
    search=(Plant.code, Plant.name, Plant.note),
    order=("code",),
    joins=lambda statement: statement.outerjoin(Bed, Bed.id == Plant.bed_id),
    sections=(
        Section("Plant", ("code", "name", "state", "bed", "bed_id")),
        Section("Figures", ("price", "planted", "watered_at", "height", "edible", "note")),
    ),
    state="state",
    steps=("seed", "growing", "picked"),
    create=Operation(sow_plant, SowPlant, EDIT, "New plant", done="Sown."),
    update=Operation(edit_plant, EditPlant, EDIT, "Edit"),
    attachments=Attachments(attach=EDIT, remove=PICK, keeps=_keeps, most_files=3),
    update_states=("seed", "growing"),
    actions=(
        Action(
            "water",
            Operation(water_plant, TouchPlant, EDIT, "Water"),
            states=("seed", "growing"),
            leads_to="growing",
            refuses=lambda _session, plant: "It is a cactus." if plant.name == "Cactus" else None,
            bulk=Bulk(),
        ),
        Action(
            "pick",
            Operation(pick_plant, PickPlant, PICK, "Pick"),
            states=("growing",),
            leads_to="picked",
            primary=True,
        ),
        Action(
            "weed",
            Operation(weed_plant, PickPlant, PICK, "Weed"),
            states=("seed",),
            leads_to="picked",
            bulk=Bulk(),
        ),
        Action(
            "uproot",
            Operation(uproot_plant, TouchPlant, EDIT, "Uproot", done="Uprooted."),
            states=("seed",),
            danger=True,
            confirm="Uproot it for good?",
        ),
    ),
    empty=Empty("No plants yet", "Sow the first one."),
)

BEDS = Resource(
    name="garden.bed",
    path="beds",
    model=Bed,
    view=VIEW_BEDS,
    label="Bed",
    label_many="Beds",
    icon="box",
    columns=(
        Column("code", "Code", Bed.code, sortable=True),
        Column("name", "Name", Bed.name, sortable=True),
    ),
    search=(Bed.code, Bed.name),
    order=("code",),
    picker_label=lambda bed: f"{bed.code} {bed.name}",
    picker_criteria=lambda _session: (Bed.open.is_(True),),
    related=(
        Related(
            "Plants",
            "garden.plant",
            "bed",
            lambda session, bed: (
                session.scalar(select(func.count(Plant.id)).where(Plant.bed_id == bed.id)) or 0
            ),
        ),
    ),
)

TOOLS = Resource(
    name="garden.tool",
    path="tools",
    model=Tool,
    view=VIEW_TOOLS,
    label="Tool",
    label_many="Tools",
    icon="tag",
    columns=(Column("name", "Name", Tool.name, sortable=True),),
)
