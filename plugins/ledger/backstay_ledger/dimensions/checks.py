"""Invariants of dimensions as SQL (see services.checks)."""

from __future__ import annotations

from typing import Final

from backstay.spi import lazy

DIMENSION_CHECKS: Final = (
    (
        "dimension_drift",
        lazy("Balances by dimension that differ from the sum of their lines"),
        """SELECT a.code || ' ' || p.starts_on FROM (
            SELECT account_id, period_id, dimset_id, sum(debit) AS debit, sum(credit) AS credit,
                sum(n) AS n
            FROM (
                SELECT account_id, period_id, dimset_id, debit, credit, n
                FROM ledger_dimension_balance WHERE company_id = :company
                UNION ALL
                SELECT l.account_id, e.period_id, l.dimset_id,
                    CASE WHEN l.amount > 0 THEN -l.amount ELSE 0 END,
                    CASE WHEN l.amount < 0 THEN l.amount ELSE 0 END, -1
                FROM ledger_line AS l JOIN ledger_entry AS e ON e.id = l.entry_id
                WHERE e.company_id = :company AND e.state = 'posted' AND l.dimset_id IS NOT NULL
            ) AS both_sides GROUP BY account_id, period_id, dimset_id
        ) AS s
        LEFT JOIN ledger_account AS a ON a.id = s.account_id
        LEFT JOIN ledger_period AS p ON p.id = s.period_id
        WHERE s.debit <> 0 OR s.credit <> 0 OR s.n <> 0""",
    ),
    (
        "dimension_trees",
        lazy("Values of dimensions below a value of another dimension or company"),
        """SELECT v.code FROM ledger_dimension_value AS v
        LEFT JOIN ledger_dimension_value AS p ON p.id = v.parent_id
            AND p.company_id = v.company_id AND p.dimension_id = v.dimension_id
        WHERE v.company_id = :company AND v.parent_id IS NOT NULL
        AND (p.id IS NULL OR p.id = v.id)""",
    ),
)
