"""The step from draft to posted: double entry, number, period and balances in one trigger.

The rules are 1-7 and 15 of docs/reference/ledger-proofs.md. Numbers stay gapless because each
posted number but the first needs its predecessor, and posted entries never go away.
"""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import declare, freeze
from backstay_ledger.models import Entry

FROZEN: Final = "A posted entry can not be changed or deleted; reverse it."
FIRST_A_DRAFT: Final = "An entry begins as a draft and is posted afterwards."

_PERIOD: Final = "The date of an entry lies in its period, in the same company and fiscal year."
_CLOSED: Final = "The period is closed."
_LOCKED: Final = "The day is locked for this sub-ledger."
_KIND: Final = "Closing entries, and nothing else, are posted in the closing period of their year."
_JOURNAL: Final = "The number of an entry is made of its journal, fiscal year and counter."
_MINOR_UNITS: Final = "An entry has the decimals of the currency of its company."
_COUNTER: Final = "The number of an entry comes from the counter of its journal and fiscal year."
_GAP: Final = "Numbers have no gaps: the number before this one is not posted."
_LINES: Final = "An entry has at least two lines."
_AGREE: Final = "Lines have the date, company and decimals of their entry."
_ACCOUNT: Final = "Lines are on accounts of the same company."
_BALANCE: Final = "Debit and credit differ."
_CURRENCY: Final = "Debit and credit differ in a foreign currency."
_REVERSES: Final = "Only a posted entry of the same company can be reversed."


def _left_over(entry: str) -> str:
    """Whether the lines of a currency, a group, come to more than the entry's kind allows.

    An ordinary entry: to anything. An exchange: to an amount whose value in base currency is not on
    the same side. A reversal: to anything but the opposite of what it reverses, which may have
    exchanged. Opening balances bring amounts in. A line without a foreign amount, which changes
    nothing but a value, is no part of an ordinary entry.
    """
    return f"""(CASE {entry}.kind
        WHEN 'opening' THEN false
        WHEN 'exchange' THEN sum(l.amount_currency) <> 0 AND NOT
            ((sum(l.amount_currency) > 0 AND sum(l.amount) > 0)
            OR (sum(l.amount_currency) < 0 AND sum(l.amount) < 0))
        WHEN 'reversal' THEN sum(l.amount_currency) + coalesce((SELECT sum(o.amount_currency)
            FROM ledger_line AS o WHERE o.entry_id = {entry}.reverses_id
            AND o.currency = l.currency), 0) <> 0
        ELSE sum(l.amount_currency) <> 0 OR min(abs(l.amount_currency)) = 0
    END)"""


_NOW: Final = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
    "postgresql": "floor(extract(epoch FROM clock_timestamp()) * 1000000)",
}


def _covers(scope: str, entry: str) -> str:
    """That the scope of a lock or an exception (closing.models.LockScope) holds for an entry.

    Arguments:
        entry: the alias of its row; ``j`` is that of its journal.
    """
    return (
        f"({scope} = 'all' OR {scope} = CASE j.kind WHEN 'sales' THEN 'ar'"
        " WHEN 'purchases' THEN 'ap' WHEN 'bank' THEN 'bank' WHEN 'general' THEN 'general' END"
        f" OR ({scope} = 'stock' AND {entry}.source_plugin = 'stock')"
        f" OR ({scope} = 'tax' AND EXISTS (SELECT 1 FROM ledger_tax_detail AS td"
        f" WHERE td.entry_id = {entry}.id)))"
    )


def _is_locked(entry: str) -> str:
    """That a lock of its sub-ledger reaches the day of an entry; ``p`` is its period."""
    return (
        "(p.kind <> 'closing' AND EXISTS (SELECT 1 FROM ledger_lock AS k"
        f" WHERE k.company_id = {entry}.company_id AND k.up_to >= {entry}.date"
        f" AND {_covers('k.scope', entry)}))"
    )


def _is_let_in(entry: str, dialect: str) -> str:
    """That an entry is noted as late, with a right to it that holds now."""
    return f"""(p.state <> 'locked' AND NOT EXISTS (SELECT 1 FROM ledger_year_closing AS c
        WHERE c.fiscal_year_id = p.fiscal_year_id AND c.cancelled_at IS NULL)
    AND EXISTS (SELECT 1 FROM ledger_late_posting AS t
        LEFT JOIN ledger_lock_exception AS x ON x.id = t.exception_id
            AND x.company_id = {entry}.company_id AND x.user_label = {entry}.posted_by
            AND x.approved_by IS NOT NULL AND x.revoked_at IS NULL
            AND {entry}.date BETWEEN x.first_day AND x.last_day
            AND x.until >= {_NOW[dialect]} AND {_covers("x.scope", entry)}
        WHERE t.entry_id = {entry}.id AND (x.id IS NOT NULL
            OR (t.exception_id IS NULL AND p.state = 'soft-closed'
                AND NOT {_is_locked(entry)}))))"""


