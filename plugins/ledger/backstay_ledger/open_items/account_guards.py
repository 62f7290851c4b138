"""What both databases keep of accounts that are managed by open items, whoever writes.

A line gets to such an account with its open item only, and to a control account only through its
sub-ledger. The trigger stands beside that of posting, and asks a company without such accounts
nothing but whether it has any.
"""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import declare
from backstay_ledger.models import Account, Entry
from backstay_ledger.open_items.models import EXCHANGE_SOURCE

NO_ITEM: Final = "A line on an account that is managed by open items needs its open item."
NO_ACCOUNT: Final = "An allocation posts to the account of its items without an open item."
CONTROL: Final = "A control account takes lines only from its sub-ledger."
PARTY: Final = "A line on a control account needs its party."
SWITCH: Final = (
    "An account begins or ceases to be managed by open items while it stands at zero in every"
    " currency and none of its items is open."
)
CLAIMED: Final = "The sub-ledger of a control account stays."

_FROM_SUB_LEDGER: Final = (
    "coalesce({entry}.source_plugin, '') || '.'"
    " = substr(a.sub_ledger, 1, length(coalesce({entry}.source_plugin, '')) + 1)"
)
_OPENING: Final = (
    "({entry}.kind = 'opening' OR EXISTS (SELECT 1 FROM ledger_entry AS o"
    " WHERE o.id = {entry}.reverses_id AND o.kind = 'opening'))"
)
_OWN: Final = (
    "coalesce({entry}.source_plugin, '') = 'ledger'"
    f" AND coalesce({{entry}}.source_type, '') = '{EXCHANGE_SOURCE}'"
)
# A line without a foreign amount changes nothing but the value of others: a revaluation.
_ITEM_DIFFERS: Final = (
    "i.account_id <> l.account_id OR i.company_id <> l.company_id"
    " OR i.date IS NULL OR i.date <> {entry}.date"
    " OR coalesce(i.currency, '') <> coalesce(l.currency, '') OR i.amount_base <> l.amount"
    " OR i.amount <> coalesce(l.amount_currency, l.amount)"
)


def _posting_rules(entry: str) -> tuple[tuple[str, str], ...]:
    own = f"({_OWN.format(entry=entry)} OR coalesce(l.amount_currency, 1) = 0)"
    return (
        (NO_ACCOUNT, f"{own} AND i.id IS NOT NULL"),
        (NO_ITEM, f"NOT {own} AND (i.id IS NULL OR {_ITEM_DIFFERS.format(entry=entry)})"),
        (
            CONTROL,
            (
                f"a.sub_ledger IS NOT NULL AND NOT {own}"
                f" AND NOT {_FROM_SUB_LEDGER.format(entry=entry)}"
                f" AND NOT {_OPENING.format(entry=entry)}"
            ),
        ),
        (PARTY, f"a.sub_ledger IS NOT NULL AND NOT {own} AND i.party = ''"),
    )


_MANAGED_LINES: Final = (
    "JOIN ledger_account AS a ON a.id = l.account_id AND a.open_item_managed"
    " LEFT JOIN ledger_open_item AS i ON i.entry_id = l.entry_id AND i.line_no = l.line_no"
)
_POSTING_CASES: Final = "\n".join(
    f"WHEN {condition} THEN '{said}'" for said, condition in _posting_rules("n")
)
declare(
    Entry.__table__,
    # After "posting", by which time the entry holds its period: the triggers run by name.
    "posting_open_items",
    # Companies that manage no account by open items are asked no more than that.
    sqlite=(
        (
            "CREATE TRIGGER ledger_entry__posting_open_items AFTER UPDATE ON ledger_entry"
            " WHEN OLD.state IS NOT 'posted' AND NEW.state = 'posted' AND EXISTS (SELECT 1"
            " FROM ledger_account AS a WHERE a.company_id = NEW.company_id AND a.open_item_managed)"
            " BEGIN"
            + "".join(
                f" SELECT RAISE(ABORT, '{said}') FROM ledger_line AS l {_MANAGED_LINES}"
                f" WHERE l.entry_id = NEW.id AND ({condition});"
                for said, condition in _posting_rules("NEW")
            )
            + " END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_entry__posting_open_items() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    bad record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_account AS a WHERE a.open_item_managed
            AND a.company_id IN (SELECT company_id FROM new_rows WHERE state = 'posted')) THEN
        RETURN NULL;
    END IF;
    SELECT found.* INTO bad FROM (
        SELECT n.number_text, l.line_no, CASE {_POSTING_CASES} END AS reason
        FROM new_rows AS n JOIN ledger_line AS l ON l.entry_id = n.id {_MANAGED_LINES}
        WHERE n.state = 'posted'
    ) AS found WHERE found.reason IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = bad.number_text || ', line ' || bad.line_no || ': ' || bad.reason;
    END IF;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_entry__posting_open_items AFTER UPDATE ON ledger_entry"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry__posting_open_items()"
        ),
    ),
)

_BUSY: Final = (
    "EXISTS (SELECT 1 FROM ledger_balance AS b WHERE b.company_id = NEW.company_id"
    " AND b.account_id = NEW.id GROUP BY b.currency HAVING sum(b.debit) <> sum(b.credit)"
    " OR sum(coalesce(b.debit_currency, 0)) <> sum(coalesce(b.credit_currency, 0)))"
    " OR EXISTS (SELECT 1 FROM ledger_open_item AS i WHERE i.company_id = NEW.company_id"
    " AND i.account_id = NEW.id AND i.residual <> 0)"
)
declare(
    Account.__table__,
    "open_items",
    sqlite=(
        (
            "CREATE TRIGGER ledger_account__open_items BEFORE UPDATE ON ledger_account"
            f" BEGIN SELECT RAISE(ABORT, '{CLAIMED}') WHERE OLD.sub_ledger IS NOT NULL"
            " AND NEW.sub_ledger IS NOT OLD.sub_ledger;"
            f" SELECT RAISE(ABORT, '{SWITCH}')"
            f" WHERE NEW.open_item_managed IS NOT OLD.open_item_managed AND ({_BUSY}); END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_account__open_items() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sub_ledger IS NOT NULL AND NEW.sub_ledger IS DISTINCT FROM OLD.sub_ledger THEN
        RAISE EXCEPTION '{CLAIMED}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.open_item_managed IS DISTINCT FROM OLD.open_item_managed
            OR NEW.sub_ledger IS DISTINCT FROM OLD.sub_ledger THEN
        -- Whoever posts at this moment is waited for, and whoever writes a line to the account.
        -- They hold the period first and then refer to the account, so this does the same.
        PERFORM 1 FROM ledger_period AS p WHERE p.company_id = NEW.company_id
            ORDER BY p.id FOR NO KEY UPDATE;
        PERFORM 1 FROM ledger_account AS a WHERE a.id = NEW.id FOR UPDATE;
    END IF;
    IF NEW.open_item_managed IS DISTINCT FROM OLD.open_item_managed AND ({_BUSY}) THEN
        RAISE EXCEPTION '{SWITCH}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_account__open_items BEFORE UPDATE ON ledger_account"
            " FOR EACH ROW EXECUTE FUNCTION ledger_account__open_items()"
        ),
    ),
)
