"""Guards of plans: what a release plan says never changes, and each entry is made once."""

from __future__ import annotations

from typing import Final

from backstay_ledger.closing.guards import rule
from backstay_ledger.closing.plan_models import Deferral, PlannedEntry, Recurring
from backstay_ledger.closing.task_models import PeriodTask
from backstay_ledger.guards.tables import keep

_AS_ASKED: Final = "A waiver is for what was found when it was asked for."
_MADE_ONCE: Final = "An entry of a plan is made once."

keep(
    PeriodTask.__table__,
    fixed=("id", "company_id", "period_id", "name", "title"),
    what="a task of closing",
)
rule(
    PeriodTask.__table__,
    "found",
    "UPDATE",
    (("NEW.state = 'waived' AND NEW.found <> OLD.found", _AS_ASKED),),
)
keep(
    Recurring.__table__,
    fixed=("id", "company_id", "created_by"),
    what="a recurring entry",
)
keep(
    Deferral.__table__,
    fixed=(
        "id",
        "company_id",
        "journal_id",
        "account_id",
        "deferral_account_id",
        "amount",
        "starts_on",
        "ends_on",
        "release_by",
        "entry_id",
    ),
    what="a deferral",
)
keep(
    PlannedEntry.__table__,
    fixed=("id", "company_id", "recurring_id", "deferral_id", "reverses_id", "due_on", "amount"),
    what="a planned entry",
)
rule(
    PlannedEntry.__table__,
    "once",
    "UPDATE",
    (
        (
            "OLD.entry_id IS NOT NULL AND (NEW.entry_id IS NULL OR NEW.entry_id <> OLD.entry_id)",
            _MADE_ONCE,
        ),
    ),
)
