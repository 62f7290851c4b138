"""Files of records: attached, shown, fetched and removed by those who may, and by nobody else."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import func, select, update

from backstay.audit.models import AuditEvent
from backstay.db.context import operator_context
from backstay.files.models import Attachment, Blob, Preview, PreviewState
from backstay.files.store import FileStore
from backstay.jobs.execute import execute_next
from backstay.testing.web import Browser, make_user

from .garden import EDIT, PICK, VIEW, Plant, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

SYSTEM = operator_context("system:test")


def png(width: int = 40, height: int = 30, colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def attach(
    browser: Browser, plant: int, *files: tuple[bytes, str], company: str = "ALPHA", **rest: Any
) -> TestResponse:
    return browser.post(
        f"/c/{company}/garden/plants/{plant}/attachments/add",
        {"file": [(io.BytesIO(content), name) for content, name in files]},
        content_type="multipart/form-data",
        **rest,
    )


def rows(database: Database, garden: Suite) -> list[Attachment]:
    with database.read(SYSTEM, garden) as session:
        return list(session.scalars(select(Attachment).order_by(Attachment.id)))


def kept(database: Database) -> int:
    assert database.files is not None
    return len(list(FileStore(database.files).hashes()))


def href(plant: int, row: Attachment, rest: str = "", company: str = "ALPHA") -> str:
    return f"/c/{company}/garden/plants/{plant}/attachments/{row.id}{rest}"


@pytest.fixture
def plant(sow: Callable[..., list[int]]) -> int:
    return sow({"name": "Basil"})[0]


def test_an_attached_file_is_on_the_page_of_its_record_and_can_be_fetched(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    answer = attach(gardener, plant, (png(), "basil.png"), (b"%PDF-1.4 x", "order.pdf"))
    assert answer.status_code == 303
    page = gardener.get(answer.headers["Location"]).text
    assert "Attachments (2)" in page
    assert "2 files attached" in page
    assert page.index("basil.png") < page.index("order.pdf")
    assert "attached “basil.png”" in page, "the history says so"
    first, second = rows(database, garden)
    assert (first.name, first.media_type) == ("basil.png", "image/png")
    fetched = gardener.get(href(plant, first, "/file"))
    assert fetched.data == png()
    assert fetched.headers["Content-Disposition"] == "attachment; filename=basil.png"
    assert "sandbox" in fetched.headers["Content-Security-Policy"]
    shown = gardener.get(href(plant, second)).text
    assert second.sha256 in shown


def test_a_double_click_attaches_once_with_the_same_form_or_another(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    same = "a" * 24
    for idem in (same, same, "b" * 24):
        answer = attach(gardener, plant, (png(), "basil.png"), idem=idem)
        assert answer.status_code == 303
    assert "attached already" in gardener.get(answer.headers["Location"]).text
    assert len(rows(database, garden)) == 1
    with database.read(SYSTEM, garden) as session:
        noted = select(func.count()).where(AuditEvent.action == "attach_file")
        assert session.scalar(noted) == 1


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "empty.pdf", "“empty.pdf” is empty"),
        (b"MZ\x90\x00program", "invoice.pdf", "is not what the name says"),
        (b"<html><script>alert(1)</script>", "page.html", "is not of a kind that is taken here"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "x.svg", "is not of a kind"),
        (b"x" * (25 * 1024 * 1024 + 1), "long.txt", "at most 25 MB are taken"),
    ],
)
def test_what_is_not_taken_is_refused_whole_and_in_words(
    gardener: Browser,
    database: Database,
    garden: Suite,
    plant: int,
    content: bytes,
    name: str,
    why: str,
) -> None:
    answer = attach(gardener, plant, (png(), "good.png"), (content, name))
    assert answer.status_code == 422
    assert why in answer.text
    assert "good.png" not in answer.text, "all or none"
    assert rows(database, garden) == []


def test_a_form_without_a_file_and_one_file_too_many_are_refused(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    answer = attach(gardener, plant)
    assert (answer.status_code, "Choose a file first" in answer.text) == (422, True)
    many = [(png(colour=f"#00000{n}"), f"{n}.png") for n in range(4)]
    answer = attach(gardener, plant, *many)
    assert (answer.status_code, "at most 3 files" in answer.text) == (422, True)
    assert rows(database, garden) == []


def test_an_upload_larger_than_a_form_is_answered_in_words(gardener: Browser, plant: int) -> None:
    gardener.app.config["MAX_CONTENT_LENGTH"] = 10_000
    answer = attach(gardener, plant, (b"x" * 20_000, "long.txt"))
    assert answer.status_code == 413
    assert "larger than this server takes" in answer.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>\"'&{{7*7}}.png", "&lt;img src=x onerror=alert(1)&gt;"),
        ("invoice\u202egnp.exe.png", "invoicegnp.exe.png"),
        ("two\u2028lines\x85.png", "twolines.png"),
        ("../../../etc/passwd.png", "passwd.png"),
        ("発票 Müller.png", "発票 Müller.png"),
    ],
)
def test_a_strange_name_is_text_and_nothing_else(
    gardener: Browser, database: Database, garden: Suite, plant: int, name: str, shown: str
) -> None:
    answer = attach(gardener, plant, (png(), name))
    page = gardener.get(answer.headers["Location"]).text
    assert shown in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    row = rows(database, garden)[0]
    for place in ("", "/file"):
        answer = gardener.get(href(plant, row, place))
        assert answer.status_code == 200
        assert "\n" not in answer.headers.get("Content-Disposition", "")


def test_a_picture_that_is_called_a_document_is_saved_as_a_picture(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    attach(gardener, plant, (png(), "invoice.pdf"))
    answer = gardener.get(href(plant, rows(database, garden)[0], "/file"))
    assert answer.mimetype == "image/png"
    assert "invoice.pdf.png" in answer.headers["Content-Disposition"]


def test_somebody_who_only_looks_can_fetch_but_not_attach_or_remove(
    gardener: Browser, visitor: Browser, database: Database, garden: Suite, plant: int
) -> None:
    attach(gardener, plant, (png(), "basil.png"))
    row = rows(database, garden)[0]
    page = visitor.get(f"/c/ALPHA/garden/plants/{plant}").text
    assert "basil.png" in page
    assert "data-attach" not in page
    assert "/remove" not in page
    assert visitor.get(href(plant, row, "/file")).status_code == 200
    assert attach(visitor, plant, (png(colour="red"), "x.png")).status_code == 403
    assert visitor.post(href(plant, row, "/remove")).status_code == 403
    assert len(rows(database, garden)) == 1


def test_files_of_another_company_or_another_record_are_not_there(
    gardener: Browser,
    app: Flask,
    database: Database,
    garden: Suite,
    beta: CompanyRef,
    sow: Callable[..., list[int]],
) -> None:
    mine, other = sow({"name": "Basil"}, {"name": "Dill"})
    theirs = sow({"name": "Mint"}, company=beta)[0]
    make_user(database, "neighbour", (VIEW, EDIT, PICK), beta)
    neighbour = Browser.for_user(app, database, "neighbour")
    attach(gardener, mine, (png(), "basil.png"))
    attach(neighbour, theirs, (png(), "mint.png"), company="BETA")
    own, foreign = rows(database, garden)
    assert own.sha256 == foreign.sha256
    assert kept(database) == 1, "one content for both"
    for place in ("", "/file", "/page/0.png"):
        assert neighbour.get(href(mine, own, place)).status_code == 404
        assert neighbour.get(href(mine, own, place, "BETA")).status_code == 404
        assert neighbour.get(href(theirs, own, place, "BETA")).status_code == 404
        assert gardener.get(href(theirs, foreign, place)).status_code == 404
        assert gardener.get(href(mine, foreign, place)).status_code == 404
        assert gardener.get(href(other, own, place)).status_code == 404
    assert neighbour.post(href(theirs, own, "/remove", "BETA")).status_code == 404
    assert attach(neighbour, mine, (png(), "x.png"), company="BETA").status_code == 404
    assert len(rows(database, garden)) == 2


def test_a_removed_file_stays_while_another_record_needs_it(
    gardener: Browser, database: Database, garden: Suite, sow: Callable[..., list[int]]
) -> None:
    one, two = sow({"name": "Basil"}, {"name": "Dill"})
    attach(gardener, one, (png(), "a.png"))
    attach(gardener, two, (png(), "b.png"))
    first, second = rows(database, garden)
    answer = gardener.post(href(one, first, "/remove"))
    assert answer.status_code == 303
    page = gardener.get(answer.headers["Location"]).text
    assert "removed “a.png”" in page
    assert gardener.post(href(one, first, "/remove")).status_code == 404
    assert gardener.get(href(two, second, "/file")).data == png()


def test_a_record_keeps_its_files_when_it_says_so_but_takes_more(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    attach(gardener, plant, (png(), "basil.png"))
    with database.write(SYSTEM, garden) as session:
        session.execute(
            update(Plant).values(state=PlantState.PICKED),
            execution_options={"synchronize_session": False, "audited": True},
        )
    row = rows(database, garden)[0]
    page = gardener.get(f"/c/ALPHA/garden/plants/{plant}").text
    assert "A picked plant keeps its pictures" in page
    assert "/remove" not in page
    answer = gardener.post(href(plant, row, "/remove"))
    assert answer.status_code == 409
    assert "keeps its pictures" in answer.text
    assert attach(gardener, plant, (png(colour="red"), "more.png")).status_code == 303


def test_previews_are_drawn_by_a_job_and_shown(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    attach(gardener, plant, (png(2000, 3000), "large.png"))
    row = rows(database, garden)[0]
    listed = gardener.get(f"/c/ALPHA/garden/plants/{plant}/attachments").text
    assert "hx-get" in listed
    assert "preview is being made" in listed
    assert execute_next(database, lambda: garden)
    listed = gardener.get(f"/c/ALPHA/garden/plants/{plant}/attachments").text
    assert "hx-get" not in listed
    assert "page/0.png" in listed
    small = gardener.get(href(plant, row, "/page/0.png"))
    assert small.mimetype == "image/png"
    assert small.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(small.data)).size == (96, 144)
    large = gardener.get(href(plant, row, "/page/1.png"))
    assert Image.open(io.BytesIO(large.data)).size == (933, 1400)
    assert gardener.get(href(plant, row, "/page/2.png")).status_code == 404
    found = re.search(
        r'<img class="page-picture" src="([^"]+)"', gardener.get(href(plant, row)).text
    )
    assert found is not None
    assert gardener.get(found[1]).status_code == 200


def test_a_file_that_cannot_be_drawn_has_no_preview_and_stops_nobody(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    attach(gardener, plant, (b"%PDF-1.7 but nothing else", "broken.pdf"))
    row = rows(database, garden)[0]
    assert execute_next(database, lambda: garden)
    with database.read(SYSTEM, garden) as session:
        assert session.get_one(Preview, row.sha256).state is PreviewState.IMPOSSIBLE
    assert "No preview could be made" in gardener.get(href(plant, row)).text
    assert not execute_next(database, lambda: garden), "nothing is tried again"


def test_a_flipped_bit_is_said_where_the_file_is_fetched_and_the_page_works(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    attach(gardener, plant, (png(), "basil.png"))
    row = rows(database, garden)[0]
    assert database.files is not None
    path = FileStore(database.files).path(row.sha256)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    answer = gardener.get(href(plant, row, "/file"))
    assert answer.status_code == 500
    assert "is damaged" in answer.text
    assert gardener.get(f"/c/ALPHA/garden/plants/{plant}").status_code == 200
    assert execute_next(database, lambda: garden), "the runner lives"


def test_an_upload_that_ends_in_the_middle_leaves_nothing(
    gardener: Browser, database: Database, garden: Suite, plant: int
) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n'
        + gardener.csrf.encode()
        + b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        + png()[:50]
    )
    answer = gardener.client.post(
        f"/c/ALPHA/garden/plants/{plant}/attachments/add",
        data=body,
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(2 * len(body))},
    )
    assert answer.status_code == 400
    assert rows(database, garden) == []
    assert kept(database) == 0
    with database.read(SYSTEM, garden) as session:
        assert session.scalar(select(func.count()).select_from(Blob)) == 0


def test_two_clicks_at_the_same_time_attach_once(
    app: Flask,
    gardener: Browser,
    database: Database,
    garden: Suite,
    operator: Context,
    plant: int,
) -> None:
    import threading

    answers: list[int] = []
    both = threading.Barrier(2, timeout=60)

    def click() -> None:
        browser = Browser.for_user(app, database, "gardener")
        both.wait()
        answers.append(attach(browser, plant, (png(), "basil.png")).status_code)

    threads = [threading.Thread(target=click) for _number in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [303, 303]
    assert len(rows(database, garden)) == 1
