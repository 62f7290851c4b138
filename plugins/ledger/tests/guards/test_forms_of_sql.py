"""Every form of a statement that changes rows, tried on rows that are final.

SQL has many ways to say the same: an upsert, a MERGE, a write inside a WITH, a REPLACE by a key
that no column shows. A guard that thought of UPDATE and DELETE only would let them through.
"""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

from typing import Any

import pytest

from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value

from .conftest import REFUSED
from .test_posting_by_sql import DATE_LINES, FROZEN, POST, RAISE_COUNTER

FINAL = "reverse it|already|never change|takes the place"
ENTRY = (
    "INTO ledger_entry (id, company_id, journal_id, date, state, memo, reference, kind,"
    " payload_hash, minor_units, created_by, created_at, version) VALUES ({posted}, {company},"
    " {journal}, '2026-03-15', 'draft', 'x', '', 'normal', 'h', 2, 'x', 1, 1)"
)
LINE = (
    "INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units, text)"
    " VALUES ({posted}, 1, {company}, {account}, 10000, 2, '')"
)
ON_BOTH = {
    "an upsert of the entry": f"INSERT {ENTRY} ON CONFLICT (id) DO UPDATE SET memo = 'x'",
    "an upsert of a line": (
        f"INSERT {LINE} ON CONFLICT (entry_id, line_no) DO UPDATE SET amount = 10000"
    ),
    "an update from a table": (
        "UPDATE ledger_line SET amount = -amount FROM ledger_entry AS e"
        " WHERE e.id = ledger_line.entry_id AND e.state = 'posted'"
    ),
    "all rows, drafts among them": "UPDATE ledger_entry SET memo = 'x'",
    "all lines, those of drafts among them": "DELETE FROM ledger_line",
    "an update after a WITH": (
        "WITH final AS (SELECT id FROM ledger_entry WHERE state = 'posted')"
        " UPDATE ledger_entry SET memo = 'x' WHERE id IN (SELECT id FROM final)"
    ),
    "a deletion after a WITH": (
        "WITH final AS (SELECT id FROM ledger_entry WHERE state = 'posted')"
        " DELETE FROM ledger_line WHERE entry_id IN (SELECT id FROM final)"
    ),
    "no change at all": "UPDATE ledger_entry SET memo = memo WHERE id = {posted}",
    "another key": "UPDATE ledger_entry SET id = 5 WHERE id = {posted}",
    "another company": "UPDATE ledger_entry SET company_id = {other} WHERE id = {posted}",
    "a line of another company": (
        "UPDATE ledger_line SET company_id = {other} WHERE entry_id = {posted}"
    ),
    "another number of a line": (
        "UPDATE ledger_line SET line_no = line_no + 10 WHERE entry_id = {posted}"
    ),
    "no state": "UPDATE ledger_entry SET state = NULL WHERE id = {posted}",
    "no amount": "UPDATE ledger_line SET amount = NULL WHERE entry_id = {posted}",
}


