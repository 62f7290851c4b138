"""Invariants of the books as SQL, run on live data: each must find nothing.

The guards keep them from being broken through the database; the checks prove it, and find what
somebody did with the guards switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from backstay.spi import Text, authorize, lazy
from backstay_ledger.audit.checks import AUDIT_CHECKS
from backstay_ledger.audit.sealing import SEALS, broken_seals
from backstay_ledger.closing.checks import CLOSING_CHECKS
from backstay_ledger.dimensions.checks import DIMENSION_CHECKS
from backstay_ledger.open_items.checks import OPEN_ITEM_CHECKS
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.check_in_sql import Check
from backstay_ledger.services.content_check import changed_entries
from backstay_ledger.tax.checks import TAX_CHECKS

EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken invariant.

    Arguments:
        check: the name of the check.
        count: how many records break it.
        examples: some of them, as people know them.
    """

    check: str
    message: str
    count: int
    examples: tuple[str, ...]


_BOOKS: Final = (
    Check(
        "balanced",
        lazy("Posted entries whose debits and credits differ"),
        """SELECT coalesce(e.number_text, '?') FROM ledger_entry AS e
        LEFT JOIN ledger_line AS l ON l.entry_id = e.id
        WHERE e.company_id = :company AND e.state = 'posted'
        GROUP BY e.id, e.number_text
        HAVING coalesce(sum(l.amount), 0) <> 0 OR count(l.line_no) < 2""",
    ),
    Check(
        "balanced_currency",
        lazy("Posted entries whose debits and credits differ in a foreign currency"),
        """SELECT e.number_text || ' ' || l.currency FROM ledger_entry AS e
        JOIN ledger_line AS l ON l.entry_id = e.id
        WHERE e.company_id = :company AND e.state = 'posted' AND l.currency IS NOT NULL
        AND e.kind NOT IN ('opening', 'reversal')
        GROUP BY e.id, e.number_text, e.kind, l.currency HAVING sum(l.amount_currency) <> 0
        AND NOT (e.kind = 'exchange' AND ((sum(l.amount_currency) > 0 AND sum(l.amount) > 0)
            OR (sum(l.amount_currency) < 0 AND sum(l.amount) < 0)))""",
    ),
    Check(
        "numbers",
        lazy("Journals whose numbers have gaps, or whose counter is not at the last number"),
        """SELECT j.code || '-' || y.code || ': ' || count(e.id) || ' of '
            || max(coalesce(h.last_number, 0))
        FROM ledger_journal AS j
        JOIN ledger_fiscal_year AS y ON y.company_id = j.company_id
        LEFT JOIN ledger_sequence_head AS h ON h.journal_id = j.id AND h.fiscal_year_id = y.id
        LEFT JOIN ledger_entry AS e ON e.company_id = j.company_id AND e.journal_id = j.id
            AND e.fiscal_year_id = y.id AND e.state = 'posted'
        WHERE j.company_id = :company
        GROUP BY j.id, j.code, y.id, y.code
        HAVING count(e.id) <> max(coalesce(h.last_number, 0))
            OR coalesce(max(e.number), 0) <> max(coalesce(h.last_number, 0))
            OR count(DISTINCT e.number) <> count(e.id)""",
    ),
    Check(
        "drift",
        lazy("Balances that differ from the sum of their lines"),
        """SELECT a.code || ' ' || p.starts_on || ' ' || s.currency FROM (
            SELECT account_id, period_id, currency, sum(debit) AS debit, sum(credit) AS credit,
                sum(debit_currency) AS debit_currency, sum(credit_currency) AS credit_currency,
                sum(n) AS n
            FROM (
                SELECT account_id, period_id, currency, debit, credit, debit_currency,
                    credit_currency, n
                FROM ledger_balance WHERE company_id = :company
                UNION ALL
                SELECT l.account_id, e.period_id, coalesce(l.currency, ''),
                    CASE WHEN l.amount > 0 THEN -l.amount ELSE 0 END,
                    CASE WHEN l.amount < 0 THEN l.amount ELSE 0 END,
                    CASE WHEN l.amount_currency > 0 THEN -l.amount_currency ELSE 0 END,
                    CASE WHEN l.amount_currency < 0 THEN l.amount_currency ELSE 0 END, -1
                FROM ledger_line AS l JOIN ledger_entry AS e ON e.id = l.entry_id
                WHERE e.company_id = :company AND e.state = 'posted'
            ) AS both_sides GROUP BY account_id, period_id, currency
        ) AS s
        LEFT JOIN ledger_account AS a ON a.id = s.account_id
        LEFT JOIN ledger_period AS p ON p.id = s.period_id
        WHERE s.debit <> 0 OR s.credit <> 0 OR s.debit_currency <> 0 OR s.credit_currency <> 0
            OR s.n <> 0""",
    ),
    Check(
        "lines_agree",
        lazy("Lines whose date, company or decimals differ from their entry's"),
        """SELECT coalesce(e.number_text, e.memo) || ' line ' || l.line_no FROM ledger_line AS l
        JOIN ledger_entry AS e ON e.id = l.entry_id
        WHERE e.company_id = :company AND (l.company_id <> e.company_id
            OR l.minor_units <> e.minor_units
            OR (e.state = 'posted' AND (l.date IS NULL OR l.date <> e.date))
            OR (e.state = 'draft' AND l.date IS NOT NULL))""",
    ),
    Check(
        "orphan_lines",
        lazy("Lines without an entry or an account of their company"),
        """SELECT 'entry ' || l.entry_id || ' line ' || l.line_no FROM ledger_line AS l
        LEFT JOIN ledger_entry AS e ON e.id = l.entry_id AND e.company_id = l.company_id
        LEFT JOIN ledger_account AS a ON a.id = l.account_id AND a.company_id = l.company_id
        WHERE l.company_id = :company AND (e.id IS NULL OR a.id IS NULL)""",
    ),
    Check(
        "in_period",
        lazy("Posted entries whose date does not lie in their period and fiscal year"),
        """SELECT e.number_text FROM ledger_entry AS e
        LEFT JOIN ledger_period AS p ON p.id = e.period_id AND p.company_id = e.company_id
            AND p.fiscal_year_id = e.fiscal_year_id AND e.date BETWEEN p.starts_on AND p.ends_on
        WHERE e.company_id = :company AND e.state = 'posted' AND p.id IS NULL""",
    ),
    Check(
        "periods",
        lazy("Periods that overlap, or lie outside their fiscal year"),
        """SELECT 'period from ' || p.starts_on FROM ledger_period AS p
        LEFT JOIN ledger_fiscal_year AS y ON y.id = p.fiscal_year_id
            AND y.company_id = p.company_id
        WHERE p.company_id = :company AND (y.id IS NULL OR p.starts_on < y.starts_on
            OR p.ends_on > y.ends_on OR (p.kind <> 'month' AND p.starts_on <> y.ends_on)
            OR (p.kind = 'month' AND EXISTS (SELECT 1 FROM ledger_period AS o
                WHERE o.company_id = p.company_id AND o.id <> p.id AND o.kind = 'month'
                AND o.starts_on <= p.ends_on AND o.ends_on >= p.starts_on)))""",
    ),
    Check(
        "closed_periods",
        lazy("Drafts dated in closed periods"),
        """SELECT p.starts_on || ' ' || e.memo FROM ledger_entry AS e
        JOIN ledger_period AS p ON p.company_id = e.company_id
            AND e.date BETWEEN p.starts_on AND p.ends_on AND p.kind = 'month'
        WHERE e.company_id = :company AND e.state = 'draft'
            AND p.state IN ('closed', 'locked')""",
    ),
    Check(
        "posted_after_closing",
        lazy("Entries posted in a period while it was closed, without an exception"),
        """SELECT e.number_text FROM ledger_entry AS e
        JOIN core_audit AS c ON c.entity = 'ledger_period'
            AND c.entity_id = CAST(e.period_id AS VARCHAR(30)) AND c.action = 'update'
            AND c.at < e.posted_at AND CAST(c.after AS TEXT) LIKE '%closed"%'
        WHERE e.company_id = :company AND e.state = 'posted' AND NOT EXISTS (
            SELECT 1 FROM ledger_late_posting AS t WHERE t.entry_id = e.id)
        AND NOT EXISTS (
            SELECT 1 FROM core_audit AS o WHERE o.entity = 'ledger_period'
            AND o.entity_id = c.entity_id AND o.at > c.at AND o.at < e.posted_at
            AND CAST(o.after AS TEXT) LIKE '%"open"%')""",
    ),
    Check(
        "reversals",
        lazy("Reversals that are not the mirror image of their entry"),
        """SELECT r.number_text FROM ledger_entry AS r
        LEFT JOIN ledger_entry AS e ON e.id = r.reverses_id AND e.company_id = r.company_id
            AND e.state = 'posted'
        WHERE r.company_id = :company AND r.state = 'posted' AND r.reverses_id IS NOT NULL
        AND (e.id IS NULL OR e.date > r.date OR EXISTS (
            SELECT 1 FROM ledger_line AS m WHERE m.entry_id IN (r.id, e.id)
            GROUP BY m.account_id, coalesce(m.currency, '')
            HAVING sum(m.amount) <> 0 OR sum(coalesce(m.amount_currency, 0)) <> 0))""",
    ),
    Check(
        "audited",
        lazy("Posted entries without an audit row"),
        """SELECT e.number_text FROM ledger_entry AS e
        WHERE e.company_id = :company AND e.state = 'posted' AND NOT EXISTS (
            SELECT 1 FROM core_audit AS c WHERE c.entity = 'ledger_entry'
            AND c.entity_id = CAST(e.id AS VARCHAR(30)) AND c.action = 'post')""",
    ),
    *(Check(*one) for one in TAX_CHECKS),
    *(Check(*one) for one in CLOSING_CHECKS),
    *(Check(*one) for one in DIMENSION_CHECKS),
    *(Check(*one) for one in AUDIT_CHECKS),
)
CHECKS: Final = (*_BOOKS, *OPEN_ITEM_CHECKS)
"""The checks in SQL; :func:`check_books` adds ``content`` and ``seals``, which need hashes."""

