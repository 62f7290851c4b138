"""The form of the entry editor: what was typed, what it means, and how it is shown again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from wtforms import BooleanField, Form, SelectField, StringField
from wtforms.validators import DataRequired

from backstay.spi import NoDate, Problem, lazy, read_day, resource_url
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.currencies.proposal import worth
from backstay_ledger.dimensions.editing import NO_DIMENSIONS, Dimensions
from backstay_ledger.pages.accounts_by_line import look_up
from backstay_ledger.pages.line_grid import (
    MAX_LINES,
    TypedLine,
    read_amount,
    read_due,
    read_foreign,
    read_grid,
    with_problems,
)
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.tax.typed import NO_TAX, TypedTax, read_tax

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from sqlalchemy.orm import Session
    from werkzeug.datastructures import MultiDict

    from backstay.spi import CompanyRef, Symbols

BLANK_LINES: Final = 2
_NAMES: Final = {
    "account": lazy("account"),
    "text": lazy("text"),
    "party": lazy("party"),
    "due": lazy("due date"),
    "dimensions": lazy("dimensions"),
    "tax": lazy("tax"),
    "debit": lazy("debit"),
    "credit": lazy("credit"),
    "currency": lazy("currency"),
    "foreign": lazy("amount in currency"),
}


def words(message: str) -> Any:
    """A label that is translated when it is shown; WTForms' types know only plain texts."""
    return lazy(message)


class EntryHeader(Form):
    """The fields above the lines."""

    journal = SelectField(
        words("Journal"),
        validators=[DataRequired()],
        description=words("Numbers run without gaps in each journal and fiscal year."),
    )
    date = StringField(
        words("Accounting date"),
        validators=[DataRequired()],
        description=words("15 is the 15th of this month, 15.3 or 0315 a day in March, t is today."),
        render_kw={"maxlength": 40, "autocomplete": "off", "inputmode": "text"},
    )
    reference = StringField(
        words("Reference"),
        description=words("The number on the document, as people quote it."),
        render_kw={"maxlength": 100, "autocomplete": "off"},
    )
    memo = StringField(
        words("Memo"),
        description=words("What it is about, in a few words; stands for lines without a text."),
        render_kw={"maxlength": 500, "autocomplete": "off", "data-wide": True},
    )
    exchange = BooleanField(
        words("Exchange of currencies"),
        description=words("One currency is given for another, so that neither comes to zero."),
    )


@dataclass(frozen=True, slots=True)
class UnderstoodLine:
    """A row of the grid as the services take it."""

    account_id: int
    account: str
    amount: Decimal
    text: str
    currency: str | None = None
    amount_currency: Decimal | None = None
    tax: TypedTax = NO_TAX
    party: str = ""
    due_date: date | None = None
    dimensions: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sent form means; ``problems`` says what of it could not be understood."""

    journal: str
    day: date | None
    reference: str
    memo: str
    lines: tuple[UnderstoodLine, ...]
    problems: tuple[Problem, ...]
    exchange: bool = False


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An entry that was typed and never saved: what it is, and how to go on or throw it away."""

    text: str
    beginning: str
    href: str
    drop: ui.Button


@dataclass(frozen=True, slots=True)
class Editor:
    """What ``ledger/entry_editor.html`` shows."""

    title: str
    form: EntryHeader
    lines: tuple[TypedLine, ...]
    action: str
    currency: str
    minor_units: int
    picker_url: str
    accounts_url: str
    templates_url: str
    marks: Symbols
    version: str = ""
    entry_id: str = ""
    sheet: str = ""
    sheet_version: int = 0
    unfinished: tuple[Unfinished, ...] = ()
    help: str = ""
    status: ui.Tag | None = None
    blank: int = BLANK_LINES
    errors: tuple[ui.FormProblem, ...] = ()
    conflict: ui.Conflict | None = None
    notes: tuple[ui.Note, ...] = ()
    actions: tuple[ui.Button, ...] = ()
    primary: ui.Button | None = None
    tax_codes: tuple[tuple[str, str], ...] = ()
    coins: bool = False
    """Whether amounts in cash are rounded to the smallest coin."""
    open_items: bool = False
    """Whether lines have a party and a due date."""
    dimensions: Dimensions = NO_DIMENSIONS

    def with_problems(self, problems: Sequence[Problem]) -> Editor:
        """The same page with everything that is wrong, at its place and in the summary."""
        shown: list[ui.FormProblem] = []
        for problem in problems:
            if problem.field and problem.field in self.form:
                field = self.form[problem.field]
                field.errors = [*field.errors, problem.message]
            shown.append(form_problem(problem, self.form, self.lines))
        return replace(
            self, lines=with_problems(self.lines, problems), errors=(*self.errors, *shown)
        )


