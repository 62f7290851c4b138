"""Typing or pasting the open items of the opening: a row for each document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flask import request, url_for

from backstay.spi import (
    Conflict,
    Invalid,
    NoDate,
    Problem,
    company_of,
    context,
    flash_done,
    ngettext,
    page,
    read_day,
    redirect_to,
    requires,
    session,
    symbols,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.opening_wizard.entering import OpeningItem, post_items
from backstay_ledger.pages.accounts_by_line import look_up
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.entry_form import (
    account_picker,
    accounts_by_text,
    day_words,
    typed_lines,
)
from backstay_ledger.pages.line_grid import (
    MAX_LINES,
    TypedLine,
    read_amount,
    read_due,
    read_foreign,
    with_problems,
)
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.permissions import OPENING_POST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay.spi import Symbols

TEMPLATE: Final = "ledger/opening_items.html"
_CELLS: Final = {"reference": "text", "document_date": "dated", "amount": "amount"}


@dataclass(frozen=True, slots=True)
class ItemGrid:
    """What ``ledger/opening_items.html`` shows; ``dated`` has the document dates by row."""

    title: str
    help: str
    lines: tuple[TypedLine, ...]
    dated: dict[int, str]
    currency: str
    minor_units: int
    picker_url: str
    accounts_url: str
    marks: Symbols
    action: str
    day: dict[str, str]
    primary: ui.Button
    actions: tuple[ui.Button, ...]
    errors: tuple[ui.FormProblem, ...] = ()


@blueprint.get("/opening/items", endpoint="opening_items")
@requires(OPENING_POST)
def show_items() -> Response:
    """An empty grid."""
    return page(TEMPLATE, page=_shown(session(), (), {}))


@blueprint.post("/opening/items", endpoint="opening_items_post")
@requires(OPENING_POST)
def post_typed_items() -> Response:
    """Post what was typed, all or none."""
    db = session()
    lines = typed_lines(request.form)
    dated = {line.n: request.form.get(f"lines-{line.n}-dated", "").strip()[:40] for line in lines}
    items, problems = _understand(db, lines, dated)
    if problems:
        return _again(db, lines, dated, problems, Invalid.status)
    try:
        posted = post_items(db, items)
    except (Invalid, Conflict) as error:
        db.rollback()
        return _again(db, lines, dated, [_placed(one) for one in error.problems], error.status)
    flash_done(ngettext("%(n)s open item posted.", "%(n)s open items posted.", len(posted)))
    return redirect_to(url_for("ledger.opening_wizard"))


def _understand(
    db: Session, lines: Sequence[TypedLine], dated: Mapping[int, str]
) -> tuple[list[OpeningItem], list[Problem]]:
    company, locale, today = company_of(db), context().locale, company_today(db)
    accounts = look_up(db, lines)
    problems: list[Problem] = []
    items: list[OpeningItem] = []
    if len(lines) > MAX_LINES:
        message = _("At most %(n)s items at once here; import longer lists.", n=MAX_LINES)
        problems.append(Problem(message, "lines"))
    for position, line in enumerate(lines):
        field = f"lines.{position}"
        account = accounts.of(line)
        amount = read_amount(line, company, locale, field)
        foreign = read_foreign(line, amount.value, company, locale, field)
        due, wrong = read_due(line, today, field)
        day, wrong_day = _day(dated.get(line.n, ""), today, field)
        if account is None:
            problems.append(accounts.problem(line, field))
        problems += (*amount.problems, *foreign.problems, *wrong, *wrong_day)
        abroad = foreign.value
        items.append(
            OpeningItem(
                account="" if account is None else account.code,
                party=line.party,
                amount=amount.value,
                reference=line.text,
                document_date=day,
                due_date=due,
                currency=foreign.currency,
                amount_currency=None if abroad is None else abroad.copy_sign(amount.value),
                row=position + 1,
            )
        )
    return items, problems


def _day(text: str, today: date, field: str) -> tuple[date | None, tuple[Problem, ...]]:
    if not text:
        return None, ()
    try:
        return read_day(text, today), ()
    except NoDate as problem:
        return None, (Problem(str(problem), f"{field}.dated"),)


def _placed(problem: Problem) -> Problem:
    """A problem of an item at its cell."""
    if problem.row is None:
        return problem
    cell = _CELLS.get(problem.field or "", problem.field or "account")
    return Problem(problem.message, f"lines.{problem.row - 1}.{cell}")


def _again(
    db: Session,
    lines: tuple[TypedLine, ...],
    dated: dict[int, str],
    problems: Sequence[Problem],
    status: int,
) -> Response:
    shown = _shown(db, lines, dated)
    return page(
        TEMPLATE,
        page=replace(
            shown,
            lines=with_problems(lines, problems),
            errors=tuple(_summary(one, lines) for one in problems),
        ),
        status=status,
    )


def _summary(problem: Problem, lines: Sequence[TypedLine]) -> ui.FormProblem:
    parts = (problem.field or "").split(".")
    if len(parts) == 3 and parts[1].isdecimal() and int(parts[1]) < len(lines):  # noqa: PLR2004
        line = lines[int(parts[1])]
        message = _("Line %(n)s: %(problem)s", n=int(parts[1]) + 1, problem=problem.message)
        return ui.FormProblem(f"lines-{line.n}-{line.cell(parts[2])}", "", message)
    return ui.FormProblem("", "", problem.message)


def _shown(db: Session, lines: tuple[TypedLine, ...], dated: dict[int, str]) -> ItemGrid:
    company = company_of(db)
    return ItemGrid(
        title=_("Open items of the opening"),
        help=_(
            "One row for each document that is not settled: what others owe as debit, what the"
            " company owes as credit. Rows can be pasted from a spreadsheet."
        ),
        lines=lines,
        dated=dated,
        currency=company.currency,
        minor_units=company.minor_units,
        picker_url=account_picker(),
        accounts_url=accounts_by_text(),
        marks=symbols(context().locale),
        action=url_for("ledger.opening_items_post"),
        day=day_words(company_today(db)),
        primary=ui.Button(
            _("Post open items"), icon="check", kind="primary", shortcut="Ctrl+Enter"
        ),
        actions=(ui.Button(_("Cancel"), url_for("ledger.opening_wizard"), kind="ghost"),),
    )
