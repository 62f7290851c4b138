"""Invariants of late postings, closings and plans: (name, what is wrong, query) of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import lazy

if TYPE_CHECKING:
    from backstay.spi import Text

CLOSING_CHECKS: Final[tuple[tuple[str, Text, str], ...]] = (
    (
        "late_postings",
        lazy("Entries posted late by an exception that was not theirs, or not in force"),
        """SELECT e.number_text FROM ledger_late_posting AS t
        JOIN ledger_entry AS e ON e.id = t.entry_id
        LEFT JOIN ledger_lock_exception AS x ON x.id = t.exception_id
            AND x.company_id = e.company_id
        WHERE e.company_id = :company AND e.state = 'posted' AND t.exception_id IS NOT NULL
        AND (x.id IS NULL OR x.approved_at IS NULL OR x.approved_at > e.posted_at
            OR x.until < e.posted_at OR x.revoked_at < e.posted_at
            OR x.user_label <> e.posted_by OR x.approved_by IN (x.requested_by, x.user_label)
            OR e.date < x.first_day OR e.date > x.last_day)""",
    ),
    (
        "year_closings",
        lazy("Closed fiscal years whose income and expenses are not zero, or without their entry"),
        """SELECT y.code FROM ledger_year_closing AS c
        JOIN ledger_fiscal_year AS y ON y.id = c.fiscal_year_id
        LEFT JOIN ledger_entry AS e ON e.id = c.entry_id AND e.kind = 'closing'
            AND e.state = 'posted' AND e.fiscal_year_id = c.fiscal_year_id
        WHERE c.company_id = :company AND c.cancelled_at IS NULL AND (
            (c.entry_id IS NOT NULL AND e.id IS NULL)
            OR EXISTS (SELECT 1 FROM ledger_period AS p WHERE p.fiscal_year_id = y.id
                AND p.state NOT IN ('closed', 'locked'))
            OR EXISTS (SELECT 1 FROM ledger_fiscal_year AS o WHERE o.company_id = y.company_id
                AND o.starts_on < y.starts_on AND NOT EXISTS (
                    SELECT 1 FROM ledger_year_closing AS k WHERE k.fiscal_year_id = o.id
                    AND k.cancelled_at IS NULL))
            OR EXISTS (SELECT 1 FROM ledger_balance AS b
                JOIN ledger_account AS a ON a.id = b.account_id
                JOIN ledger_period AS p ON p.id = b.period_id
                WHERE b.company_id = c.company_id AND p.ends_on <= y.ends_on
                AND a.account_class IN ('income', 'expense')
                GROUP BY a.id HAVING sum(b.debit) <> sum(b.credit)))""",
    ),
    (
        "closing_entries",
        lazy("Closing entries outside the closing period of their year, or others inside it"),
        """SELECT e.number_text FROM ledger_entry AS e
        JOIN ledger_period AS p ON p.id = e.period_id
        LEFT JOIN ledger_entry AS r ON r.id = e.reverses_id
        WHERE e.company_id = :company AND e.state = 'posted' AND (p.kind = 'closing')
            <> (e.kind = 'closing' OR coalesce(r.kind = 'closing', 1 = 0))""",
    ),
    (
        "release_plans",
        lazy("Deferrals whose release plan is not their amount, or is not carried out as it says"),
        """SELECT d.name FROM ledger_deferral AS d WHERE d.company_id = :company AND (
            d.amount <> (SELECT coalesce(sum(p.amount), 0) FROM ledger_planned_entry AS p
                WHERE p.deferral_id = d.id)
            OR EXISTS (SELECT 1 FROM ledger_planned_entry AS p WHERE p.deferral_id = d.id
                AND p.entry_id IS NOT NULL AND p.amount <> coalesce((
                    SELECT sum(l.amount) FROM ledger_line AS l
                    WHERE l.entry_id = p.entry_id AND l.account_id = d.account_id), 0)))""",
    ),
)
"""They are in services.checks.CHECKS, which runs them."""
