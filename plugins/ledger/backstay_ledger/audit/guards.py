"""What was checked and sealed is never changed."""

from __future__ import annotations

from backstay.spi import append_only
from backstay_ledger.audit.models import CheckFinding, CheckRun, Seal

append_only(CheckRun.__table__, "A run of the checks can not be changed.")
append_only(CheckFinding.__table__, "What a check found can not be changed.")
append_only(Seal.__table__, "A seal can not be changed.")
