"""Making the table of balances anew from the lines, after somebody wrote past the guards.

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
    "LOCK TABLE ledger_balance IN SHARE ROW EXCLUSIVE MODE",
    "SELECT set_config('backstay.rebuilding', 'ledger_balance', true)",
    "SELECT set_config('statement_timeout', '0', true)",
)
_NO_LONGER: Final = "SELECT set_config('backstay.rebuilding', '', true)"

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


def rebuild_balances(session: Session) -> int:
    """Bring the balances of the session's company in line with its posted lines.

    Returns:
        how many balances were wrong or missing; the audit trail says so too.

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
    done: Any = session.execute(
        text(_REBUILD), {"company": company.id}, execution_options={"scope_checked": True}
    )
    mended = int(done.rowcount)
    if on_postgresql:
        connection.execute(text(_NO_LONGER))
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
