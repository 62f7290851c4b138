"""What the module of approvals is told: entries over a limit are posted by others than makers."""

from __future__ import annotations

from typing import Final

from backstay.contracts.approvals import Approvable
from backstay.spi import lazy as _
from backstay_ledger.approval.deciding import carry_out, preview, return_entry, waiting_subject
from backstay_ledger.approval.holding import ACTION, RECORD
from backstay_ledger.permissions import ENTRY_APPROVE, ENTRY_POST

APPROVABLES: Final = (
    Approvable(
        record=RECORD,
        action=ACTION,
        label=_("Posting of journal entries over a limit"),
        attributes=(
            ("journal", _("Code of the journal")),
            ("account", _("Code of an account in it")),
            ("account_class", _("Class of an account in it: asset, liability, equity, ...")),
            ("kind", _("normal, opening, reversal or exchange")),
        ),
        make=ENTRY_POST,
        decide=ENTRY_APPROVE,
        subject=waiting_subject,
        preview=preview,
        carry_out=carry_out,
        send_back=return_entry,
    ),
)
