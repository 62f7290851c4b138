"""Entries over a limit: posted only with a second person, and unchanged while they wait.

That the second person is neither the writer nor the submitter is a CHECK of the table. Rule 16 of
docs/reference/ledger-proofs.md.
"""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import declare
from backstay_ledger.models import Entry

SECOND_PERSON: Final = "The entry is over the limit of the company and needs a second person."
WAITING: Final = "An entry that waits for approval can not be changed; take it back."
WRITER: Final = "Who wrote an entry never changes."

# Of the journal itself, or else of all journals.
_LIMIT: Final = """coalesce(
    (SELECT own.amount FROM ledger_approval_limit AS own
     WHERE own.company_id = {row}.company_id AND own.journal_id = {row}.journal_id),
    (SELECT rest.amount FROM ledger_approval_limit AS rest
     WHERE rest.company_id = {row}.company_id AND rest.journal_id IS NULL))"""
_DEBIT: Final = (
    "(SELECT sum(l.amount) FROM ledger_line AS l WHERE l.entry_id = {row}.id AND l.amount > 0)"
)
# What the closing of a year moves follows from what was posted: nobody decides on it.
_CLOSING: Final = (
    "EXISTS (SELECT 1 FROM ledger_period AS p WHERE p.id = {row}.period_id AND p.kind = 'closing')"
)
_KEPT: Final = (
    "journal_id",
    "date",
    "memo",
    "reference",
    "kind",
    "source_plugin",
    "source_type",
    "source_id",
    "payload_hash",
    "reverses_id",
)


def _differs(operator: str) -> str:
    return " OR ".join(f"NEW.{column} {operator} OLD.{column}" for column in _KEPT)


def _broken(operator: str) -> str:
    """A waiting entry becomes a draft again, as it was; with an approver it keeps its submitter."""
    return (
        f"NEW.state <> 'draft' OR {_differs(operator)}"
        f" OR (NEW.approved_by IS NOT NULL AND NEW.submitted_by {operator} OLD.submitted_by)"
    )


# By its other keys SQLite's REPLACE would take its place without deleting it.
_TAKES_ITS_PLACE: Final = (
    "EXISTS (SELECT 1 FROM ledger_entry AS held WHERE held.state = 'waiting'"
    " AND held.id <> NEW.id AND (held.reverses_id = NEW.reverses_id"
    " OR (held.company_id = NEW.company_id AND held.idempotency_key = NEW.idempotency_key)))"
)


declare(
    Entry.__table__,
    "approval",
    sqlite=(
        (
            "CREATE TRIGGER ledger_entry__approval AFTER UPDATE ON ledger_entry"
            " WHEN OLD.state IS NOT 'posted' AND NEW.state = 'posted'"
            " AND NEW.approved_by IS NULL AND EXISTS (SELECT 1 FROM ledger_approval_limit"
            f" WHERE company_id = NEW.company_id) AND NOT {_CLOSING.format(row='NEW')} BEGIN"
            f" SELECT RAISE(ABORT, '{SECOND_PERSON}')"
            f" WHERE {_DEBIT.format(row='NEW')} > {_LIMIT.format(row='NEW')}; END"
        ),
        (
            "CREATE TRIGGER ledger_entry__approval_waiting BEFORE UPDATE ON ledger_entry"
            f" WHEN OLD.state = 'waiting' AND ({_broken('IS NOT')})"
            f" BEGIN SELECT RAISE(ABORT, '{WAITING}'); END"
        ),
        (
            "CREATE TRIGGER ledger_entry__approval_writer BEFORE UPDATE ON ledger_entry"
            " WHEN NEW.created_by IS NOT OLD.created_by"
            f" BEGIN SELECT RAISE(ABORT, '{WRITER}'); END"
        ),
        (
            "CREATE TRIGGER ledger_entry__approval_delete BEFORE DELETE ON ledger_entry"
            " WHEN OLD.state = 'waiting'"
            f" BEGIN SELECT RAISE(ABORT, '{WAITING}'); END"
        ),
        *(
            f"CREATE TRIGGER ledger_entry__approval_{name} BEFORE {event} ON ledger_entry"
            " WHEN (NEW.idempotency_key IS NOT NULL OR NEW.reverses_id IS NOT NULL)"
            f" AND {_TAKES_ITS_PLACE} BEGIN SELECT RAISE(ABORT, '{WAITING}'); END"
            for name, event in (
                ("insert", "INSERT"),
                ("replace", "UPDATE OF id, company_id, idempotency_key, reverses_id"),
            )
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_entry__approval() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_approval_limit) THEN
        RETURN NULL;
    END IF;
    SELECT n.number_text INTO bad FROM new_rows AS n
        WHERE n.state = 'posted' AND n.approved_by IS NULL AND NOT {_CLOSING.format(row="n")}
        AND {_DEBIT.format(row="n")} > {_LIMIT.format(row="n")} LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING MESSAGE = bad.number_text || ': {SECOND_PERSON}',
            ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_entry__approval AFTER UPDATE ON ledger_entry"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry__approval()"
        ),
        f"""CREATE OR REPLACE FUNCTION ledger_entry__approval_waiting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.created_by <> OLD.created_by THEN
        RAISE EXCEPTION '{WRITER}' USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION '{WAITING}' USING ERRCODE = 'restrict_violation';
END $$""",
        (
            "CREATE TRIGGER ledger_entry__approval_waiting BEFORE UPDATE ON ledger_entry"
            f" FOR EACH ROW WHEN (OLD.state = 'waiting' AND ({_broken('IS DISTINCT FROM')}))"
            " EXECUTE FUNCTION ledger_entry__approval_waiting()"
        ),
        (
            "CREATE TRIGGER ledger_entry__approval_writer BEFORE UPDATE ON ledger_entry"
            " FOR EACH ROW WHEN (NEW.created_by <> OLD.created_by)"
            " EXECUTE FUNCTION ledger_entry__approval_waiting()"
        ),
        (
            "CREATE TRIGGER ledger_entry__approval_delete BEFORE DELETE ON ledger_entry"
            " FOR EACH ROW WHEN (OLD.state = 'waiting')"
            " EXECUTE FUNCTION ledger_entry__approval_waiting()"
        ),
    ),
)
