"""The way from a list to the import that fills it, for those who may import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.spi import context_of
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.permissions import CHART_IMPORT, ENTRY_IMPORT
from backstay_ledger.resources.import_links import import_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def chart_import(session: Session) -> Sequence[ui.Button]:
    """Import a chart."""
    if not context_of(session).may(CHART_IMPORT):
        return ()
    return (ui.Button(_("Import"), import_link("ledger.chart"), "file-import"),)


def journal_import(session: Session) -> Sequence[ui.Button]:
    """Import entries."""
    if not context_of(session).may(ENTRY_IMPORT):
        return ()
    return (ui.Button(_("Import"), import_link("ledger.journal"), "file-import"),)
