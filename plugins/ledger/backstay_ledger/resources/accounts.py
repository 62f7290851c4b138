"""The chart of accounts: list, record, forms, and the picker that entries choose accounts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from backstay.spi import (
    Action,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Money,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
    redirect_to,
    resource_url,
)
from backstay.spi import lazy as _
from backstay_ledger.models import Account, AccountBalance, Entry, Line
from backstay_ledger.permissions import ACCOUNT_EDIT, BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.import_buttons import chart_import
from backstay_ledger.resources.latest_lines import latest_lines
from backstay_ledger.services.accounts import (
    ACCOUNT_CLASSES,
    CreateAccount,
    DeleteAccount,
    EditAccount,
    create_account,
    delete_account,
    edit_account,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

# One row an account, period and currency: cheap, whatever the number of lines.
_BALANCE: Final = (
    select(func.coalesce(func.sum(AccountBalance.debit - AccountBalance.credit, type_=Money()), 0))
    .where(AccountBalance.account_id == Account.id)
    .correlate(Account)
    .scalar_subquery()
)


def _lines(session: Session, account: Account) -> int:
    """How many entries have a line on the account, from the balances that posting keeps."""
    counted = select(func.coalesce(func.sum(AccountBalance.n), 0)).where(
        AccountBalance.account_id == account.id
    )
    return int(session.scalar(counted) or 0)


def _active(_session: Session) -> Sequence[ColumnElement[bool]]:
    return (Account.active.is_(True),)


def _to_the_chart(_session: Session, _result: None) -> Response:
    return redirect_to(resource_url("ledger.account"))


def _in_use(session: Session, account: Account) -> str | None:
    used = session.scalar(select(Line.entry_id).where(Line.account_id == account.id).limit(1))
    if used is None:
        return None
    return str(_("Entries use this account. Edit it and make it inactive instead."))


def uses_account(account_id: str) -> ColumnElement[bool]:
    """Entries that have a line on an account."""
    return Entry.id.in_(select(Line.entry_id).where(Line.account_id == int(account_id)))


ACCOUNTS: Final = Resource(
    name="ledger.account",
    path="accounts",
    model=Account,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Account"),
    label_many=_("Chart of accounts"),
    icon="sitemap",
    help=_("Every line of an entry stands on one of these accounts."),
    columns=(
        Column("code", _("Code"), Account.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), Account.name, sortable=True, link=True),
        Column("account_class", _("Class"), Account.account_class, choices=ACCOUNT_CLASSES),
        Column("balance", _("Balance"), _BALANCE, Kind.MONEY),
        Column("active", _("Active"), Account.active, Kind.BOOL),
        Column(
            "open_item_managed",
            _("Managed by open items"),
            Account.open_item_managed,
            Kind.BOOL,
            in_list=False,
        ),
    ),
    filters=(
        Filter("account_class", _("Class"), Account.account_class, ACCOUNT_CLASSES, kind="select"),
        Filter(
            "active",
            _("Active"),
            Account.active,
            (Choice("1", _("Active")), Choice("0", _("Inactive"))),
        ),
    ),
    search=(Account.code, Account.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda account: str(account.label),
    sections=(
        Section(
            _("Account"),
            ("code", "name", "account_class", "active", "open_item_managed", "balance"),
        ),
    ),
    panels=(Panel(_("Latest lines"), "ledger/latest_lines.html", latest_lines, flush=True),),
    create=Operation(
        create_account,
        CreateAccount,
        ACCOUNT_EDIT,
        _("New account"),
        help=_("Choose a code that sorts the account to where people look for it."),
        done=_("Account created."),
    ),
    update=Operation(
        edit_account, EditAccount, ACCOUNT_EDIT, _("Edit account"), done=_("Account saved.")
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_account,
                DeleteAccount,
                ACCOUNT_EDIT,
                _("Delete account"),
                done=_("Account deleted."),
                respond=_to_the_chart,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this account? It was never used, so nothing else changes."),
            refuses=_in_use,
        ),
    ),
    related=(Related(_("Lines in entries"), "ledger.entry", "account", _lines, "receipt-2"),),
    empty=Empty(
        _("No accounts yet"),
        _(
            "A chart lists what the company's money is sorted into. Import yours from a CSV file"
            " with the columns code, name and type or from a plain-text journal, or add accounts"
            " one by one."
        ),
        "sitemap",
    ),
    picker_label=lambda account: str(account.label),
    picker_criteria=_active,
    buttons=chart_import,
)
