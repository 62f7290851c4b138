"""The file of an import lies in the store of files for as long as the import needs it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, select

from backstay.errors import Invalid
from backstay.files.models import Blob
from backstay.files.store import FileDamaged, FileStore
from backstay.files.tidy import prune_files, used_by
from backstay.imports.inline import run_import_inline
from backstay.imports.models import ImportContent, ImportFile
from backstay.imports.store import content_of
from backstay.resources.fields import Upload
from tests.imports.test_engine import BIRDS, Desk, desk

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["desk"]

AT_ONCE = timedelta(0)


def stored(desk: Desk) -> list[str]:
    assert desk.database.files is not None
    return list(FileStore(desk.database.files).hashes())


def prune(desk: Desk) -> int:
    return prune_files(desk.database, desk.suite, desk.context, grace=AT_ONCE).files


def test_a_file_is_kept_once_and_pruning_leaves_what_imports_need(desk: Desk) -> None:
    first, second = desk.upload(), desk.upload()
    assert prune(desk) == 0
    assert len(stored(desk)) == 1
    for import_id in (first, second):
        assert desk.do(content_of, import_id) == BIRDS
    with desk.database.read(desk.context, desk.suite) as session:
        assert used_by(session, stored(desk)[0]) == (
            f"core_import_file “import {first}”, core_import_file “import {second}”"
        )
        assert session.scalar(select(func.count()).select_from(ImportContent)) == 0


def test_what_a_removed_import_held_is_released(desk: Desk) -> None:
    kept, removed = desk.upload(), desk.upload(b"ring,species\nB1,Owl\n")
    with desk.database.write(desk.context, desk.suite) as session:
        session.execute(delete(ImportFile).where(ImportFile.import_id == removed))
    assert prune(desk) == 1
    assert len(stored(desk)) == 1
    assert desk.do(content_of, kept) == BIRDS


def test_a_file_from_before_the_store_is_read_where_it_lies(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload()
    with desk.database.write(desk.context, desk.suite) as session:
        held = session.get_one(ImportFile, import_id)
        session.add(ImportContent(import_id=import_id, company_id=held.company_id, content=BIRDS))
        session.delete(held)
    assert prune(desk) == 1
    assert desk.do(content_of, import_id) == BIRDS
    work()
    assert desk.look(import_id).new == 2


def test_a_file_that_is_missing_from_the_store_is_told_not_made_up(desk: Desk) -> None:
    import_id = desk.upload()
    assert desk.database.files is not None
    FileStore(desk.database.files).remove(stored(desk)[0])
    with pytest.raises(FileDamaged, match="can't be opened"):
        desk.do(content_of, import_id)


def test_on_the_command_line_only_what_is_imported_is_kept(desk: Desk) -> None:
    def run(content: bytes, *, dry_run: bool = False) -> None:
        upload = Upload("birds.csv", content)
        run_import_inline(
            desk.database, desk.suite, desk.context, "aviary.bird", upload, dry_run=dry_run
        )

    run(BIRDS, dry_run=True)
    with pytest.raises(Invalid):
        run(b"ring,species\nA1,Dodo\n")
    assert stored(desk) == []
    run(BIRDS)
    with desk.database.read(desk.context, desk.suite) as session:
        assert list(session.scalars(select(ImportFile.sha256))) == stored(desk)
        assert list(session.scalars(select(Blob.sha256))) == stored(desk)
