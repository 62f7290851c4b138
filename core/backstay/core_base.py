"""The declarative base of core's own tables (prefix ``core_``)."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from backstay.db.base import ANNOTATIONS, Model, plugin_metadata


class CoreBase(Model, DeclarativeBase):
    """Base of core's models."""

    metadata = plugin_metadata("core")
    type_annotation_map = ANNOTATIONS
