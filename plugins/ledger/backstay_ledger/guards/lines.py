"""Lines belong to drafts: none is added to, changed in or taken from an entry that is none."""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import declare, no_truncate
from backstay_ledger.models import Entry, Line

LATE: Final = "The lines of a posted entry can not be changed, and none can be added; reverse it."
WAITS: Final = "The lines of an entry that waits for approval can not be changed; take it back."
ORPHAN: Final = "A line belongs to a draft entry of the same company."
PLACE: Final = "A line never takes the place of another."


def _draft(row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id"
        f" AND e.company_id = {row}.company_id AND e.state = 'draft')"
    )


def _posted(row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id"
        " AND e.state = 'posted')"
    )


def _no_draft(row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id"
        " AND e.state <> 'draft')"
    )


# By SQLite's hidden number of the row, which a REPLACE can name; where it is not named, it is -1.
_TAKEN: Final = "EXISTS (SELECT 1 FROM ledger_line AS held WHERE held.rowid = NEW.rowid)"

declare(
    Line.__table__,
    "final",
    sqlite=(
        (
            "CREATE TRIGGER ledger_line__final_insert BEFORE INSERT ON ledger_line"
            f" WHEN NOT {_draft('NEW')} OR {_TAKEN} BEGIN"
            f" SELECT RAISE(ABORT, '{LATE}') WHERE {_posted('NEW')};"
            f" SELECT RAISE(ABORT, '{PLACE}') WHERE {_TAKEN};"
            f" SELECT RAISE(ABORT, '{ORPHAN}'); END"
        ),
        (
            "CREATE TRIGGER ledger_line__final_update BEFORE UPDATE ON ledger_line"
            f" WHEN {_no_draft('OLD')} OR NOT {_draft('NEW')} OR NEW.rowid <> OLD.rowid BEGIN"
            f" SELECT RAISE(ABORT, '{LATE}') WHERE {_posted('OLD')} OR {_posted('NEW')};"
            f" SELECT RAISE(ABORT, '{PLACE}') WHERE NEW.rowid <> OLD.rowid;"
            f" SELECT RAISE(ABORT, '{WAITS}') WHERE {_no_draft('OLD')};"
            f" SELECT RAISE(ABORT, '{ORPHAN}'); END"
        ),
        (
            "CREATE TRIGGER ledger_line__final_delete BEFORE DELETE ON ledger_line"
            f" WHEN {_no_draft('OLD')} BEGIN"
            f" SELECT RAISE(ABORT, '{LATE}') WHERE {_posted('OLD')};"
            f" SELECT RAISE(ABORT, '{WAITS}'); END"
        ),
    ),
    postgresql=(
        # The foreign key has locked the entries by now, so their state can't change any more.
        f"""CREATE OR REPLACE FUNCTION ledger_line__final_insert() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT entry_id FROM new_rows) AS n
               JOIN ledger_entry AS e ON e.id = n.entry_id WHERE e.state <> 'draft') THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_line__final_insert AFTER INSERT ON ledger_line"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_line__final_insert()"
        ),
        # The lock keeps somebody else from posting the entry between this check and our commit.
        f"""CREATE OR REPLACE FUNCTION ledger_line__final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_state varchar;
BEGIN
    SELECT e.state INTO found_state FROM ledger_entry AS e WHERE e.id = OLD.entry_id FOR SHARE;
    IF found_state = 'posted' THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF found_state = 'waiting' THEN
        RAISE EXCEPTION '{WAITS}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NEW.entry_id <> OLD.entry_id THEN
        SELECT e.state INTO found_state FROM ledger_entry AS e WHERE e.id = NEW.entry_id FOR SHARE;
        IF found_state <> 'draft' THEN
            RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_line__final BEFORE UPDATE OR DELETE ON ledger_line"
            " FOR EACH ROW EXECUTE FUNCTION ledger_line__final()"
        ),
        *no_truncate("ledger_line", "ledger_line__final", LATE),
    ),
)

declare(
    Entry.__table__,
    "lines",
    sqlite=(
        (
            "CREATE TRIGGER ledger_entry__lines BEFORE DELETE ON ledger_entry"
            " WHEN EXISTS (SELECT 1 FROM ledger_line WHERE entry_id = OLD.id)"
            " BEGIN SELECT RAISE(ABORT, 'Delete the lines of a draft before the draft.'); END"
        ),
    ),
    postgresql=(),
)
