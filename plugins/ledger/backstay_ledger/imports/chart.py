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
from backstay_ledger.imports.plaintext.rows import PLAIN_TEXT_CHART
from backstay_ledger.models import Account, AccountClass, Line
from backstay_ledger.permissions import CHART_IMPORT
from backstay_ledger.services.accounts import CODE_PATTERN, CreateAccount, add_accounts
from backstay_ledger.services.bulk_rows import among, pieces
from backstay_ledger.services.posting import writable_company

TYPES: Final = {
    **{one.value: one for one in AccountClass},
    "to be set": AccountClass.UNSET,
    "assets": AccountClass.ASSET,
    "liabilities": AccountClass.LIABILITY,
    "capital": AccountClass.EQUITY,
    "revenue": AccountClass.INCOME,
    "expenses": AccountClass.EXPENSE,
    "cost": AccountClass.EXPENSE,
}


_NAMED: Final = 3
CLASSED: Final = "class:"
"""Begins the reference of an account that got its class from an import; its id follows."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a file would do.

    Arguments:
        classed: accounts that wait for their class, by id, and the class that the file gives.
    """

    problems: tuple[Problem, ...]
    new: tuple[CreateAccount, ...]
    classed: dict[int, AccountClass]
    present: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know besides the counts."""
        unset = [one.code for one in self.new if one.account_class is AccountClass.UNSET]
        return (
            *((_unset_note(unset),) if unset else ()),
            *((_classed_note(len(self.classed)),) if self.classed else ()),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """An account that the chart has already."""

    id: int
    name: str
    account_class: AccountClass


def validate(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing the chart would do."""
    authorize(session, CHART_IMPORT)
    plan = _plan(session, rows)
    return Validation(
        plan.problems, len(plan.new) + len(plan.classed), plan.present, notes=plan.notes
    )


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
    for account in _accounts(session, list(plan.classed)):
        account.account_class = plan.classed[account.id]
    session.flush()
    return Outcome(
        len(made) + len(plan.classed),
        plan.present,
        notes=plan.notes,
        references=(
            *(str(account.id) for account in made),
            *(f"{CLASSED}{account_id}" for account_id in plan.classed),
        ),
    )


def undo(session: Session, references: Sequence[str]) -> str:
    """Delete the accounts that an import made; those that it gave a class wait for it again.

    Raises:
        Conflict: some of them are used by entries (names the first ten).
    """
    authorize(session, CHART_IMPORT)
    company = writable_company(session)
    ids = [int(one) for one in references if not one.startswith(CLASSED)]
    classed = [int(one.removeprefix(CLASSED)) for one in references if one.startswith(CLASSED)]
    accounts = _accounts(session, ids)
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
    for account in _accounts(session, classed):
        account.account_class = AccountClass.UNSET
    session.flush()
    said = ngettext("%(n)s account was deleted.", "%(n)s accounts were deleted.", len(accounts))
    if not classed:
        return said
    waiting = ngettext(
        "%(n)s account waits for its class again.",
        "%(n)s accounts wait for their class again.",
        len(classed),
    )
    return f"{said} {waiting}" if accounts else waiting


def _accounts(session: Session, ids: Sequence[int]) -> list[Account]:
    return [
        account
        for some in pieces(ids)
        for account in session.scalars(
            select(Account)
            .where(
                Account.company_id == company_of(session).id,
                among(session, Account.id, some),
            )
            .order_by(Account.code)
        )
    ]


def _unset_note(codes: Sequence[str]) -> str:
    return ngettext(
        "%(n)s account has no class in the file: it is listed as “Class to be set” in the chart"
        " (%(codes)s).",
        "%(n)s accounts have no class in the file: they are listed as “Class to be set” in the"
        " chart (%(codes)s).",
        len(codes),
        codes=", ".join(codes[:_NAMED]) + (", …" if len(codes) > _NAMED else ""),
    )


def _classed_note(count: int) -> str:
    return ngettext(
        "%(n)s account that waited for its class gets it.",
        "%(n)s accounts that waited for their class get it.",
        count,
    )


def _plan(session: Session, rows: Sequence[StagedRow]) -> _Plan:
    present = {
        row.code: _Known(row.id, row.name, row.account_class)
        for row in session.execute(
            select(Account.id, Account.code, Account.name, Account.account_class).where(
                Account.company_id == company_of(session).id
            )
        )
    }
    problems: list[Problem] = []
    new: list[CreateAccount] = []
    first: dict[str, int] = {}
    classed: dict[int, AccountClass] = {}
    unchanged = 0
    for row in rows:
        stated = bool(row.values.get("name", "").strip())
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
        elif stated and known.name != found.name:
            problems.append(_differs(row.number, found, known))
        elif found.account_class in {known.account_class, AccountClass.UNSET}:
            unchanged += 1
        elif known.account_class is AccountClass.UNSET:
            classed[known.id] = found.account_class
        else:
            problems.append(_differs(row.number, found, known))
    return _Plan(tuple(problems), tuple(new), classed, unchanged)


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
                    "“%(code)s” can't be an account's code: use letters, digits, points and"
                    " hyphens, or a name with levels such as assets:bank:checking.",
                    code=code[:60],
                ),
                "code",
                row.number,
            )
        )
    unset = TYPES.get(kind.casefold()) is AccountClass.UNSET
    if not name and (unset or not code[:1].isdigit()):
        # A journal names its accounts without describing them: the last level is the name.
        name = code.rpartition(":")[2].strip()
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


def _differs(number: int, found: CreateAccount, known: _Known) -> Problem:
    return Problem(
        _(
            "Account “%(code)s” exists as “%(name)s” (%(type)s). Change it in the chart, or make"
            " the file agree.",
            code=found.code,
            name=known.name,
            type=known.account_class.value,
        ),
        "name" if known.name != found.name else "type",
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
            help=lazy("Unique in the chart. Levels may be divided by colons: assets:bank."),
            example="1000",
            aliases=("account", "account code", "number", "account number"),
        ),
        ImportColumn(
            "name", lazy("Name"), example="Cash at bank", aliases=("account name", "description")
        ),
        ImportColumn(
            "type",
            lazy("Type"),
            help=lazy("asset, liability, equity, income, expense; or unset, to be set later."),
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
    formats=(PLAIN_TEXT_CHART,),
    group_by="code",
    help=lazy(
        "Accounts that are there already are left as they are; those that wait for their class"
        " get it. A plain-text journal gives its accounts."
    ),
    opens="ledger.account.list",
)
