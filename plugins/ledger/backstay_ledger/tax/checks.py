"""Invariants of tax and of account rules, run by ``ledger check`` with those of the ledger.

Each is a name, what people are told, and a query that names what breaks it for ``:company``.
"""

from __future__ import annotations

from typing import Final

from backstay.spi import lazy

TAX_CHECKS: Final = (
    (
        "tax_lines",
        lazy("Lines of tax whose details do not sum to their amount"),
        """SELECT e.number_text || ' line ' || coalesce(CAST(d.line_no AS VARCHAR(10)), '-')
        FROM ledger_tax_detail AS d JOIN ledger_entry AS e ON e.id = d.entry_id
        LEFT JOIN ledger_line AS l ON l.entry_id = d.entry_id AND l.line_no = d.line_no
        WHERE e.company_id = :company AND e.state = 'posted'
        GROUP BY e.id, e.number_text, d.line_no
        HAVING sum(d.amount) <> coalesce(max(l.amount), 0)""",
    ),
    (
        "tax_net",
        lazy("Tax details whose net amount is not that of their line"),
        """SELECT e.number_text || ' line ' || d.base_line_no
        FROM ledger_tax_detail AS d JOIN ledger_entry AS e ON e.id = d.entry_id
        LEFT JOIN ledger_line AS l ON l.entry_id = d.entry_id AND l.line_no = d.base_line_no
        WHERE e.company_id = :company AND e.state = 'posted' AND d.releases_id IS NULL
        AND (l.amount IS NULL OR l.amount <> d.net)""",
    ),
    (
        "tax_company",
        lazy("Tax details of another company or code than their entry, rate or part"),
        """SELECT 'entry ' || d.entry_id || ' line ' || d.base_line_no
        FROM ledger_tax_detail AS d
        LEFT JOIN ledger_entry AS e ON e.id = d.entry_id AND e.company_id = d.company_id
        LEFT JOIN ledger_tax_code AS c ON c.id = d.code_id AND c.company_id = d.company_id
        LEFT JOIN ledger_tax_rate AS r ON r.id = d.rate_id AND r.code_id = d.code_id
        LEFT JOIN ledger_tax_part AS p ON p.id = d.part_id AND p.code_id = d.code_id
        WHERE d.company_id = :company
        AND (e.id IS NULL OR c.id IS NULL OR r.id IS NULL OR p.id IS NULL
            OR (e.state = 'posted' AND r.valid_from > e.date AND d.releases_id IS NULL)
            OR d.rate <> r.rate)""",
    ),
    (
        "tax_released",
        lazy("Waiting taxes of which more was released than waits"),
        """SELECT e.number_text || ' line ' || w.base_line_no
        FROM ledger_tax_detail AS d
        JOIN ledger_entry AS de ON de.id = d.entry_id AND de.state = 'posted'
        JOIN ledger_tax_detail AS w ON w.id = d.releases_id
        JOIN ledger_entry AS e ON e.id = w.entry_id
        WHERE d.company_id = :company
        GROUP BY w.id, w.amount, w.base_line_no, e.number_text
        HAVING abs(sum(d.amount)) > abs(w.amount) OR sum(d.amount) * w.amount < 0""",
    ),
    (
        "tax_filed",
        lazy("Boxes of filed tax returns that are not the sum of their rows"),
        """SELECT 'return ' || f.number || ' box ' || b.code
        FROM ledger_tax_filing AS f
        JOIN ledger_tax_filing_box AS b ON b.filing_id = f.id
        LEFT JOIN ledger_tax_box AS x ON x.company_id = f.company_id AND x.code = b.code
        LEFT JOIN ledger_tax_filing_row AS r ON r.filing_id = f.id AND EXISTS (SELECT 1
            FROM ledger_tax_detail AS m WHERE m.id = r.detail_id
            AND ((b.code = '' AND m.box_id IS NULL) OR m.box_id = x.id))
        LEFT JOIN ledger_tax_detail AS d ON d.id = r.detail_id
        WHERE f.company_id = :company
        GROUP BY f.id, f.number, b.code, b.base, b.tax, b.n
        HAVING count(d.id) <> b.n OR coalesce(sum(d.amount * d.tax_sign), 0) <> b.tax
            OR coalesce(sum(d.base * d.base_sign), 0) <> b.base""",
    ),
    (
        "line_roles",
        lazy("Reasons for accounts of lines that are not there, or of another company"),
        """SELECT 'entry ' || r.entry_id || ' line ' || r.line_no FROM ledger_line_role AS r
        LEFT JOIN ledger_line AS l ON l.entry_id = r.entry_id AND l.line_no = r.line_no
            AND l.company_id = r.company_id
        WHERE r.company_id = :company AND l.entry_id IS NULL""",
    ),
)
