"""The queries behind the controls. Amounts are sums of debits, in the base currency."""

# ruff: noqa: S608 - the SQL is put together from conditions in this code

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, String, bindparam, column, text

from backstay.contracts.calendars import Calendars, NotCovered
from backstay.spi import Id, Instant, Money, company_of, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from backstay_ledger.audit.controls import Asked

AT_ONCE: Final = 2000
"""How many rows of a query are in memory at a time."""
_TYPES: Final[dict[str, Any]] = {
    "id": Id,
    "date": Date(),
    "text": String(),
    "money": Money(),
    "instant": Instant(),
    "number": Integer(),
}
_AMOUNT: Final = (
    "(SELECT CAST(sum(s.amount) AS BIGINT) FROM ledger_line AS s"
    " WHERE s.entry_id = e.id AND s.amount > 0)"
)
# The limit that holds today for the journal, its own or that of all others.
_LIMIT: Final = """coalesce(
    (SELECT own.amount FROM ledger_approval_limit AS own
     WHERE own.company_id = e.company_id AND own.journal_id = e.journal_id),
    (SELECT rest.amount FROM ledger_approval_limit AS rest
     WHERE rest.company_id = e.company_id AND rest.journal_id IS NULL))"""
_HEAD: Final = (("id", "id"), ("number", "text"), ("date", "date"), ("memo", "text"))
_TAIL: Final = (("amount", "money"), ("posted_by", "text"))
_IN_DAYS: Final = (
    "e.company_id = :company AND e.state = 'posted' AND e.date >= :first AND e.date <= :last"
)


def entries(
    session: Session,
    asked: Asked,
    where: str = "1 = 1",
    *,
    more: tuple[tuple[str, str, str], ...] = (),
    joins: str = "",
    order: str = "e.date, e.id",
    values: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Any, ...]]:
    """Posted entries of the days: id, number, date, memo, amount, who posted, and what else.

    They are streamed, which a page's own session can't: it has no transaction.

    Arguments:
        where: a condition; it can name ``t.amount`` and ``t.top`` (the limit of today).
        more: further values as (name, type, expression).
    """
    extra = "".join(f", {expression} AS {name}" for name, _kind, expression in more)
    query = text(
        "SELECT e.id, e.number_text, e.date, e.memo, t.amount, e.posted_by"
        f"{extra} FROM ledger_entry AS e"
        f" JOIN (SELECT e.id, {_AMOUNT} AS amount, {_LIMIT} AS top FROM ledger_entry AS e"
        f" WHERE {_IN_DAYS}) AS t ON t.id = e.id{joins}"
        f" WHERE {_IN_DAYS} AND {where} ORDER BY {order}"
    )
    kinds = (*_HEAD, *_TAIL, *((name, kind) for name, kind, _expression in more))
    yield from _read(session, query, kinds, asked, values or {})


def _read(
    session: Session,
    query: Any,
    kinds: tuple[tuple[str, str], ...],
    asked: Asked,
    values: Mapping[str, Any],
) -> Iterator[tuple[Any, ...]]:
    days = (bindparam("first", type_=Date()), bindparam("last", type_=Date()))
    typed = query.bindparams(*days).columns(*(column(name, _TYPES[kind]) for name, kind in kinds))
    given = {"company": company_of(session).id, "first": asked.first, "last": asked.last, **values}
    options = {"scope_checked": True, "yield_per": AT_ONCE}
    with session.execute(typed, given, execution_options=options) as found:
        for row in found:
            yield tuple(row)


def local_day(at: datetime, zone: str) -> date:
    """The day that it was somewhere."""
    return at.astimezone(ZoneInfo(zone)).date()


