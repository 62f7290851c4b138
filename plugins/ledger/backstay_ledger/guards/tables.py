"""Guards of what entries refer to: accounts, journals, years, periods, counters, balances."""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import FromClause, Table

from backstay.spi import append_only, declare, no_truncate, places, unique_keys
from backstay_ledger.models import (
    Account,
    AccountBalance,
    Entry,
    EntryReference,
    FiscalYear,
    Journal,
    Period,
    SequenceHead,
)

CONTEXT_FUNCTION: Final = "backstay_audit_context_required"
"""Registered by Backstay's own SQLite connections only (see backstay.db.guards)."""


def keep(
    mapped: FromClause,
    *,
    fixed: Sequence[str],
    what: str,
    keys: Sequence[Sequence[str]] | None = None,
) -> None:
    """Columns that never change, and on SQLite no REPLACE of a row by one of its keys.

    Arguments:
        keys: those of which the others are guarded elsewhere; left out, all of the table. A key
            of a part of the rows is a rule of its own.
    """
    assert isinstance(mapped, Table)  # noqa: S101
    table = mapped.name
    trigger = f"{table}__identity"
    said = f"{', '.join(fixed)} of {what} never change."
    taken = f"There is {what} with this key already."
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in fixed)
    distinct = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in fixed)
    primary = [column.name for column in mapped.primary_key.columns]
    same = " AND ".join(f"held.{column} = OLD.{column}" for column in primary)
    if keys is None:
        # By a key that holds the primary key no row is found that this one does not find.
        keys = [key for key in unique_keys(mapped, partial=False) if not set(primary) < set(key)]
    taking = (*keys, *places(mapped))

    def held(but: str) -> str:
        return " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} AS held WHERE "
            + " AND ".join(f"held.{column} = NEW.{column}" for column in key)
            + f"{but})"
            for key in taking
        )

    declare(
        mapped,
        "identity",
        sqlite=(
            (
                f"CREATE TRIGGER {trigger}_update BEFORE UPDATE ON {table} WHEN {changed}"
                f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
            ),
            (
                f"CREATE TRIGGER {trigger}_insert BEFORE INSERT ON {table} WHEN {held('')}"
                f" BEGIN SELECT RAISE(ABORT, '{taken}'); END"
            ),
            (
                f"CREATE TRIGGER {trigger}_replace BEFORE UPDATE ON {table}"
                f" WHEN {held(f' AND NOT ({same})')}"
                f" BEGIN SELECT RAISE(ABORT, '{taken}'); END"
            ),
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {distinct} THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$""",
            (
                f"CREATE TRIGGER {trigger} BEFORE UPDATE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {trigger}()"
            ),
        ),
    )


def keep_while_used(mapped: FromClause, uses: Sequence[tuple[str, str]], what: str) -> None:
    """SQLite: no DELETE of a row that another table refers to (PostgreSQL: its foreign keys)."""
    assert isinstance(mapped, Table)  # noqa: S101
    used = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = OLD.id)" for table, column in uses
    )
    declare(
        mapped,
        "used",
        sqlite=(
            (
                f"CREATE TRIGGER {mapped.name}__used BEFORE DELETE ON {mapped.name} WHEN {used}"
                f" BEGIN SELECT RAISE(ABORT, 'This {what} is in use and can''t be deleted.'); END"
            ),
        ),
        postgresql=(),
    )


def _keep_codes_in_numbers() -> None:
    """A journal's code stays once a number carries it."""
    said = "The code of a journal with posted entries is part of their numbers; it stays."
    posted = "EXISTS (SELECT 1 FROM ledger_sequence_head AS h WHERE h.journal_id = OLD.id)"
    declare(
        Journal.__table__,
        "code",
        sqlite=(
            (
                "CREATE TRIGGER ledger_journal__code BEFORE UPDATE ON ledger_journal"
                f" WHEN NEW.code IS NOT OLD.code AND {posted}"
                f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
            ),
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION ledger_journal__code() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.code IS DISTINCT FROM OLD.code AND {posted} THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$""",
            (
                "CREATE TRIGGER ledger_journal__code BEFORE UPDATE ON ledger_journal"
                " FOR EACH ROW EXECUTE FUNCTION ledger_journal__code()"
            ),
        ),
    )


def _keep_dates_apart(mapped: FromClause, what: str, *, where: str = "") -> None:
    """SQLite: two date ranges of a company never meet (PostgreSQL: an EXCLUDE constraint).

    Arguments:
        where: a condition on ``{row}``; rows that do not meet it may lie anywhere.
    """
    assert isinstance(mapped, Table)  # noqa: S101
    table = mapped.name
    met = (
        f"EXISTS (SELECT 1 FROM {table} AS held"
        " WHERE held.company_id = NEW.company_id AND held.id <> NEW.id"
        " AND held.starts_on <= NEW.ends_on AND held.ends_on >= NEW.starts_on"
        + (f" AND {where.format(row='held')}) AND {where.format(row='NEW')}" if where else ")")
    )
    malformed = "NEW.starts_on IS NOT date(NEW.starts_on) OR NEW.ends_on IS NOT date(NEW.ends_on)"
    declare(
        mapped,
        "dates",
        sqlite=(
            (
                f"CREATE TRIGGER {table}__dates BEFORE INSERT ON {table}"
                f" WHEN ({met}) OR {malformed}"
                f" BEGIN SELECT RAISE(ABORT, '{what} of a company can''t overlap.'); END"
            ),
        ),
        postgresql=(),
    )


def _keep_periods_in_years() -> None:
    said = "A period lies inside its fiscal year, in the same company."
    inside = (
        "EXISTS (SELECT 1 FROM ledger_fiscal_year AS y WHERE y.id = NEW.fiscal_year_id"
        " AND y.company_id = NEW.company_id AND y.starts_on <= NEW.starts_on"
        " AND y.ends_on >= NEW.ends_on)"
    )
    declare(
        Period.__table__,
        "year",
        sqlite=(
            (
                "CREATE TRIGGER ledger_period__year BEFORE INSERT ON ledger_period"
                f" WHEN NOT {inside}"
                f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
            ),
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION ledger_period__year() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT {inside} THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$""",
            (
                "CREATE TRIGGER ledger_period__year BEFORE INSERT ON ledger_period"
                " FOR EACH ROW EXECUTE FUNCTION ledger_period__year()"
            ),
        ),
    )


def _keep_counters() -> None:
    """A counter only rises, and only through Backstay: a raw change would tear a gap."""
    table = "ledger_sequence_head"
    said = "The counter of a journal only rises and is never deleted."
    declare(
        SequenceHead.__table__,
        "rising",
        sqlite=(
            (
                f"CREATE TRIGGER {table}__rising_insert BEFORE INSERT ON {table}"
                f" BEGIN SELECT {CONTEXT_FUNCTION}(); END"
            ),
            (
                f"CREATE TRIGGER {table}__rising_update BEFORE UPDATE ON {table} BEGIN"
                f" SELECT {CONTEXT_FUNCTION}();"
                f" SELECT RAISE(ABORT, '{said}') WHERE NEW.last_number < OLD.last_number; END"
            ),
            (
                f"CREATE TRIGGER {table}__rising_delete BEFORE DELETE ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
            ),
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION {table}__rising() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('backstay.actor', true), '') = '' THEN
        RAISE EXCEPTION 'The counters of journals are changed through Backstay only.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NEW.last_number < OLD.last_number) THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$""",
            (
                f"CREATE TRIGGER {table}__rising BEFORE INSERT OR UPDATE OR DELETE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {table}__rising()"
            ),
            *no_truncate(table, f"{table}__rising", said),
        ),
    )


def _keep_balances() -> None:
    """Balances move inside the posting trigger only, or all at once (services.rebuild)."""
    table = "ledger_balance"
    said = "Balances are kept by posting and can not be written."
    declare(
        AccountBalance.__table__,
        "posting",
        sqlite=(
            *(
                f"CREATE TRIGGER {table}__posting_{event.lower()} BEFORE {event} ON {table}"
                f" BEGIN SELECT {CONTEXT_FUNCTION}(); END"
                for event in ("INSERT", "UPDATE")
            ),
            (
                f"CREATE TRIGGER {table}__posting_delete BEFORE DELETE ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
            ),
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION {table}__posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- 1 is this trigger; the posting trigger makes it 2, but so would anybody's own trigger.
    IF (pg_trigger_depth() < 2
            AND coalesce(current_setting('backstay.rebuilding', true), '') <> '{table}')
        OR TG_OP = 'DELETE'
        OR coalesce(current_setting('backstay.actor', true), '') = '' THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$""",
            (
                f"CREATE TRIGGER {table}__posting BEFORE INSERT OR UPDATE OR DELETE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {table}__posting()"
            ),
            *no_truncate(table, f"{table}__posting", said),
        ),
    )


keep(
    Account.__table__,
    fixed=("id", "company_id"),
    what="an account",
)
keep_while_used(
    Account.__table__,
    (("ledger_line", "account_id"), ("ledger_balance", "account_id")),
    "account",
)
keep(
    Journal.__table__,
    fixed=("id", "company_id"),
    what="a journal",
)
_keep_codes_in_numbers()
keep_while_used(
    Journal.__table__,
    (
        ("ledger_entry", "journal_id"),
        ("ledger_sequence_head", "journal_id"),
        ("ledger_approval_limit", "journal_id"),
    ),
    "journal",
)
keep(
    FiscalYear.__table__,
    fixed=("id", "company_id", "code", "starts_on", "ends_on"),
    what="a fiscal year",
)
keep_while_used(
    FiscalYear.__table__,
    (
        ("ledger_period", "fiscal_year_id"),
        ("ledger_entry", "fiscal_year_id"),
        ("ledger_sequence_head", "fiscal_year_id"),
    ),
    "fiscal year",
)
_keep_dates_apart(FiscalYear.__table__, "Fiscal years")
keep(
    Period.__table__,
    fixed=("id", "company_id", "fiscal_year_id", "number", "starts_on", "ends_on", "kind"),
    what="a period",
)
keep_while_used(
    Period.__table__, (("ledger_entry", "period_id"), ("ledger_balance", "period_id")), "period"
)
_keep_dates_apart(Period.__table__, "Periods", where="{row}.kind = 'month'")
_keep_periods_in_years()
keep(
    SequenceHead.__table__,
    fixed=("company_id", "journal_id", "fiscal_year_id"),
    what="a counter",
)
_keep_counters()
_keep_balances()
# The other keys of an entry are those of posted ones, which are frozen.
keep(Entry.__table__, fixed=("id", "company_id"), keys=(("id",),), what="an entry")
append_only(EntryReference.__table__, "An attached reference can't be changed.")
