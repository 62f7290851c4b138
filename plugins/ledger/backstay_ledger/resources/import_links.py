"""Where a kind of file is imported: the engine's own pages, in this company."""

from __future__ import annotations

from flask import url_for


def import_link(kind: str) -> str:
    """The page that takes a file of this kind, such as ``ledger.journal``."""
    return url_for("core_imports.upload", kind=kind)
