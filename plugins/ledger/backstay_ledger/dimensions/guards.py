"""What both databases keep of dimensions: trees, sets, required values, balances by set."""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import append_only, declare
from backstay_ledger.guards.tables import CONTEXT_FUNCTION, keep, keep_while_used
from backstay_ledger.models import Entry
from backstay_ledger.models.dimensions import (
    Dimension,
    DimensionBalance,
    DimensionSet,
    DimensionSetValue,
    DimensionValue,
    RequiredDimension,
)

CYCLE: Final = "A value of a dimension stands below itself."
PARENT: Final = "A value stands below a value of the same dimension and company."
REQUIRED: Final = "An account of the entry requires a value of a dimension on each of its lines."
FOREIGN: Final = "The values of a line are of its own company."
KEPT: Final = "Balances by dimension are kept by posting and can not be written."
OF_SET: Final = "The values of a set are of its company and of the dimension they are named for."
_TREE: Final = "ledger_dimension_value"
_ABOVE: Final = f"""WITH RECURSIVE above (id) AS (
    SELECT NEW.parent_id UNION SELECT v.parent_id FROM {_TREE} AS v JOIN above ON v.id = above.id
    WHERE v.parent_id IS NOT NULL) SELECT 1 FROM above WHERE id = NEW.id"""
_SAME: Final = (
    f"EXISTS (SELECT 1 FROM {_TREE} AS p WHERE p.id = NEW.parent_id"
    " AND p.company_id = NEW.company_id AND p.dimension_id = NEW.dimension_id)"
)

keep(
    Dimension.__table__,
    fixed=("id", "company_id"),
    what="a dimension",
)
keep_while_used(
    Dimension.__table__,
    (
        ("ledger_dimension_value", "dimension_id"),
        ("ledger_dimset_value", "dimension_id"),
        ("ledger_required_dimension", "dimension_id"),
    ),
    "dimension",
)
keep(
    DimensionValue.__table__,
    fixed=("id", "company_id", "dimension_id"),
    what="a value",
)
keep_while_used(
    DimensionValue.__table__,
    (("ledger_dimset_value", "value_id"), ("ledger_dimension_value", "parent_id")),
    "value",
)
declare(
    DimensionValue.__table__,
    "tree",
    sqlite=tuple(
        f"CREATE TRIGGER {_TREE}__tree_{event.lower()} BEFORE {event} ON {_TREE}"
        " WHEN NEW.parent_id IS NOT NULL BEGIN"
        f" SELECT RAISE(ABORT, '{PARENT}') WHERE NEW.parent_id <> NEW.id AND NOT {_SAME};"
        f" SELECT RAISE(ABORT, '{CYCLE}') WHERE EXISTS ({_ABOVE}); END"
        for event in ("INSERT", "UPDATE")
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION {_TREE}__tree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two moves at once could make a circle that neither of them sees.
    -- Whoever posts with a new combination refers to it meanwhile.
    PERFORM 1 FROM ledger_dimension WHERE id = NEW.dimension_id FOR NO KEY UPDATE;
    IF NEW.parent_id <> NEW.id AND NOT {_SAME} THEN
        RAISE EXCEPTION '{PARENT}' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS ({_ABOVE}) THEN
        RAISE EXCEPTION '{CYCLE}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            f"CREATE TRIGGER {_TREE}__tree BEFORE INSERT OR UPDATE ON {_TREE}"
            f" FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION {_TREE}__tree()"
        ),
    ),
)
append_only(DimensionSet.__table__, "A set of values never changes.")
append_only(DimensionSetValue.__table__, "A set of values never changes.")
_FITS: Final = (
    f"EXISTS (SELECT 1 FROM {_TREE} AS v JOIN ledger_dimset AS s ON s.id = NEW.dimset_id"
    " AND s.company_id = NEW.company_id WHERE v.id = NEW.value_id"
    " AND v.company_id = NEW.company_id AND v.dimension_id = NEW.dimension_id)"
)
declare(
    DimensionSetValue.__table__,
    "fits",
    sqlite=(
        (
            "CREATE TRIGGER ledger_dimset_value__fits BEFORE INSERT ON ledger_dimset_value BEGIN"
            f" SELECT RAISE(ABORT, '{OF_SET}') WHERE NOT {_FITS};"
            # A set that lines carry already would say something else of them.
            " SELECT RAISE(ABORT, 'A set of values never changes.') WHERE EXISTS"
            " (SELECT 1 FROM ledger_dimension_balance AS b WHERE b.dimset_id = NEW.dimset_id);"
            " END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_dimset_value__fits() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT {_FITS} THEN
        RAISE EXCEPTION '{OF_SET}' USING ERRCODE = 'check_violation';
    END IF;
    -- Whoever posts with it for the first time at this moment is waited for.
    PERFORM 1 FROM ledger_dimset AS s WHERE s.id = NEW.dimset_id FOR UPDATE;
    -- A set that lines carry already would say something else of them.
    IF EXISTS (SELECT 1 FROM ledger_dimension_balance AS b WHERE b.dimset_id = NEW.dimset_id) THEN
        RAISE EXCEPTION 'A set of values never changes.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_dimset_value__fits BEFORE INSERT ON ledger_dimset_value"
            " FOR EACH ROW EXECUTE FUNCTION ledger_dimset_value__fits()"
        ),
    ),
)
keep(
    RequiredDimension.__table__,
    fixed=("id", "company_id", "account_id", "dimension_id"),
    what="a required dimension",
)

