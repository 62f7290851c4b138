"""A long list is written by a job into a file that its person alone can fetch, for some days."""

from __future__ import annotations

import csv
import io
import re
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import python_calamine
from sqlalchemy import func, insert, select, update

from backstay.access.models import Grant, RolePermission, User, UserState
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.ids import new_ids
from backstay.files.models import Blob, PrivateFile
from backstay.files.store import FileStore
from backstay.files.tidy import prune_files
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job, JobState
from backstay.lists import take_away
from backstay.lists.models import ExportRun
from backstay.testing.web import Browser, give, make_user

from .garden import EVERYTHING, READ_NOTES, VIEW, Plant, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

LIST = "/c/ALPHA/garden/plants"
MANY = 20_100


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of eleven rows is a long one."""
    monkeypatch.setattr("backstay.lists.export_page.IN_REQUEST", 10)


@pytest.fixture
def run_jobs(database: Database, garden: Suite) -> Callable[[], None]:
    def run() -> None:
        while execute_next(database, lambda: garden):
            pass

    return run


def ask(browser: Browser, address: str) -> str:
    """Press export, and then the button of the page that follows; returns the run's address."""
    offered = browser.get(address)
    assert offered.status_code == 303, offered.status_code
    page = browser.get(offered.headers["Location"])
    assert page.status_code == 200
    asked = re.search(r'<form class="inline-form" method="post" action="([^"]+)"', page.text)
    assert asked, page.text
    answer = browser.post(asked[1].replace("&amp;", "&"))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def table(response: TestResponse) -> list[list[str]]:
    assert response.status_code == 200, response.status_code
    return list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))))


def sheets(response: TestResponse) -> list[list[list[Any]]]:
    assert response.status_code == 200, response.status_code
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(response.data))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def events(database: Database, garden: Suite, operator: Context, action: str) -> list[AuditEvent]:
    with database.read(operator, garden) as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def job_of(database: Database, garden: Suite, operator: Context) -> Job:
    with database.read(operator, garden) as session:
        return session.scalars(select(Job).where(Job.kind == "core.export")).one()


def take_back(session: Session, permission: str) -> None:
    """Take a permission out of every role."""
    for row in session.scalars(
        select(RolePermission).where(RolePermission.permission == permission)
    ):
        session.delete(row)


def sow_many(session: Session, company: CompanyRef, count: int) -> None:
    """Plants by statement: names of which some look like formulas."""
    names = ("Plain", "=SUM(A1)", "Née, “quoted”", "@x\ny", "-1")
    rows = [
        {
            "id": key,
            "version": 1,
            "company_id": company.id,
            "code": f"P{number:06}",
            "name": names[number % len(names)],
            "price": Decimal(number) / 4,
            "planted": date(2026, 1 + number % 12, 1 + number % 28),
            "watered_at": datetime(2026, 5, 4, 22, 30, tzinfo=UTC) if number % 2 else None,
            "height": number if number % 3 and number != 777 else None,
            "edible": bool(number % 2),
            "state": PlantState.SEED,
            "note": "",
        }
        for number, key in enumerate(new_ids(count))
    ]
    session.connection().execute(insert(Plant.__table__), rows)


def test_twenty_thousand_rows_are_the_list_in_both_formats(
    gardener: Browser,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    run_jobs: Callable[[], None],
) -> None:
    with database.write(operator.in_company(alpha), garden) as session:
        sow_many(session, alpha, MANY)
        session.scalars(select(User).where(User.login == "gardener")).one().time_zone = "Asia/Tokyo"
    shown = "shown=1&columns=code,name,price,planted,watered_at,height,edible,state&sort=-code"
    texts = ask(gardener, f"{LIST}.csv?{shown}")
    book = ask(gardener, f"{LIST}.xlsx?{shown}")
    run_jobs()
    rows = table(gardener.get(f"{texts}/file"))
    (sheet,) = sheets(gardener.get(f"{book}/file"))
    with database.read(operator.in_company(alpha), garden) as session:
        plants = session.scalars(select(Plant).order_by(Plant.code.desc())).all()
    assert len(plants) == MANY

    def neutral(text: str) -> str:
        return f"'{text}" if text[0] in "=@-" else text

    assert rows[0] == [
        "code",
        "name",
        "price",
        "planted",
        "watered_at",
        "height",
        "edible",
        "state",
    ]
    assert rows[1:] == [
        [
            one.code,
            neutral(one.name),
            f"{one.price:.2f}",
            str(one.planted),
            "2026-05-05T07:30:00+09:00" if one.watered_at else "",
            "" if one.height is None else str(one.height),
            "true" if one.edible else "false",
            "seed",
        ]
        for one in plants
    ]
    assert sheet[0][:3] == ["Code", "Name", "Price"]
    assert sheet[1:] == [
        [
            one.code,
            neutral(one.name),
            float(one.price),
            one.planted,
            datetime(2026, 5, 5, 7, 30) if one.watered_at else "",  # noqa: DTZ001
            "" if one.height is None else float(one.height),
            one.edible,
            "seed",
        ]
        for one in plants
    ]
    taken = events(database, garden, operator, "export")
    assert [(one.actor, (one.after or {})["format"]) for one in taken] == [
        ("gardener", "csv"),
        ("gardener", "xlsx"),
    ]
    assert "20,100 rows" in gardener.get(texts).text


