"""Steps that the tests of periods and closing take again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from backstay.db.context import Actor
from backstay.spi import today
from backstay_ledger.closing.models import LockScope
from backstay_ledger.closing.services.locks import (
    ApproveException,
    RequestException,
    approve_exception,
    request_exception,
)
from backstay_ledger.closing.services.periods import (
    LockPeriod,
    SoftClosePeriod,
    lock_period,
    soft_close_period,
)
from backstay_ledger.closing.services.plans import due, make
from backstay_ledger.permissions import PERMISSIONS
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    ReopenPeriod,
    close_period,
    period_on,
    reopen_period,
)
from backstay_ledger.services.posting import post

MARCH = date(2026, 3, 15)
YEAR_END = date(2026, 12, 31)


def move(books: Any, *states: str, day: date = MARCH) -> None:
    """Take the period of a day through states."""
    for state in states:
        with books.write() as session:
            period = period_on(session, day).id
            if state == "soft-closed":
                soft_close_period(session, SoftClosePeriod(id=period))
            elif state == "closed":
                close_period(session, ClosePeriod(id=period))
            elif state == "locked":
                lock_period(session, LockPeriod(id=period, reason="audited"))
            else:
                reopen_period(session, ReopenPeriod(id=period, reason="late bill"))


def person(books: Any, login: str, *permissions: Any) -> Any:
    """The context of somebody who holds permissions, all if none is named."""
    names = frozenset(one.name for one in (permissions or PERMISSIONS))
    return replace(books.context(), actor=Actor(login), permissions=names)


def post_as(books: Any, who: Any, posting: Any) -> Any:
    with books.write(who) as session:
        return post(session, posting)


def allow(books: Any, login: str = "ben", **values: Any) -> int:
    """An exception that ada asks for and carl approves."""
    command = RequestException(
        user=login,
        scope=values.pop("scope", LockScope.ALL),
        first_day=values.pop("first_day", date(2026, 3, 1)),
        last_day=values.pop("last_day", date(2026, 3, 31)),
        until=today() + timedelta(days=1),
        reason="late bill",
    )
    with books.write(person(books, "ada")) as session:
        exception = request_exception(session, command).id
    with books.write(person(books, "carl")) as session:
        approve_exception(session, ApproveException(id=exception))
    return exception


def account(books: Any, code: str) -> int:
    return int(
        books.value(
            "SELECT id FROM ledger_account WHERE code = :code AND company_id = :company",
            code=code,
            company=books.company.id,
        )
    )


def run(books: Any, up_to: date) -> int:
    """Make what is due; returns how many entries that were."""
    with books.read() as session:
        found = due(session, up_to)
    for one in found:
        with books.write() as session:
            make(session, one)
    return len(found)


def sound(books: Any) -> bool:
    with books.read() as session:
        return check_books(session) == []
