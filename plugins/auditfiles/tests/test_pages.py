"""Audit files as somebody at a browser makes and downloads them; each test on both databases."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from backstay.errors import Conflict
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.services import CancelJob, cancel_job
from backstay.testing.web import Browser
from backstay_auditfiles.formats.making import FEC
from backstay_auditfiles.permissions import FILE_MAKE, FILE_VIEW
from backstay_auditfiles.services.company import EditCompany, edit_company, reporting_company
from backstay_auditfiles.services.files import MAKE, MakeAgain, make_again
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW

from .conftest import SIREN, Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.author import AsRole

LIST = "/c/ALPHA/auditfiles/files"


@pytest.fixture
def accountant(office: Office, as_role: AsRole) -> Browser:
    return as_role("accountant")


def ask(accountant: Browser, **values: str) -> str:
    """Fill in the form; returns the address of the file's page."""
    accountant.get(f"{LIST}/new")
    done = accountant.post(f"{LIST}/new", {"form": "fec", "fiscal_year": "2026", **values})
    assert done.status_code == 303, done.text
    return str(done.location)


def test_a_file_is_made_by_a_job_and_downloaded(
    office: Office, accountant: Browser, as_role: AsRole, run_jobs: Callable[[], int]
) -> None:
    assert "No audit files yet" in accountant.get(LIST).text
    assert "2026 (2026-01-01 / 2026-12-31)" in accountant.get(f"{LIST}/new").text
    record = ask(accountant)
    assert "It is being made" in accountant.get(record).text
    assert accountant.get(f"{record}/content").status_code == 409
    assert run_jobs() > 0
    html = accountant.get(record).text
    assert "Read back, and the same as the books" in html
    assert f"Download {SIREN}FEC20261231.txt" in html
    answer = accountant.get(f"{record}/content")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.mimetype == FEC.media_type
    assert answer.data.startswith(b"JournalCode\tJournalLib")
    assert hashlib.sha256(answer.data).hexdigest() in html
    with office.database.engine.connect() as connection:
        noted = connection.exec_driver_sql(
            "SELECT count(*) FROM core_audit WHERE action = 'download'"
            " AND entity = 'auditfiles_file'"
        ).scalar_one()
    assert noted == 1
    # Auditors take it, and others see no more than that it was made.
    assert as_role("auditor").get(f"{record}/content").status_code == 200
    reader = as_role(permissions=[FILE_VIEW, BOOKS_VIEW])
    assert "Download" not in reader.get(record).text
    assert reader.get(f"{record}/content").status_code == 403
    assert reader.get(f"{LIST}/new").status_code == 403


def test_a_file_that_can_not_be_made_says_why(
    office: Office, accountant: Browser, run_jobs: Callable[[], int]
) -> None:
    with office.write() as session:
        row = reporting_company(session)
        assert row is not None
        edit_company(session, EditCompany(id=row.id))
    for form, said in (("fec", "no SIREN yet"), ("saft", "Postal code: enter it")):
        record = ask(accountant, form=form)
        run_jobs()
        html = accountant.get(record).text
        assert "There is no file" in html
        assert said in html
        assert accountant.get(f"{record}/content").status_code == 409


def test_a_file_whose_job_was_cancelled_is_made_again(
    office: Office, accountant: Browser, as_role: AsRole, run_jobs: Callable[[], int]
) -> None:
    record = ask(accountant)
    with office.write() as session:
        (job,) = session.scalars(select(Job).where(Job.kind == MAKE))
        assert job.queue is JobQueue.DEFAULT
        cancel_job(session, CancelJob(job.id))
    run_jobs()
    assert "Make again" in accountant.get(record).text
    assert as_role("auditor").post(f"{record}/do/make_again").status_code == 403
    # Pressed twice it is still one job.
    for _press in range(2):
        assert accountant.post(f"{record}/do/make_again").status_code == 303
    with office.read() as session:
        ready = select(Job).where(Job.kind == MAKE, Job.state == JobState.READY)
        assert len(session.scalars(ready).all()) == 1
    run_jobs()
    html = accountant.get(record).text
    assert "Read back, and the same as the books" in html
    assert "Make again" not in html
    file_id = int(record.rpartition("/")[2])
    with office.write() as session, pytest.raises(Conflict, match="ask for a new one"):
        make_again(session, MakeAgain(id=file_id))


def test_making_a_file_takes_the_permission_to_export_and_not_the_one_to_view_the_books(
    as_role: AsRole, run_jobs: Callable[[], int], office: Office
) -> None:
    maker = as_role(permissions=[FILE_VIEW, FILE_MAKE, BOOKS_EXPORT])
    record = ask(maker)
    run_jobs()
    assert "Read back, and the same as the books" in maker.get(record).text


def test_what_was_entered_of_the_company_is_not_emptied_by_entering_it_again(
    office: Office, accountant: Browser
) -> None:
    again = accountant.post("/c/ALPHA/auditfiles/company/new", {"city": "Brest"})
    assert again.status_code == 409
    assert "It was entered already: open it and edit it." in again.text
    with office.read() as session:
        row = reporting_company(session)
        assert row is not None
        assert (row.siren, row.city) == (SIREN, "Nantes")


def test_days_are_asked_for_in_place_of_a_year(
    accountant: Browser, run_jobs: Callable[[], int]
) -> None:
    days = {"fiscal_year": "", "start": "2026-02-01", "end": "2026-03-04"}
    record = ask(accountant, form="saft", **days)
    run_jobs()
    assert re.search(r"SAF-T_FR732829320_20260201_20260304\.xml", accountant.get(record).text)
    for wrong in ({"end": "2026-01-01"}, {"start": ""}, {"fiscal_year": "2026"}):
        refused = accountant.post(f"{LIST}/new", {"form": "saft", **days, **wrong})
        assert refused.status_code == 422, wrong


def test_a_file_that_was_made_is_changed_by_nobody(
    office: Office, accountant: Browser, run_jobs: Callable[[], int]
) -> None:
    ask(accountant)
    run_jobs()
    for statement in (
        "UPDATE auditfiles_file SET debit = 1",
        "UPDATE auditfiles_file SET sha256 = NULL, state = 'waiting', finished_at = NULL",
        "DELETE FROM auditfiles_file",
    ):
        with (
            pytest.raises(DBAPIError, match="never changed or deleted"),
            office.database.engine.begin() as connection,
        ):
            if not office.database.is_sqlite:
                connection.exec_driver_sql("SELECT set_config('backstay.actor', 'x', true)")
            connection.exec_driver_sql(statement)
