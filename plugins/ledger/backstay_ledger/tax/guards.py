"""What both databases keep of tax by themselves: details agree with the lines they explain.

Double entry is none of their business. They see to it that a posted tax detail never changes, that
it speaks of its own company, code and entry, that details and lines have the same amounts once the
entry is posted, and that no more of a waiting tax is released than waits.
"""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import declare, freeze, no_truncate
from backstay_ledger.guards.tables import keep, keep_while_used
from backstay_ledger.models import Account, Entry
from backstay_ledger.tax.models import (
    TaxBox,
    TaxCode,
    TaxDetail,
    TaxPart,
    TaxRate,
    TaxRounding,
)

LATE: Final = "What a posted entry says of tax can not be changed, and nothing can be added."
FIXED: Final = "Tax details are written once, with their draft."
ORPHAN: Final = "A tax detail has entry, code, rate, part and box of one company, and of one code."
AMOUNT: Final = "The tax details of a line sum to its amount."
NET: Final = "A tax detail has the net amount of the line that is taxed."
WITHHELD: Final = (
    "The bills of the party reach the limit of its withholding tax: compute the tax again."
)
RELEASED: Final = "No more of a waiting tax is released than waits, and with its sign."
USED: Final = "Posted entries used this rate; it stays. Add a rate from a later day."
PART_USED: Final = "Posted entries used this part of the tax; it stays. Make a new code."

_DRAFT: Final = """EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id
    AND e.company_id = {row}.company_id AND e.state = 'draft')"""
_POSTED: Final = """EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id
    AND e.state = 'posted')"""
_ONE_COMPANY: Final = """EXISTS (SELECT 1 FROM ledger_tax_code AS c
    JOIN ledger_tax_rate AS r ON r.code_id = c.id AND r.company_id = c.company_id
    JOIN ledger_tax_part AS p ON p.code_id = c.id AND p.company_id = c.company_id
    WHERE c.id = {row}.code_id AND c.company_id = {row}.company_id
    AND r.id = {row}.rate_id AND p.id = {row}.part_id
    AND ({row}.box_id IS NULL OR {row}.box_id = p.box_id)
    AND ({row}.releases_id IS NULL OR EXISTS (SELECT 1 FROM ledger_tax_detail AS w
        WHERE w.id = {row}.releases_id AND w.company_id = {row}.company_id
        AND w.part_id = {row}.part_id AND w.waiting)))"""

# Of an entry that is being posted. {id} is its id.
_WRONG_AMOUNT: Final = """EXISTS (SELECT 1 FROM ledger_tax_detail AS d
    LEFT JOIN ledger_line AS l ON l.entry_id = d.entry_id AND l.line_no = d.line_no
    WHERE d.entry_id = {id}
    GROUP BY d.line_no, l.amount HAVING sum(d.amount) <> coalesce(l.amount, 0)
        OR (d.line_no IS NOT NULL AND l.amount IS NULL))"""
_WRONG_NET: Final = """EXISTS (SELECT 1 FROM ledger_tax_detail AS d
    LEFT JOIN ledger_line AS l ON l.entry_id = d.entry_id AND l.line_no = d.base_line_no
    WHERE d.entry_id = {id} AND d.releases_id IS NULL
    AND (l.amount IS NULL OR l.amount <> d.net))"""
# What was released with this entry and before, against what waits; a reversal of a release has
# the other sign and gives back what it took.
_WRONG_RELEASE: Final = """EXISTS (SELECT 1 FROM ledger_tax_detail AS d
    JOIN ledger_tax_detail AS w ON w.id = d.releases_id
    JOIN ledger_entry AS we ON we.id = w.entry_id
    WHERE d.entry_id = {id} AND (we.state <> 'posted' OR (
        SELECT CASE WHEN w.amount >= 0
            THEN sum(a.amount) < 0 OR sum(a.amount) > w.amount
            ELSE sum(a.amount) > 0 OR sum(a.amount) < w.amount END
        FROM ledger_tax_detail AS a JOIN ledger_entry AS ae ON ae.id = a.entry_id
        WHERE a.releases_id = w.id AND (ae.state = 'posted' OR ae.id = {id}))))"""
