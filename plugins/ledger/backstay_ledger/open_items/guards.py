"""What both databases keep of open items and allocations, whoever writes.

A residual is right at every moment because no other value is taken: whoever changes it has to
write the original less the allocations that exist. So it may stand in an index, and yet can't
drift. Concurrent allocations lock both items in the order of their ids.
"""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay.spi import append_only, declare, no_truncate
from backstay_ledger.guards.tables import keep
from backstay_ledger.models import Line
from backstay_ledger.open_items.models import EXCHANGE_SOURCE, Allocation, OpenItem

LATE: Final = "Open items come from the lines of a draft, on an account that is managed by them."
FINAL: Final = "The open items of a posted entry stay; reverse the entry."
RESIDUAL: Final = "What remains of an open item is its amount less its allocations."
APPEND_ONLY: Final = "An allocation can not be changed or deleted; undo it."
NOT_POSTED: Final = "Only open items of posted entries of one company can be allocated."
SIDES: Final = "An allocation joins a debit item and a credit item."
APART: Final = "Items of different parties, currencies or accounts can not be allocated."
ON_HOLD: Final = "A blocked or disputed item can not be allocated."
EARLY: Final = "An allocation is not dated before its items."
BEYOND: Final = "An allocation takes no more than what remains of its items."
BASE: Final = (
    "An allocation takes the base amounts that belong to its amount, and all of it with the last."
)
THEN: Final = (
    "An allocation takes no more than what remained of its items on its day, and on each after it."
)
UNDO: Final = "An allocation is undone once, by its exact opposite, not before its own date."
EXCHANGE: Final = (
    "An allocation whose items differ in base amount or account needs the entry that books it."
)

_FIXED: Final = (
    "id",
    "company_id",
    "entry_id",
    "line_no",
    "account_id",
    "party",
    "date",
    "due_date",
    "currency",
    "amount",
    "amount_base",
)
keep(OpenItem.__table__, fixed=_FIXED, what="an open item")
append_only(Allocation.__table__, APPEND_ONLY)


def _left(row: str, column: str, debit: str, credit: str) -> str:
    """An item's amount less what its allocations took; it is on one side of them only."""
    return (
        f"{row}.{column}"
        f" - coalesce((SELECT sum(a.{debit}) FROM ledger_allocation AS a"
        f" WHERE a.debit_id = {row}.id), 0)"
        f" + coalesce((SELECT sum(a.{credit}) FROM ledger_allocation AS a"
        f" WHERE a.credit_id = {row}.id), 0)"
    )


def _drifts(row: str) -> str:
    return (
        f"{row}.residual <> {_left(row, 'amount', 'amount', 'amount')}"
        f" OR {row}.residual_base <> {_left(row, 'amount_base', 'base_debit', 'base_credit')}"
    )


def _not_of_a_draft(row: str) -> str:
    """On SQLite, that an item is not that of a draft's line on a managed account."""
    return (
        "NOT EXISTS (SELECT 1 FROM ledger_line AS l"
        " JOIN ledger_entry AS e ON e.id = l.entry_id AND e.state = 'draft'"
        " JOIN ledger_account AS c ON c.id = l.account_id AND c.open_item_managed"
        f" WHERE l.entry_id = {row}.entry_id AND l.line_no = {row}.line_no"
        f" AND l.company_id = {row}.company_id AND l.account_id = {row}.account_id)"
    )


def _posted(row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = {row}.entry_id"
        " AND e.state = 'posted')"
    )


declare(
    OpenItem.__table__,
    "residual",
    sqlite=(
        (
            "CREATE TRIGGER ledger_open_item__residual_insert BEFORE INSERT ON ledger_open_item"
            f" BEGIN SELECT RAISE(ABORT, '{LATE}') WHERE {_not_of_a_draft('NEW')};"
            f" SELECT RAISE(ABORT, '{RESIDUAL}') WHERE typeof(NEW.amount) <> 'integer'"
            " OR typeof(NEW.amount_base) <> 'integer' OR NEW.residual IS NOT NEW.amount"
            " OR NEW.residual_base IS NOT NEW.amount_base; END"
        ),
        (
            "CREATE TRIGGER ledger_open_item__residual_update BEFORE UPDATE ON ledger_open_item"
            f" WHEN {_drifts('NEW')} BEGIN SELECT RAISE(ABORT, '{RESIDUAL}'); END"
        ),
        (
            "CREATE TRIGGER ledger_open_item__residual_delete BEFORE DELETE ON ledger_open_item"
            f" WHEN {_posted('OLD')} BEGIN SELECT RAISE(ABORT, '{FINAL}'); END"
        ),
    ),
    postgresql=(
        # The foreign keys have locked line and account by now.
        f"""CREATE OR REPLACE FUNCTION ledger_open_item__residual_insert() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows AS n
            LEFT JOIN ledger_line AS l ON l.entry_id = n.entry_id AND l.line_no = n.line_no
                AND l.company_id = n.company_id AND l.account_id = n.account_id
            LEFT JOIN ledger_entry AS e ON e.id = l.entry_id
            LEFT JOIN ledger_account AS c ON c.id = l.account_id
            WHERE e.state IS DISTINCT FROM 'draft' OR NOT c.open_item_managed) THEN
        RAISE EXCEPTION '{LATE}' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM new_rows WHERE residual <> amount OR residual_base <> amount_base) THEN
        RAISE EXCEPTION '{RESIDUAL}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_open_item__residual_insert AFTER INSERT ON ledger_open_item"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_open_item__residual_insert()"
        ),
        f"""CREATE OR REPLACE FUNCTION ledger_open_item__residual() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Whoever posts the entry at this moment is waited for.
        PERFORM 1 FROM ledger_entry AS e WHERE e.id = OLD.entry_id FOR SHARE;
        IF {_posted("OLD")} THEN
            RAISE EXCEPTION '{FINAL}' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF {_drifts("NEW")} THEN
        RAISE EXCEPTION '{RESIDUAL}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_open_item__residual BEFORE UPDATE OR DELETE ON ledger_open_item"
            " FOR EACH ROW EXECUTE FUNCTION ledger_open_item__residual()"
        ),
        *no_truncate("ledger_open_item", "ledger_open_item__residual", FINAL),
    ),
)
declare(
    Line.__table__,
    "open_item",
    # As the foreign key's cascade does where foreign keys are on.
    sqlite=(
        (
            "CREATE TRIGGER ledger_line__open_item AFTER DELETE ON ledger_line"
            " BEGIN DELETE FROM ledger_open_item"
            " WHERE entry_id = OLD.entry_id AND line_no = OLD.line_no; END"
        ),
    ),
    postgresql=(),
)