def understand(
    session: Session,
    form: EntryHeader,
    lines: Sequence[TypedLine],
    company: CompanyRef,
    locale: str,
) -> Understood:
    """Read a sent form, collecting everything that can't be understood."""
    problems: list[Problem] = []
    day: date | None = None
    today = company_today(session)
    try:
        if (typed := (form.date.data or "").strip()) == "":
            problems.append(Problem(_("Enter the accounting date."), "date"))
        else:
            day = read_day(typed, today)
    except NoDate as problem:
        problems.append(Problem(str(problem), "date"))
    if not form.journal.data:
        problems.append(Problem(_("Choose a journal."), "journal"))
    if len(lines) > MAX_LINES:
        message = _("An entry takes at most %(n)s lines here; import longer ones.", n=MAX_LINES)
        problems.append(Problem(message, "lines"))
    accounts = look_up(session, lines)
    understood: list[UnderstoodLine] = []
    for position, line in enumerate(lines):
        field = f"lines.{position}"
        account = accounts.of(line)
        amount = read_amount(line, company, locale, field)
        if account is None:
            problems.append(accounts.problem(line, field))
        problems.extend(amount.problems)
        foreign = read_foreign(line, amount.value, company, locale, field)
        problems.extend(foreign.problems)
        if amount.value == 0 and not amount.problems and foreign.value and day is not None:
            amount = worth(session, foreign, day, field)
            problems.extend(amount.problems)
        if amount.value == 0 and not amount.problems:
            problems.append(Problem(_("Enter a debit or a credit."), f"{field}.debit"))
        due, no_date = read_due(line, today, field)
        problems.extend(no_date)
        if account is not None and amount.value != 0:
            understood.append(
                UnderstoodLine(
                    account.id,
                    account.code,
                    amount.value,
                    line.text,
                    foreign.currency,
                    foreign.value,
                    read_tax(line.tax),
                    line.party,
                    due,
                    line.dimensions,
                )
            )
    return Understood(
        form.journal.data or "",
        day,
        (form.reference.data or "").strip(),
        (form.memo.data or "").strip(),
        tuple(understood),
        tuple(problems),
        bool(form.exchange.data),
    )


def typed_lines(form: MultiDict[str, str]) -> tuple[TypedLine, ...]:
    """The rows of the grid, renumbered as they will be shown again."""
    return tuple(replace(line, n=n) for n, line in enumerate(read_grid(form)))


def form_problem(problem: Problem, form: Form, lines: Sequence[TypedLine]) -> ui.FormProblem:
    """A problem for the summary, linked to the input that it is about."""
    if problem.field is None:
        return ui.FormProblem("", "", problem.message)
    if problem.field in form:
        field = form[problem.field]
        return ui.FormProblem(field.id, field.label.text, problem.message)
    head, _dot, rest = problem.field.partition(".")
    position, _dot, cell = rest.partition(".")
    if head == "lines" and position.isdecimal():
        place = int(position)
        cell = lines[place].cell(cell) if place < len(lines) else cell
        label = _("Line %(n)s, %(cell)s", n=place + 1, cell=str(_NAMES.get(cell, cell)))
        return ui.FormProblem(f"lines-{position}-{cell}", label, problem.message)
    return ui.FormProblem("", _("Lines") if head == "lines" else "", problem.message)


def day_words(today: date) -> dict[str, str]:
    """What an input for a date with shorthand needs (js/dates.js)."""
    return {
        "data-day": today.isoformat(),
        "data-no-date": _("“{}” is no date. Write 15, 15.3, 0315 or 2026-03-15."),
    }


def accounts_by_text() -> str:
    """The address where the grid looks up pasted accounts, many at once."""
    return url_for("ledger.accounts_by_text")


def account_picker() -> str:
    """The address where the grid searches accounts."""
    return resource_url("ledger.account", "picker")
