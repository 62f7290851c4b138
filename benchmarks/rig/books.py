"""Books of any size in seconds: rows by COPY past the guards, balances rebuilt from the lines.

The entries look like posted ones in every column that lists, reports and guards read, and in the
hash of their content. Only the audit trail knows nothing of them until :func:`note_postings`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.db.engine import unhurried
from backstay.db.guards import install_guards
from backstay.db.types import Instant
from backstay.kernel.suite import Suite
from backstay.testing.fixtures import company_ref
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.content import as_json, hash_of_json
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.rebuild import rebuild_balances

JOURNAL: Final = "GEN"
FIRST: Final = date(2024, 1, 1)
DAYS: Final = 3 * 365
CODES: Final = [str(1000 + 10 * number) for number in range(200)]
_MEMOS: Final = ("Rent", "Sale of goods", "Wages", "Electricity", "Freight", "Bank charges")
_CUSTOMERS: Final = ("Nordwind", "Acacia", "Lumen", "Harbour", "Quarry", "Juniper", "Saltmarsh")
_CHUNK: Final = 20_000
_ENTRY: Final = (
    "id, company_id, journal_id, fiscal_year_id, period_id, date, state, number, number_text,"
    " memo, reference, kind, payload_hash, minor_units, created_by, created_at, posted_by,"
    " posted_at, version"
)
_LINE: Final = "company_id, entry_id, line_no, account_id, date, amount, minor_units, text"

_NOTED: Final = """
    INSERT INTO core_audit (id, at, actor, request_id, ip, plugin, plugin_version, action, entity,
        entity_id, label, company_id, after, reason, approval, outcome)
    SELECT id, posted_at, posted_by, '', '', 'ledger', '', 'post', 'ledger_entry',
        CAST(id AS VARCHAR(30)), number_text, company_id, '{"state":"posted"}', '', '', 'ok'
    FROM ledger_entry WHERE state = 'posted'"""
_COUNTERS: Final = """
    INSERT INTO ledger_sequence_head (company_id, journal_id, fiscal_year_id, last_number)
    SELECT company_id, journal_id, fiscal_year_id, max(number) FROM ledger_entry
    WHERE company_id = :company GROUP BY company_id, journal_id, fiscal_year_id"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large books are.

    Arguments:
        entries: posted entries.
        lines: lines of each of them, two or more.
    """

    entries: int
    lines: int

    @property
    def total(self) -> int:
        """Lines in all."""
        return self.entries * self.lines


def fill(database: Database, suite: Suite, company: str, size: Size) -> None:
    """Give a company a chart of 200 accounts, three fiscal years and entries of a size."""
    ref = company_ref(database, suite, company)
    context = operator_context("cli:benchmark", company=ref)
    with database.write(context, suite) as session:
        add_standard_journals(session)
        ensure_fiscal_years(session, [FIRST + timedelta(days=366 * year) for year in range(3)])
        add_accounts(
            session,
            [
                CreateAccount(code=code, name=f"Account {code}", account_class=one)
                for code, one in zip(CODES, _classes(), strict=False)
            ],
        )
    if not size.entries:
        return
    with database.engine.begin() as connection:
        unhurried(connection)
        set_guards_aside(connection)
        _load(connection, ref.id, size)
        connection.execute(text(_COUNTERS), {"company": ref.id})
        if database.is_sqlite:
            for part in suite.parts:
                if part.plugin == "ledger" and part.base is not None:
                    install_guards(connection, part.base.metadata)
    with database.write(context, suite) as session:
        rebuild_balances(session)
    count_anew(database, "ledger_entry", "ledger_line", "ledger_balance")


def count_anew(database: Database, *tables: str) -> None:
    """Statistics for the planner, and the visibility map of a table that is not written to."""
    if database.is_sqlite:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        return
    with database.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql("SET statement_timeout = 0")
        for table in tables:
            alone.exec_driver_sql(f"VACUUM (ANALYZE) {table}")
        alone.exec_driver_sql("RESET statement_timeout")


def note_postings(database: Database) -> None:
    """Give every entry the row of the audit trail that posting it would have written."""
    with database.engine.begin() as connection:
        unhurried(connection)
        connection.execute(text(_NOTED))
    count_anew(database, "core_audit")


def _classes() -> Iterator[AccountClass]:
    while True:
        yield from AccountClass


def set_guards_aside(connection: Connection) -> None:
    """Let the ledger's guards rest; on SQLite they have to be installed again afterwards."""
    if connection.dialect.name == "postgresql":
        # Foreign keys and triggers rest until this transaction ends; needs a superuser.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return
    names = connection.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger_%'")
    ).scalars()
    for name in list(names):
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def _load(connection: Connection, company_id: int, size: Size) -> None:
    entries: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    indexes = _drop_indexes(connection) if size.total > _CHUNK else []
    for entry, own in _rows(connection, company_id, size):
        entries.append(entry)
        lines += own
        if len(entries) == _CHUNK:
            _write(connection, entries, lines)
            entries, lines = [], []
    _write(connection, entries, lines)
    for statement in indexes:
        connection.exec_driver_sql(statement)