# What an allocation's own entry adds to an account: the lines on the debit item's account take away
# what the allocation took of its base amount, those on the credit item's account give it back.
_BOOKED: Final = (
    "coalesce((SELECT sum(l.amount) FROM ledger_line AS l WHERE l.entry_id = NEW.exchange_entry_id"
    " AND l.account_id = {item}.account_id), 0)"
)
_DEBIT_BOOKED: Final = _BOOKED.format(item="d")
_CREDIT_BOOKED: Final = _BOOKED.format(item="c")
_SAME: Final = "d.account_id = c.account_id"
_RIGHTLY_BOOKED: Final = (
    f"CASE WHEN {_SAME} THEN {_DEBIT_BOOKED} = NEW.base_credit - NEW.base_debit"
    f" ELSE {_DEBIT_BOOKED} = -NEW.base_debit AND {_CREDIT_BOOKED} = NEW.base_credit END"
)
_BOOKS_NOTHING: Final = f"(({_SAME} OR NEW.base_debit = 0) AND NEW.base_debit = NEW.base_credit)"
_EXCHANGE_ENTRY: Final = (
    "EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.id = NEW.exchange_entry_id"
    " AND e.company_id = NEW.company_id AND e.state = 'posted'"
    f" AND e.source_plugin = 'ledger' AND e.source_type = '{EXCHANGE_SOURCE}')"
)
_WRONG_EXCHANGE: Final = (
    f"CASE WHEN NEW.exchange_entry_id IS NULL THEN NOT {_BOOKS_NOTHING}"
    f" ELSE NOT {_EXCHANGE_ENTRY} OR NOT ({_RIGHTLY_BOOKED}) END"
)
_WRONG_UNDO: Final = (
    "NEW.undoes_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_allocation AS u"
    " WHERE u.id = NEW.undoes_id AND u.company_id = NEW.company_id AND u.undoes_id IS NULL"
    " AND u.debit_id = NEW.debit_id AND u.credit_id = NEW.credit_id AND u.amount = -NEW.amount"
    " AND u.base_debit = -NEW.base_debit AND u.base_credit = -NEW.base_credit"
    " AND u.date <= NEW.date)"
)
_ITEMS: Final = (
    "FROM ledger_open_item AS d, ledger_open_item AS c, ledger_account AS da, ledger_account AS ca"
    " WHERE d.id = NEW.debit_id AND c.id = NEW.credit_id"
    " AND da.id = d.account_id AND ca.id = c.account_id"
)
_ITEM: Final = "ledger_open_item"
_TAKE: Final = tuple(
    f"UPDATE ledger_open_item SET residual = {_left(_ITEM, 'amount', 'amount', 'amount')},"
    f" residual_base = {_left(_ITEM, 'amount_base', 'base_debit', 'base_credit')}"
    f" WHERE id = NEW.{item}"
    for item in ("debit_id", "credit_id")
)
_OTHER: Final = "NOT ({same} OR (da.sub_ledger IS NOT NULL AND da.sub_ledger = ca.sub_ledger))"
# The items of entries that are posted; a draft's may have a day, for the moment of posting.
_ARE_POSTED: Final = (
    "(SELECT count(*) FROM ledger_entry AS e WHERE e.id IN (d.entry_id, c.entry_id)"
    " AND e.state = 'posted') = CASE WHEN d.entry_id = c.entry_id THEN 1 ELSE 2 END"
)