_LINE_SUMS: Final = """sum(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
    sum(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END),
    sum(CASE WHEN l.amount_currency > 0 THEN l.amount_currency ELSE 0 END),
    sum(CASE WHEN l.amount_currency < 0 THEN -l.amount_currency ELSE 0 END),
    count(*)"""

_ADD_UP: Final = """ON CONFLICT (company_id, account_id, period_id, currency) DO UPDATE SET
    debit = ledger_balance.debit + excluded.debit,
    credit = ledger_balance.credit + excluded.credit,
    debit_currency = ledger_balance.debit_currency + excluded.debit_currency,
    credit_currency = ledger_balance.credit_currency + excluded.credit_currency,
    n = ledger_balance.n + excluded.n"""

_BALANCE_COLUMNS: Final = (
    "company_id, account_id, period_id, currency, debit, credit, debit_currency, credit_currency, n"
)

_SQLITE: Final = f"""CREATE TRIGGER ledger_entry__posting AFTER UPDATE ON ledger_entry
WHEN OLD.state IS NOT 'posted' AND NEW.state = 'posted' BEGIN
SELECT RAISE(ABORT, '{_PERIOD}') WHERE NEW.date IS NOT date(NEW.date) OR NOT EXISTS (
    SELECT 1 FROM ledger_period AS p WHERE p.id = NEW.period_id AND p.company_id = NEW.company_id
    AND p.fiscal_year_id = NEW.fiscal_year_id AND NEW.date BETWEEN p.starts_on AND p.ends_on);
SELECT RAISE(ABORT, '{_KIND}') FROM ledger_period AS p WHERE p.id = NEW.period_id
    AND (p.kind = 'closing') <> (NEW.kind = 'closing' OR (NEW.reverses_id IS NOT NULL
        AND EXISTS (SELECT 1 FROM ledger_entry AS e
            WHERE e.id = NEW.reverses_id AND e.kind = 'closing')));
SELECT RAISE(ABORT, '{_CLOSED}') FROM ledger_period AS p, ledger_journal AS j
    WHERE p.id = NEW.period_id AND j.id = NEW.journal_id AND p.state <> 'open'
    AND NOT {_is_let_in("NEW", "sqlite")};
SELECT RAISE(ABORT, '{_LOCKED}') FROM ledger_period AS p, ledger_journal AS j
    WHERE p.id = NEW.period_id AND j.id = NEW.journal_id AND {_is_locked("NEW")}
    AND NOT {_is_let_in("NEW", "sqlite")};
SELECT RAISE(ABORT, '{_JOURNAL}') WHERE NOT EXISTS (
    SELECT 1 FROM ledger_journal AS j, ledger_fiscal_year AS y
    WHERE j.id = NEW.journal_id AND j.company_id = NEW.company_id AND y.id = NEW.fiscal_year_id
    AND NEW.number_text = j.code || '-' || y.code || '-' || printf('%06d', NEW.number));
SELECT RAISE(ABORT, '{_MINOR_UNITS}') WHERE NEW.minor_units IS NOT
    (SELECT c.minor_units FROM core_company AS c WHERE c.id = NEW.company_id);
SELECT RAISE(ABORT, '{_COUNTER}') WHERE typeof(NEW.number) <> 'integer' OR NOT EXISTS (
    SELECT 1 FROM ledger_sequence_head AS h WHERE h.company_id = NEW.company_id
    AND h.journal_id = NEW.journal_id AND h.fiscal_year_id = NEW.fiscal_year_id
    AND NEW.number <= h.last_number);
SELECT RAISE(ABORT, '{_GAP}') WHERE NEW.number > 1 AND NOT EXISTS (
    SELECT 1 FROM ledger_entry AS e WHERE e.company_id = NEW.company_id
    AND e.journal_id = NEW.journal_id AND e.fiscal_year_id = NEW.fiscal_year_id
    AND e.number = NEW.number - 1);
SELECT RAISE(ABORT, '{_REVERSES}') WHERE NEW.reverses_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM ledger_entry AS e WHERE e.id = NEW.reverses_id
    AND e.company_id = NEW.company_id AND e.state = 'posted' AND e.id <> NEW.id);
SELECT RAISE(ABORT, '{_LINES}') WHERE
    (SELECT count(*) FROM ledger_line AS l WHERE l.entry_id = NEW.id) < 2;
SELECT RAISE(ABORT, '{_AGREE}') WHERE EXISTS (
    SELECT 1 FROM ledger_line AS l WHERE l.entry_id = NEW.id AND (l.date IS NOT NEW.date
    OR l.company_id IS NOT NEW.company_id OR l.minor_units IS NOT NEW.minor_units
    OR l.minor_units_currency NOT IN (0, 1, 2, 3, 4)
    OR typeof(l.amount) <> 'integer'
    OR (l.amount_currency IS NOT NULL AND typeof(l.amount_currency) <> 'integer')));
SELECT RAISE(ABORT, '{_ACCOUNT}') WHERE EXISTS (
    SELECT 1 FROM ledger_line AS l LEFT JOIN ledger_account AS a ON a.id = l.account_id
    WHERE l.entry_id = NEW.id AND a.company_id IS NOT NEW.company_id);
SELECT RAISE(ABORT, '{_BALANCE}') WHERE
    (SELECT sum(l.amount) FROM ledger_line AS l WHERE l.entry_id = NEW.id) <> 0;
SELECT RAISE(ABORT, '{_CURRENCY}') WHERE EXISTS (
    SELECT 1 FROM ledger_line AS l WHERE l.entry_id = NEW.id AND l.currency IS NOT NULL
    GROUP BY l.currency HAVING {_left_over("NEW")});
INSERT INTO ledger_balance ({_BALANCE_COLUMNS})
SELECT NEW.company_id, l.account_id, NEW.period_id, coalesce(l.currency, ''),
    {_LINE_SUMS}
FROM ledger_line AS l WHERE l.entry_id = NEW.id GROUP BY l.account_id, coalesce(l.currency, '')
{_ADD_UP};
END"""

