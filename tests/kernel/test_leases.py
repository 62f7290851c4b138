"""One process holds a duty at a time, for as long as it renews it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from backstay.clock import now
from backstay.errors import Conflict
from backstay.kernel.leases import lease
from backstay.kernel.models import Lease

if TYPE_CHECKING:
    from backstay.db.database import Database

MINUTE = timedelta(minutes=1)


def expire(database: Database, name: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            update(Lease).where(Lease.name == name).values(expires_at=now() - MINUTE)
        )


def test_a_duty_has_one_holder_and_is_free_afterwards(database: Database) -> None:
    with lease(database, "duty", MINUTE):
        with pytest.raises(Conflict, match="duty"), lease(database, "duty", MINUTE):
            pass
        with lease(database, "another", MINUTE):
            pass
    with lease(database, "duty", MINUTE):
        pass


def test_a_duty_is_renewed_once_a_third_of_its_time_is_over(database: Database) -> None:
    with lease(database, "duty", MINUTE) as duty:
        with database.reading_connection() as connection:
            first = connection.scalar(select(Lease.expires_at))
        assert duty.keep()
        with database.reading_connection() as connection:
            assert connection.scalar(select(Lease.expires_at)) == first
        duty.renew_at = now()
        assert duty.keep()
        with database.reading_connection() as connection:
            later = connection.scalar(select(Lease.expires_at))
        assert first is not None
        assert later is not None
        assert later > first
        assert duty.renew_at > now()


def test_who_came_too_late_learns_that_another_holds_it(database: Database) -> None:
    with lease(database, "duty", MINUTE) as late:
        expire(database, "duty")
        with lease(database, "duty", MINUTE) as taken:
            late.renew_at = now()
            assert not late.keep()
            assert taken.keep()
