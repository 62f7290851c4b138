"""A session shows and writes the rows of its companies only, whichever way they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, exists, func, insert, select, text, union_all, update
from sqlalchemy.orm import Session, aliased

from backstay.audit.models import AuditEvent
from backstay.companies.models import Company
from backstay.db.context import Context, operator_context
from backstay.errors import ConfigurationError, NotFound
from backstay.imports.models import Import, ImportRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


def an_import(company: CompanyRef, name: str) -> Import:
    return Import(
        company_id=company.id,
        kind="test.kind",
        file_name=name,
        file_hash="0" * 64,
        created_by="test",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        notes=[],
        problems=[],
    )


@pytest.fixture
def ids(database: Database, suite: Suite, alpha: CompanyRef, beta: CompanyRef) -> dict[str, int]:
    """One import with one row in each company."""
    made: dict[str, int] = {}
    with database.write(operator_context("system:test"), suite) as session:
        for company in (alpha, beta):
            row = an_import(company, company.code)
            session.add(row)
            session.flush()
            session.add(ImportRow(import_id=row.id, company_id=company.id, number=1, raw={}))
            made[company.code] = row.id
    return made


@pytest.fixture
def in_alpha(operator: Context, alpha: CompanyRef) -> Context:
    return operator.in_company(alpha)


ASK: dict[str, Callable[[Session, dict[str, int]], object]] = {
    "entities": lambda s, _: [row.file_name for row in s.scalars(select(Import))],
    "a column": lambda s, _: list(s.scalars(select(Import.file_name))),
    "a count": lambda s, _: ["ALPHA"] * (s.scalar(select(func.count()).select_from(Import)) or 0),
    "an alias": lambda s, _: list(s.scalars(select(aliased(Import).file_name))),
    "a join": lambda s, _: list(
        s.scalars(select(Import.file_name).join(ImportRow, ImportRow.import_id == Import.id))
    ),
    "a subquery": lambda s, _: list(
        s.scalars(select(Import.file_name).where(Import.id.in_(select(ImportRow.import_id))))
    ),
    "a union": lambda s, _: sorted(
        set(s.scalars(union_all(select(Import.file_name), select(Import.file_name))))
    ),
    "a foreign id": lambda s, ids: ["ALPHA"] if s.get(Import, ids["BETA"]) is None else ["leak"],
}


@pytest.mark.parametrize("way", ASK)
def test_other_companies_are_invisible(
    way: str, database: Database, suite: Suite, in_alpha: Context, ids: dict[str, int]
) -> None:
    with database.read(in_alpha, suite) as session:
        assert ASK[way](session, ids) == ["ALPHA"]


_RAW = Import.__table__
BESIDE_A_MODEL = {
    "a column": select(Company.code, _RAW.c.file_name),
    "a function": select(Company.code, func.max(_RAW.c.file_name)),
    "an alias": select(Company.code, _RAW.alias().c.file_name),
    "a join": select(Company.code).join(_RAW, _RAW.c.company_id == Company.id),
    "a condition": select(Company.code).where(exists(select(_RAW.c.id))),
    "its own subquery": select(Import.id).where(Import.id.in_(select(_RAW.c.id))),
    "a subquery": select(Company.code, select(_RAW.c.file_name).subquery().c.file_name),
    "a union": union_all(select(Company.code), select(_RAW.c.file_name)),
}


@pytest.mark.parametrize("way", BESIDE_A_MODEL)
def test_a_table_beside_a_model_is_not_a_way_around_the_filter(
    way: str, database: Database, suite: Suite, in_alpha: Context, ids: dict[str, int]
) -> None:
    query = BESIDE_A_MODEL[way]
    with database.read(in_alpha, suite) as session:
        with pytest.raises(ConfigurationError, match="core_import without its model"):
            session.execute(query)
        joined = BESIDE_A_MODEL["a join"].execution_options(scope_checked=True)
        assert len(session.execute(joined).all()) == 2
        beside = select(Import.id, _RAW.c.file_name)
        assert session.execute(beside).all() == [(ids["ALPHA"], "ALPHA")]


def test_the_operator_sees_every_company(
    database: Database, suite: Suite, operator: Context, ids: dict[str, int]
) -> None:
    with database.read(operator, suite) as session:
        assert {row.id for row in session.scalars(select(Import))} == set(ids.values())


def test_somebody_without_a_company_sees_none(
    database: Database, suite: Suite, operator: Context, ids: dict[str, int]
) -> None:
    assert ids
    nobody = Context(operator.actor)
    with database.read(nobody, suite) as session:
        assert session.scalars(select(Import)).all() == []


def test_a_row_of_another_company_is_not_written(
    database: Database, suite: Suite, in_alpha: Context, beta: CompanyRef
) -> None:
    with (
        pytest.raises(NotFound, match="another company"),
        database.write(in_alpha, suite) as session,
    ):
        session.add(an_import(beta, "smuggled"))
        session.flush()


def test_a_row_is_not_moved_to_another_company(
    database: Database, suite: Suite, in_alpha: Context, beta: CompanyRef, ids: dict[str, int]
) -> None:
    with (
        pytest.raises(NotFound, match="another company"),
        database.write(in_alpha, suite) as session,
    ):
        session.get_one(Import, ids["ALPHA"]).company_id = beta.id
        session.flush()


def test_a_bulk_insert_for_another_company_is_refused(
    database: Database, suite: Suite, in_alpha: Context, beta: CompanyRef, ids: dict[str, int]
) -> None:
    rows = [{"import_id": ids["ALPHA"], "company_id": beta.id, "number": 2, "raw": {}}]
    with (
        pytest.raises(NotFound, match="another company"),
        database.write(in_alpha, suite) as session,
    ):
        session.execute(insert(ImportRow), rows)


@pytest.mark.parametrize(
    "statement",
    [select(Import.__table__.c.id), text("SELECT 1"), select(exists().where(Import.id == 1))],
)
def test_a_statement_that_cannot_be_filtered_is_refused(
    statement: object, database: Database, suite: Suite, in_alpha: Context
) -> None:
    with (
        database.read(in_alpha, suite) as session,
        pytest.raises(ConfigurationError, match="not filtered by company"),
    ):
        session.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "statement", [update(Company).values(name="x"), delete(Company), insert(Company)]
)
def test_changing_audited_rows_by_statement_is_refused(
    statement: object, database: Database, suite: Suite, operator: Context
) -> None:
    with (
        pytest.raises(ConfigurationError, match="bypasses the audit trail"),
        database.write(operator, suite) as session,
    ):
        session.execute(statement)  # type: ignore[call-overload]


def test_a_session_without_a_context_answers_nothing() -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    from backstay.db.rules import apply_record_rules

    factory = sessionmaker(create_engine("sqlite://"))
    apply_record_rules(factory)
    with factory() as session, pytest.raises(ConfigurationError, match="no context"):
        session.scalars(select(Company)).all()


def test_a_reading_session_cannot_write(
    database: Database, suite: Suite, operator: Context
) -> None:
    with (
        database.read(operator, suite) as session,
        pytest.raises(ConfigurationError, match="only reads"),
    ):
        session.scalars(select(Company)).first().name = "changed"  # type: ignore[union-attr]
        session.flush()
    with database.read(operator, suite) as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 2


def test_a_text_that_gives_objects_is_refused_like_any_other_text(
    database: Database, suite: Suite, ids: dict[str, int], in_alpha: Context
) -> None:
    assert ids
    statement = select(Import).from_statement(text("SELECT * FROM core_import"))
    with (
        database.read(in_alpha, suite) as session,
        pytest.raises(ConfigurationError, match="scope_checked"),
    ):
        session.scalars(statement).all()


def test_a_statement_moves_no_row_to_another_company(
    database: Database, suite: Suite, ids: dict[str, int], in_alpha: Context, beta: CompanyRef
) -> None:
    assert ids
    statement = update(ImportRow).values(company_id=beta.id)
    with (
        database.write(in_alpha, suite) as session,
        pytest.raises(NotFound, match="another company"),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})
