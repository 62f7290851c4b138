"""What both databases keep by themselves: a file that was made is never changed or taken away."""

from __future__ import annotations

from typing import Final

from backstay.spi import freeze
from backstay_auditfiles.models import AuditFile

FINAL: Final = "An audit file that was made, or refused, is never changed or deleted."

freeze(AuditFile.__table__, "{row}.state <> 'waiting'", FINAL)

DECLARED: Final = True
"""Importing this module declares the guards; the plugin refuses to run without."""