@pytest.mark.usefixtures("short")
def test_a_short_list_is_given_at_once_and_a_long_one_offered(
    gardener: Browser,
    sow: Callable[..., list[int]],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({"name": "even" if n % 2 else "odd"} for n in range(20)))
    assert len(table(gardener.get(f"{LIST}.csv?q=even"))) == 11
    assert len(sheets(gardener.get(f"{LIST}.xlsx?q=even"))[0]) == 11
    page = gardener.get(f"{LIST}.xlsx?shown=1&columns=code,name", follow_redirects=True)
    assert "more than 10" in page.text
    assert "Code, Name" in page.text
    assert "1,048,575 rows" in page.text
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(Job.id))) == 0, "looking makes no job"
    assert gardener.get(f"{LIST}/export/pdf").status_code == 404
    assert gardener.get(f"{LIST}/export/csv?state=nonsense").status_code == 422


@pytest.mark.usefixtures("short")
def test_the_page_tells_how_far_it_is_and_then_where_the_file_is(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.csv")
    waiting = gardener.get(run)
    assert 'hx-trigger="every 1s"' in waiting.text
    assert "Waiting for its turn" in waiting.text
    assert "Cancel" in waiting.text
    assert gardener.get(f"{run}/file").status_code == 404
    with database.engine.begin() as connection:
        connection.execute(
            update(Job.__table__).values(
                state=JobState.RUNNING,
                lease_until=now() - timedelta(seconds=1),
                progress_done=6,
                progress_total=12,
                progress_text="6 of 12 rows",
            )
        )
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    part = gardener.get(run, headers=partial).text
    assert "6 of 12 rows" in part
    assert "<html" not in part
    run_jobs()
    assert gardener.get(run, headers=partial).headers["HX-Redirect"] == run
    ready = gardener.get(run).text
    assert "12 rows" in ready
    assert "Only you can fetch the file, until" in ready
    assert f"{run}/file" in ready
    file = gardener.get(f"{run}/file")
    assert file.mimetype == "text/csv"
    assert re.search(r"plants-ALPHA-[\d-]+\.csv", file.headers["Content-Disposition"])
    assert len(table(file)) == 13


@pytest.mark.usefixtures("short")
def test_the_same_list_is_not_written_twice_at_a_time_nor_more_than_five(
    gardener: Browser, sow: Callable[..., list[int]], run_jobs: Callable[[], None]
) -> None:
    sow(*({} for _ in range(12)))
    first = ask(gardener, f"{LIST}.csv")
    assert ask(gardener, f"{LIST}.csv") == first
    for name in ("code", "name", "price", "state"):
        assert ask(gardener, f"{LIST}.csv?shown=1&columns={name}") != first
    gardener.get(f"{LIST}/export/xlsx")
    refused = gardener.post(f"{LIST}/export/xlsx")
    assert refused.status_code == 422
    assert "5 lists are being written for you already" in refused.text
    gardener.get(first)
    gardener.post(f"{first}/cancel")
    run_jobs()
    page = gardener.get(f"{LIST}/export/csv").text
    found = re.findall(r"/export/\d+", page)
    assert len(set(found)) == 5
    assert first.endswith(found[-1]), "the newest is the first"
    assert page.count("Ready until") == 4
    assert page.count(">Cancelled<") == 1
    assert ask(gardener, f"{LIST}.csv") != first, "what has ended is begun anew"
    assert "Being written" in gardener.get(f"{LIST}/export/csv").text


@pytest.mark.usefixtures("short")
def test_a_second_run_leaves_one_file_and_one_audit_row(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.csv")
    run_jobs()
    before = gardener.get(f"{run}/file").data
    with database.engine.begin() as connection:
        connection.execute(update(Job.__table__).values(state=JobState.READY))
    sow({"code": "LATER"})
    run_jobs()
    assert gardener.get(f"{run}/file").data == before
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(PrivateFile.id))) == 1
    (taken,) = events(database, garden, operator, "export")
    assert (taken.actor, taken.after) == ("gardener", {"format": "csv"})
    assert len(events(database, garden, operator, "download")) == 2


