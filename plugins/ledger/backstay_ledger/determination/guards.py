"""What both databases keep of account rules: nothing about a posted line is changed afterwards."""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import declare, no_truncate
from backstay_ledger.determination.models import AccountRule, LineRole
from backstay_ledger.guards.tables import keep
from backstay_ledger.models import Account

LATE: Final = "Why a posted line is on its account can not be changed, and nothing can be added."
_TABLE: Final = "ledger_line_role"


def _in_draft(row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id"
        f" AND e.company_id = {row}.company_id AND e.state = 'draft')"
    )


def _posted(row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id"
        " AND e.state = 'posted')"
    )


declare(
    LineRole.__table__,
    "final",
    sqlite=(
        (
            f"CREATE TRIGGER {_TABLE}__final_insert BEFORE INSERT ON {_TABLE}"
            f" WHEN NOT {_in_draft('NEW')} OR EXISTS (SELECT 1 FROM {_TABLE} AS held"
            f" WHERE held.rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, '{LATE}'); END"
        ),
        (
            f"CREATE TRIGGER {_TABLE}__final_update BEFORE UPDATE ON {_TABLE}"
            f" WHEN {_posted('OLD')} OR NOT {_in_draft('NEW')} OR NEW.rowid <> OLD.rowid"
            f" BEGIN SELECT RAISE(ABORT, '{LATE}'); END"
        ),
        (
            f"CREATE TRIGGER {_TABLE}__final_delete BEFORE DELETE ON {_TABLE}"
            f" WHEN {_posted('OLD')} BEGIN SELECT RAISE(ABORT, '{LATE}'); END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION {_TABLE}__final_insert() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows AS n WHERE NOT {_in_draft("n")}) THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$""",
        (
            f"CREATE TRIGGER {_TABLE}__final_insert AFTER INSERT ON {_TABLE}"
            " REFERENCING NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {_TABLE}__final_insert()"
        ),
        f"""CREATE OR REPLACE FUNCTION {_TABLE}__final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_state varchar;
BEGIN
    SELECT e.state INTO found_state FROM ledger_entry AS e WHERE e.id = OLD.entry_id FOR SHARE;
    IF found_state = 'posted' OR (TG_OP = 'UPDATE' AND NEW.entry_id <> OLD.entry_id) THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$""",
        (
            f"CREATE TRIGGER {_TABLE}__final BEFORE UPDATE OR DELETE ON {_TABLE}"
            f" FOR EACH ROW EXECUTE FUNCTION {_TABLE}__final()"
        ),
        *no_truncate(_TABLE, f"{_TABLE}__final", LATE),
    ),
)

keep(
    AccountRule.__table__,
    fixed=("id", "company_id"),
    what="a rule",
)

declare(
    Account.__table__,
    "rule",
    sqlite=(
        (
            "CREATE TRIGGER ledger_account__rule BEFORE DELETE ON ledger_account"
            " WHEN EXISTS (SELECT 1 FROM ledger_account_rule AS r WHERE r.account_id = OLD.id)"
            " BEGIN SELECT RAISE(ABORT, 'This account is in use by an account rule.'); END"
        ),
    ),
    postgresql=(),
)