# Once the bills of a party in a fiscal year reach the limit of a code, all of them are taxed. What
# takes back, a reversal or a credit note, may leave less than was taxed.
_WRONG_WITHHELD: Final = """EXISTS (SELECT 1 FROM ledger_tax_detail AS d
    JOIN ledger_tax_code AS c ON c.id = d.code_id AND c.cumulative_threshold IS NOT NULL
    JOIN ledger_entry AS me ON me.id = d.entry_id
    WHERE d.entry_id = {id} AND d.net > 0 AND me.kind <> 'reversal' AND (
        SELECT sum(a.net) >= c.cumulative_threshold AND sum(a.net) <> sum(a.base)
        FROM ledger_tax_detail AS a JOIN ledger_entry AS ae ON ae.id = a.entry_id
        WHERE a.code_id = c.id AND ae.company_id = me.company_id
        AND ae.state = 'posted' AND ae.fiscal_year_id = me.fiscal_year_id
        AND ae.id IN (SELECT o.entry_id FROM ledger_open_item AS o
            WHERE o.company_id = me.company_id AND o.party IN (SELECT i.party
                FROM ledger_open_item AS i WHERE i.entry_id = {id} AND i.party <> ''))))"""
_HAS_DETAILS: Final = "EXISTS (SELECT 1 FROM ledger_tax_detail AS d WHERE d.entry_id = {id})"


def _row(condition: str, row: str) -> str:
    return condition.format(row=row)


declare(
    TaxDetail.__table__,
    "final",
    sqlite=(
        (
            "CREATE TRIGGER ledger_tax_detail__final_insert BEFORE INSERT ON ledger_tax_detail"
            f" BEGIN SELECT RAISE(ABORT, '{LATE}') WHERE {_row(_POSTED, 'NEW')};"
            f" SELECT RAISE(ABORT, '{ORPHAN}')"
            f" WHERE NOT ({_row(_DRAFT, 'NEW')} AND {_row(_ONE_COMPANY, 'NEW')})"
            " OR typeof(NEW.amount) <> 'integer' OR typeof(NEW.net) <> 'integer'"
            " OR typeof(NEW.base) <> 'integer';"
            f" SELECT RAISE(ABORT, '{FIXED}') WHERE EXISTS"
            " (SELECT 1 FROM ledger_tax_detail AS held WHERE held.id = NEW.id); END"
        ),
        (
            "CREATE TRIGGER ledger_tax_detail__final_update BEFORE UPDATE ON ledger_tax_detail"
            f" BEGIN SELECT RAISE(ABORT, '{FIXED}'); END"
        ),
        (
            "CREATE TRIGGER ledger_tax_detail__final_delete BEFORE DELETE ON ledger_tax_detail"
            f" WHEN {_row(_POSTED, 'OLD')} BEGIN SELECT RAISE(ABORT, '{LATE}'); END"
        ),
    ),
    postgresql=(
        # The foreign keys have locked entry, code, rate and part by now.
        f"""CREATE OR REPLACE FUNCTION ledger_tax_detail__final_insert() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows AS n WHERE {_row(_POSTED, "n")}) THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM new_rows AS n
               WHERE NOT ({_row(_DRAFT, "n")} AND {_row(_ONE_COMPANY, "n")})) THEN
        RAISE EXCEPTION '{ORPHAN}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_tax_detail__final_insert AFTER INSERT ON ledger_tax_detail"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_tax_detail__final_insert()"
        ),
        f"""CREATE OR REPLACE FUNCTION ledger_tax_detail__final() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    found_state varchar;
BEGIN
    SELECT e.state INTO found_state FROM ledger_entry AS e WHERE e.id = OLD.entry_id FOR SHARE;
    IF found_state = 'posted' THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION '{FIXED}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$""",
        (
            "CREATE TRIGGER ledger_tax_detail__final BEFORE UPDATE OR DELETE ON ledger_tax_detail"
            " FOR EACH ROW EXECUTE FUNCTION ledger_tax_detail__final()"
        ),
        *no_truncate("ledger_tax_detail", "ledger_tax_detail__final", LATE),
    ),
)

