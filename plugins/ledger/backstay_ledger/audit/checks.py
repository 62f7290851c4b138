"""Invariants of who did what, and of where entries come from, as SQL (see services.checks)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import lazy

if TYPE_CHECKING:
    from backstay.spi import Text

AUDIT_CHECKS: Final[tuple[tuple[str, Text, str], ...]] = (
    (
        "second_person",
        lazy("Entries that were approved by who wrote or submitted them"),
        """SELECT coalesce(e.number_text, e.memo) FROM ledger_entry AS e
        WHERE e.company_id = :company AND e.approved_by IS NOT NULL
        AND (e.submitted_by IS NULL OR e.approved_by IN (e.created_by, e.submitted_by))""",
    ),
    (
        # Of entries since the limits changed last: what held before is in the audit trail only.
        "over_limit",
        lazy("Entries over the limit that were posted without a second person"),
        """SELECT e.number_text FROM ledger_entry AS e
        JOIN ledger_approval_limit AS m ON m.company_id = e.company_id
            AND (m.journal_id = e.journal_id OR (m.journal_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM ledger_approval_limit AS o
                WHERE o.company_id = e.company_id AND o.journal_id = e.journal_id)))
        JOIN ledger_period AS p ON p.id = e.period_id AND p.kind <> 'closing'
        WHERE e.company_id = :company AND e.state = 'posted' AND e.approved_by IS NULL
        AND e.posted_at > (SELECT coalesce(max(c.at), 0) FROM core_audit AS c
            WHERE c.entity = 'ledger_approval_limit' AND c.company_id = :company)
        AND (SELECT sum(l.amount) FROM ledger_line AS l
            WHERE l.entry_id = e.id AND l.amount > 0) > m.amount""",
    ),
    (
        "posters",
        lazy("Posted entries whose poster is not who the audit trail names"),
        """SELECT e.number_text FROM ledger_entry AS e
        JOIN core_audit AS c ON c.entity = 'ledger_entry' AND c.action = 'post'
            AND c.entity_id = CAST(e.id AS VARCHAR(30))
        WHERE e.company_id = :company AND e.state = 'posted' AND c.actor <> e.posted_by""",
    ),
    (
        "sources",
        lazy("Entries whose source is not there"),
        """SELECT coalesce(e.number_text, e.memo) FROM ledger_entry AS e
        WHERE e.company_id = :company AND e.source_plugin IS NOT NULL
        AND (e.source_type IS NULL OR e.source_id IS NULL OR (e.source_plugin = 'ledger' AND (
            (e.source_type = 'ledger.deferral' AND e.source_id NOT IN (
                SELECT CAST(d.id AS VARCHAR(30)) FROM ledger_deferral AS d
                WHERE d.company_id = :company))
            OR (e.source_type = 'ledger.entry' AND e.source_id NOT IN (
                SELECT CAST(s.id AS VARCHAR(30)) FROM ledger_entry AS s
                WHERE s.company_id = :company AND s.state = 'posted')))))""",
    ),
)
"""They are in services.checks.CHECKS, which runs them."""
