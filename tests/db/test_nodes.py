"""Each process holds a node number of its own and gives it back."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from backstay.clock import now
from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.db.ids import new_id, node_of
from backstay.db.nodes import Node, NodeLease

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.kernel.suite import Suite
    from backstay.testing.fixtures import Templates


def numbers(database: Database) -> list[int]:
    with database.engine.connect() as connection:
        return list(
            connection.scalars(
                select(Node.number).where(Node.expires_at > now()).order_by(Node.number)
            )
        )


def test_a_released_number_is_taken_again(database: Database) -> None:
    first = NodeLease(database.engine)
    first.ensure()
    held = numbers(database)
    first.release()
    second = NodeLease(database.engine)
    second.ensure()
    assert numbers(database) == held
    second.release()


def test_a_lease_that_ran_out_is_not_renewed_but_taken_anew(database: Database) -> None:
    lease = NodeLease(database.engine)
    lease.ensure()
    with database.engine.begin() as connection:
        connection.execute(update(Node).values(expires_at=now() - timedelta(seconds=1)))
    other = NodeLease(database.engine)
    other._holder = other._name()
    other.ensure()
    assert len(numbers(database)) == 1
    other.release()


def test_two_databases_of_one_process_have_numbers_of_their_own(
    database: Database, suite: Suite, templates: Templates, tmp_path: Path
) -> None:
    copy = tmp_path / "second.db"
    shutil.copyfile(templates.sqlite(suite), copy)
    second = Database(f"sqlite:///{copy}")
    somebody = NodeLease(second.engine)
    somebody.ensure()  # so that the second database gives another number than the first
    context = operator_context("cli:test")

    def made(where: Database, code: str) -> int:
        with where.write(context, suite) as session:
            company = Company(code=code, name=code, currency="EUR", minor_units=2)
            session.add(company)
            session.flush()
            return node_of(company.id)

    first_number, second_number = made(database, "ONE"), made(second, "ONE")
    assert first_number != second_number
    assert made(database, "TWO") == first_number
    assert made(second, "TWO") == second_number
    second.dispose()
    assert numbers(database) == [first_number]
    assert made(database, "THREE") == first_number
    somebody.release()


def test_a_number_that_was_given_back_makes_no_more_ids(database: Database) -> None:
    first, second = NodeLease(database.engine), NodeLease(database.engine)
    second._holder = "another"
    second.ensure()
    kept = node_of(new_id())
    first.ensure()
    assert node_of(new_id()) != kept
    first.release()
    assert node_of(new_id()) == kept
    second.release()
