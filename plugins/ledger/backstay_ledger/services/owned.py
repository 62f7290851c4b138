"""Loading a record of the company that the session works in."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import NotFound, company_of

Row = TypeVar("Row")


def load_owned(session: Session, model: type[Row], row_id: int, missing: str) -> Row:
    """The row of a model by its id.

    Arguments:
        model: one whose rows belong to a company.
        missing: what is said when the company has no such row.

    Raises:
        NotFound: it has none.
    """
    table: Any = model
    row: Row | None = session.scalars(
        select(model).where(table.id == row_id, table.company_id == company_of(session).id)
    ).one_or_none()
    if row is None:
        raise NotFound(missing)
    return row
