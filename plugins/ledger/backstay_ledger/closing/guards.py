"""Guards of periods, locks, exceptions and year-end closings.

Whether an entry may be posted is asked by the posting trigger (guards.posting); here is what keeps
the answers honest: moves of periods in order, exceptions that a second person approved, closings
in the order of the years.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import FromClause

from backstay.spi import append_only, declare, freeze
from backstay_ledger.closing.models import LatePosting, Lock, LockException, YearClosing
from backstay_ledger.guards.tables import keep
from backstay_ledger.models import Period

LOCKED_FOR_GOOD: Final = "A locked period stays locked, as it is."
_BEGINS_OPEN: Final = "A period begins open."
_MOVES: Final = "A period is locked once it is closed; there is no other way."
_CLOSED_YEAR: Final = "The fiscal year is closed; cancel its closing before a period is reopened."
_LAST_DAY: Final = "Adjustment and closing periods lie on the last day of their fiscal year."
_REQUESTED: Final = "An exception begins as a request, which a second person approves."
_APPROVED_ONCE: Final = "Who approved or revoked an exception, and when, never changes."
_OWN_NAME: Final = "Exceptions are requested, approved and revoked in one''s own name."
_NOT_POSTED: Final = "By what right an entry is posted is noted before it is posted."
_LATER_YEAR: Final = "A later fiscal year is closed: only the last closing can be cancelled."
_EARLIER_YEAR: Final = "An earlier fiscal year is not closed yet: years are closed in order."
_OPEN_PERIODS: Final = "Every period of a fiscal year is closed before the year is."
_CLOSED_ALREADY: Final = "The fiscal year is closed already."
_BEGINS_IN_FORCE: Final = "A closing begins in force."
_CANCELLED_ONCE: Final = "A closing is cancelled once, and nothing else of it changes."

_IN_FORCE: Final = (
    "EXISTS (SELECT 1 FROM ledger_year_closing AS c WHERE c.company_id = NEW.company_id"
    " AND c.fiscal_year_id = NEW.fiscal_year_id AND c.cancelled_at IS NULL)"
)


def rule(
    table: FromClause,
    name: str,
    event: str,
    refusals: tuple[tuple[str, str], ...],
    *,
    only_postgresql: tuple[tuple[str, str], ...] = (),
    before: str = "",
) -> None:
    """Conditions under which a row is refused, each with its message, on both databases.

    Arguments:
        event: INSERT or UPDATE.
        before: a statement of PostgreSQL's that runs first, such as one that waits for a lock.
    """
    trigger = f"{table}__{name}"
    checks = " ".join(f"SELECT RAISE(ABORT, '{said}') WHERE {bad};" for bad, said in refusals)
    raised = "\n".join(
        f"    IF {bad} THEN RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation'; END IF;"
        for bad, said in (*refusals, *only_postgresql)
    )
    declare(
        table,
        name,
        sqlite=(f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} BEGIN {checks} END",)
        if refusals
        else (),
        postgresql=(
            (
                f"CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
                f"BEGIN\n    {before}\n{raised}\n    RETURN NEW;\nEND $$"
            ),
            (
                f"CREATE TRIGGER {trigger} BEFORE {event} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {trigger}()"
            ),
        ),
    )


freeze(Period.__table__, "{row}.state = 'locked'", LOCKED_FOR_GOOD, name="locked")
rule(
    Period.__table__,
    "begins_open",
    "INSERT",
    (
        ("NEW.state <> 'open'", _BEGINS_OPEN),
        (
            (
                "NEW.kind <> 'month' AND NOT EXISTS (SELECT 1 FROM ledger_fiscal_year AS y"
                " WHERE y.id = NEW.fiscal_year_id AND y.ends_on = NEW.starts_on)"
            ),
            _LAST_DAY,
        ),
    ),
)
rule(
    Period.__table__,
    "moves",
    "UPDATE",
    (
        ("NEW.state = 'locked' AND OLD.state NOT IN ('closed', 'locked')", _MOVES),
        (
            f"NEW.state IN ('open', 'soft-closed') AND OLD.state = 'closed' AND {_IN_FORCE}",
            _CLOSED_YEAR,
        ),
    ),
)

keep(
    Lock.__table__,
    fixed=("id", "company_id", "scope"),
    what="a lock",
)
_LOCK_PERIODS: Final = """-- Whoever posts in these periods is done before the lock holds.
    PERFORM 1 FROM ledger_period AS p WHERE p.company_id = NEW.company_id
        AND p.starts_on <= NEW.up_to ORDER BY p.id FOR NO KEY UPDATE;"""
declare(
    Lock.__table__,
    "day",
    sqlite=tuple(
        f"CREATE TRIGGER ledger_lock__day_{event.lower()} BEFORE {event} ON ledger_lock"
        " WHEN NEW.up_to IS NOT date(NEW.up_to)"
        " BEGIN SELECT RAISE(ABORT, 'A lock reaches up to a day.'); END"
        for event in ("INSERT", "UPDATE")
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_lock__day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {_LOCK_PERIODS}
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_lock__day BEFORE INSERT OR UPDATE ON ledger_lock"
            " FOR EACH ROW EXECUTE FUNCTION ledger_lock__day()"
        ),
    ),
)

keep(
    LockException.__table__,
    fixed=(
        "id",
        "company_id",
        "user_label",
        "scope",
        "first_day",
        "last_day",
        "until",
        "reason",
        "requested_by",
        "requested_at",
    ),
    what="an exception",
)
freeze(
    LockException.__table__,
    "{row}.revoked_at IS NOT NULL",
    "A revoked exception stays as it is.",
    name="revoked",
)
_ACTOR: Final = "coalesce(current_setting('backstay.actor', true), '')"
rule(
    LockException.__table__,
    "requested",
    "INSERT",
    (("NEW.approved_at IS NOT NULL OR NEW.revoked_at IS NOT NULL", _REQUESTED),),
    only_postgresql=((f"NEW.requested_by <> {_ACTOR}", _OWN_NAME),),
)
rule(
    LockException.__table__,
    "approved",
    "UPDATE",
    (
        (
            (
                "OLD.approved_at IS NOT NULL AND (NEW.approved_at IS NULL"
                " OR NEW.approved_by IS NULL OR NEW.approved_at <> OLD.approved_at"
                " OR NEW.approved_by <> OLD.approved_by)"
            ),
            _APPROVED_ONCE,
        ),
    ),
    only_postgresql=(
        (
            (
                f"(OLD.approved_at IS NULL AND NEW.approved_by <> {_ACTOR})"
                f" OR (OLD.revoked_at IS NULL AND NEW.revoked_by <> {_ACTOR})"
            ),
            _OWN_NAME,
        ),
    ),
)

append_only(LatePosting.__table__, "By what right an entry was posted never changes.")
rule(
    LatePosting.__table__,
    "before",
    "INSERT",
    (
        (
            (
                "NOT EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = NEW.entry_id"
                " AND e.company_id = NEW.company_id AND e.state = 'draft')"
            ),
            _NOT_POSTED,
        ),
    ),
)

_YEARS: Final = (
    "SELECT 1 FROM ledger_fiscal_year AS mine JOIN ledger_fiscal_year AS y"
    " ON y.company_id = mine.company_id"
)
_CLOSING_OF: Final = (
    "EXISTS (SELECT 1 FROM ledger_year_closing AS c WHERE c.fiscal_year_id = y.id"
    " AND c.cancelled_at IS NULL)"
)
_NEVER_DELETED: Final = "A closing of a fiscal year is never deleted; it is cancelled."
declare(
    YearClosing.__table__,
    "kept",
    sqlite=(
        (
            "CREATE TRIGGER ledger_year_closing__kept BEFORE DELETE ON ledger_year_closing"
            f" BEGIN SELECT RAISE(ABORT, '{_NEVER_DELETED}'); END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_year_closing__kept() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_NEVER_DELETED}' USING ERRCODE = 'restrict_violation'; END $$""",
        (
            "CREATE TRIGGER ledger_year_closing__kept BEFORE DELETE OR TRUNCATE"
            " ON ledger_year_closing FOR EACH STATEMENT"
            " EXECUTE FUNCTION ledger_year_closing__kept()"
        ),
    ),
)
keep(
    YearClosing.__table__,
    fixed=(
        "id",
        "company_id",
        "fiscal_year_id",
        "account_id",
        "entry_id",
        "closed_by",
        "closed_at",
    ),
    what="a closing",
)
rule(
    YearClosing.__table__,
    "in_order",
    "INSERT",
    (
        ("NEW.cancelled_at IS NOT NULL OR NEW.reversal_id IS NOT NULL", _BEGINS_IN_FORCE),
        (_IN_FORCE, _CLOSED_ALREADY),
        (
            (
                f"EXISTS ({_YEARS} AND y.starts_on < mine.starts_on"
                f" WHERE mine.id = NEW.fiscal_year_id AND NOT {_CLOSING_OF})"
            ),
            _EARLIER_YEAR,
        ),
        (
            (
                "EXISTS (SELECT 1 FROM ledger_period AS p"
                " WHERE p.fiscal_year_id = NEW.fiscal_year_id AND p.kind <> 'closing'"
                " AND p.state NOT IN ('closed', 'locked'))"
            ),
            _OPEN_PERIODS,
        ),
    ),
    before="""-- Neither is a period reopened meanwhile, nor another year closed or cancelled.
    PERFORM 1 FROM ledger_period AS p WHERE p.company_id = NEW.company_id
        AND p.fiscal_year_id = NEW.fiscal_year_id ORDER BY p.id FOR NO KEY UPDATE;
    PERFORM 1 FROM ledger_fiscal_year AS y WHERE y.company_id = NEW.company_id
        ORDER BY y.id FOR NO KEY UPDATE;""",
)
rule(
    YearClosing.__table__,
    "last_first",
    "UPDATE",
    (
        (
            (
                "OLD.cancelled_at IS NOT NULL AND (NEW.cancelled_at IS NULL"
                " OR NEW.cancelled_by IS NULL OR NEW.cancelled_at <> OLD.cancelled_at"
                " OR NEW.cancelled_by <> OLD.cancelled_by) OR (OLD.reversal_id IS NOT NULL"
                " AND (NEW.reversal_id IS NULL OR NEW.reversal_id <> OLD.reversal_id))"
            ),
            _CANCELLED_ONCE,
        ),
        (
            (
                "OLD.cancelled_at IS NULL AND NEW.cancelled_at IS NOT NULL AND"
                f" EXISTS ({_YEARS} AND y.starts_on > mine.starts_on"
                f" WHERE mine.id = NEW.fiscal_year_id AND {_CLOSING_OF})"
            ),
            _LATER_YEAR,
        ),
    ),
    before="""PERFORM 1 FROM ledger_fiscal_year AS y WHERE y.company_id = NEW.company_id
        ORDER BY y.id FOR NO KEY UPDATE;""",
)
