"""What both databases keep of cost allocation: a rule is run once for a period until reversed."""

from __future__ import annotations

from typing import Final

from backstay.spi import freeze
from backstay_ledger.closing.guards import rule
from backstay_ledger.cost_allocation.models import AllocationRule, AllocationRun, AllocationShare
from backstay_ledger.guards.tables import keep, keep_while_used

RUN_ALREADY: Final = "An allocation rule is run once for a period, until its entry is reversed."
_IN_FORCE: Final = (
    "EXISTS (SELECT 1 FROM ledger_allocation_run AS r WHERE r.rule_id = NEW.rule_id"
    " AND r.period_id = NEW.period_id AND NOT EXISTS (SELECT 1 FROM ledger_entry AS e"
    " WHERE e.reverses_id = r.entry_id AND e.state = 'posted'))"
)

keep(
    AllocationRule.__table__,
    fixed=("id", "company_id", "dimension_id"),
    what="an allocation rule",
)
keep_while_used(
    AllocationRule.__table__, (("ledger_allocation_run", "rule_id"),), "allocation rule"
)
keep(
    AllocationShare.__table__,
    fixed=("id", "company_id", "rule_id", "value_id"),
    what="a share",
)
keep(
    AllocationRun.__table__,
    fixed=(
        *("id", "company_id", "rule_id", "period_id", "attempt", "entry_id"),
        *("run_by", "run_at"),
    ),
    what="a run",
)
# Its entry may be sent back instead of posted; the run goes with that draft.
freeze(
    AllocationRun.__table__,
    "EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id AND e.state <> 'draft')",
    "What was allocated stays on record.",
)
rule(
    AllocationRun.__table__,
    "once",
    "INSERT",
    ((_IN_FORCE, RUN_ALREADY),),
    before="""-- Two runs at once wait for each other, and the second sees the first.
    PERFORM 1 FROM ledger_allocation_rule AS r WHERE r.id = NEW.rule_id FOR UPDATE;""",
)