_COLUMNS: Final = "company_id, account_id, period_id, dimset_id, debit, credit, n"
_SUMS: Final = """sum(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
    sum(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END), count(*)"""
_ADD_UP: Final = """ON CONFLICT (company_id, account_id, period_id, dimset_id) DO UPDATE SET
    debit = ledger_dimension_balance.debit + excluded.debit,
    credit = ledger_dimension_balance.credit + excluded.credit,
    n = ledger_dimension_balance.n + excluded.n"""
_LACKS: Final = """l.account_id = r.account_id AND NOT EXISTS (
        SELECT 1 FROM ledger_dimset_value AS v
        WHERE v.dimset_id = l.dimset_id AND v.dimension_id = r.dimension_id)"""
declare(
    Entry.__table__,
    "dimensions",
    sqlite=(
        f"""CREATE TRIGGER ledger_entry__dimensions AFTER UPDATE ON ledger_entry
WHEN OLD.state IS NOT 'posted' AND NEW.state = 'posted' BEGIN
SELECT RAISE(ABORT, '{REQUIRED}') WHERE NEW.kind NOT IN ('reversal', 'closing') AND EXISTS (
    SELECT 1 FROM ledger_line AS l JOIN ledger_required_dimension AS r ON {_LACKS}
    WHERE l.entry_id = NEW.id);
SELECT RAISE(ABORT, '{FOREIGN}') WHERE EXISTS (
    SELECT 1 FROM ledger_line AS l LEFT JOIN ledger_dimset AS s ON s.id = l.dimset_id
    WHERE l.entry_id = NEW.id AND l.dimset_id IS NOT NULL
    AND s.company_id IS NOT NEW.company_id);
INSERT INTO ledger_dimension_balance ({_COLUMNS})
SELECT NEW.company_id, l.account_id, NEW.period_id, l.dimset_id, {_SUMS}
FROM ledger_line AS l WHERE l.entry_id = NEW.id AND l.dimset_id IS NOT NULL
GROUP BY l.account_id, l.dimset_id
{_ADD_UP};
END""",
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_entry__dimensions() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    bad record;
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_required_dimension) THEN
        SELECT n.number_text, a.code, d.name INTO bad
            FROM new_rows AS n JOIN ledger_line AS l ON l.entry_id = n.id
            JOIN ledger_required_dimension AS r ON {_LACKS}
            JOIN ledger_account AS a ON a.id = l.account_id
            JOIN ledger_dimension AS d ON d.id = r.dimension_id
            WHERE n.state = 'posted' AND n.kind NOT IN ('reversal', 'closing') LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION USING MESSAGE = bad.number_text || ': {REQUIRED} (' || bad.code
                || ', ' || bad.name || ')', ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF EXISTS (SELECT 1 FROM new_rows AS n JOIN ledger_line AS l ON l.entry_id = n.id
            WHERE n.state = 'posted' AND l.dimset_id IS NOT NULL) THEN
        -- In the order of the key: two batches that lock the same balances can't deadlock. The
        -- foreign key of the line holds that its set is of its company.
        INSERT INTO ledger_dimension_balance ({_COLUMNS})
        SELECT n.company_id, l.account_id, n.period_id, l.dimset_id, {_SUMS}
        FROM new_rows AS n JOIN ledger_line AS l ON l.entry_id = n.id
        WHERE n.state = 'posted' AND l.dimset_id IS NOT NULL
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        {_ADD_UP};
    END IF;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_entry__dimensions AFTER UPDATE ON ledger_entry"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry__dimensions()"
        ),
    ),
)
_BALANCE: Final = "ledger_dimension_balance"
declare(
    DimensionBalance.__table__,
    "posting",
    sqlite=(
        *(
            f"CREATE TRIGGER {_BALANCE}__posting_{event.lower()} BEFORE {event} ON {_BALANCE}"
            f" BEGIN SELECT {CONTEXT_FUNCTION}(); END"
            for event in ("INSERT", "UPDATE")
        ),
        (
            f"CREATE TRIGGER {_BALANCE}__posting_delete BEFORE DELETE ON {_BALANCE}"
            f" BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION {_BALANCE}__posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (pg_trigger_depth() < 2
            AND coalesce(current_setting('backstay.rebuilding', true), '') <> '{_BALANCE}')
        OR TG_OP IN ('DELETE', 'TRUNCATE')
        OR coalesce(current_setting('backstay.actor', true), '') = '' THEN
        RAISE EXCEPTION '{KEPT}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$""",
        (
            f"CREATE TRIGGER {_BALANCE}__posting BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE"
            f" ON {_BALANCE} FOR EACH STATEMENT EXECUTE FUNCTION {_BALANCE}__posting()"
        ),
    ),
)
