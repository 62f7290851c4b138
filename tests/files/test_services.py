"""Contents come and go with the rows that need them, on both databases."""

from __future__ import annotations

import io
import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.errors import ConfigurationError, Invalid, NotFound
from backstay.files.models import Blob, PrivateFile
from backstay.files.services import (
    Allowed,
    give_file,
    keep_file,
    keep_written,
    new_file,
    open_file,
    private_file,
    store_of,
)
from backstay.files.store import FileStore
from backstay.files.tidy import prune_files, used_by, verify_files
from backstay.testing.web import Browser, make_user
from backstay.web.app import build

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.db.context import Context
    from backstay.kernel.suite import Suite

AT_ONCE = timedelta(0)


def folder(database: Database) -> Path:
    assert database.files is not None
    return database.files


def stored(database: Database) -> list[str]:
    return list(FileStore(folder(database)).hashes())


def leftovers(database: Database) -> list[Path]:
    return list((folder(database) / ".incoming").iterdir())


def test_a_kept_file_can_be_read_again(database: Database, suite: Suite, operator: Context) -> None:
    with database.write(operator, suite) as session:
        kept = keep_file(session, b"code,name\n", name="chart.csv")
        again = keep_file(session, io.BytesIO(b"code,name\n"))
    assert again == kept
    assert (kept.size, kept.media_type) == (10, "text/plain")
    with database.read(operator, suite) as session, open_file(session, kept.sha256) as file:
        assert file.read() == b"code,name\n"
        assert session.get_one(Blob, kept.sha256).size == 10
    assert stored(database) == [kept.sha256]
    assert leftovers(database) == []


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "empty.pdf", "“empty.pdf” is empty"),
        (b"MZ\x90\x00", "invoice.pdf", "“invoice.pdf” is not what the name says"),
        (b"MZ\x90\x00", "setup.exe", "“setup.exe” is not of a kind"),
        (b"x" * 101, "long.txt", "at most 100 B"),
    ],
)
def test_what_is_not_taken_is_refused_in_words_and_leaves_nothing(
    database: Database, suite: Suite, operator: Context, content: bytes, name: str, why: str
) -> None:
    with (
        pytest.raises(Invalid, match=why) as refused,
        database.write(operator, suite) as session,
    ):
        keep_file(session, content, Allowed(most_bytes=100), name=name)
    assert refused.value.problems[0].field == "file"
    assert stored(database) == []
    assert leftovers(database) == []


def test_the_program_may_write_whatever_it_makes(
    database: Database, suite: Suite, operator: Context
) -> None:
    with database.write(operator, suite) as session, new_file(session) as incoming:
        incoming.write(b"\x00\x01")
        incoming.write(b"\x02")
        kept = keep_written(session, incoming)
    assert kept.media_type == "application/octet-stream"
    assert stored(database) == [kept.sha256]


def test_a_spreadsheet_can_be_written_straight_into_the_store(
    database: Database, suite: Suite, operator: Context
) -> None:
    import xlsxwriter

    with database.write(operator, suite) as session, new_file(session) as incoming:
        book = xlsxwriter.Workbook(incoming, {"constant_memory": True})
        book.add_worksheet().write(0, 0, "Cash")
        book.close()
        kept = keep_written(session, incoming)
    assert kept.media_type.endswith("spreadsheetml.sheet")


def test_a_database_without_a_folder_says_so(
    database: Database, suite: Suite, operator: Context
) -> None:
    other = Database(database.url)
    try:
        with (
            pytest.raises(ConfigurationError, match="without a folder"),
            other.read(operator, suite) as session,
        ):
            store_of(session)
    finally:
        other.dispose()


def test_a_rolled_back_content_is_pruned_and_a_needed_one_stays(
    database: Database, suite: Suite, operator: Context
) -> None:
    user = make_user(database, "clerk")
    with database.write(operator, suite) as session:
        needed = keep_file(session, b"needed")
        give_file(session, needed, name="needed.txt", user_id=user)
        let = keep_file(session, b"needed by nobody")
    with pytest.raises(RuntimeError), database.write(operator, suite) as session:
        keep_file(session, b"rolled back")
        raise RuntimeError
    assert len(stored(database)) == 3
    assert prune_files(database, suite, operator).files == 0, "nothing is old enough"
    planned = prune_files(database, suite, operator, grace=AT_ONCE, dry_run=True)
    assert (planned.files, len(stored(database))) == (2, 3)
    assert prune_files(database, suite, operator, grace=AT_ONCE) == planned
    assert stored(database) == [needed.sha256]
    with database.read(operator, suite) as session:
        assert list(session.scalars(select(Blob.sha256))) == [needed.sha256]
        assert session.get(Blob, let.sha256) is None


