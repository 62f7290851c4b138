"""Record rules: which rows a session may see and write, applied by the session itself.

The filter ``company_id IN (...)`` is added to every query over a company's rows, through joins,
aliases, subqueries and lazy loads, and checked again on every flush. Statements that SQLAlchemy
can't filter (Core tables, also beside models, and ``text``) are refused unless the service says
that it filtered by itself with ``execution_options(scope_checked=True)``; changes by statement are
refused unless the service wrote the audit rows by itself and says so with
``execution_options(audited=True)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import FromStatement, ORMExecuteState, Session, with_loader_criteria

from backstay.db.base import Audit, CompanyScoped
from backstay.db.context import context_of
from backstay.db.raw_tables import raw_company_table
from backstay.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import sessionmaker


def apply_record_rules(factory: sessionmaker[Session]) -> None:
    """Attach the rules to every session of a factory."""
    event.listen(factory, "do_orm_execute", _filter)
    event.listen(factory, "before_flush", _check_flush)


def _filter(state: ORMExecuteState) -> None:
    context = context_of(state.session)
    options = state.execution_options
    # ``from_statement`` gives objects, but its text can't be filtered either.
    if not state.is_orm_statement or isinstance(state.statement, FromStatement):
        if not options.get("scope_checked"):
            message = (
                "a statement without a model is not filtered by company: use the model,"
                " or filter by hand and say execution_options(scope_checked=True)"
            )
            raise ConfigurationError(message)
        return
    if state.is_insert or state.is_update or state.is_delete:
        _check_statement(state)
    elif not (options.get("scope_checked") or state.is_relationship_load or state.is_column_load):
        _check_tables(state)
    if context.company_ids is None or state.is_insert:
        return
    allowed = tuple(sorted(context.company_ids))
    state.statement = state.statement.options(
        with_loader_criteria(
            CompanyScoped,
            lambda cls: cls.company_id.in_(allowed),
            include_aliases=True,
        )
    )


def _check_tables(state: ORMExecuteState) -> None:
    if (table := raw_company_table(state.statement)) is not None:
        message = (
            f"this query names the table {table} without its model, so its rows are not filtered by"
            " company: use the model, or filter by hand and say execution_options("
            "scope_checked=True)"
        )
        raise ConfigurationError(message)


def _check_statement(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    model: Any = mapper.class_ if mapper is not None else None
    if model is None:
        return
    if model.__audit__ is not Audit.DERIVED and not state.execution_options.get("audited"):
        message = (
            f"changing {model.__name__} by statement bypasses the audit trail: change the"
            " objects, or write the audit rows and say execution_options(audited=True)"
        )
        raise ConfigurationError(message)
    allowed = context_of(state.session).company_ids
    if not issubclass(model, CompanyScoped) or allowed is None:
        return
    given: Any = state.parameters
    rows: list[dict[str, Any]] = given if isinstance(given, list) else [given or {}]
    if state.is_update:
        changed: Any = getattr(state.statement, "_values", None) or {}
        moved = {row["company_id"] for row in rows if "company_id" in row} - allowed
        if moved or any(getattr(one, "key", one) == "company_id" for one in changed):
            message = f"{model.__name__}: a row can't be moved to another company"
            raise NotFound(message)
    if state.is_insert and any(row.get("company_id") not in allowed for row in rows):
        message = f"{model.__name__}: rows of another company can't be inserted"
        raise NotFound(message)


def _check_flush(session: Session, _context: Any, _instances: Any) -> None:
    if not session.info.get("write"):
        if session.new or session.dirty or session.deleted:
            message = "this session only reads"
            raise ConfigurationError(message)
        return
    allowed = context_of(session).company_ids
    if allowed is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, CompanyScoped):
            history = inspect(row, raiseerr=True).attrs["company_id"].history
            values = {*(history.added or ()), *(history.deleted or ()), *(history.unchanged or ())}
            if not values <= allowed:
                message = f"{type(row).__name__}: a row of another company can't be written"
                raise NotFound(message)