def one_person(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Over the limit, and one person did it all."""
    return entries(
        session,
        asked,
        "t.amount > t.top AND e.created_by = e.posted_by"
        " AND (e.approved_by IS NULL OR e.approved_by = e.created_by)",
        more=(("written_by", "text", "e.created_by"), ("top", "money", "t.top")),
    )


def approved(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Entries that a second person approved."""
    return entries(
        session,
        asked,
        "e.approved_by IS NOT NULL",
        more=(("written_by", "text", "e.created_by"), ("approved_by", "text", "e.approved_by")),
    )


def days_off(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Posted on a day without work, where the company is."""
    zone = company_of(session).time_zone
    calendars = find(session, Calendars)  # type: ignore[type-abstract]
    calendar = calendars.load(session) if calendars is not None and calendars.all(session) else None
    known: dict[date, bool] = {}

    def off(day: date) -> bool:
        if day not in known:
            weekend = day.isoweekday() > 5  # noqa: PLR2004 - Saturday and Sunday
            try:
                known[day] = weekend if calendar is None else not calendar.is_business_day(day)
            except NotCovered:
                known[day] = weekend
        return known[day]

    for row in entries(session, asked, more=(("posted_at", "instant", "e.posted_at"),)):
        if off(local_day(row[-1], zone)):
            yield row


def round_sums(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Totals that are a multiple of a round sum."""
    unit = asked.number("unit") * 10_000
    return entries(session, asked, "t.amount % :unit = 0", values={"unit": unit})


def below_limit(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Totals from the limit down to so many percent below it; the limit itself needs nobody."""
    return entries(
        session,
        asked,
        "t.amount <= t.top AND t.amount * 100 >= t.top * :rest",
        more=(("top", "money", "t.top"),),
        values={"rest": 100 - asked.number("percent")},
    )


def after_closing(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Posted later than their period was closed for the first time, by whatever right."""
    closed = (
        " JOIN (SELECT p.id, min(c.at) AS at FROM ledger_period AS p JOIN core_audit AS c"
        " ON c.entity = 'ledger_period' AND c.entity_id = CAST(p.id AS VARCHAR(30))"
        " AND c.action = 'update' AND CAST(c.after AS TEXT) LIKE '%closed\"%'"
        " WHERE p.company_id = :company GROUP BY p.id) AS k"
        " ON k.id = e.period_id AND k.at < e.posted_at"
    )
    return entries(
        session,
        asked,
        joins=closed,
        more=(("posted_at", "instant", "e.posted_at"), ("closed_at", "instant", "k.at")),
    )


def back_dated(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Posted more than so many days after their date, where the company is."""
    zone, most = company_of(session).time_zone, asked.number("days")
    for row in entries(session, asked, more=(("posted_at", "instant", "e.posted_at"),)):
        later = (local_day(row[-1], zone) - row[2]).days
        if later > most:
            yield (*row, later)


def rare_accounts(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Pairs of a debit and a credit account in few entries of the days."""
    pairs = (
        " JOIN (SELECT min(m.entry_id) AS first_id, max(m.entry_id) AS last_id, m.debit_id,"
        " m.credit_id, count(*) AS times FROM (SELECT DISTINCT d.entry_id,"
        " d.account_id AS debit_id, c.account_id AS credit_id FROM ledger_entry AS e"
        " JOIN ledger_line AS d ON d.entry_id = e.id AND d.amount > 0"
        " JOIN ledger_line AS c ON c.entry_id = e.id AND c.amount < 0"
        f" WHERE {_IN_DAYS} AND e.kind = 'normal') AS m"
        " GROUP BY m.debit_id, m.credit_id HAVING count(*) <= :times) AS r"
        " ON EXISTS (SELECT 1 FROM ledger_line AS d WHERE d.entry_id = e.id AND d.amount > 0"
        " AND d.account_id = r.debit_id) AND EXISTS (SELECT 1 FROM ledger_line AS c"
        " WHERE c.entry_id = e.id AND c.amount < 0 AND c.account_id = r.credit_id)"
        " AND e.id >= r.first_id AND e.id <= r.last_id AND e.kind = 'normal'"
        " JOIN ledger_account AS da ON da.id = r.debit_id"
        " JOIN ledger_account AS ca ON ca.id = r.credit_id"
    )
    return entries(
        session,
        asked,
        joins=pairs,
        order="r.times, e.date, e.id, da.code, ca.code",
        more=(
            ("debit", "text", "da.code"),
            ("credit", "text", "ca.code"),
            ("times", "number", "r.times"),
        ),
        values={"times": asked.number("times")},
    )


def duplicates(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Debit lines of normal entries that agree in account, amount, party and date.

    Entries that were reversed are left out: somebody saw them already.
    """
    lines = (
        " JOIN (SELECT l.entry_id, l.account_id, l.amount, coalesce(i.party, '') AS party,"
        " count(*) OVER (PARTITION BY l.account_id, l.amount, coalesce(i.party, ''), l.date) AS n"
        " FROM ledger_entry AS e JOIN ledger_line AS l ON l.entry_id = e.id AND l.amount > 0"
        " LEFT JOIN ledger_open_item AS i ON i.entry_id = l.entry_id AND i.line_no = l.line_no"
        f" WHERE {_IN_DAYS} AND e.kind = 'normal' AND NOT EXISTS (SELECT 1 FROM ledger_entry AS r"
        " WHERE r.reverses_id = e.id)) AS w ON w.entry_id = e.id AND w.n > 1"
        " JOIN ledger_account AS a ON a.id = w.account_id"
    )
    return entries(
        session,
        asked,
        joins=lines,
        order="e.date, a.code, w.amount, w.party, e.id",
        more=(
            ("account", "text", "a.code"),
            ("party", "text", "w.party"),
            ("line_amount", "money", "w.amount"),
        ),
    )


_DIGIT: Final = "substr(CAST(abs(l.amount) AS VARCHAR(20)), 1, 1)"
# log10(1 + 1/d) in percent, to three decimals: 30.103, 17.609, ...
_EXPECTED: Final = tuple(
    Decimal(one)
    for one in (
        *("30.103", "17.609", "12.494", "9.691", "7.918"),
        *("6.695", "5.799", "5.115", "4.576"),
    )
)


def first_digits(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """How often each digit leads, what Benford's law expects, and the mean absolute deviation."""
    query = text(
        f"SELECT {_DIGIT} AS digit, count(*) AS n FROM ledger_entry AS e"
        f" JOIN ledger_line AS l ON l.entry_id = e.id WHERE {_IN_DAYS} GROUP BY {_DIGIT}"
    )
    counts = dict(_read(session, query, (("digit", "text"), ("n", "number")), asked, {}))
    total = sum(counts.values())
    if not total:
        return
    off = Decimal(0)
    for digit, expected in enumerate(_EXPECTED, 1):
        count = counts.get(str(digit), 0)
        share = (Decimal(count * 100) / total).quantize(expected)
        off += abs(share - expected)
        yield None, str(digit), count, share, expected, share - expected
    yield None, "1-9", total, None, None, (off / len(_EXPECTED)).quantize(Decimal("0.001"))


def leading(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Entries with a line whose amount begins with a digit."""
    return entries(
        session,
        asked,
        f"{_DIGIT} = :digit",
        joins=" JOIN ledger_line AS l ON l.entry_id = e.id",
        order="e.date, e.id, l.line_no",
        more=(("line_amount", "money", "abs(l.amount)"),),
        values={"digit": asked.values["digit"]},
    )
