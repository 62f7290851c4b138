"""How many four-line entries a second the ledger posts, in batches of a hundred, on both databases.

    python benchmarks/posting.py [--entries 10000] [--batch 100]

Each batch is a transaction of its own with everything that a real one has: checks, gapless numbers,
balances, hashes and audit rows. Processor time is printed beside wall time, as it depends less on
what else the machine does.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from backstay.contracts.ledger import Posting, PostingLine
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.kernel.load import load
from backstay.testing.fixtures import company_ref, create_companies, create_schema
from backstay.testing.postgres import create_database, running_postgres
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.posting import post_many

CODES = [str(1000 + number) for number in range(50)]
TICKS = 100


def make_postings(count: int) -> list[Posting]:
    """Random entries of four lines over one year."""
    chance = random.Random(1)  # noqa: S311
    postings = []
    for number in range(count):
        amounts = [Decimal(chance.randint(1, 99_999)).scaleb(-2) for _line in range(3)]
        amounts.append(-sum(amounts, Decimal(0)))
        postings.append(
            Posting(
                key=f"k{number}",
                journal="GEN",
                date=date(2026, chance.randint(1, 12), chance.randint(1, 28)),
                lines=tuple(PostingLine(chance.choice(CODES), amount) for amount in amounts),
                memo=f"entry {number}",
                reference=f"R-{number}",
            )
        )
    return postings


def server_seconds(database: Database) -> float:
    """Processor time of the PostgreSQL processes that serve us; 0 for SQLite (it is in ours)."""
    if database.is_sqlite:
        return 0.0
    with database.engine.connect() as connection:
        pids = connection.execute(
            text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        ).scalars()
        ticks = 0
        for pid in pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def measure(database: Database, postings: list[Posting], batch: int) -> None:
    """Post everything and print what it took."""
    suite = load(["ledger"])
    create_schema(database, suite)
    create_companies(database, suite)
    context = operator_context("cli:benchmark", company=company_ref(database, suite, "ALPHA"))
    with database.write(context, suite) as session:
        add_standard_journals(session)
        ensure_fiscal_years(session, [date(2026, 1, 1)])
        add_accounts(
            session,
            [
                CreateAccount(code=code, name=code, account_class=AccountClass.ASSET)
                for code in CODES
            ],
        )
    server = server_seconds(database)
    wall, own = time.perf_counter(), time.process_time()
    for start in range(0, len(postings), batch):
        with database.write(context, suite) as session:
            post_many(session, postings[start : start + batch])
    wall, own = time.perf_counter() - wall, time.process_time() - own
    server = server_seconds(database) - server
    with database.read(context, suite) as session:
        findings = check_books(session)
    count = len(postings)
    print(
        f"{database.engine.dialect.name}: {count / wall:,.0f} entries a second;"
        f" processor time {own:.2f} s here and {server:.2f} s in the server,"
        f" which is {count / (own + server):,.0f} a second; {len(findings)} findings"
    )


def main() -> None:
    """Measure SQLite, then PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=100)
    given = parser.parse_args()
    postings = make_postings(given.entries)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(running_postgres())
        for url in (f"sqlite:///{folder}/books.db", create_database(server, "benchmark")):
            database = Database(url)
            measure(database, postings, given.batch)
            database.dispose()


if __name__ == "__main__":
    main()
