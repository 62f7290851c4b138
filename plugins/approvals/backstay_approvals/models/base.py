"""The base of the plugin's models."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from backstay.spi import ANNOTATIONS, Model, plugin_metadata


class ApprovalsBase(Model, DeclarativeBase):
    """Base of the plugin's models; their tables are called ``approvals_...``."""

    metadata = plugin_metadata("approvals")
    type_annotation_map = ANNOTATIONS
