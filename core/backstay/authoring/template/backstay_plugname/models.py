"""The table of tasks."""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.spi import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    Versioned,
    plugin_metadata,
    short,
)


class PlugnameBase(Model, DeclarativeBase):
    """Base of the plugin's models; their tables are called ``plugname_...``."""

    metadata = plugin_metadata("plugname")
    type_annotation_map = ANNOTATIONS


class TaskState(enum.Enum):
    """A task is open until it is finished."""

    OPEN = "open"
    DONE = "done"


class Task(Identified, CompanyScoped, Versioned, PlugnameBase):
    """A task of a company."""

    __tablename__ = "plugname_task"
    __audit__ = Audit.FULL
    __table_args__ = (Index(None, "company_id", "title", "id"),)

    title: Mapped[str] = mapped_column(short(120))
    due_on: Mapped[date | None]
    begun_on: Mapped[date]
    finished_on: Mapped[date | None]
    days: Mapped[int | None]
    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)

    def audit_label(self) -> str:
        """The title, by which people know it."""
        return self.title