declare(
    Entry.__table__,
    "tax",
    sqlite=(
        (
            "CREATE TRIGGER ledger_entry__tax AFTER UPDATE ON ledger_entry"
            " WHEN OLD.state IS NOT 'posted' AND NEW.state = 'posted'"
            f" AND {_HAS_DETAILS.format(id='NEW.id')} BEGIN"
            f" SELECT RAISE(ABORT, '{AMOUNT}') WHERE {_WRONG_AMOUNT.format(id='NEW.id')};"
            f" SELECT RAISE(ABORT, '{NET}') WHERE {_WRONG_NET.format(id='NEW.id')};"
            f" SELECT RAISE(ABORT, '{RELEASED}') WHERE {_WRONG_RELEASE.format(id='NEW.id')};"
            f" SELECT RAISE(ABORT, '{WITHHELD}') WHERE {_WRONG_WITHHELD.format(id='NEW.id')}; END"
        ),
    ),
    postgresql=(
        # What waits is locked, so that two payments at once can't release it twice.
        f"""CREATE OR REPLACE FUNCTION ledger_entry__tax() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    taxed record;
BEGIN
    FOR taxed IN SELECT n.id, n.number_text FROM new_rows AS n
        WHERE n.state = 'posted' AND {_HAS_DETAILS.format(id="n.id")}
    LOOP
        IF {_WRONG_AMOUNT.format(id="taxed.id")} THEN
            RAISE EXCEPTION USING MESSAGE = taxed.number_text || ': {AMOUNT}',
                ERRCODE = 'check_violation';
        END IF;
        IF {_WRONG_NET.format(id="taxed.id")} THEN
            RAISE EXCEPTION USING MESSAGE = taxed.number_text || ': {NET}',
                ERRCODE = 'check_violation';
        END IF;
        PERFORM 1 FROM ledger_entry AS e WHERE e.id IN (SELECT w.entry_id
            FROM ledger_tax_detail AS d JOIN ledger_tax_detail AS w ON w.id = d.releases_id
            WHERE d.entry_id = taxed.id) ORDER BY e.id FOR NO KEY UPDATE;
        IF {_WRONG_RELEASE.format(id="taxed.id")} THEN
            RAISE EXCEPTION USING MESSAGE = taxed.number_text || ': {RELEASED}',
                ERRCODE = 'check_violation';
        END IF;
        -- Two bills of a party at once wait for each other, and the second sees the first.
        PERFORM 1 FROM ledger_tax_code AS c WHERE c.cumulative_threshold IS NOT NULL
            AND c.id IN (SELECT d.code_id FROM ledger_tax_detail AS d WHERE d.entry_id = taxed.id)
            ORDER BY c.id FOR NO KEY UPDATE;
        IF FOUND AND {_WRONG_WITHHELD.format(id="taxed.id")} THEN
            RAISE EXCEPTION USING MESSAGE = taxed.number_text || ': {WITHHELD}',
                ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_entry__tax AFTER UPDATE ON ledger_entry"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry__tax()"
        ),
    ),
)

keep(
    TaxCode.__table__,
    fixed=("id", "company_id"),
    what="a tax code",
)
keep_while_used(
    TaxCode.__table__,
    (
        ("ledger_tax_rate", "code_id"),
        ("ledger_tax_part", "code_id"),
        ("ledger_tax_detail", "code_id"),
    ),
    "tax code",
)
keep(
    TaxBox.__table__,
    fixed=("id", "company_id"),
    what="a box",
)
keep_while_used(
    TaxBox.__table__, (("ledger_tax_part", "box_id"), ("ledger_tax_detail", "box_id")), "box"
)
keep(
    TaxRounding.__table__,
    fixed=("id", "company_id"),
    what="a rounding policy",
)
keep(
    TaxRate.__table__,
    fixed=("id", "company_id", "code_id"),
    what="a rate",
)
keep(
    TaxPart.__table__,
    fixed=("id", "company_id", "code_id"),
    what="a part of a tax",
)
freeze(
    TaxRate.__table__,
    "EXISTS (SELECT 1 FROM ledger_tax_detail AS d WHERE d.rate_id = {row}.id)",
    USED,
    name="used",
)
freeze(
    TaxPart.__table__,
    "EXISTS (SELECT 1 FROM ledger_tax_detail AS d WHERE d.part_id = {row}.id)",
    PART_USED,
    name="used",
)


def _keep_accounts() -> None:
    """SQLite: no DELETE of an account that a tax goes to (PostgreSQL: its foreign keys)."""
    used = " OR ".join(
        f"EXISTS (SELECT 1 FROM ledger_tax_part AS p WHERE p.{column} = OLD.id)"
        for column in ("account_id", "waiting_account_id")
    )
    declare(
        Account.__table__,
        "tax",
        sqlite=(
            (
                "CREATE TRIGGER ledger_account__tax BEFORE DELETE ON ledger_account"
                f" WHEN {used}"
                " BEGIN SELECT RAISE(ABORT, 'This account is in use by a tax code.'); END"
            ),
        ),
        postgresql=(),
    )


_keep_accounts()
