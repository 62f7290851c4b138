"""The chart of accounts: creating, changing and deleting accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    BoolField,
    Choice,
    ChoiceField,
    Conflict,
    Invalid,
    NotFound,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.models import LONGEST_CODE, Account, AccountBalance, AccountClass, Line
from backstay_ledger.open_items.switching import switch_problem
from backstay_ledger.permissions import ACCOUNT_EDIT
from backstay_ledger.services.owned import load_owned

CODE_PATTERN: Final = (
    r"[0-9A-Za-z][0-9A-Za-z.\-]{0,19}"
    r"|(?![\d .\-]+$)(?!.*  )[0-9A-Za-z\u00C0-\uFFEF](?:[^;\u0022\t\r\n]{0,198}[^\s;\u0022:])?"
)
"""A number or short code, or a name that may have levels and single spaces: ``1000``,
``assets:petty cash``; never digits with spaces, which are a mistyped number."""
CODE_HELP: Final = lazy(
    "Letters, digits, points and hyphens, or a name with levels such as assets:bank:checking."
)
ACCOUNT_CLASSES: Final = (
    Choice("asset", lazy("Asset"), help=lazy("What the company owns or is owed")),
    Choice("liability", lazy("Liability"), help=lazy("What the company owes")),
    Choice("equity", lazy("Equity"), help=lazy("What belongs to the owners")),
    Choice("income", lazy("Income"), help=lazy("What the company earns")),
    Choice("expense", lazy("Expense"), help=lazy("What the company spends")),
    Choice(
        "unset",
        lazy("Class to be set"),
        "warn",
        help=lazy("Takes entries, but no statement knows where to show it"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount:
    """A new account of the chart."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("How the account is called in entries and files; unique in the chart."),
            example="1000",
            max_length=LONGEST_CODE,
            min_length=1,
            pattern=CODE_PATTERN,
            pattern_help=CODE_HELP,
        ),
    ]
    name: Annotated[
        str,
        TextField(label=lazy("Name"), example="Cash at bank", min_length=1, max_length=200),
    ]
    account_class: Annotated[
        AccountClass,
        ChoiceField(
            label=lazy("Class"),
            help=lazy("Decides where the account stands in balance sheet and income statement."),
            choices=ACCOUNT_CLASSES,
        ),
    ]
    open_item_managed: Annotated[
        bool,
        BoolField(
            label=lazy("Managed by open items"),
            help=lazy(
                "Its lines carry a party and a due date, and settle each other: receivables,"
                " payables, clearing accounts."
            ),
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditAccount(CreateAccount):
    """A changed account. The class stays once something was posted to it."""

    id: int
    version: int | None = None
    active: Annotated[
        bool,
        BoolField(
            label=lazy("Active"),
            help=lazy("An inactive account keeps its history but takes no new entries."),
        ),
    ] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAccount:
    """An account that nothing was ever written to."""

    id: int


def create_account(session: Session, command: CreateAccount) -> Account:
    """Add an account to the chart.

    Raises:
        Invalid: the code is taken or has a wrong form, or the name is missing.
    """
    authorize(session, ACCOUNT_EDIT)
    return add_accounts(session, [command])[0]


def add_accounts(session: Session, commands: Sequence[CreateAccount]) -> list[Account]:
    """Add many accounts at once, for charts; the caller has checked the permission.

    Raises:
        Invalid: lists every account that can't be added.
    """
    company = company_of(session)
    taken = set(session.scalars(select(Account.code).where(Account.company_id == company.id)).all())
    problems: list[Problem] = []
    for command in commands:
        problems += _form_problems(command)
        if command.code in taken:
            problems.append(_taken(command.code))
        taken.add(command.code)
    if problems:
        raise Invalid(_("The accounts can't be added."), problems=tuple(problems))
    rows = [
        Account(
            company_id=company.id,
            code=command.code,
            name=command.name,
            account_class=command.account_class,
            active=True,
            open_item_managed=command.open_item_managed,
        )
        for command in commands
    ]
    session.add_all(rows)
    session.flush()
    return rows


def edit_account(session: Session, command: EditAccount) -> Account:
    """Change an account.

    Raises:
        Invalid: the code is taken, or the class of an account with entries would change.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, ACCOUNT_EDIT)
    account = load_account(session, command.id)
    check_version(account, command.version)
    problems = list(_form_problems(command))
    if command.code != account.code and _code_exists(session, command.code):
        problems.append(_taken(command.code))
    if (
        command.account_class is not account.account_class
        # What no statement could place yet may be placed: no report of the past changes.
        and account.account_class is not AccountClass.UNSET
        and _is_used(session, account.id)
    ):
        problems.append(
            Problem(
                _(
                    "Entries were posted to %(account)s: another class would change reports of"
                    " the past.",
                    account=account.label,
                ),
                "account_class",
            )
        )
    if command.open_item_managed is not account.open_item_managed and (
        problem := switch_problem(session, account)
    ):
        problems.append(problem)
    if problems:
        raise Invalid(_("The account can't be saved."), problems=tuple(problems))
    account.open_item_managed = command.open_item_managed
    account.code = command.code
    account.name = command.name
    account.account_class = command.account_class
    account.active = command.active
    session.flush()
    return account


def delete_account(session: Session, command: DeleteAccount) -> None:
    """Delete an account that was never used.

    Raises:
        Conflict: lines refer to it; it can only be made inactive.
    """
    authorize(session, ACCOUNT_EDIT)
    account = load_account(session, command.id)
    if _has_lines(session, account.id):
        raise Conflict(
            _(
                "%(account)s is used by entries and can't be deleted. Make it inactive instead.",
                account=account.label,
            )
        )
    session.delete(account)
    session.flush()


def load_account(session: Session, account_id: int) -> Account:
    """An account of the company by its id.

    Raises:
        NotFound: the company has no such account.
    """
    return load_owned(session, Account, account_id, _("There is no such account in this company."))


def account_by_code(session: Session, code: str) -> Account:
    """An account of the company by its code.

    Raises:
        NotFound: names the code.
    """
    account = session.scalars(
        select(Account).where(Account.code == code, Account.company_id == company_of(session).id)
    ).one_or_none()
    if account is None:
        raise NotFound(_("There is no account “%(code)s” in the chart.", code=code))
    return account


def account_codes(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The codes of accounts of the company, by id; unknown ids are left out."""
    wanted = sorted(set(ids))
    if not wanted:  # programs and imports name accounts by code
        return {}
    found = session.execute(
        select(Account.id, Account.code).where(
            Account.company_id == company_of(session).id, Account.id.in_(wanted)
        )
    )
    return {row.id: row.code for row in found}


def _form_problems(command: CreateAccount) -> Iterable[Problem]:
    if not re.fullmatch(CODE_PATTERN, command.code):
        yield Problem(
            _(
                "“%(code)s” can't be an account's code: use letters, digits, points and hyphens, or"
                " a name with levels such as assets:bank:checking.",
                code=command.code[:60],
            ),
            "code",
        )
    if not command.name.strip():
        yield Problem(_("Account %(code)s has no name.", code=command.code), "name")


def _taken(code: str) -> Problem:
    return Problem(_("There is an account “%(code)s” already.", code=code), "code")


def _code_exists(session: Session, code: str) -> bool:
    return (
        session.scalar(
            select(Account.id).where(
                Account.code == code, Account.company_id == company_of(session).id
            )
        )
        is not None
    )


def _is_used(session: Session, account_id: int) -> bool:
    found = select(AccountBalance.n).where(AccountBalance.account_id == account_id).limit(1)
    return session.scalar(found) is not None


def _has_lines(session: Session, account_id: int) -> bool:
    found = select(Line.line_no).where(Line.account_id == account_id).limit(1)
    return session.scalar(found) is not None