# What nearly every entry is spared is asked for apart (rights to late entries, reversals, foreign
# currencies): PostgreSQL sets a query up anew each time, and that costs most of what it takes.
#
# The planner settings keep the plan from a nearly empty table out of a session's plan cache: with
# no statistics it would scan the whole table, and go on doing so after the table has grown.
_POSTGRESQL: Final = f"""CREATE OR REPLACE FUNCTION ledger_entry__posting() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    bad record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM new_rows WHERE state = 'posted') THEN
        RETURN NULL;
    END IF;
    -- Frozen rows never get here, so a row that is posted now was a draft before. Whoever closes
    -- a period waits for this lock, and this waits for whoever closes it.
    PERFORM 1 FROM ledger_period AS p
        WHERE p.id IN (SELECT period_id FROM new_rows WHERE state = 'posted')
        ORDER BY p.id FOR SHARE;
    SELECT found.* INTO bad FROM (
        SELECT n.number_text, CASE
            WHEN p.id IS NULL OR p.fiscal_year_id <> n.fiscal_year_id
                OR n.date NOT BETWEEN p.starts_on AND p.ends_on THEN '{_PERIOD}'
            WHEN j.id IS NULL OR y.id IS NULL OR n.number_text <> j.code || '-' || y.code || '-'
                || lpad(n.number::text, greatest(6, length(n.number::text)), '0')
                THEN '{_JOURNAL}'
            WHEN c.minor_units <> n.minor_units THEN '{_MINOR_UNITS}'
            WHEN h.last_number IS NULL OR n.number > h.last_number THEN '{_COUNTER}'
            WHEN n.number > 1 AND before.id IS NULL THEN '{_GAP}'
            WHEN p.state <> 'open' OR p.kind = 'closing' OR n.kind = 'closing'
                OR n.reverses_id IS NOT NULL OR EXISTS (SELECT 1 FROM ledger_lock AS k
                    WHERE k.company_id = n.company_id AND k.up_to >= n.date) THEN ''
        END AS reason
        FROM new_rows AS n
        JOIN core_company AS c ON c.id = n.company_id
        LEFT JOIN ledger_period AS p ON p.id = n.period_id AND p.company_id = n.company_id
        LEFT JOIN ledger_journal AS j ON j.id = n.journal_id AND j.company_id = n.company_id
        LEFT JOIN ledger_fiscal_year AS y
            ON y.id = n.fiscal_year_id AND y.company_id = n.company_id
        LEFT JOIN ledger_sequence_head AS h ON h.company_id = n.company_id
            AND h.journal_id = n.journal_id AND h.fiscal_year_id = n.fiscal_year_id
        LEFT JOIN ledger_entry AS before ON before.company_id = n.company_id
            AND before.journal_id = n.journal_id AND before.fiscal_year_id = n.fiscal_year_id
            AND before.number = n.number - 1
        WHERE n.state = 'posted'
    ) AS found WHERE found.reason IS NOT NULL ORDER BY found.reason DESC LIMIT 1;
    IF bad.reason = '' THEN
        SELECT found.* INTO bad FROM (
            SELECT n.number_text, CASE
                WHEN (p.kind = 'closing')
                    <> (n.kind = 'closing' OR coalesce(reversed.kind = 'closing', false))
                    THEN '{_KIND}'
                WHEN p.state <> 'open' AND NOT {_is_let_in("n", "postgresql")} THEN '{_CLOSED}'
                WHEN {_is_locked("n")} AND NOT {_is_let_in("n", "postgresql")} THEN '{_LOCKED}'
                WHEN n.reverses_id IS NOT NULL AND reversed.id IS NULL THEN '{_REVERSES}'
            END AS reason
            FROM new_rows AS n
            JOIN ledger_period AS p ON p.id = n.period_id
            JOIN ledger_journal AS j ON j.id = n.journal_id
            LEFT JOIN ledger_entry AS reversed ON reversed.id = n.reverses_id
                AND reversed.company_id = n.company_id AND reversed.state = 'posted'
                AND reversed.id <> n.id
            WHERE n.state = 'posted'
        ) AS found WHERE found.reason IS NOT NULL LIMIT 1;
    END IF;
    IF bad.reason IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = bad.number_text || ': ' || bad.reason,
            ERRCODE = 'check_violation';
    END IF;
    SELECT min(found.number_text || ': ' || found.reason) AS reason, bool_or(found.is_foreign)
        AS is_foreign INTO bad FROM (
        SELECT n.number_text, count(l.currency) > 0 AS is_foreign, CASE
            WHEN count(l.line_no) < 2 THEN '{_LINES}'
            WHEN bool_or(l.date IS DISTINCT FROM n.date OR l.company_id <> n.company_id
                OR l.minor_units <> n.minor_units
                OR l.minor_units_currency NOT IN (0, 1, 2, 3, 4)) THEN '{_AGREE}'
            WHEN bool_or(a.id IS NULL) THEN '{_ACCOUNT}'
            WHEN sum(l.amount) <> 0 THEN '{_BALANCE}'
        END AS reason
        FROM new_rows AS n
        LEFT JOIN ledger_line AS l ON l.entry_id = n.id
        LEFT JOIN ledger_account AS a ON a.id = l.account_id AND a.company_id = n.company_id
        WHERE n.state = 'posted'
        GROUP BY n.id, n.number_text
    ) AS found;
    IF bad.reason IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = bad.reason, ERRCODE = 'check_violation';
    END IF;
    IF bad.is_foreign THEN
        SELECT n.number_text, l.currency INTO bad
            FROM new_rows AS n JOIN ledger_line AS l ON l.entry_id = n.id
            WHERE n.state = 'posted' AND l.currency IS NOT NULL
            GROUP BY n.id, n.number_text, n.kind, n.reverses_id, l.currency
            HAVING {_left_over("n")} LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION USING
                MESSAGE = bad.number_text || ': {_CURRENCY} (' || bad.currency || ')',
                ERRCODE = 'check_violation';
        END IF;
    END IF;
    -- In the order of the key: two batches that lock the same balances can't deadlock.
    INSERT INTO ledger_balance ({_BALANCE_COLUMNS})
    SELECT n.company_id, l.account_id, n.period_id, coalesce(l.currency, ''),
    {_LINE_SUMS}
    FROM new_rows AS n JOIN ledger_line AS l ON l.entry_id = n.id
    WHERE n.state = 'posted'
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    {_ADD_UP};
    RETURN NULL;
END $$"""

freeze(Entry.__table__, "{row}.state = 'posted'", FROZEN)

declare(
    Entry.__table__,
    "first_a_draft",
    sqlite=(
        (
            "CREATE TRIGGER ledger_entry__first_a_draft BEFORE INSERT ON ledger_entry"
            " WHEN NEW.state IS NOT 'draft'"
            f" BEGIN SELECT RAISE(ABORT, '{FIRST_A_DRAFT}'); END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_entry__first_a_draft() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{FIRST_A_DRAFT}' USING ERRCODE = 'check_violation'; END $$""",
        (
            "CREATE TRIGGER ledger_entry__first_a_draft BEFORE INSERT ON ledger_entry"
            " FOR EACH ROW WHEN (NEW.state IS DISTINCT FROM 'draft')"
            " EXECUTE FUNCTION ledger_entry__first_a_draft()"
        ),
    ),
)

declare(
    Entry.__table__,
    "posting",
    sqlite=(_SQLITE,),
    postgresql=(
        _POSTGRESQL,
        (
            "CREATE TRIGGER ledger_entry__posting AFTER UPDATE ON ledger_entry"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry__posting()"
        ),
    ),
)
