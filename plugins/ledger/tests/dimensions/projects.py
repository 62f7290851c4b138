"""A small plugin as a third party would write it: its projects are a dimension of the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from backstay.contracts.dimensions import DimensionItem, Dimensions, DimensionType
from backstay.spi import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Id,
    Identified,
    Model,
    company_of,
    find,
    hookimpl,
    plugin_metadata,
    short,
)

NAME = "projects.project"


class ProjectsBase(Model, DeclarativeBase):
    """Base of the plugin's models."""

    metadata = plugin_metadata("projects")
    type_annotation_map = ANNOTATIONS


class Project(Identified, CompanyScoped, ProjectsBase):
    """A project, perhaps a part of another."""

    __tablename__ = "projects_project"
    __audit__ = Audit.FULL
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(100))
    part_of: Mapped[int | None] = mapped_column(Id)
    ends_on: Mapped[date | None]

    def audit_label(self) -> str:
        """Its code."""
        return self.code


def save_project(session: Session, code: str, **values: object) -> Project:
    """Make a project, or change the one of that code; ``new_code`` gives it another."""
    project = session.scalars(
        select(Project).where(Project.company_id == company_of(session).id, Project.code == code)
    ).one_or_none()
    if project is None:
        project = Project(company_id=company_of(session).id, code=code, name=code)
        session.add(project)
    for name, value in values.items():
        setattr(project, "code" if name == "new_code" else name, value)
    session.flush()
    _tell(session, project.id)
    return project


def delete_project(session: Session, project: Project) -> None:
    """Delete a project; what was booked on it stays in the ledger."""
    session.delete(project)
    session.flush()
    _tell(session, project.id)


def _tell(session: Session, project_id: int) -> None:
    ledger = find(session, Dimensions)  # type: ignore[type-abstract]
    if ledger is not None:
        ledger.keep_in_step(session, NAME, [str(project_id)])


def _values(session: Session, keys: Sequence[str] | None) -> Iterator[DimensionItem]:
    wanted = select(Project).where(Project.company_id == company_of(session).id)
    if keys is not None:
        wanted = wanted.where(Project.id.in_([int(key) for key in keys]))
    for one in session.scalars(wanted.order_by(Project.id)):
        yield DimensionItem(
            key=str(one.id),
            code=one.code,
            name=one.name,
            parent="" if one.part_of is None else str(one.part_of),
            valid_to=one.ends_on,
        )


@hookimpl
def backstay_models() -> type[ProjectsBase]:
    """Projects."""
    return ProjectsBase


@hookimpl
def backstay_dimension_types() -> Sequence[DimensionType]:
    """Projects, as a dimension of lines."""
    return (DimensionType(name=NAME, code="project", label="Project", values=_values),)
