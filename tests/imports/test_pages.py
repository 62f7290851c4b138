"""The way of a file through the browser: choose, upload, look, confirm, undo."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.permissions import Permission, Risk
from backstay.audit.models import AuditEvent
from backstay.imports.models import Import, ImportState
from backstay.jobs.models import Job, JobState
from backstay.testing.web import Browser, make_user
from backstay.web.app import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

BIRDS = b"ring,species\nA1,Robin\nA2,Wren\n"
AT = "/c/ALPHA/core/imports"
OTHER = Permission("aviary.bird.view", "see birds", Risk.READ)


@pytest.fixture
def app(database: Database, aviary: Suite) -> Flask:
    return build(aviary, database, secret_key="only-for-tests")


@pytest.fixture
def clerk(app: Flask, database: Database, alpha: CompanyRef) -> Browser:
    make_user(database, "clerk", ["aviary.bird.import"], alpha)
    return Browser.for_user(app, database, "clerk")


@pytest.fixture
def guest(app: Flask, database: Database, alpha: CompanyRef) -> Browser:
    make_user(database, "guest", ["core.audit.view"], alpha)
    return Browser.for_user(app, database, "guest")


def upload(browser: Browser, content: bytes = BIRDS, name: str = "birds.csv") -> str:
    """Upload a file and follow to its page."""
    browser.get(f"{AT}/new/aviary.bird")
    answer = browser.post(
        f"{AT}/new/aviary.bird",
        {"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def states(database: Database, operator: Context) -> list[ImportState]:
    with database.read(operator) as session:
        return list(session.scalars(select(Import.state).order_by(Import.id)))


def test_the_whole_way_of_a_file(
    clerk: Browser,
    work: Callable[[], None],
    rings: Callable[[], list[str]],
    database: Database,
    operator: Context,
) -> None:
    chosen = clerk.get(f"{AT}/new").text
    assert "Birds" in chosen
    assert "Keepers" not in chosen
    form = clerk.get(f"{AT}/new/aviary.bird").text
    assert "ring number" in form
    href = upload(clerk)
    waiting = clerk.get(href)
    assert "being checked" in waiting.text
    assert 'hx-trigger="every 1s"' in waiting.text
    polled = clerk.get(f"{href}/progress", headers={"HX-Request": "true"})
    assert polled.status_code == 200
    assert "Waiting for its turn" in polled.text
    work()
    ended = clerk.get(f"{href}/progress", headers={"HX-Request": "true"})
    assert ended.headers["HX-Redirect"] == href
    ready = clerk.get(href).text
    assert "Import 2 birds" in ready
    assert "A new aviary will be opened." in ready
    assert "Robin" in ready
    assert rings() == []
    assert clerk.post(f"{href}/confirm").status_code == 303
    assert "being made" in clerk.get(href).text
    work()
    done = clerk.get(href).text
    assert "2 new birds, 0 already there." in done
    assert rings() == ["A1", "A2"]
    assert clerk.get(f"{href}/undo").status_code == 200
    empty = clerk.post(f"{href}/undo", {"reason": " "})
    assert empty.status_code == 422
    assert "Say why" in empty.text
    assert clerk.post(f"{href}/undo", {"reason": "wrong aviary"}).status_code == 303
    undone = clerk.get(href).text
    assert undone.count("2 birds were set free.") == 1
    assert rings() == []
    assert states(database, operator) == [ImportState.UNDONE]


def test_a_double_click_uploads_once(clerk: Browser, database: Database, operator: Context) -> None:
    clerk.get(f"{AT}/new/aviary.bird")
    idem = clerk.idem
    answers = [
        clerk.post(
            f"{AT}/new/aviary.bird",
            {"file": (io.BytesIO(BIRDS), "birds.csv")},
            content_type="multipart/form-data",
            idem=idem,
        )
        for _ in range(2)
    ]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(states(database, operator)) == 1


def test_refused_rows_are_shown_with_their_place(clerk: Browser, work: Callable[[], None]) -> None:
    href = upload(clerk, b"ring,species\nA1,Robin\nA2,Dodo\n")
    work()
    page = clerk.get(href).text
    assert "A dodo can&#39;t be ringed any more." in page
    assert "One problem keeps the whole file out" in page
    assert re.search(r"<td[^>]*>3</td>\s*<td[^>]*>Species</td>", page)
    assert "Upload a corrected file" in page
    assert clerk.post(f"{href}/confirm").status_code == 409
    assert clerk.post(f"{href}/check").status_code == 303
    work()
    assert clerk.post(f"{href}/discard").status_code == 303
    assert "Discarded" in clerk.get(href).text


@pytest.mark.parametrize(
    ("sent", "said"),
    [(None, "Choose a file first."), (b"", "The file is empty.")],
)
def test_a_form_without_a_file_says_so_at_the_field(
    clerk: Browser, sent: bytes | None, said: str
) -> None:
    clerk.get(f"{AT}/new/aviary.bird")
    files = {} if sent is None else {"file": (io.BytesIO(sent), "empty.csv")}
    answer = clerk.post(f"{AT}/new/aviary.bird", files, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert answer.text.count(said) >= 2


def test_a_job_that_was_given_up_is_told_and_can_be_asked_for_again(
    clerk: Browser, work: Callable[[], None], database: Database
) -> None:
    href = upload(clerk)
    with database.engine.begin() as connection:
        connection.execute(
            Job.__table__.update().values(state=JobState.DEAD, error="the disk is full")
        )
    page = clerk.get(href).text
    assert "The job was given up" in page
    assert "the disk is full." in page
    assert clerk.post(f"{href}/check").status_code == 303
    work()
    assert "Import 2 birds" in clerk.get(href).text


def test_the_file_is_given_back_as_it_was_and_the_trail_notes_it(
    clerk: Browser, database: Database, operator: Context
) -> None:
    href = upload(clerk)
    answer = clerk.get(f"{href}/file")
    assert answer.data == BIRDS
    assert "attachment" in answer.headers["Content-Disposition"]
    with database.read(operator) as session:
        exports = select(AuditEvent.label).where(AuditEvent.action == "export")
        assert list(session.scalars(exports)) == ["birds.csv"]


def test_a_sample_is_offered_that_can_be_imported(clerk: Browser, work: Callable[[], None]) -> None:
    sample = clerk.get(f"{AT}/new/aviary.bird/sample.csv")
    assert sample.mimetype == "text/csv"
    href = upload(clerk, sample.data)
    work()
    assert "Import 1 bird<" in clerk.get(href).text


def test_names_and_cells_are_text_and_nothing_else(
    clerk: Browser, work: Callable[[], None]
) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
    quoted = evil.replace('"', '""')
    href = upload(clerk, f'ring,species\nA1,"{quoted}"\n'.encode(), f"{evil}.csv")
    work()
    for page in (clerk.get(href).text, clerk.get(AT).text):
        assert "<img" not in page
        assert "49.csv" not in page


def test_the_list_shows_the_imports_that_i_may_make(
    clerk: Browser, guest: Browser, work: Callable[[], None]
) -> None:
    upload(clerk)
    work()
    mine = clerk.get(AT).text
    assert "birds.csv" in mine
    assert "Import a file" in mine
    theirs = guest.get(AT)
    assert "birds.csv" not in theirs.text
    assert "Import a file" not in theirs.text


def test_the_sidebar_offers_imports_to_those_who_may_import_something(
    clerk: Browser, guest: Browser
) -> None:
    link = f'href="{AT}"'
    assert link in clerk.get("/c/ALPHA/").text
    assert link not in guest.get("/c/ALPHA/").text


def test_without_the_permission_of_the_kind_every_page_is_closed(
    clerk: Browser, guest: Browser, work: Callable[[], None]
) -> None:
    href = upload(clerk)
    work()
    for path in (href, f"{href}/file", f"{href}/undo", f"{href}/progress", f"{AT}/new/aviary.bird"):
        assert guest.get(path).status_code == 403, path
    for path in ("confirm", "check", "discard", "undo"):
        assert guest.post(f"{href}/{path}", {"reason": "x"}).status_code == 403, path


def test_the_imports_of_another_company_are_not_there(
    clerk: Browser, app: Flask, database: Database, beta: CompanyRef, work: Callable[[], None]
) -> None:
    href = upload(clerk).replace("/c/ALPHA/", "/c/BETA/")
    work()
    make_user(database, "stranger", ["aviary.bird.import"], beta)
    stranger = Browser.for_user(app, database, "stranger")
    for path in (href, f"{href}/file", f"{href}/undo", f"{href}/progress"):
        assert stranger.get(path).status_code == 404, path
    for path in ("confirm", "check", "discard", "undo"):
        assert stranger.post(f"{href}/{path}", {"reason": "x"}).status_code == 404, path
