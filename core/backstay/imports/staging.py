"""The rows of an import in the database: written while the file is read, taken in batches.

A batch holds whole units: the rows of a unit (the lines of an entry) are checked, made and left out
together. No function here holds more rows than one batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import ColumnElement, bindparam, delete, insert, null, select, update
from sqlalchemy.orm import aliased

from backstay.errors import NotFound, Problem
from backstay.i18n import gettext as _
from backstay.imports.declare import StagedRow
from backstay.imports.models import ImportRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.imports.models import Import

BATCH: Final = 2000
Which = Literal["all", "good", "bad"]
_TABLE: Final[Any] = ImportRow.__table__


def stage_rows(session: Session, row: Import, rows: Iterable[StagedRow], group_by: str) -> int:
    """Keep the rows as they were read, in place of those of an earlier reading.

    Arguments:
        group_by: the column whose equal values make rows one unit; empty for one unit a row.

    Returns:
        how many rows there are.
    """
    connection = session.connection()
    connection.execute(delete(_TABLE).where(_TABLE.c.import_id == row.id))
    units: dict[str, int] = {}
    count = 0
    for some in _in_batches(rows):
        connection.execute(
            insert(_TABLE),
            [
                {
                    "import_id": row.id,
                    "company_id": row.company_id,
                    "number": one.number,
                    "raw": one.values,
                    "unit": units.setdefault(
                        one.values.get(group_by) or f"\0{one.number}", one.number
                    )
                    if group_by
                    else one.number,
                }
                for one in some
            ],
        )
        count += len(some)
    return count


def unit_batches(
    session: Session, import_id: int, which: Which = "all", size: int = BATCH
) -> Iterator[list[StagedRow]]:
    """Batches of whole units in the order of the file."""
    last = -1
    while batch := next_batch(session, import_id, last, which, size):
        last = batch[0]
        yield batch[1]


def next_batch(
    session: Session, import_id: int, after: int, which: Which = "all", size: int = BATCH
) -> tuple[int, list[StagedRow]] | None:
    """The whole units that follow a unit, and the last of them; None at the end."""
    found = _units(session, import_id, ImportRow.unit > after, which, size)
    if not found:
        return None
    if len(found) == size:
        last = found[-1][0]
        whole = [row for row in found if row[0] != last]
        found = whole or _units(session, import_id, ImportRow.unit == last, which, None)
    return found[-1][0], [StagedRow(number, dict(raw)) for _unit, number, raw in found]


def unit_of(session: Session, import_id: int, number: int) -> tuple[int, list[StagedRow]]:
    """The unit that a row belongs to, and all rows of it.

    Raises:
        NotFound: the file has no such row.
    """
    found = session.execute(
        select(ImportRow.unit).where(ImportRow.import_id == import_id, ImportRow.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound(_("The file has no row %(row)s.", row=number))
    unit = found[0]
    rows = _units(session, import_id, ImportRow.unit == unit, "all", None)
    return int(unit or number), [StagedRow(one, dict(raw)) for _unit, one, raw in rows]


def _units(
    session: Session,
    import_id: int,
    where: ColumnElement[bool],
    which: Which,
    limit: int | None,
) -> list[tuple[int, int, dict[str, Any]]]:
    query = (
        select(ImportRow.unit, ImportRow.number, ImportRow.raw)
        .where(ImportRow.import_id == import_id, where)
        .order_by(ImportRow.unit, ImportRow.number)
        .limit(limit)
    )
    if which != "all":
        bad = aliased(ImportRow)
        is_bad = (
            select(bad.number)
            .where(
                bad.import_id == import_id, bad.unit == ImportRow.unit, bad.problems.is_not(None)
            )
            .exists()
        )
        query = query.where(is_bad if which == "bad" else ~is_bad)
    return [(unit or number, number, raw) for unit, number, raw in session.execute(query)]


def mark_problems(session: Session, import_id: int, problems: Sequence[Problem]) -> None:
    """Write what is wrong with rows beside them."""
    by_row: dict[int, list[dict[str, str | None]]] = {}
    for one in problems:
        if one.row is not None:
            by_row.setdefault(one.row, []).append({"message": str(one.message), "field": one.field})
    if by_row:
        session.connection().execute(
            update(_TABLE)
            .where(_TABLE.c.import_id == import_id, _TABLE.c.number == bindparam("row"))
            .values(problems=bindparam("found")),
            [{"row": row, "found": found} for row, found in by_row.items()],
        )


def clear_problems(session: Session, import_id: int, unit: int | None = None) -> None:
    """Forget what was wrong with a unit, or with all rows."""
    statement = update(_TABLE).where(
        _TABLE.c.import_id == import_id, _TABLE.c.problems.is_not(None)
    )
    if unit is not None:
        statement = statement.where(_TABLE.c.unit == unit)
    session.connection().execute(statement.values(problems=null()))


def change_row(session: Session, import_id: int, number: int, values: Mapping[str, str]) -> None:
    """Put other values in the place of those that the file had in a row."""
    session.connection().execute(
        update(_TABLE)
        .where(_TABLE.c.import_id == import_id, _TABLE.c.number == number)
        .values(raw=dict(values))
    )


def rows_with_problems(
    session: Session, import_id: int, after: int, limit: int
) -> list[tuple[StagedRow, tuple[Problem, ...]]]:
    """Rows that something is wrong with, in the order of the file, behind a row."""
    found = session.execute(
        select(ImportRow.number, ImportRow.raw, ImportRow.problems)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.number > after,
            ImportRow.problems.is_not(None),
        )
        .order_by(ImportRow.number)
        .limit(limit)
    )
    return [
        (
            StagedRow(number, dict(raw)),
            tuple(Problem(one["message"], one.get("field"), number) for one in problems or ()),
        )
        for number, raw, problems in found
    ]


def count_problems(session: Session, import_id: int) -> int:
    """How many things are wrong with the rows."""
    found = session.scalars(
        select(ImportRow.problems).where(
            ImportRow.import_id == import_id, ImportRow.problems.is_not(None)
        )
    )
    return sum(len(problems or ()) for problems in found)


def unit_named(session: Session, import_id: int, column: str, value: str) -> int | None:
    """The unit whose rows have a value in a column, if there is one."""
    return session.scalars(
        select(ImportRow.unit)
        .where(ImportRow.import_id == import_id, ImportRow.raw[column].as_string() == value)
        .order_by(ImportRow.number)
        .limit(1)
    ).first()


def move_row(session: Session, import_id: int, number: int, unit: int) -> None:
    """Make a row part of another unit."""
    session.connection().execute(
        update(_TABLE)
        .where(_TABLE.c.import_id == import_id, _TABLE.c.number == number)
        .values(unit=unit)
    )


def _in_batches(rows: Iterable[StagedRow]) -> Iterator[list[StagedRow]]:
    left = iter(rows)
    while some := list(islice(left, BATCH)):
        yield some
