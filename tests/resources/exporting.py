"""What tests of exported lists share: asking for a file, and reading it."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import python_calamine
from sqlalchemy import insert, select

from backstay.access.models import RolePermission
from backstay.audit.models import AuditEvent
from backstay.db.ids import new_ids
from backstay.jobs.models import Job
from backstay.testing.web import Browser

from .garden import Plant, PlantState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

LIST = "/c/ALPHA/garden/plants"


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