@pytest.mark.parametrize("what", ON_BOTH)
def test_no_form_of_a_statement_changes_what_is_posted(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    refuse(raw, FINAL, ON_BOTH[what], **ids)


CONFLICTS = ("IGNORE", "FAIL", "REPLACE", "ROLLBACK")


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_sqlite_ignores_no_guard_whatever_is_to_be_done_on_conflict(
    raw: Any, books: Any, refuse: Any, ids: Any, conflict: Any
) -> None:
    if not raw.is_sqlite:
        return  # PostgreSQL has no UPDATE OR
    for statement in FROZEN.values():
        changed = statement.replace("UPDATE ", f"UPDATE OR {conflict} ")
        refuse(raw, FINAL, changed.replace("INSERT ", f"INSERT OR {conflict} "), **ids)
    refuse(raw, FINAL, f"INSERT OR {conflict} {ENTRY}", **ids)


HIDDEN = {
    "a line": (
        "INSERT OR REPLACE INTO ledger_line (rowid, entry_id, line_no, company_id, account_id,"
        " amount, minor_units, text) SELECT rowid, {good}, 7, company_id, account_id, 10000, 2, ''"
        " FROM ledger_line WHERE entry_id = {posted} AND line_no = 1"
    ),
    "a line by one of a draft": (
        "UPDATE OR REPLACE ledger_line SET rowid = (SELECT rowid FROM ledger_line"
        " WHERE entry_id = {posted} AND line_no = 1) WHERE entry_id = {good} AND line_no = 1"
    ),
    "a counter": (
        "INSERT OR REPLACE INTO ledger_sequence_head (rowid, company_id, journal_id,"
        " fiscal_year_id, last_number) SELECT rowid, company_id, journal_id + 1, fiscal_year_id, 1"
        " FROM ledger_sequence_head WHERE journal_id = {journal}"
    ),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_sqlite_replaces_nothing_by_the_hidden_number_of_its_row(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    if not raw.is_sqlite:
        return  # PostgreSQL's ctid can't be written
    refuse(raw, FINAL, HIDDEN[what], **ids)


VALUE = "ledger_dimension_value (id, company_id, dimension_id, code, name, source_key, version)"
DIMENSION = "ledger_dimension (id, company_id, code, name, active, kept_by, version)"
OTHER_KEYS = {
    "a value": (
        f"INSERT OR REPLACE INTO {VALUE} VALUES (5, {{company}}, {{kept}}, 'X', 'x', '1', 1)"
    ),
    "a value by another": (
        "UPDATE OR REPLACE ledger_dimension_value SET source_key = '1' WHERE code = 'B'"
    ),
    "a dimension": (
        f"INSERT OR REPLACE INTO {DIMENSION} VALUES (5, {{company}}, 'x', 'x', 1, 'other.noun', 1)"
    ),
    "a dimension by another": (
        "UPDATE OR REPLACE ledger_dimension SET kept_by = 'other.noun' WHERE code = 'site'"
    ),
}


@pytest.mark.parametrize("what", OTHER_KEYS)
def test_sqlite_replaces_no_value_by_the_record_that_it_stands_for(
    raw: Any, books: Any, ids: Any, what: Any
) -> None:
    if not raw.is_sqlite:
        return  # PostgreSQL has no REPLACE
    with books.write() as session:
        for code, key in (("site", None), ("project", "other.noun")):
            dimension = add_dimension(session, AddDimension(code=code, name=code))
            dimension.kept_by = key
        kept = dimension.id
        for code, key in (("B", None), ("A", "1")):
            value = add_value(session, AddValue(dimension_id=kept, code=code, name=code))
            value.source_key = key
    tables = ("ledger_dimension", "ledger_dimension_value")
    before = [books.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]
    with pytest.raises(REFUSED, match="with this key already"):
        raw.run(OTHER_KEYS[what].format(**ids, kept=kept))
    assert [books.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables] == before


ON_POSTGRESQL = {
    "a merge": (
        "MERGE INTO ledger_entry AS e USING (SELECT 1) AS one ON e.id = {posted}"
        " WHEN MATCHED THEN UPDATE SET memo = 'x'"
    ),
    "a merge that deletes": (
        "MERGE INTO ledger_line AS l USING (SELECT 1) AS one ON l.entry_id = {posted}"
        " WHEN MATCHED THEN DELETE"
    ),
    "lines moved by one statement": (
        "WITH gone AS (DELETE FROM ledger_line WHERE entry_id = {posted} RETURNING *)"
        " INSERT INTO ledger_line SELECT * FROM gone"
    ),
    "everything of all companies": "TRUNCATE core_company CASCADE",
    "an upsert that names the constraint": (
        f"INSERT {LINE} ON CONFLICT ON CONSTRAINT pk_ledger_line DO UPDATE SET text = 'x'"
    ),
}


@pytest.mark.parametrize("what", ON_POSTGRESQL)
def test_no_form_of_postgresql_s_own_changes_what_is_posted(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    if raw.is_sqlite:
        return
    refuse(
        raw,
        f"{FINAL}|can not be written|never deleted|can only be ended",
        ON_POSTGRESQL[what],
        **ids,
    )


def test_lines_copied_in_are_late_too(raw: Any, books: Any, refuse: Any, ids: Any) -> None:
    if raw.is_sqlite:
        return  # it has no COPY
    columns = "entry_id, line_no, company_id, account_id, amount, minor_units, text"
    row = f"{ids['posted']}\t3\t{ids['company']}\t{ids['account']}\t10000\t2\tx\n"

    class Copying:
        def run(self, statement: str) -> None:
            with raw.connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(row)

    refuse(Copying(), FINAL, f"COPY ledger_line ({columns}) FROM STDIN")


CHANGES = {
    "changed": "UPDATE ledger_line SET amount = amount + 10000 WHERE entry_id = {entry}"
    " AND line_no = 1",
    "deleted": "DELETE FROM ledger_line WHERE entry_id = {entry} AND line_no = 2",
    "added": (
        "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units,"
        " text, date) VALUES ({entry}, 3, {company}, {account}, 10000, 2, '', '2026-03-15')"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_line_does_not_change_in_the_statement_that_posts_its_entry(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    if raw.is_sqlite:
        return  # its WITH can't write
    both = f"WITH line AS ({CHANGES[what]} RETURNING 1) {POST}"
    values = {**ids, "entry": ids["good"]}
    refuse(raw, "reverse it|differ|at least two lines", DATE_LINES, RAISE_COUNTER, both, **values)


SHADOWS = {
    "an entry that is a draft": (
        (
            "CREATE TEMP TABLE ledger_entry AS SELECT id, company_id, 'draft' AS state"
            " FROM public.ledger_entry"
        ),
        "UPDATE public.ledger_line SET amount = 1 WHERE entry_id = {posted}",
    ),
    "an entry without lines": (
        "CREATE TEMP TABLE ledger_line (LIKE public.ledger_line)",
        "INSERT INTO ledger_line SELECT * FROM public.ledger_line WHERE entry_id = {good}",
        "UPDATE public.ledger_line SET amount = 1 WHERE entry_id = {posted}",
    ),
    "a counter that may be torn": (
        (
            "CREATE TEMP TABLE ledger_sequence_head AS SELECT company_id, journal_id,"
            " fiscal_year_id, 99 AS last_number FROM public.ledger_sequence_head"
        ),
        "UPDATE public.ledger_line SET date = '2026-03-15' WHERE entry_id = {good}",
        POST.replace("UPDATE ledger_entry", "UPDATE public.ledger_entry").replace(
            "{entry}", "{good}"
        ),
    ),
    "a period that is open": (
        "UPDATE public.ledger_period SET state = 'closed' WHERE id = {period}",
        "CREATE TEMP TABLE ledger_period AS SELECT * FROM public.ledger_period",
        "UPDATE ledger_period SET state = 'open'",
        DATE_LINES.replace("{entry}", "{good}"),
        RAISE_COUNTER,
        POST.replace("{entry}", "{good}"),
    ),
    "no limit": (
        (
            "INSERT INTO public.ledger_approval_limit (id, company_id, amount, version)"
            " VALUES (1, {company}, 10000, 1)"
        ),
        "CREATE TEMP TABLE ledger_approval_limit (LIKE public.ledger_approval_limit)",
        DATE_LINES.replace("{entry}", "{good}"),
        RAISE_COUNTER,
        POST.replace("{entry}", "{good}"),
    ),
}


@pytest.mark.parametrize("what", SHADOWS)
def test_temporary_tables_tell_the_guards_nothing(
    raw: Any, books: Any, refuse: Any, ids: Any, what: Any
) -> None:
    """PostgreSQL looks among temporary tables first, unless a function says where to look."""
    if raw.is_sqlite:
        return  # its triggers see the tables of their own file
    refuse(
        raw,
        f"{FINAL}|from the counter|is closed|needs a second person",
        *SHADOWS[what],
        **ids,
    )


def test_what_was_refused_leaves_nothing_behind_a_savepoint(
    raw: Any, books: Any, ids: Any, refuse: Any
) -> None:
    tables = ("ledger_entry", "ledger_line", "ledger_balance", "ledger_sequence_head")
    before = [books.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]
    raw.connection.execute("BEGIN")
    for statement in (
        *FROZEN.values(),
        POST.replace("{entry}", "{bad}"),
        "DELETE FROM ledger_balance",
    ):
        raw.connection.execute("SAVEPOINT before")
        with pytest.raises(REFUSED):
            raw.connection.execute(statement.format(**ids))
        raw.connection.execute("ROLLBACK TO before")
    raw.connection.execute("COMMIT")
    assert [books.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables] == before


def test_a_foreign_amount_has_decimals_that_exist(
    raw: Any, books: Any, refuse: Any, ids: Any
) -> None:
    """A CHECK that comes to NULL is met; the step to posted knows how many decimals there are."""
    refuse(
        raw,
        "Lines have the date, company and decimals",
        "UPDATE ledger_line SET currency = 'USD', minor_units_currency = 9,"
        " amount_currency = CASE WHEN amount > 0 THEN 12345 ELSE -12345 END"
        " WHERE entry_id = {entry}",
        DATE_LINES,
        RAISE_COUNTER,
        POST,
        **{**ids, "entry": ids["good"]},
    )


@pytest.mark.parametrize("conflict", ["", *(f"OR {one}" for one in CONFLICTS)])
def test_sqlite_moves_the_balances_however_an_entry_is_posted(
    raw: Any, books: Any, ids: Any, conflict: Any
) -> None:
    if not raw.is_sqlite:
        return
    values = {**ids, "entry": ids["good"]}
    posting = POST.replace("UPDATE ", f"UPDATE {conflict} ")
    raw.run(*(one.format(**values) for one in (DATE_LINES, RAISE_COUNTER, posting)))
    assert (
        books.value(
            "SELECT debit FROM ledger_balance WHERE account_id = :account", account=ids["account"]
        )
        == 1_050_000
    )
