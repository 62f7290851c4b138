"""Importing rates: a plain table, or the history that the European Central Bank publishes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Event,
    ImportColumn,
    ImportKind,
    Invalid,
    Outcome,
    Problem,
    StagedRow,
    TextFormat,
    Validation,
    authorize,
    company_of,
    lazy,
    new_ids,
    ngettext,
    record_event,
)
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import plain
from backstay_ledger.currencies.permissions import RATE_EDIT
from backstay_ledger.currencies.rates import pair_problems, read_rate
from backstay_ledger.imports.cells import BadCell, read_date
from backstay_ledger.models.currencies import ExchangeRate, RateKind
from backstay_ledger.services.bulk_rows import among, insert_rows, pieces, table_of
from backstay_ledger.services.posting import writable_company

ECB: Final = "ECB"
_TABLE: Final = table_of(ExchangeRate)
_COLUMNS: Final = (
    "id",
    "company_id",
    "date",
    "base",
    "quote",
    "kind",
    "rate",
    "source",
    "version",
)
LONGEST_SOURCE: Final = 100


@dataclass(frozen=True, slots=True)
class _Row:
    day: date
    base: str
    quote: str
    rate: Decimal
    source: str
    number: int

    @property
    def key(self) -> tuple[date, str, str]:
        return self.day, self.base, self.quote


@dataclass(frozen=True, slots=True)
class _Plan:
    problems: tuple[Problem, ...]
    new: tuple[_Row, ...]
    present: int


@dataclass
class _Reading:
    """The ECB's history as it is read: a column for each currency, a row for each day."""

    text: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[StagedRow]:
        """A row for each day; currencies that were not quoted on it are left out."""
        lines = csv.reader(self.text.splitlines())
        header = [cell.strip() for cell in next(lines, [])]
        for number, cells in enumerate(lines, 2):
            quoted = [
                (quote, rate)
                for quote, cell in zip(header[1:], cells[1:], strict=False)
                if quote and (rate := cell.strip()) and rate != "N/A"
            ]
            if quoted:
                yield StagedRow(
                    number,
                    {
                        "date": cells[0].strip(),
                        "base": "EUR",
                        "quote": " ".join(quote for quote, _rate in quoted),
                        "rate": " ".join(rate for _quote, rate in quoted),
                        "source": ECB,
                    },
                )


def _is_ecb(text: str) -> bool:
    header = [cell.strip() for cell in text.lstrip("\ufeff").partition("\n")[0].split(",")]
    codes = [cell for cell in header[1:] if cell]
    return (
        header[0] == "Date"
        and bool(codes)
        and all(len(code) == 3 and code.isalpha() and code.isupper() for code in codes)  # noqa: PLR2004
    )


