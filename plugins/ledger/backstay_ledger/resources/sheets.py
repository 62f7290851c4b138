"""Unfinished entries as records that take vouchers; nobody but their writer sees them."""

from __future__ import annotations

from typing import Final

from backstay.spi import Attachments, Column, Resource
from backstay.spi import lazy as _
from backstay_ledger.models import EntrySheet
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.sheets import SHEETS as NAME

SHEETS: Final = Resource(
    name=NAME,
    path="entries/sheets",
    model=EntrySheet,
    view=ENTRY_DRAFT,
    label=_("Unfinished entry"),
    label_many=_("Unfinished entries"),
    icon="history",
    columns=(Column("key", _("Key"), EntrySheet.key),),
    record_endpoint="ledger.sheet_open",
    attachments=Attachments(attach=ENTRY_DRAFT, label=_("Vouchers")),
)