@pytest.mark.usefixtures("short")
def test_a_run_that_fails_at_its_end_keeps_nothing_and_the_next_one_does(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.xlsx")
    with monkeypatch.context() as broken:

        def fail(*_arguments: object) -> None:
            message = "the power goes"
            raise OSError(message)

        broken.setattr("backstay.lists.exports.record_event", fail)
        run_jobs()
    assert "It failed and will be tried again" in gardener.get(run).text
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(PrivateFile.id))) == 0
        assert session.scalar(select(func.count(Blob.sha256))) == 0
    with database.engine.begin() as connection:
        connection.execute(update(Job.__table__).values(run_at=now()))
    run_jobs()
    assert len(sheets(gardener.get(f"{run}/file"))[0]) == 13
    assert len(events(database, garden, operator, "export")) == 1


@pytest.mark.usefixtures("short")
def test_the_rights_of_the_time_when_it_runs_count(
    app: Flask,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
) -> None:
    sow(*({"note": "TRUFFLES"} for _ in range(12)))
    make_user(database, "keeper", (VIEW, READ_NOTES), alpha)
    keeper = Browser.for_user(app, database, "keeper")
    masked = ask(keeper, f"{LIST}.csv")
    refused = ask(keeper, f"{LIST}.csv?note=TRUFFLES")
    with database.write(operator, garden) as session:
        take_back(session, READ_NOTES.name)
    run_jobs()
    text = keeper.get(f"{masked}/file").text
    assert "P0012" in text
    assert "TRUFFLES" not in text
    told = keeper.get(refused).text
    assert "It stopped before the end." in told
    assert "filtered by “Note”" in told
    assert "Have it written again" in told
    assert keeper.get(f"{refused}/file").status_code == 404
    assert len(events(database, garden, operator, "export")) == 1


@pytest.mark.usefixtures("short")
def test_who_lost_the_permission_or_the_company_is_refused_with_the_reason(
    gardener: Browser,
    database: Database,
    garden: Suite,
    operator: Context,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
) -> None:
    sow(*({} for _ in range(12)))
    ready = ask(gardener, f"{LIST}.csv")
    run_jobs()
    assert gardener.get(f"{ready}/file").status_code == 200
    late = ask(gardener, f"{LIST}.xlsx")
    with database.write(operator, garden) as session:
        take_back(session, VIEW.name)
    run_jobs()
    with database.read(operator, garden) as session:
        run = session.scalars(select(ExportRun).order_by(ExportRun.id.desc())).first()
        assert run is not None
        job = session.get_one(Job, run.job_id)
    assert job.state is JobState.DEAD
    assert "see plants" in job.error
    assert run.file_id is None
    for address in (late, ready, f"{ready}/file"):
        assert gardener.get(address).status_code == 403
    with database.write(operator, garden) as session:
        for grant in session.scalars(select(Grant)):
            session.delete(grant)
        file_id = session.scalars(select(PrivateFile.id)).one()
    assert gardener.get(f"/core/files/{file_id}").status_code == 404


@pytest.mark.usefixtures("short")
def test_nobody_else_and_no_disabled_person_gets_the_file(
    *,
    gardener: Browser,
    app: Flask,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    beta: CompanyRef,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
) -> None:
    sow(*({} for _ in range(12)))
    make_user(database, "other", EVERYTHING, alpha)
    other = Browser.for_user(app, database, "other")
    run = ask(gardener, f"{LIST}.csv")
    run_jobs()
    with database.read(operator, garden) as session:
        file_id = session.scalars(select(PrivateFile.id)).one()
        mine = session.scalars(select(User.id).where(User.login == "gardener")).one()
    other.get(LIST)
    for address in (run, f"{run}/file", f"/core/files/{file_id}"):
        assert other.get(address).status_code == 404, address
    assert other.post(f"{run}/cancel").status_code == 404
    assert run not in other.get(f"{LIST}/export/csv").text
    assert run in gardener.get(f"{LIST}/export/csv").text
    # The same person, in another company.
    give(database, mine, [one.name for one in EVERYTHING], beta)
    for address in (run, f"{run}/file"):
        assert gardener.get(address.replace("ALPHA", "BETA")).status_code == 404, address
        assert gardener.get(address).status_code == 200, address
    with database.write(operator, garden) as session:
        session.get_one(User, mine).state = UserState.DISABLED
    answer = gardener.get(f"{run}/file")
    assert answer.status_code in {303, 401}
    assert b"P0001" not in answer.data


