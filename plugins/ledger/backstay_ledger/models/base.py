"""The declarative base of the ledger's tables (prefix ``ledger_``)."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from backstay.spi import ANNOTATIONS, Model, plugin_metadata


class LedgerBase(Model, DeclarativeBase):
    """Base of the ledger's models."""

    metadata = plugin_metadata("ledger")
    type_annotation_map = ANNOTATIONS