CONTENT: Final = (
    "content",
    lazy("Entries whose lines or header are not what was posted (hash)"),
)
ALL_CHECKS: Final = (*((check.name, check.message) for check in CHECKS), CONTENT, SEALS)
"""Name and meaning of every check, in the order in which they are asked."""
HOW_MANY: Final = len(ALL_CHECKS)


def check_books(session: Session) -> list[Finding]:
    """Run every check over the books that the session may see.

    Returns:
        what is broken; an empty list when the books are sound.
    """
    context = authorize(session, BOOKS_VIEW)
    if context.company is not None:
        companies = [context.company.id]
    elif context.company_ids is not None:
        companies = sorted(context.company_ids)
    else:
        companies = _companies(session)
    return [finding for company_id in companies for finding in check_company(session, company_id)]


def check_company(
    session: Session, company_id: int, told: Callable[[int, Text], None] = lambda _at, _text: None
) -> Iterator[Finding]:
    """Run every check over the books of a company.

    Arguments:
        told: called before each check, with how many are done and what this one looks for.

    Yields:
        what is broken.
    """
    for place, check in enumerate(CHECKS):
        told(place, check.message)
        rows = session.execute(
            text(check.query), {"company": company_id}, execution_options={"scope_checked": True}
        )
        yield from _found(check.name, check.message, (str(row[0]) for row in rows))
    told(len(CHECKS), CONTENT[1])
    yield from _found(*CONTENT, changed_entries(session, company_id))
    yield from _found(*SEALS, broken_seals(session, company_id))


def _companies(session: Session) -> list[int]:
    rows = session.execute(
        text("SELECT DISTINCT company_id FROM ledger_account ORDER BY company_id"),
        execution_options={"scope_checked": True},
    )
    return [int(row[0]) for row in rows]


def _found(name: str, message: Text, broken: Iterable[str]) -> Iterator[Finding]:
    found = list(broken)
    if found:
        yield Finding(name, str(message), len(found), tuple(found[:EXAMPLES]))