def _short_on_a_day(side: str, residual: str, base: str) -> str:
    """That an item had less left on some day since, before an allocation of then was undone.

    It is what is left now, and what was taken after the day. Only an undoing lets it be less than
    now, so nothing is summed up where there is none.
    """
    of = f"ledger_allocation AS a WHERE a.{side}_id = NEW.{side}_id"
    later = f"(SELECT sum(a.{{}}) FROM {of} AND a.date > day.date)"
    return (
        f"(NEW.undoes_id IS NULL"
        f" AND EXISTS (SELECT 1 FROM {of} AND a.date > NEW.date AND a.amount < 0)"
        f" AND EXISTS (SELECT 1 FROM (SELECT NEW.date AS date UNION"
        f" SELECT a.date FROM {of} AND a.date > NEW.date) AS day"
        f" WHERE NEW.amount > {residual} + coalesce({later.format('amount')}, 0)"
        f" OR NEW.base_{side} > {base} + coalesce({later.format(f'base_{side}')}, 0)))"
    )


_RULES: Final = (
    (
        NOT_POSTED,
        (
            "d.date IS NULL OR c.date IS NULL OR d.company_id <> NEW.company_id"
            f" OR c.company_id <> NEW.company_id OR NOT {_ARE_POSTED}"
        ),
    ),
    (SIDES, "d.amount < 0 OR c.amount > 0"),
    (
        APART,
        (
            "d.party <> c.party OR coalesce(d.currency, '') <> coalesce(c.currency, '')"
            f" OR {_OTHER.format(same=_SAME)}"
        ),
    ),
    (ON_HOLD, "NEW.undoes_id IS NULL AND (d.hold <> 'none' OR c.hold <> 'none')"),
    (EARLY, "NEW.date < d.date OR NEW.date < c.date"),
    (
        BEYOND,
        (
            "NEW.amount > d.residual OR NEW.amount > -c.residual"
            " OR NEW.base_debit > d.residual_base OR NEW.base_credit > -c.residual_base"
        ),
    ),
    (EXCHANGE, _WRONG_EXCHANGE),
    (
        BASE,
        (
            "(d.currency IS NULL AND (NEW.base_debit <> NEW.amount"
            " OR NEW.base_credit <> NEW.amount))"
            " OR (NEW.amount = d.residual AND NEW.base_debit <> d.residual_base)"
            " OR (NEW.amount = -c.residual AND NEW.base_credit <> -c.residual_base)"
        ),
    ),
    (
        THEN,
        (
            _short_on_a_day("debit", "d.residual", "d.residual_base")
            + " OR "
            + _short_on_a_day("credit", "-c.residual", "-c.residual_base")
        ),
    ),
)
_CASES: Final = "\n".join(f"WHEN {condition} THEN '{said}'" for said, condition in _RULES)
declare(
    Allocation.__table__,
    "items",
    sqlite=(
        (
            "CREATE TRIGGER ledger_allocation__items_before BEFORE INSERT ON ledger_allocation"
            f" BEGIN SELECT RAISE(ABORT, '{NOT_POSTED}') WHERE NOT EXISTS (SELECT 1 {_ITEMS})"
            " OR NEW.date IS NOT date(NEW.date) OR typeof(NEW.amount) <> 'integer'"
            " OR typeof(NEW.base_debit) <> 'integer' OR typeof(NEW.base_credit) <> 'integer';"
            + "".join(
                f" SELECT RAISE(ABORT, '{said}') {_ITEMS} AND ({condition});"
                for said, condition in _RULES
            )
            + f" SELECT RAISE(ABORT, '{UNDO}') WHERE {_WRONG_UNDO}; END"
        ),
        (
            "CREATE TRIGGER ledger_allocation__items_after AFTER INSERT ON ledger_allocation"
            f" BEGIN {_TAKE[0]}; {_TAKE[1]}; END"
        ),
    ),
    postgresql=(
        f"""CREATE OR REPLACE FUNCTION ledger_allocation__items() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    wrong text;
BEGIN
    -- Whoever allocates one of them at this moment is waited for; in one order, so none waits
    -- for the other. What they took is seen below.
    PERFORM 1 FROM ledger_open_item AS i WHERE i.id IN (NEW.debit_id, NEW.credit_id)
        ORDER BY i.id FOR UPDATE;
    SELECT CASE {_CASES} WHEN {_WRONG_UNDO} THEN '{UNDO}' ELSE '' END INTO wrong {_ITEMS};
    IF wrong IS NULL THEN
        wrong := '{NOT_POSTED}';
    END IF;
    IF wrong <> '' THEN
        RAISE EXCEPTION USING MESSAGE = wrong, ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$""",
        (
            "CREATE TRIGGER ledger_allocation__items BEFORE INSERT ON ledger_allocation"
            " FOR EACH ROW EXECUTE FUNCTION ledger_allocation__items()"
        ),
        f"""CREATE OR REPLACE FUNCTION ledger_allocation__items_after() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    {_TAKE[0]};
    {_TAKE[1]};
    RETURN NULL;
END $$""",
        (
            "CREATE TRIGGER ledger_allocation__items_after AFTER INSERT ON ledger_allocation"
            " FOR EACH ROW EXECUTE FUNCTION ledger_allocation__items_after()"
        ),
    ),
)
