"""Each process holds a node number of its own and gives it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from backstay.clock import now
from backstay.db.nodes import Node, NodeLease

if TYPE_CHECKING:
    from backstay.db.database import Database


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
    other._number = None
    other.ensure()
    assert len(numbers(database)) == 1
    other.release()