def _rows(
    connection: Connection, company_id: int, size: Size
) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    periods = connection.execute(
        text(
            "SELECT p.starts_on, p.ends_on, p.id, y.id, y.code FROM ledger_period AS p"
            " JOIN ledger_fiscal_year AS y ON y.id = p.fiscal_year_id"
            " WHERE p.company_id = :company"
        ),
        {"company": company_id},
    ).all()
    places = {}
    for first, last, *place in periods:
        day = date.fromisoformat(str(first))
        while day <= date.fromisoformat(str(last)):
            places[day] = tuple(place)
            day += timedelta(days=1)
    journal_id = connection.scalar(
        text("SELECT id FROM ledger_journal WHERE company_id = :company AND code = :code"),
        {"company": company_id, "code": JOURNAL},
    )
    account_ids = list(
        connection.execute(
            text("SELECT id FROM ledger_account WHERE company_id = :company"),
            {"company": company_id},
        ).scalars()
    )
    at = Instant().process_bind_param(datetime(2026, 1, 1, tzinfo=UTC), connection.dialect)
    chance = random.Random(1)  # noqa: S311 - the same books in every run
    numbers: dict[int, int] = {}
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    for index in range(size.entries):
        day = days[index * DAYS // size.entries]
        period_id, year_id, year = places[day]
        number = numbers[year_id] = numbers.get(year_id, 0) + 1
        entry_id = 1_000_000 + index
        memo = f"{chance.choice(_MEMOS)} {chance.choice(_CUSTOMERS)} {chance.randint(1, 9999)}"
        text_of_day = day.isoformat()
        amounts = [chance.randint(1, 99_999) * 100 for _line in range(size.lines - 1)]
        amounts = [-amount if chance.random() < 0.4 else amount for amount in amounts]  # noqa: PLR2004
        rest = -sum(amounts)
        if rest == 0:
            amounts[0] += 100
            rest = -sum(amounts)
        amounts.append(rest)
        lines = [(chance.choice(account_ids), amount) for amount in amounts]
        no_source = (None, None, None)
        content: list[Any] = [
            journal_id,
            text_of_day,
            "normal",
            memo,
            f"R-{index}",
            *no_source,
            None,
        ]
        content.append([[*line, None, None, ""] for line in lines])
        payload_hash = hash_of_json(as_json(content))
        yield (
            (
                *(entry_id, company_id, journal_id, year_id, period_id, text_of_day, "posted"),
                *(number, f"{JOURNAL}-{year}-{number:06d}", memo, f"R-{index}", "normal"),
                *(payload_hash, 2, "cli:benchmark", at, "cli:benchmark", at, 2),
            ),
            [
                (company_id, entry_id, place, account_id, text_of_day, amount, 2, "")
                for place, (account_id, amount) in enumerate(lines, 1)
            ],
        )


def _write(connection: Connection, entries: list[Any], lines: list[Any]) -> None:
    for table, columns, rows in (
        ("ledger_entry", _ENTRY, entries),
        ("ledger_line", _LINE, lines),
    ):
        if connection.dialect.name == "postgresql":
            driver: Any = connection.connection.driver_connection
            with driver.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write("".join("\t".join(map(str, row)) + "\n" for row in rows))
        elif rows:
            marks = ", ".join("?" for _column in columns.split(","))
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
                rows,
            )


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes of entries and lines that are no keys; returns how to make them again."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND tbl_name IN ('ledger_entry', 'ledger_line')"
        ).all()
    else:
        found = connection.exec_driver_sql(
            "SELECT i.indexname, i.indexdef FROM pg_indexes AS i"
            " WHERE i.tablename IN ('ledger_entry', 'ledger_line')"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conname = i.indexname)"
        ).all()
    for name, _made_by in found:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [made_by for _name, made_by in found]
