"""Importing a chart of accounts: new accounts are added, present ones must agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    ImportColumn,
    ImportKind,
    Invalid,
    Outcome,
    Problem,
    StagedRow,
    Validation,
    authorize,
    company_of,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Account, AccountClass, Line
from backstay_ledger.permissions import CHART_IMPORT
from backstay_ledger.services.accounts import CODE_PATTERN, CreateAccount, add_accounts
from backstay_ledger.services.bulk_rows import among
from backstay_ledger.services.posting import writable_company

TYPES: Final = {
    **{one.value: one for one in AccountClass},
    "assets": AccountClass.ASSET,
    "liabilities": AccountClass.LIABILITY,
    "capital": AccountClass.EQUITY,
    "revenue": AccountClass.INCOME,
    "expenses": AccountClass.EXPENSE,
    "cost": AccountClass.EXPENSE,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    problems: tuple[Problem, ...]
    new: tuple[CreateAccount, ...]
    present: int


def validate(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing the chart would do."""
    authorize(session, CHART_IMPORT)
    plan = _plan(session, rows)
    return Validation(plan.problems, len(plan.new), plan.present)


def commit(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Add the accounts that are not there yet.

    Raises:
        Invalid: lists every row that can't be imported.
    """
    authorize(session, CHART_IMPORT)
    writable_company(session)
    plan = _plan(session, rows)
    if plan.problems:
        raise Invalid(_("The chart can't be imported."), problems=plan.problems)
    made = add_accounts(session, plan.new)
    return Outcome(len(made), plan.present, references=tuple(str(account.id) for account in made))


def undo(session: Session, references: Sequence[str]) -> str:
    """Delete the accounts that an import made.

    Raises:
        Conflict: some of them are used by entries (names the first ten).
    """
    authorize(session, CHART_IMPORT)
    company = writable_company(session)
    ids = [int(reference) for reference in references]
    accounts = session.scalars(
        select(Account)
        .where(Account.company_id == company.id, among(session, Account.id, ids))
        .order_by(Account.code)
    ).all()
    used = session.scalars(
        select(Account.code)
        .where(
            Account.company_id == company.id,
            among(session, Account.id, ids),
            Account.id.in_(select(Line.account_id).where(Line.company_id == company.id)),
        )
        .order_by(Account.code)
    ).all()
    if used:
        raise Conflict(
            ngettext(
                "%(n)s account is used by entries, so the import can't be undone: %(codes)s",
                "%(n)s accounts are used by entries, so the import can't be undone: %(codes)s",
                len(used),
                codes=", ".join(used[:10]),
            )
        )
    for account in accounts:
        session.delete(account)
    session.flush()
    return ngettext("%(n)s account was deleted.", "%(n)s accounts were deleted.", len(accounts))


def _plan(session: Session, rows: Sequence[StagedRow]) -> _Plan:
    present = {
        row.code: (row.name, row.account_class)
        for row in session.execute(
            select(Account.code, Account.name, Account.account_class).where(
                Account.company_id == company_of(session).id
            )
        )
    }
    problems: list[Problem] = []
    new: list[CreateAccount] = []
    first: dict[str, int] = {}
    unchanged = 0
    for row in rows:
        found = _read(row)
        if isinstance(found, list):
            problems += found
            continue
        if found.code in first:
            problems.append(
                Problem(
                    _(
                        "Account “%(code)s” stands in row %(row)s already.",
                        code=found.code,
                        row=first[found.code],
                    ),
                    "code",
                    row.number,
                )
            )
            continue
        first[found.code] = row.number
        known = present.get(found.code)
        if known is None:
            new.append(found)
        elif known == (found.name, found.account_class):
            unchanged += 1
        else:
            problems.append(_differs(row.number, found, known))
    return _Plan(tuple(problems), tuple(new), unchanged)


def _read(row: StagedRow) -> CreateAccount | list[Problem]:
    problems: list[Problem] = []
    code = row.values.get("code", "").strip()
    name = row.values.get("name", "").strip()
    kind = row.values.get("type", "").strip()
    if not code:
        problems.append(Problem(_("The code is missing."), "code", row.number))
    elif not re.fullmatch(CODE_PATTERN, code):
        problems.append(
            Problem(
                _(
                    "“%(code)s” can't be an account's code: use up to 20 letters, digits, points"
                    " and hyphens.",
                    code=code,
                ),
                "code",
                row.number,
            )
        )
    if not name:
        problems.append(Problem(_("The name is missing."), "name", row.number))
    elif len(name) > 200:  # noqa: PLR2004
        problems.append(Problem(_("The name is longer than 200 characters."), "name", row.number))
    account_class = TYPES.get(kind.casefold())
    if account_class is None:
        problems.append(
            Problem(
                _(
                    "“%(type)s” is not a type of account. Types are asset, liability, equity,"
                    " income and expense.",
                    type=kind,
                ),
                "type",
                row.number,
            )
        )
    if problems or account_class is None:
        return problems
    return CreateAccount(code=code, name=name, account_class=account_class)


def _differs(number: int, found: CreateAccount, known: tuple[str, AccountClass]) -> Problem:
    return Problem(
        _(
            "Account “%(code)s” exists as “%(name)s” (%(type)s). Change it in the chart, or make"
            " the file agree.",
            code=found.code,
            name=known[0],
            type=known[1].value,
        ),
        "name" if known[0] != found.name else "type",
        number,
    )


CHART: Final = ImportKind(
    name="ledger.chart",
    label=lazy("Chart of accounts"),
    noun=lazy("account"),
    noun_many=lazy("accounts"),
    permission=CHART_IMPORT,
    columns=(
        ImportColumn(
            "code",
            lazy("Code"),
            help=lazy("Unique in the chart: up to 20 letters, digits, points and hyphens."),
            example="1000",
            aliases=("account", "account code", "number", "account number"),
        ),
        ImportColumn(
            "name", lazy("Name"), example="Cash at bank", aliases=("account name", "description")
        ),
        ImportColumn(
            "type",
            lazy("Type"),
            help=lazy("asset, liability, equity, income or expense."),
            example="asset",
            aliases=("class", "account type"),
        ),
    ),
    validate=validate,
    commit=commit,
    undo=undo,
    sample=(
        "code,name,type\n1000,Cash at bank,asset\n3000,Share capital,equity\n4000,Sales,income\n"
    ),
    icon="sitemap",
    help=lazy("Accounts that are there already are left as they are."),
    opens="ledger.account.list",
)
