"""Finds a company's table that a query over models names without its model.

The company filter sits on models; ``select(Company.code, Import.__table__.c.file_name)`` would
show the rows of every company. A table is fine beside its own model in the same SELECT: it is the
same FROM then, and filtered with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, Table

from backstay.db.base import CompanyScoped

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTITY: Final = "parententity"
"""How SQLAlchemy marks what came from a model."""


def raw_company_table(statement: Any) -> str | None:
    """The name of a company's table that the company filter would not reach, or None."""
    for raw in _unfiltered(statement, frozenset()):
        # Hardly ever reached, so nothing is kept that a newly loaded plugin would have to renew.
        if raw in set(_company_tables(CompanyScoped)):
            return raw.name
    return None


def _unfiltered(statement: Any, around: frozenset[Table]) -> Iterator[Table]:
    """Tables of one SELECT that stand there without their model, then those of the inner ones."""
    raw: set[Table] = set()
    entities: set[Table] = set()
    inner: list[Any] = []
    seen: set[int] = set()
    waiting = list(statement.get_children())
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Select):
            inner.append(part)
            continue
        entity = _ENTITY in part._annotations  # noqa: SLF001 - there is no public way to ask
        # A column is reached without its FROM: follow it, through aliases and subqueries too.
        source = getattr(part, "table", None) if part.__visit_name__ == "column" else part
        if isinstance(source, Table):
            (entities if entity else raw).add(_plain(source))
        elif entity and isinstance(aliased := getattr(source, "element", None), Table):
            entities.add(_plain(aliased))
        elif source is not part and source is not None:
            waiting.append(source)
        else:
            waiting.extend(part.get_children())
    yield from raw - entities - (around if entities else frozenset())
    for one in inner:
        yield from _unfiltered(one, around | entities)


def _plain(table: Table) -> Table:
    found: Table = table._deannotate()  # noqa: SLF001
    return found


def _company_tables(model: type[Any]) -> Iterator[Table]:
    for each in model.__subclasses__():
        if isinstance(table := each.__dict__.get("__table__"), Table):
            yield table
        yield from _company_tables(each)
