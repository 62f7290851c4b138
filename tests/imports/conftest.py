"""A plugin that imports birds: one table, one kind of file, every refusal that a kind can have."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.access.permissions import Permission, Risk
from backstay.db.base import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    plugin_metadata,
    short,
)
from backstay.db.context import company_of
from backstay.errors import Invalid, Problem
from backstay.imports.declare import ImportColumn, ImportKind, Outcome, StagedRow, Validation
from backstay.jobs.execute import execute_next
from backstay.kernel.discovery import Found
from backstay.kernel.load import load
from backstay.kernel.suite import Part, Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from backstay.db.database import Database

IMPORT_BIRDS = Permission("aviary.bird.import", "import birds", Risk.WRITE)
KEEPER = Permission("aviary.keeper.import", "import keepers", Risk.WRITE)


class AviaryBase(Model, DeclarativeBase):
    metadata = plugin_metadata("aviary")
    type_annotation_map = ANNOTATIONS


class Bird(Identified, CompanyScoped, AviaryBase):
    __tablename__ = "aviary_bird"
    __audit__ = Audit.FULL

    ring: Mapped[str] = mapped_column(short(20))
    species: Mapped[str] = mapped_column(short(80))


def _present(session: Session) -> dict[str, str]:
    return {row.ring: row.species for row in session.execute(select(Bird.ring, Bird.species))}


def validate_birds(session: Session, rows: Sequence[StagedRow]) -> Validation:
    there = _present(session)
    problems = [
        Problem("A dodo can't be ringed any more.", field="species", row=row.number)
        for row in rows
        if row.values["species"] == "Dodo"
    ]
    new = [row for row in rows if row.values["ring"] not in there]
    notes = ("A new aviary will be opened.",) if new else ()
    return Validation(tuple(problems), len(new), len(rows) - len(new), notes)


def commit_birds(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    there = _present(session)
    made = []
    for row in rows:
        if row.values["ring"] in there:
            continue
        bird = Bird(
            company_id=company_of(session).id,
            ring=row.values["ring"],
            species=row.values["species"],
        )
        session.add(bird)
        session.flush()
        if bird.species == "Cuckoo":
            raise Invalid("A cuckoo came in between.", field="species", row=row.number)
        made.append(str(bird.id))
    return Outcome(len(made), len(rows) - len(made), (), tuple(made))


def undo_birds(session: Session, references: Sequence[str]) -> str:
    for bird in session.scalars(select(Bird).where(Bird.id.in_([int(r) for r in references]))):
        if bird.species == "Eagle":
            raise Invalid("The eagle can't be caught again.")
        session.delete(bird)
    return f"{len(references)} birds were set free."


def birds(columns: tuple[ImportColumn, ...] = ()) -> ImportKind:
    return ImportKind(
        name="aviary.bird",
        label="Birds",
        noun="bird",
        noun_many="birds",
        permission=IMPORT_BIRDS,
        columns=columns
        or (
            ImportColumn("ring", "Ring", aliases=("ring number",), example="A1"),
            ImportColumn("species", "Species", example="Robin"),
            ImportColumn("weight", "Weight", required=False, help="In grams.", is_number=True),
        ),
        validate=validate_birds,
        commit=commit_birds,
        undo=undo_birds,
        sample="ring,species,weight\nA1,Robin,18\n",
        help="One bird a row.",
    )


KEEPERS = ImportKind(
    name="aviary.keeper",
    label="Keepers",
    noun="keeper",
    noun_many="keepers",
    permission=KEEPER,
    columns=(ImportColumn("keeper", "Keeper"), ImportColumn("since", "Since")),
    validate=lambda _session, rows: Validation((), len(rows), 0),
    commit=lambda _session, rows: Outcome(len(rows), 0),
    undo=lambda _session, _references: "",
    sample="keeper,since\nKim,2020\n",
)


FOUND = Found(
    name="aviary",
    entry_point=EntryPoint("aviary", "nowhere", "backstay.plugins"),
    root=Path(__file__).parent,
    title="Aviary",
    category="",
    icon="",
    summary="",
    version="1",
    licence="",
    api=1,
    requires=frozenset(),
)


@pytest.fixture(scope="session")
def aviary() -> Suite:
    """Core and the plugin that imports birds."""
    from backstay.kernel import load as loading

    part = Part(
        plugin="aviary",
        base=AviaryBase,
        permissions=(IMPORT_BIRDS, KEEPER),
        imports=(birds(), KEEPERS),
    )
    loading._prepare(part)
    return Suite(
        generation=1,
        enabled=frozenset({"aviary"}),
        found={"aviary": FOUND},
        parts=(*load(()).parts, part),
        failed={},
    )


@pytest.fixture
def database(database: Database, aviary: Suite) -> Database:
    from backstay.db.guards import install_guards

    with database.engine.begin() as connection:
        AviaryBase.metadata.create_all(connection)
        install_guards(connection, AviaryBase.metadata)
    return database


@pytest.fixture
def work(database: Database, aviary: Suite) -> Callable[[], None]:
    """Run every job that is due."""

    def run() -> None:
        while execute_next(database, lambda: aviary):
            pass

    return run


@pytest.fixture
def rings(database: Database, aviary: Suite, operator: object) -> Callable[[], list[str]]:
    """The rings of all birds of all companies."""

    def read() -> list[str]:
        with database.read(operator, aviary) as session:  # type: ignore[arg-type]
            return list(session.scalars(select(Bird.ring).order_by(Bird.id)))

    return read