def validate(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing the rates would do."""
    authorize(session, RATE_EDIT)
    plan = _plan(session, rows)
    return Validation(plan.problems, len(plan.new), plan.present)


def commit(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Add the rates that are not there yet.

    Raises:
        Invalid: lists every row that can't be imported.
    """
    authorize(session, RATE_EDIT)
    company = writable_company(session)
    plan = _plan(session, rows)
    if plan.problems:
        raise Invalid(_("The rates can't be imported."), problems=plan.problems)
    ids = new_ids(len(plan.new))
    insert_rows(
        session,
        _TABLE,
        _COLUMNS,
        [
            (
                new_id,
                company.id,
                row.day,
                row.base,
                row.quote,
                RateKind.SPOT,
                row.rate,
                row.source,
                1,
            )
            for new_id, row in zip(ids, plan.new, strict=True)
        ],
    )
    _record(session, "import", {"new": len(plan.new), "present": plan.present})
    return Outcome(len(plan.new), plan.present, references=tuple(str(new_id) for new_id in ids))


def undo(session: Session, references: Sequence[str]) -> str:
    """Delete the rates that an import made."""
    authorize(session, RATE_EDIT)
    company = writable_company(session)
    ids = [int(one) for one in references]
    count = 0
    for some in pieces(ids):
        done = session.execute(
            delete(ExchangeRate).where(
                ExchangeRate.company_id == company.id,
                among(session, ExchangeRate.id, some),
            ),
            execution_options={"audited": True, "synchronize_session": False},
        )
        count += int(getattr(done, "rowcount", 0))
    _record(session, "undo", {"deleted": count})
    return ngettext("%(n)s rate was deleted.", "%(n)s rates were deleted.", count)


def _record(session: Session, action: str, counts: dict[str, int]) -> None:
    company = company_of(session)
    record_event(
        session,
        Event(
            action=action,
            entity="ledger_fx_rate",
            label=company.code,
            plugin="ledger",
            company_id=company.id,
            after=counts,
        ),
    )


def _plan(session: Session, rows: Sequence[StagedRow]) -> _Plan:
    problems: list[Problem] = []
    read: list[_Row] = []
    first: dict[tuple[date, str, str], int] = {}
    for row in rows:
        found, wrong = _read(row)
        problems += wrong
        for one in found:
            if one.key in first:
                message = _("The rate stands in row %(row)s already.", row=first[one.key])
                problems.append(Problem(message, "date", row.number))
            else:
                first[one.key] = row.number
                read.append(one)
    known = _known(session, read)
    new: list[_Row] = []
    for one in read:
        held = known.get(one.key)
        if held is None:
            new.append(one)
        elif held != one.rate:
            problems.append(
                Problem(
                    _(
                        "%(base)s in %(quote)s on %(day)s is %(held)s already. Correct or delete"
                        " that rate, or make the file agree.",
                        base=one.base,
                        quote=one.quote,
                        day=one.day,
                        held=plain(held),
                    ),
                    "rate",
                    one.number,
                )
            )
    return _Plan(tuple(problems), tuple(new), len(read) - len(new))


def _known(session: Session, rows: Sequence[_Row]) -> dict[tuple[date, str, str], Decimal]:
    if not rows:
        return {}
    days = [row.day for row in rows]
    found = session.execute(
        select(ExchangeRate.date, ExchangeRate.base, ExchangeRate.quote, ExchangeRate.rate).where(
            ExchangeRate.company_id == company_of(session).id,
            ExchangeRate.kind == RateKind.SPOT,
            ExchangeRate.date.between(min(days), max(days)),
        )
    )
    return {(row.date, row.base, row.quote): row.rate for row in found}


def _read(row: StagedRow) -> tuple[list[_Row], list[Problem]]:
    """The rates of a row: one, or those of several currencies on one day."""
    cells = {name: text.strip() for name, text in row.values.items()}
    base, source = cells.get("base", "").upper(), cells.get("source", "")
    quotes = cells.get("quote", "").upper().split() or [""]
    rates = cells.get("rate", "").split() or [""]
    problems: list[Problem] = []
    day = date.min
    try:
        day = read_date(cells.get("date", ""))
    except BadCell as problem:
        problems.append(Problem(str(problem), "date", row.number))
    if len(source) > LONGEST_SOURCE:
        problems.append(Problem(_("It is longer than 100 characters."), "source", row.number))
    if len(quotes) != len(rates):
        message = _("There are %(n)s currencies and %(m)s rates.", n=len(quotes), m=len(rates))
        return [], [*problems, Problem(message, "rate", row.number)]
    found: list[_Row] = []
    for quote, text in zip(quotes, rates, strict=True):
        wrong = pair_problems(base, quote)
        rate = read_rate(text)
        if isinstance(rate, str):
            wrong.append(Problem(rate, "rate"))
        else:
            found.append(_Row(day, base, quote, rate, source, row.number))
        problems += [Problem(one.message, one.field, row.number) for one in wrong]
    return ([], problems) if problems else (found, [])


RATES: Final = ImportKind(
    name="ledger.rates",
    label=lazy("Exchange rates"),
    noun=lazy("rate"),
    noun_many=lazy("rates"),
    permission=RATE_EDIT,
    columns=(
        ImportColumn("date", lazy("Date"), example="2026-03-31", is_date=True),
        ImportColumn("base", lazy("Currency"), example="EUR", aliases=("from", "base currency")),
        ImportColumn("quote", lazy("Priced in"), example="USD", aliases=("to", "currency")),
        ImportColumn("rate", lazy("Rate"), example="1.0389", aliases=("value",), is_number=True),
        ImportColumn("source", lazy("Source"), required=False, example="Bank"),
    ),
    validate=validate,
    commit=commit,
    undo=undo,
    sample="date,base,quote,rate,source\n2024-12-31,EUR,USD,1.0389,ECB\n2024-12-31,EUR,GBP,0.82918,ECB\n",
    icon="coins",
    formats=(
        TextFormat(
            lazy("History of the European Central Bank"),
            _is_ecb,
            lambda _s, text: _Reading(text.lstrip("\ufeff")),
        ),
    ),
    help=lazy(
        "Rates that are there already with the same value are left alone. The European Central"
        " Bank's eurofxref-hist.csv is understood as it is."
    ),
    opens="ledger.fx_rate.list",
)
