"""What the database keeps of presentation trees: no node below itself, no account twice."""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from backstay.spi import declare
from backstay_ledger.statements.models import StatementAccounts, StatementNode

CYCLE = "A node of a presentation tree stands below itself."
TWICE = "An account stands in a presentation tree twice."
BACKWARDS = "The last code of a range comes before the first."

_ABOVE = """WITH RECURSIVE above (id) AS (
    SELECT NEW.parent_id
    UNION
    SELECT n.parent_id FROM ledger_statement_node AS n JOIN above ON n.id = above.id
    WHERE n.parent_id IS NOT NULL
)"""


def _met(text: str) -> str:
    """Another range of the tree that a new one meets, codes compared as ``text`` says."""
    return (
        "SELECT 1 FROM ledger_statement_accounts AS held"
        " WHERE held.tree_id = NEW.tree_id AND held.id <> NEW.id"
        " AND held.account_class IS NULL AND NEW.account_class IS NULL"
        f" AND held.first_code{text} <= NEW.last_code{text}"
        f" AND held.last_code{text} >= NEW.first_code{text}"
    )


declare(
    StatementNode.__table__,
    "cycle",
    sqlite=tuple(
        f"CREATE TRIGGER ledger_statement_node__cycle_{event.lower()} BEFORE {event}"
        " ON ledger_statement_node WHEN NEW.parent_id IS NOT NULL AND NEW.id IN"
        f" ({_ABOVE} SELECT id FROM above)"
        f" BEGIN SELECT RAISE(ABORT, '{CYCLE}'); END"
        for event in ("INSERT", "UPDATE")
    ),
    postgresql=(
        # The tree's row is locked, so that two people can't close a ring together.
        f"""CREATE OR REPLACE FUNCTION ledger_statement_node__cycle() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_statement_tree AS t WHERE t.id = NEW.tree_id FOR UPDATE;
    IF NEW.id IN ({_ABOVE} SELECT id FROM above) THEN
        RAISE EXCEPTION '{CYCLE.removesuffix(".")}: %.', NEW.code
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_statement_node__cycle BEFORE INSERT OR UPDATE"
            " ON ledger_statement_node FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)"
            " EXECUTE FUNCTION ledger_statement_node__cycle()"
        ),
    ),
)

declare(
    StatementAccounts.__table__,
    "once",
    sqlite=tuple(
        statement
        for event in ("INSERT", "UPDATE")
        for statement in (
            (
                f"CREATE TRIGGER ledger_statement_accounts__once_{event.lower()} BEFORE {event}"
                f" ON ledger_statement_accounts WHEN EXISTS ({_met('')})"
                f" BEGIN SELECT RAISE(ABORT, '{TWICE}'); END"
            ),
            (
                f"CREATE TRIGGER ledger_statement_accounts__once_order_{event.lower()}"
                f" BEFORE {event} ON ledger_statement_accounts"
                " WHEN NEW.first_code > NEW.last_code"
                f" BEGIN SELECT RAISE(ABORT, '{BACKWARDS}'); END"
            ),
        )
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_statement_accounts__once() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.first_code COLLATE "C" > NEW.last_code COLLATE "C" THEN
        RAISE EXCEPTION '{BACKWARDS}' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM 1 FROM ledger_statement_tree AS t WHERE t.id = NEW.tree_id FOR UPDATE;
    IF EXISTS ({_met(' COLLATE "C"')}) THEN
        RAISE EXCEPTION '{TWICE.removesuffix(".")}: % to %.', NEW.first_code, NEW.last_code
            USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_statement_accounts__once BEFORE INSERT OR UPDATE"
            " ON ledger_statement_accounts FOR EACH ROW"
            " EXECUTE FUNCTION ledger_statement_accounts__once()"
        ),
    ),
)
