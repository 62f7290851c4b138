"""Opening balances: what the accounts stood at before the first entry, in one grid.

Everything is entered on one page and posted at once, so that both sides can be seen to be equal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for
from sqlalchemy import select
from wtforms import Form, SelectField, StringField
from wtforms.validators import DataRequired

from backstay.spi import (
    Conflict,
    Invalid,
    company_of,
    context,
    flash_done,
    page,
    redirect_to,
    requires,
    resource_url,
    session,
    symbols,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.approval.resource import said_of
from backstay_ledger.models import Account, AccountClass
from backstay_ledger.opening_wizard.opening import opening_of
from backstay_ledger.pages.accounts_by_line import look_up
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.entry_form import (
    account_picker,
    accounts_by_text,
    form_problem,
    typed_lines,
    words,
)
from backstay_ledger.pages.line_grid import TypedLine, read_amount, with_problems
from backstay_ledger.pages.report_dates import year_to_date
from backstay_ledger.permissions import ACCOUNT_EDIT, FISCAL_YEAR_CREATE, OPENING_POST
from backstay_ledger.resources.figures import Figures
from backstay_ledger.services.drafts import DraftLine
from backstay_ledger.services.fiscal_years import list_fiscal_years, period_on
from backstay_ledger.services.opening import (
    PostOpeningBalances,
    openings_of,
    post_opening_balances,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay.spi import Problem, Symbols
    from backstay_ledger.models import FiscalYear

TEMPLATE: Final = "ledger/opening.html"
_BALANCE_SHEET: Final = (AccountClass.ASSET, AccountClass.LIABILITY, AccountClass.EQUITY)
_MOST_PROPOSED: Final = 200


class OpeningHeader(Form):
    """The fields above the grid."""

    fiscal_year_id = SelectField(
        words("Fiscal year"),
        validators=[DataRequired()],
        description=words("The balances are posted on its first day."),
    )
    reference = StringField(
        words("Reference"),
        description=words("Where the figures come from, such as the old system's closing balance."),
        render_kw={"maxlength": 100, "autocomplete": "off"},
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """What ``ledger/opening.html`` shows."""

    title: str
    help: str
    form: OpeningHeader
    lines: tuple[TypedLine, ...]
    currency: str
    minor_units: int
    picker_url: str
    accounts_url: str
    marks: Symbols
    action: str
    primary: ui.Button | None = None
    actions: tuple[ui.Button, ...] = ()
    notes: tuple[ui.Note, ...] = ()
    errors: tuple[ui.FormProblem, ...] = ()
    empty: ui.EmptyState | None = None


@blueprint.get("/opening-balances", endpoint="opening")
@requires(OPENING_POST)
def show_opening() -> Response:
    """The grid, with a row for each account of the balance sheet."""
    db = session()
    return page(TEMPLATE, page=_shown(db, _header(db), _proposed(db)))


@blueprint.post("/opening-balances", endpoint="opening_post")
@requires(OPENING_POST)
def post_opening() -> Response:
    """Post what was entered."""
    db = session()
    form = _header(db, request.form)
    lines = tuple(line for line in typed_lines(request.form) if line.debit or line.credit)
    shown = _shown(db, form, lines)
    command, problems = _understand(db, form, lines)
    if command is None:
        return _again(shown, problems, Invalid.status)
    try:
        posted = post_opening_balances(db, command)
    except (Invalid, Conflict) as error:
        db.rollback()
        return _again(shown, error.problems, error.status)
    if opening_of(db) is not None:
        flash_done(_("Trial balance posted."))
        return redirect_to(url_for("ledger.opening_wizard"))
    flash_done(
        said_of(posted)
        if posted.waits
        else _("Opening balances posted as %(number)s.", number=posted.number)
    )
    return redirect_to(resource_url("ledger.entry", "record", id=posted.id))


def _understand(
    db: Session, form: OpeningHeader, lines: Sequence[TypedLine]
) -> tuple[PostOpeningBalances | None, list[Problem]]:
    company = company_of(db)
    accounts = look_up(db, lines)
    problems: list[Problem] = []
    understood: list[DraftLine] = []
    for position, line in enumerate(lines):
        field = f"lines.{position}"
        account = accounts.of(line)
        amount = read_amount(line, company, context().locale, field)
        problems.extend(amount.problems)
        if account is None:
            problems.append(accounts.problem(line, field))
        elif amount.value:
            understood.append(
                DraftLine(
                    account=account.id,
                    debit=amount.value if amount.value > 0 else None,
                    credit=-amount.value if amount.value < 0 else None,
                )
            )
    year = form.fiscal_year_id.data or ""
    if year not in {str(one.id) for one in list_fiscal_years(db)}:
        problems.append(_problem(_("Choose a fiscal year."), "fiscal_year_id"))
    if not understood and not problems:
        problems.append(_problem(_("Enter the balance of at least two accounts."), "lines"))
    if problems:
        return None, problems
    return (
        PostOpeningBalances(
            fiscal_year_id=int(year),
            lines=tuple(understood),
            reference=(form.reference.data or "").strip(),
        ),
        [],
    )


def _problem(message: str, field: str) -> Problem:
    return Invalid(message, field=field).problems[0]


def _again(shown: Opening, problems: Sequence[Problem], status: int) -> Response:
    for problem in problems:
        if problem.field and problem.field in shown.form:
            field = shown.form[problem.field]
            field.errors = [*field.errors, problem.message]
    return page(
        TEMPLATE,
        page=replace(
            shown,
            lines=with_problems(shown.lines, problems),
            errors=tuple(form_problem(one, shown.form, shown.lines) for one in problems),
        ),
        status=status,
    )


def _header(db: Session, sent: Any = None) -> OpeningHeader:
    form = OpeningHeader(formdata=sent)
    figures = Figures(db)
    opening = opening_of(db)
    if opening is not None:
        period = period_on(db, opening.date)
        key = "" if period is None else str(period.fiscal_year_id)
        form.fiscal_year_id.choices = [(key, figures.day(opening.date))]
        form.fiscal_year_id.label.text = _("Books begin on")
        form.fiscal_year_id.description = _("The day of the opening.")
        return form
    form.fiscal_year_id.choices = [
        (
            str(year.id),
            _("%(code)s, from %(day)s", code=year.code, day=figures.day(year.starts_on)),
        )
        for year in list_fiscal_years(db)
    ]
    return form


def _proposed(db: Session) -> tuple[TypedLine, ...]:
    """A row for each account that can have a balance on the first day."""
    wanted = [Account.active.is_(True)]
    opening = opening_of(db)
    if opening is None or opening.date == year_to_date(db, opening.date):
        wanted.append(Account.account_class.in_(_BALANCE_SHEET))
    if opening is not None:
        clearing = (opening.balances_account_id, opening.items_account_id)
        wanted.append(Account.id.not_in(clearing))
    found = db.execute(
        select(Account.id, Account.code, Account.name)
        .where(*wanted)
        .order_by(Account.code)
        .limit(_MOST_PROPOSED)
    )
    return tuple(
        TypedLine(n, str(key), f"{code} {name}") for n, (key, code, name) in enumerate(found)
    )


def _shown(db: Session, form: OpeningHeader, lines: tuple[TypedLine, ...]) -> Opening:
    company = company_of(db)
    years = list_fiscal_years(db)
    empty = _what_is_missing(db, years)
    return Opening(
        title=_("Opening balances"),
        help=_(
            "Enter what each account stood at when the books begin here: what the company owns as"
            " debit, what it owes and its equity as credit. Rows left empty are skipped; both"
            " sides must be equal. Where there are open items to bring in too, begin with the"
            " opening of the books."
        ),
        form=form,
        lines=lines,
        currency=company.currency,
        minor_units=company.minor_units,
        picker_url=account_picker(),
        accounts_url=accounts_by_text(),
        marks=symbols(context().locale),
        action=url_for("ledger.opening_post"),
        primary=None
        if empty
        else ui.Button(
            _("Post opening balances"), icon="check", kind="primary", shortcut="Ctrl+Enter"
        ),
        actions=(
            ui.Button(_("Opening of the books"), url_for("ledger.opening_wizard"), "table-import"),
            ui.Button(_("Cancel"), url_for("ledger.overview"), kind="ghost"),
        ),
        notes=_notes(db, years),
        empty=empty,
    )


def _notes(db: Session, years: Sequence[FiscalYear]) -> tuple[ui.Note, ...]:
    if opening_of(db) is not None:
        message = _(
            "This is the trial balance of the opening. What both sides differ by stands on its"
            " clearing account, and so do accounts that are managed by open items."
        )
        return (ui.Note(message),)
    present = openings_of(db, years)
    return tuple(ui.Note(present[year.id], "warn") for year in years if year.id in present)


def _what_is_missing(db: Session, years: Sequence[FiscalYear]) -> ui.EmptyState | None:
    may = context().may
    if db.scalar(select(Account.id).limit(1)) is None:
        return ui.EmptyState(
            _("First a chart of accounts"),
            _("Opening balances stand on accounts, and there are none yet."),
            ui.Button(_("Go to the chart"), resource_url("ledger.account"), kind="primary")
            if may(ACCOUNT_EDIT)
            else None,
            "sitemap",
        )
    if not years:
        return ui.EmptyState(
            _("First a fiscal year"),
            _("Opening balances are posted on the first day of a fiscal year."),
            ui.Button(
                _("New fiscal year"), resource_url("ledger.fiscal_year", "create"), kind="primary"
            )
            if may(FISCAL_YEAR_CREATE)
            else None,
            "calendar",
        )
    return None
