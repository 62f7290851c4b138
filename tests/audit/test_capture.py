"""Every change leaves an audit row in its own transaction, and nobody can change it afterwards."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url, select

from backstay.access.models import User, UserState
from backstay.audit.canonical import MASK, canonical, hash_of, row_hash
from backstay.audit.models import AuditEvent
from backstay.companies.models import Company

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


def events(database: Database, suite: Suite, operator: Context, entity: str) -> list[AuditEvent]:
    with database.read(operator, suite) as session:
        return list(
            session.scalars(
                select(AuditEvent).where(AuditEvent.entity == entity).order_by(AuditEvent.id)
            )
        )


def test_a_change_is_recorded_with_before_after_actor_and_reason(
    database: Database, suite: Suite, operator: Context
) -> None:
    with database.write(operator.because("new sign at the door"), suite) as session:
        company = session.scalars(select(Company).where(Company.code == "ALPHA")).one()
        company.name = "Alpha & Sons Ltd"
        session.flush()
        expected = hash_of(company)
    event = events(database, suite, operator, "core_company")[-1]
    assert (event.action, event.before, event.after) == (
        "update",
        {"name": "Alpha Ltd"},
        {"name": "Alpha & Sons Ltd"},
    )
    assert (event.actor, event.reason) == ("cli:test", "new sign at the door")
    assert (event.request_id, event.row_hash) == (operator.request_id, expected)
    assert event.label == "ALPHA Alpha & Sons Ltd"
    assert event.company_id == company.id
    assert (event.xid is None) == database.is_sqlite


def test_a_change_that_is_rolled_back_leaves_no_audit_row(
    database: Database, suite: Suite, operator: Context
) -> None:
    before = len(events(database, suite, operator, "core_company"))
    with pytest.raises(RuntimeError), database.write(operator, suite) as session:
        session.scalars(select(Company)).first().name = "never"  # type: ignore[union-attr]
        session.flush()
        raise RuntimeError
    assert len(events(database, suite, operator, "core_company")) == before


def test_secrets_are_noted_as_changed_but_never_copied(
    database: Database, suite: Suite, operator: Context
) -> None:
    with database.write(operator, suite) as session:
        user = User(
            login="somebody",
            name="Some Body",
            password_hash="first-secret",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            state=UserState.ACTIVE,
        )
        session.add(user)
        session.flush()
        user.password_hash = "second-secret"
    created, updated = events(database, suite, operator, "core_user")
    assert created.after is not None
    assert updated.after is not None
    assert created.after["password_hash"] == MASK
    assert updated.after == {"password_hash": MASK}
    assert created.row_hash != updated.row_hash


def test_deleting_a_record_keeps_what_it_was(
    database: Database, suite: Suite, operator: Context
) -> None:
    with database.write(operator, suite) as session:
        session.delete(session.scalars(select(Company).where(Company.code == "BETA")).one())
    event = events(database, suite, operator, "core_company")[-1]
    assert event.before is not None
    assert (event.action, event.before["currency"], event.after) == ("delete", "JPY", None)


REWRITES = (
    "UPDATE core_audit SET actor = 'somebody else'",
    "DELETE FROM core_audit",
)
SQLITE_REWRITES = (
    *REWRITES,
    "INSERT OR REPLACE INTO core_audit SELECT * FROM core_audit",
    "REPLACE INTO core_audit SELECT * FROM core_audit",
)


def raw(database: Database) -> Callable[[str], object]:
    """A connection that knows nothing of Backstay."""
    if database.is_sqlite:
        connection = sqlite3.connect(str(make_url(database.url).database), isolation_level=None)
        return connection.execute
    import psycopg

    url = make_url(database.url).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True).execute  # type: ignore[return-value]


def test_the_audit_trail_is_frozen_for_raw_connections(database: Database) -> None:
    execute = raw(database)
    statements = SQLITE_REWRITES if database.is_sqlite else (*REWRITES, "TRUNCATE core_audit")
    for statement in statements:
        with pytest.raises(Exception, match="audit trail can't be changed"):
            execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_company SET name = 'mine'",
        "DELETE FROM core_company",
        (
            "INSERT INTO core_company (id, code, name, currency, minor_units, fiscal_year_start,"
            " time_zone, state, version) VALUES (1, 'X', 'X', 'EUR', 2, 1, 'UTC', 'active', 1)"
        ),
    ],
)
def test_raw_connections_cannot_change_audited_tables_unnoticed(
    database: Database, statement: str
) -> None:
    with pytest.raises(Exception, match=r"audit_context_required|changed through Backstay only"):
        raw(database)(statement)


def test_equal_values_have_equal_canonical_forms() -> None:
    assert canonical(Decimal("5.00")) == canonical(Decimal(5)) == "5"
    assert canonical(Decimal("-0.0000")) == "0"
    assert canonical(date(2026, 2, 28)) == "2026-02-28"
    assert canonical(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1_000_000
    with pytest.raises(TypeError, match="float"):
        canonical(0.1)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.one_of(st.integers(), st.text(max_size=8), st.booleans()),
        max_size=6,
    )
)
def test_a_new_nullable_column_and_another_order_falsify_no_hash(row: dict[str, object]) -> None:
    wider = [*reversed(row.items()), ("a column that came later", None)]
    assert row_hash(row.items()) == row_hash(wider)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), min_size=1))
def test_any_changed_value_changes_the_hash(row: dict[str, str]) -> None:
    name = next(iter(row))
    assert row_hash(row.items()) != row_hash({**row, name: row[name] + "x"}.items())
