"""Reading and writing an import's own rows: the file, the staged rows, the references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from backstay.db.context import company_of
from backstay.errors import NotFound, Problem
from backstay.files.services import Allowed, keep_file, open_file
from backstay.i18n import gettext as _
from backstay.imports.declare import StagedRow
from backstay.imports.models import (
    Import,
    ImportContent,
    ImportFile,
    ImportLayout,
    ImportReference,
    ImportRow,
)
from backstay.imports.reading import Options
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from backstay.imports.declare import ImportKind

MAX_BYTES: Final = 20 * 1024 * 1024
"""The largest file that can be imported, in bytes."""
KEPT_PROBLEMS: Final = 100
_CHUNK: Final = 2000


def kind_of(session: Session, name: str) -> ImportKind:
    """The declaration of a kind.

    Raises:
        NotFound: no running plugin declares it.
    """
    kind = suite_of(session).imports.get(name)
    if kind is None:
        raise NotFound(
            _("There is no import “%(name)s”, or its module is switched off.", name=name)
        )
    return kind


def import_by_id(session: Session, import_id: int, *, lock: bool = False) -> Import:
    """An import of the company.

    Raises:
        NotFound: there is none of this id in the company.
    """
    query = select(Import).where(
        Import.id == import_id, Import.company_id == company_of(session).id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(_("There is no such import in this company."))
    return row


def keep_content(session: Session, row: Import, content: bytes) -> None:
    """Put the file of an import into the store, whatever it is: the import says what is wrong.

    Raises:
        Unavailable: the disk is full.
    """
    stored = keep_file(session, content, Allowed(kinds=None, most_bytes=MAX_BYTES))
    session.add(ImportFile(import_id=row.id, company_id=row.company_id, sha256=stored.sha256))
    session.flush()


def content_of(session: Session, import_id: int) -> bytes:
    """The file as it was uploaded.

    Raises:
        FileDamaged: it is missing from the store, or not what was stored.
    """
    sha256 = session.scalars(
        select(ImportFile.sha256).where(ImportFile.import_id == import_id)
    ).one_or_none()
    if sha256 is not None:
        with open_file(session, sha256) as file:
            return file.read()
    # An import from before there was a store. Migrations have the database and no folder of files,
    # so they leave these where they are.
    return session.scalars(
        select(ImportContent.content).where(ImportContent.import_id == import_id)
    ).one()


def staged(session: Session, import_id: int, *, limit: int | None = None) -> list[StagedRow]:
    """The rows as they were read, in the order of the file."""
    query = (
        select(ImportRow.number, ImportRow.raw)
        .where(ImportRow.import_id == import_id)
        .order_by(ImportRow.number)
    )
    return [StagedRow(number, dict(raw)) for number, raw in session.execute(query.limit(limit))]


def keep_references(
    session: Session, row: Import, references: Iterable[str], after: int = 0
) -> None:
    """Remember which records an import made; ``after`` so many that are kept already."""
    rows = [
        {
            "import_id": row.id,
            "company_id": row.company_id,
            "position": position,
            "reference": reference,
        }
        for position, reference in enumerate(references, after)
    ]
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(
            insert(ImportReference.__table__),  # type: ignore[arg-type]
            rows[start : start + _CHUNK],
        )


def references_of(session: Session, import_id: int) -> list[str]:
    """The records that an import made, in their order."""
    return list(
        session.scalars(
            select(ImportReference.reference)
            .where(ImportReference.import_id == import_id)
            .order_by(ImportReference.position)
        )
    )


def remember_layout(session: Session, row: Import, fingerprint: str, options: Options) -> None:
    """Keep how a file is read, for the next one of its kind with the same columns."""
    key = {"company_id": row.company_id, "kind": row.kind, "fingerprint": fingerprint}
    known = session.get(ImportLayout, key)
    if known is None:
        session.add(ImportLayout(**key, options=options.stored()))
    else:
        known.options = options.stored()
    session.flush()


def remembered_layout(session: Session, row: Import, fingerprint: str) -> Options | None:
    """How a file with these columns was read last time, if it was told."""
    known = session.get(
        ImportLayout,
        {"company_id": row.company_id, "kind": row.kind, "fingerprint": fingerprint},
    )
    return Options.of(known.options) if known else None


def kept_problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """The first hundred problems as an import keeps them."""
    return [
        {"message": str(one.message), "field": one.field, "row": one.row}
        for one in problems[:KEPT_PROBLEMS]
    ]


def problems_of(row: Import) -> tuple[Problem, ...]:
    """The kept problems."""
    kept: list[dict[str, Any]] = row.problems
    return tuple(Problem(one["message"], one.get("field"), one.get("row")) for one in kept)
