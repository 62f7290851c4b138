"""Invariants of open items and allocations, as SQL for ``ledger check``."""

# ruff: noqa: S608 - the SQL is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import lazy
from backstay_ledger.open_items.models import EXCHANGE_SOURCE
from backstay_ledger.services.check_in_sql import Check

_OWN: Final = (
    "coalesce(e.source_plugin, '') = 'ledger'"
    f" AND coalesce(e.source_type, '') = '{EXCHANGE_SOURCE}'"
)

OPEN_ITEM_CHECKS: Final = (
    Check(
        "open_items",
        lazy("Accounts managed by open items that differ from the sum of what is open"),
        f"""SELECT a.code || ' ' || s.currency FROM (
            SELECT account_id, currency, sum(base) AS base, sum(own) AS own FROM (
                SELECT account_id, '' AS currency, debit - credit AS base, 0 AS own
                FROM ledger_balance WHERE company_id = :company
                UNION ALL
                SELECT account_id, currency, 0, debit_currency - credit_currency
                FROM ledger_balance WHERE company_id = :company AND currency <> ''
                UNION ALL
                SELECT l.account_id, '', -l.amount, 0 FROM ledger_account AS a
                JOIN ledger_line AS l ON l.account_id = a.id AND l.amount_currency = 0
                JOIN ledger_entry AS e ON e.id = l.entry_id AND e.state = 'posted'
                WHERE a.company_id = :company AND a.open_item_managed
                AND NOT ({_OWN})
                UNION ALL
                SELECT account_id, '', -residual_base, 0 FROM ledger_open_item
                WHERE company_id = :company AND date IS NOT NULL AND residual <> 0
                UNION ALL
                SELECT account_id, currency, 0, -residual FROM ledger_open_item
                WHERE company_id = :company AND date IS NOT NULL AND residual <> 0
                AND currency IS NOT NULL
            ) AS both_sides GROUP BY account_id, currency
        ) AS s JOIN ledger_account AS a ON a.id = s.account_id AND a.open_item_managed
        WHERE s.base <> 0 OR s.own <> 0""",
    ),
    Check(
        "residuals",
        lazy("Open items whose residual is not the original less its allocations"),
        """SELECT coalesce(e.number_text, e.memo) || ' line ' || i.line_no
        FROM ledger_open_item AS i JOIN ledger_entry AS e ON e.id = i.entry_id
        LEFT JOIN (
            SELECT item_id, sum(amount) AS amount, sum(base) AS base FROM (
                SELECT debit_id AS item_id, amount, base_debit AS base
                FROM ledger_allocation WHERE company_id = :company
                UNION ALL
                SELECT credit_id, -amount, -base_credit
                FROM ledger_allocation WHERE company_id = :company
            ) AS sides GROUP BY item_id
        ) AS t ON t.item_id = i.id
        WHERE i.company_id = :company AND (
            i.residual <> i.amount - coalesce(t.amount, 0)
            OR i.residual_base <> i.amount_base - coalesce(t.base, 0))""",
    ),
    Check(
        "item_lines",
        lazy("Open items that differ from their line, or have none"),
        """SELECT coalesce(e.number_text, e.memo) || ' line ' || l.line_no
        FROM ledger_open_item AS i
        JOIN ledger_entry AS e ON e.id = i.entry_id AND e.state = 'posted'
        JOIN ledger_line AS l ON l.entry_id = i.entry_id AND l.line_no = i.line_no
        WHERE i.company_id = :company AND (i.account_id <> l.account_id OR i.date IS NULL
            OR i.date <> l.date OR i.amount_base <> l.amount
            OR i.amount <> coalesce(l.amount_currency, l.amount)
            OR coalesce(i.currency, '') <> coalesce(l.currency, ''))
        UNION ALL
        SELECT 'item ' || i.id FROM ledger_open_item AS i
        LEFT JOIN ledger_line AS l ON l.entry_id = i.entry_id AND l.line_no = i.line_no
        WHERE i.company_id = :company AND l.entry_id IS NULL""",
    ),
    Check(
        "allocations",
        lazy("Allocations between items of other parties, currencies, accounts or companies"),
        """SELECT 'allocation ' || t.id || ' of ' || t.date FROM ledger_allocation AS t
        LEFT JOIN ledger_open_item AS d ON d.id = t.debit_id AND d.company_id = t.company_id
        LEFT JOIN ledger_open_item AS c ON c.id = t.credit_id AND c.company_id = t.company_id
        LEFT JOIN ledger_account AS da ON da.id = d.account_id
        LEFT JOIN ledger_account AS ca ON ca.id = c.account_id
        LEFT JOIN ledger_allocation AS u ON u.id = t.undoes_id
        WHERE t.company_id = :company AND (d.id IS NULL OR c.id IS NULL OR d.amount < 0
            OR c.amount > 0 OR d.party <> c.party OR t.date < d.date OR t.date < c.date
            OR coalesce(d.currency, '') <> coalesce(c.currency, '')
            OR (d.account_id <> c.account_id
                AND (da.sub_ledger IS NULL OR ca.sub_ledger IS NULL
                    OR da.sub_ledger <> ca.sub_ledger))
            OR (t.undoes_id IS NOT NULL AND (u.id IS NULL OR u.debit_id <> t.debit_id
                OR u.credit_id <> t.credit_id OR u.amount <> -t.amount OR u.date > t.date
                OR u.base_debit <> -t.base_debit OR u.base_credit <> -t.base_credit)))""",
    ),
    Check(
        "exchange_entries",
        lazy("Allocations whose difference is not booked, and such entries without an allocation"),
        f"""SELECT 'allocation ' || t.id || ' of ' || t.date FROM ledger_allocation AS t
        JOIN ledger_open_item AS d ON d.id = t.debit_id
        JOIN ledger_open_item AS c ON c.id = t.credit_id
        LEFT JOIN ledger_entry AS e ON e.id = t.exchange_entry_id
            AND e.company_id = t.company_id AND e.state = 'posted'
        WHERE t.company_id = :company AND CASE
            WHEN t.exchange_entry_id IS NULL THEN t.base_debit <> t.base_credit
                OR (d.account_id <> c.account_id AND t.base_debit <> 0)
            WHEN e.id IS NULL THEN 1 = 1
            WHEN d.account_id = c.account_id THEN t.base_credit - t.base_debit <> (
                SELECT coalesce(sum(l.amount), 0) FROM ledger_line AS l
                WHERE l.entry_id = e.id AND l.account_id = d.account_id)
            ELSE -t.base_debit <> (
                SELECT coalesce(sum(l.amount), 0) FROM ledger_line AS l
                WHERE l.entry_id = e.id AND l.account_id = d.account_id)
        END
        UNION ALL
        SELECT e.number_text FROM ledger_entry AS e
        LEFT JOIN ledger_allocation AS t ON t.exchange_entry_id = e.id
        WHERE e.company_id = :company AND e.state = 'posted' AND {_OWN} AND t.id IS NULL""",
    ),
    Check(
        "control_accounts",
        lazy("Lines on control accounts that did not come through their sub-ledger"),
        """SELECT e.number_text || ' line ' || i.line_no FROM ledger_open_item AS i
        JOIN ledger_account AS a ON a.id = i.account_id AND a.sub_ledger IS NOT NULL
        JOIN ledger_entry AS e ON e.id = i.entry_id AND e.state = 'posted'
            AND e.kind IN ('normal', 'exchange')
        JOIN core_audit AS c ON c.entity = 'ledger_account' AND c.action = 'update'
            AND c.entity_id = CAST(a.id AS VARCHAR(30)) AND c.at < e.posted_at
            AND CAST(c.after AS TEXT) LIKE '%"sub_ledger"%'
        WHERE i.company_id = :company AND (i.party = ''
            OR coalesce(e.source_plugin, '') || '.'
                <> substr(a.sub_ledger, 1, length(coalesce(e.source_plugin, '')) + 1))""",
    ),
)