def test_a_content_that_is_brought_while_it_is_pruned_is_there_afterwards(
    database: Database, suite: Suite, operator: Context
) -> None:
    user = make_user(database, "clerk")
    for _round in range(5):
        with database.write(operator, suite) as session:
            keep_file(session, b"popular")
        both = threading.Barrier(2, timeout=30)

        def bring(both: threading.Barrier = both) -> None:
            with database.write(operator, suite) as session:
                both.wait()
                give_file(session, keep_file(session, b"popular"), name="p.txt", user_id=user)

        thread = threading.Thread(target=bring)
        thread.start()
        both.wait()
        prune_files(database, suite, operator, grace=AT_ONCE)
        thread.join()
        with database.read(operator, suite) as session:
            assert verify_files(session).faults == ()
            assert session.scalars(select(PrivateFile.id)).all()
        with database.write(operator, suite) as session:
            for row in session.scalars(select(PrivateFile)):
                session.delete(row)


def test_a_flipped_bit_and_a_missing_file_are_reported_with_what_needs_them(
    database: Database, suite: Suite, operator: Context
) -> None:
    user = make_user(database, "clerk")
    with database.write(operator, suite) as session:
        whole = keep_file(session, b"whole")
        flipped = keep_file(session, b"flipped")
        missing = keep_file(session, b"missing")
        give_file(session, flipped, name="flipped.txt", user_id=user)
        store = store_of(session)
    path = store.path(flipped.sha256)
    path.chmod(0o600)
    path.write_bytes(b"fliqped")
    store.path(missing.sha256).unlink()
    with database.read(operator, suite) as session:
        found = verify_files(session)
        assert found.files == 3
        assert {(one.sha256, one.state) for one in found.faults} == {
            (flipped.sha256, "damaged"),
            (missing.sha256, "missing"),
        }
        assert used_by(session, flipped.sha256) == "core_private_file “flipped.txt”"
        with open_file(session, whole.sha256) as file:
            assert file.read() == b"whole"


def test_what_a_writer_left_that_was_killed_is_taken_away(
    database: Database, suite: Suite, operator: Context
) -> None:
    with database.write(operator, suite) as session:
        keep_file(session, b"something")
    left = folder(database) / ".incoming" / "left"
    left.write_bytes(b"half of")
    assert prune_files(database, suite, operator).unfinished == 0
    os.utime(left, (0, 0))
    assert prune_files(database, suite, operator).unfinished == 1
    assert leftovers(database) == []


def test_a_private_file_is_fetched_by_its_owner_only_and_not_for_ever(
    database: Database, suite: Suite
) -> None:
    app = build(suite, database, secret_key="only-for-tests")
    owner = make_user(database, "owner")
    make_user(database, "other")
    with database.write(operator_context("system:test"), suite) as session:
        kept = keep_file(session, b"code,name\n")
        row = give_file(
            session, kept, name="a\n\u202e<b>.csv", media_type="text/csv", user_id=owner
        )
        href = f"/core/files/{row.id}"
    answer = Browser.for_user(app, database, "owner").get(href)
    assert (answer.status_code, answer.data) == (200, b"code,name\n")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a<b>.csv"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert Browser.for_user(app, database, "other").get(href).status_code == 404
    assert Browser(app).get(href).status_code == 303
    with database.write(operator_context("system:test"), suite) as session:
        session.execute(update(PrivateFile).values(expires_at=now()))
    assert Browser.for_user(app, database, "owner").get(href).status_code == 404
    done = prune_files(database, suite, operator_context("system:test"), grace=AT_ONCE)
    assert (done.expired, done.files) == (1, 1)
    assert stored(database) == []


def test_a_damaged_file_is_said_in_words_and_the_rest_works(
    database: Database, suite: Suite
) -> None:
    app = build(suite, database, secret_key="only-for-tests")
    owner = make_user(database, "owner")
    with database.write(operator_context("system:test"), suite) as session:
        kept = keep_file(session, b"code,name\n")
        row = give_file(session, kept, name="chart.csv", user_id=owner)
        path = store_of(session).path(kept.sha256)
    path.chmod(0o600)
    path.write_bytes(b"code,nama\n")
    browser = Browser.for_user(app, database, "owner")
    answer = browser.get(f"/core/files/{row.id}")
    assert answer.status_code == 500
    assert "is damaged" in answer.text
    assert browser.get("/me/password").status_code == 200


def test_nobody_is_given_a_file_by_the_command_line(
    database: Database, suite: Suite, operator: Context
) -> None:
    with database.write(operator, suite) as session:
        kept = keep_file(session, b"something")
        with pytest.raises(Invalid, match="signed-in person"):
            give_file(session, kept, name="x.txt")
        with pytest.raises(NotFound):
            private_file(session, 1)
