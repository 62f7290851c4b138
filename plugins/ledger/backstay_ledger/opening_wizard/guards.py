"""What both databases keep of openings: none is finished before its clearing accounts are zero."""

from __future__ import annotations

from typing import Final

from backstay.spi import freeze
from backstay_ledger.closing.guards import rule
from backstay_ledger.guards.tables import keep
from backstay_ledger.models import Account
from backstay_ledger.opening_wizard.models import Opening, OpeningLine

UNFINISHED: Final = "An opening begins unfinished."
NOT_ZERO: Final = "An opening is finished while its clearing accounts stand at zero."
FINISHED: Final = "A finished opening keeps its day and accounts; reopen it first."
FIRST_THE_OPENING: Final = "An account is claimed by a sub-ledger after the opening is finished."
WRITTEN_ONCE: Final = "What an opening entry stands for never changes."

_NOT_ZERO: Final = (
    "EXISTS (SELECT 1 FROM ledger_balance AS b WHERE b.company_id = NEW.company_id"
    " AND b.account_id IN (NEW.balances_account_id, NEW.items_account_id)"
    " GROUP BY b.account_id HAVING sum(b.debit) <> sum(b.credit))"
)

keep(
    Opening.__table__,
    fixed=("id", "company_id"),
    what="an opening",
)
rule(
    Opening.__table__,
    "begins",
    "INSERT",
    (("NEW.finished_at IS NOT NULL", UNFINISHED),),
)
rule(
    Opening.__table__,
    "finishes",
    "UPDATE",
    (
        (f"NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL AND {_NOT_ZERO}", NOT_ZERO),
        (
            (
                "NEW.finished_at IS NOT NULL AND OLD.finished_at IS NOT NULL"
                " AND (NEW.date <> OLD.date"
                " OR NEW.balances_account_id <> OLD.balances_account_id"
                " OR NEW.items_account_id <> OLD.items_account_id"
                " OR NEW.finished_by <> OLD.finished_by OR NEW.finished_at <> OLD.finished_at)"
            ),
            FINISHED,
        ),
    ),
    before="""IF NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL THEN
        -- Whoever posts at this moment is waited for: each holds its period.
        PERFORM 1 FROM ledger_period AS p WHERE p.company_id = NEW.company_id
            ORDER BY p.id FOR NO KEY UPDATE;
    END IF;""",
)
freeze(
    OpeningLine.__table__,
    ("EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id AND e.state = 'posted')"),
    WRITTEN_ONCE,
    name="written",
)
rule(
    Account.__table__,
    "opening",
    "UPDATE",
    (
        (
            (
                "OLD.sub_ledger IS NULL AND NEW.sub_ledger IS NOT NULL AND EXISTS"
                " (SELECT 1 FROM ledger_opening AS o WHERE o.company_id = NEW.company_id"
                " AND o.finished_at IS NULL)"
            ),
            FIRST_THE_OPENING,
        ),
    ),
)
