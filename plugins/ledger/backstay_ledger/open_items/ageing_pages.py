"""The ageing of open items on screen and as files: by account and party, each figure opens them."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from flask import request, url_for
from sqlalchemy import select

from backstay.spi import company_of, context, neutral, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.models import Account
from backstay_ledger.open_items.ageing import BUCKETS, AgeingRow, ageing
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.statements.downloads import as_workbook
from backstay_ledger.statements.tables import Table, TableRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session


@blueprint.get("/ageing", endpoint="ageing")
@requires(BOOKS_VIEW)
def show_ageing() -> Response:
    """The report on screen."""
    db = session()
    as_of, notes = read_day(request.args, "as_of", company_today(db))
    account = chosen_account(db, request.args.get("account", ""))
    party = chosen_party()
    return page("report.html", page=report(db, as_of, account, party, tuple(notes)))


@blueprint.get("/ageing.csv", endpoint="ageing_csv")
@requires(BOOKS_EXPORT)
def export_ageing() -> Response:
    """The report as a file: account, party, one column for each bucket, total."""
    db = session()
    as_of, _notes = read_day(request.args, "as_of", company_today(db))
    account = chosen_account(db, request.args.get("account", ""))
    party = chosen_party()

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        for row in ageing(reading, as_of, account=account, party=party):
            amounts = (figures.plain(one) for one in (*row.amounts, row.total))
            yield neutral(row.account), neutral(row.party), *amounts

    return csv_file(
        f"ageing-{company_of(db).code}-{as_of.isoformat()}.csv",
        ("account", "party", *(name for name, _label in BUCKETS), "total"),
        rows,
        entity="ledger.ageing",
        parameters={"as_of": as_of.isoformat(), "account": account, "party": party},
    )


@blueprint.get("/ageing.xlsx", endpoint="ageing_xlsx")
@requires(BOOKS_EXPORT)
def export_ageing_workbook() -> Response:
    """The report as a workbook."""
    db = session()
    as_of, _notes = read_day(request.args, "as_of", company_today(db))
    account = chosen_account(db, request.args.get("account", ""))
    party = chosen_party()
    rows: list[TableRow] = []
    for (code, name), group in _by_account(ageing(db, as_of, account=account, party=party)):
        rows.append(TableRow("account", code, name, 0, (*_sums(group), _total(group))))
        rows += [
            TableRow("party", "", one.party or _("Without a party"), 1, (*one.amounts, one.total))
            for one in group
        ]
    columns = (*(str(label) for _name, label in BUCKETS), _("Total"))
    of = ", ".join(filter(None, (account, party)))
    table = Table("ageing", _("Ageing"), columns, tuple(rows), days=as_of.isoformat(), of=of)
    return as_workbook(table)


def report(
    db: Session, as_of: date, account: str, party: str, notes: tuple[ui.Note, ...]
) -> ui.ReportPage:
    """Accounts as groups, parties as rows, each leading to its items."""
    figures = Figures(db)
    company = company_of(db)
    rows = ageing(db, as_of, account=account, party=party)
    return ui.ReportPage(
        title=_("Ageing"),
        subtitle=_(
            "%(company)s · as of %(day)s · %(currency)s",
            company=company.name,
            day=figures.day(as_of),
            currency=company.currency,
        ),
        help=_(
            "What is open at the end of the day, by days overdue. Claims are positive, debts"
            " negative. A past day shows what was open then, whatever was paid since."
        ),
        heads=heads(
            ("party", _("Party"), False),
            *((name, label, True) for name, label in BUCKETS),
            ("total", _("Total"), True),
        ),
        groups=tuple(
            ui.ReportGroup(
                label=f"{code} {name}",
                href=_items(code, "", as_of),
                rows=tuple(
                    ui.Row(
                        (
                            ui.Cell(one.party or _("Without a party")),
                            *_cells(figures, one.amounts),
                            figures.cell(one.total),
                        ),
                        href=_items(code, one.party, as_of),
                    )
                    for one in group
                ),
                totals=(
                    ui.Cell(_("Total %(heading)s", heading=code)),
                    *_cells(figures, _sums(group)),
                    figures.cell(_total(group)),
                ),
            )
            for (code, name), group in _by_account(rows)
        ),
        url=url_for("ledger.ageing"),
        params=(
            day_control("as_of", _("As of"), as_of),
            account_control(db, account),
            party_control(party),
        ),
        exports=_exports(as_of, account, party),
        notes=notes,
        empty=ui.EmptyState(
            _("Nothing is open"),
            _(
                "No account that is managed by open items has any on this day. Mark receivables"
                " and payables as such in the chart of accounts."
            ),
            icon="clock",
        ),
    )


def managed_accounts(db: Session) -> list[tuple[str, str]]:
    """Code and name of the accounts that are managed by open items."""
    found = db.execute(
        select(Account.code, Account.name)
        .where(Account.company_id == company_of(db).id, Account.open_item_managed)
        .order_by(Account.code)
    )
    return [(row.code, row.name) for row in found]


def chosen_account(db: Session, code: str) -> str:
    """The code from the URL if it is one of those accounts, else empty."""
    return code if code in {one for one, _name in managed_accounts(db)} else ""


def account_control(db: Session, account: str) -> ui.FilterControl:
    """The choice of an account in the bar above a report."""
    return ui.FilterControl(
        "account",
        _("Account"),
        "select",
        (
            ui.FilterChoice("", _("All"), not account),
            *(
                ui.FilterChoice(code, f"{code} {name}", code == account)
                for code, name in managed_accounts(db)
            ),
        ),
    )


def chosen_party() -> str:
    """The party from the URL."""
    return request.args.get("party", "").strip()[:80]


def party_control(party: str) -> ui.FilterControl:
    """The text for a party in the bar above a report, completed from those that are known."""
    return ui.FilterControl("party", _("Party"), value=party, suggest_url=url_for("ledger.parties"))


def _items(account: str, party: str, as_of: date) -> str:
    return url_for("ledger.open_items", account=account, party=party, as_of=as_of.isoformat())


def _exports(as_of: date, account: str, party: str) -> tuple[ui.Button, ...]:
    if not context().may(BOOKS_EXPORT):
        return ()
    return tuple(
        ui.Button(
            label,
            url_for(endpoint, as_of=as_of.isoformat(), account=account, party=party),
            "download",
            "ghost",
        )
        for label, endpoint in (
            (_("CSV"), "ledger.ageing_csv"),
            (_("Spreadsheet"), "ledger.ageing_xlsx"),
        )
    )


def _by_account(rows: Iterable[AgeingRow]) -> Iterator[tuple[tuple[str, str], list[AgeingRow]]]:
    for key, group in groupby(rows, key=lambda row: (row.account, row.name)):
        yield key, list(group)


def _cells(figures: Figures, amounts: Iterable[Decimal]) -> tuple[ui.Cell, ...]:
    return tuple(figures.cell(amount or None) for amount in amounts)


def _sums(rows: Sequence[AgeingRow]) -> tuple[Decimal, ...]:
    return tuple(
        sum(column, Decimal(0)) for column in zip(*(row.amounts for row in rows), strict=True)
    )


def _total(rows: Sequence[AgeingRow]) -> Decimal:
    return sum((row.total for row in rows), Decimal(0))