@pytest.mark.usefixtures("short")
def test_what_waits_and_what_runs_can_be_cancelled(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(40)))
    monkeypatch.setattr(take_away, "TOLD_EVERY", 10)
    waiting = ask(gardener, f"{LIST}.csv")
    gardener.get(waiting)
    assert gardener.post(f"{waiting}/cancel").status_code == 303
    told = gardener.get(waiting).text
    assert "It was cancelled." in told
    assert "Have it written again" in told
    gardener.get(waiting)
    assert gardener.post(f"{waiting}/cancel").status_code == 409

    running = ask(gardener, f"{LIST}.xlsx")
    gardener.get(running)
    seen: list[int] = []
    write = take_away.file_writer

    def cancelled_meanwhile(column: Any, reader: Any) -> Callable[[Any], str]:
        known = write(column, reader)

        def one(value: Any) -> str:
            seen.append(1)
            if len(seen) == 15 * 3:
                thread = threading.Thread(target=cancel)
                thread.start()
                thread.join()
            return known(value)

        return one

    def cancel() -> None:
        assert gardener.post(f"{running}/cancel").status_code == 303

    monkeypatch.setattr(take_away, "file_writer", cancelled_meanwhile)
    run_jobs()
    assert 45 <= len(seen) < 40 * 3, "it stops soon, and does not write on to the end"
    assert "It was cancelled." in gardener.get(running).text
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(PrivateFile.id))) == 0
    assert database.files is not None
    assert list(FileStore(database.files).hashes()) == []
    assert list((database.files / ".incoming").iterdir()) == []
    assert events(database, garden, operator, "export") == []


@pytest.mark.usefixtures("short")
def test_after_some_days_the_file_is_gone_and_the_page_says_so(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.csv?q=P")
    run_jobs()
    with database.read(operator, garden) as session:
        row = session.scalars(select(ExportRun)).one()
        assert row.expires_at is not None
        assert timedelta(days=6.9) < row.expires_at - now() <= timedelta(days=7)
    with database.engine.begin() as connection:
        over = now() - timedelta(seconds=1)
        for model in (PrivateFile, ExportRun):
            connection.execute(update(model.__table__).values(expires_at=over))
    told = gardener.get(run).text
    assert "and is gone" in told
    assert f"{run}/file" not in told
    assert "/export/csv?q=P" in told
    gone = gardener.get(f"{run}/file")
    assert gone.status_code == 404
    assert "its time is over" in gone.text
    prune_files(database, garden, operator, grace=timedelta(0))
    assert database.files is not None
    assert list(FileStore(database.files).hashes()) == []
    assert gardener.get(run).status_code == 200
    assert gardener.get(f"{run}/file").status_code == 404


@pytest.mark.usefixtures("short")
def test_what_no_sheet_holds_goes_on_to_the_next(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(take_away, "ROWS_OF_A_SHEET", 5)
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.xlsx?shown=1&columns=code")
    run_jobs()
    answer = gardener.get(f"{run}/file")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    assert book.sheet_names == ["Plants", "Plants (2)", "Plants (3)"]
    assert [[row[0] for row in sheet] for sheet in sheets(answer)] == [
        ["Code", *(f"P{n:04}" for n in range(1, 6))],
        ["Code", *(f"P{n:04}" for n in range(6, 11))],
        ["Code", "P0011", "P0012"],
    ]


def test_a_day_before_spreadsheets_know_any_is_a_text(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"planted": date(1799, 12, 14)}, {"planted": date(1901, 1, 1)})
    (sheet,) = sheets(gardener.get(f"{LIST}.xlsx?shown=1&columns=planted"))
    assert [row[0] for row in sheet[1:]] == ["1799-12-14", date(1901, 1, 1)]


@pytest.mark.usefixtures("short")
def test_the_export_is_one_read(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(1200)))
    monkeypatch.setattr(take_away, "TOLD_EVERY", 100)
    run = ask(gardener, f"{LIST}.csv?sort=code")
    changed: list[int] = []
    write = take_away.file_writer

    def changed_meanwhile(column: Any, reader: Any) -> Callable[[Any], str]:
        known = write(column, reader)

        def one(value: Any) -> str:
            if not changed:
                changed.extend(sow({"code": "A-NEW"}, {"code": "ZZ-NEW"}))
            return known(value)

        return one

    monkeypatch.setattr(take_away, "file_writer", changed_meanwhile)
    run_jobs()
    assert changed
    codes = [row[0] for row in table(gardener.get(f"{run}/file"))[1:]]
    assert len(codes) == 1200
    assert not any("NEW" in code for code in codes)
