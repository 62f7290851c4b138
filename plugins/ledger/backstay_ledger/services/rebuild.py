"""Making the tables of balances anew from the lines, after somebody wrote past the guards.

Posting keeps the balances, so this is for repair (``backstay ledger check`` says ``drift``) and for
books that were loaded by other means. Nobody posts meanwhile: whoever tries waits for the end.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from backstay.spi import Event, authorize, company_of, record_event
from backstay_ledger.permissions import ENTRY_POST

_COLUMNS: Final = (
    "company_id, account_id, period_id, currency, debit, credit, debit_currency, credit_currency, n"
)
_ALONE: Final = (
    # Waits for entries that are being posted, lets reports read, and keeps others from posting.
    # The triggers of posting run, and lock, in the order of their names: dimensions come first.
    "LOCK TABLE ledger_dimension_balance, ledger_balance IN SHARE ROW EXCLUSIVE MODE",
    "SELECT set_config('statement_timeout', '0', true)",
)
_REBUILDING: Final = "SELECT set_config('backstay.rebuilding', :table, true)"

# Every balance that there is takes part with zeros, so that those without lines become zero: the
# guards let nobody delete one.
_REBUILD: Final = f"""
    INSERT INTO ledger_balance ({_COLUMNS})
    SELECT company_id, account_id, period_id, currency, sum(debit), sum(credit),
        sum(debit_currency), sum(credit_currency), sum(n)
    FROM (
        SELECT company_id, account_id, period_id, currency, 0 AS debit, 0 AS credit,
            0 AS debit_currency, 0 AS credit_currency, 0 AS n
        FROM ledger_balance WHERE company_id = :company
        UNION ALL
        SELECT e.company_id, l.account_id, e.period_id, coalesce(l.currency, ''),
            sum(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
            sum(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END),
            sum(CASE WHEN l.amount_currency > 0 THEN l.amount_currency ELSE 0 END),
            sum(CASE WHEN l.amount_currency < 0 THEN -l.amount_currency ELSE 0 END),
            count(*)
        FROM ledger_entry AS e JOIN ledger_line AS l ON l.entry_id = e.id
        WHERE e.company_id = :company AND e.state = 'posted'
        GROUP BY e.company_id, l.account_id, e.period_id, coalesce(l.currency, '')
    ) AS sums
    WHERE true
    GROUP BY company_id, account_id, period_id, currency
    ON CONFLICT (company_id, account_id, period_id, currency) DO UPDATE SET
        debit = excluded.debit, credit = excluded.credit,
        debit_currency = excluded.debit_currency, credit_currency = excluded.credit_currency,
        n = excluded.n
    WHERE ledger_balance.debit <> excluded.debit OR ledger_balance.credit <> excluded.credit
        OR ledger_balance.debit_currency <> excluded.debit_currency
        OR ledger_balance.credit_currency <> excluded.credit_currency
        OR ledger_balance.n <> excluded.n"""  # noqa: S608 - the columns are named above
_REBUILD_BY_DIMENSION: Final = """
    INSERT INTO ledger_dimension_balance
        (company_id, account_id, period_id, dimset_id, debit, credit, n)
    SELECT company_id, account_id, period_id, dimset_id, sum(debit), sum(credit), sum(n)
    FROM (
        SELECT company_id, account_id, period_id, dimset_id, 0 AS debit, 0 AS credit, 0 AS n
        FROM ledger_dimension_balance WHERE company_id = :company
        UNION ALL
        SELECT e.company_id, l.account_id, e.period_id, l.dimset_id,
            sum(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
            sum(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END),
            count(*)
        FROM ledger_entry AS e JOIN ledger_line AS l ON l.entry_id = e.id
        WHERE e.company_id = :company AND e.state = 'posted' AND l.dimset_id IS NOT NULL
        GROUP BY e.company_id, l.account_id, e.period_id, l.dimset_id
    ) AS sums
    WHERE true
    GROUP BY company_id, account_id, period_id, dimset_id
    ON CONFLICT (company_id, account_id, period_id, dimset_id) DO UPDATE SET
        debit = excluded.debit, credit = excluded.credit, n = excluded.n
    WHERE ledger_dimension_balance.debit <> excluded.debit
        OR ledger_dimension_balance.credit <> excluded.credit
        OR ledger_dimension_balance.n <> excluded.n"""
_TABLES: Final = (
    ("ledger_balance", _REBUILD),
    ("ledger_dimension_balance", _REBUILD_BY_DIMENSION),
)


def rebuild_balances(session: Session) -> int:
    """Bring the balances of the session's company, and those by dimension, in line with its lines.

    Returns:
        how many balances of both kinds were wrong or missing; the audit trail says so too.

    Raises:
        Unavailable: somebody else's posting did not end in time (raised by the database session).
    """
    authorize(session, ENTRY_POST)
    company = company_of(session)
    connection = session.connection()
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        for statement in _ALONE:
            connection.execute(text(statement))
    mended = 0
    for table, statement in _TABLES:
        if on_postgresql:
            connection.execute(text(_REBUILDING), {"table": table})
        done: Any = session.execute(
            text(statement), {"company": company.id}, execution_options={"scope_checked": True}
        )
        mended += int(done.rowcount)
    if on_postgresql:
        connection.execute(text(_REBUILDING), {"table": ""})
    record_event(
        session,
        Event(
            action="rebuild",
            entity="ledger_balance",
            label=company.code,
            plugin="ledger",
            company_id=company.id,
            after={"mended": mended},
        ),
    )
    return mended
