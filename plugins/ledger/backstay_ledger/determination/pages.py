"""Trying account rules out: which account a role leads to, and why, without posting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request, url_for

from backstay.contracts.ledger import AccountContext
from backstay.spi import account_roles, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.determination.resolve import CONDITIONS, AccountNotDetermined, resolve
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.resources.figures import heads
from backstay_ledger.services.accounts import account_by_code

if TYPE_CHECKING:
    from flask import Response

_LONGEST = 60


@blueprint.get("/account-rules/try", endpoint="account_rule_try")
@requires(BOOKS_VIEW)
def try_out() -> Response:
    """A form of conditions, and the account that they lead to."""
    db = session()
    roles = account_roles(db)
    role = request.args.get("role", "")
    on, notes = read_day(request.args, "on", company_today(db))
    asked = {name: request.args.get(name, "").strip()[:_LONGEST] for name in CONDITIONS}
    rows: list[ui.Row] = []
    if role:
        try:
            found = resolve(db, role, AccountContext(**asked), on)
        except AccountNotDetermined as problem:
            notes.append(ui.Note(problem.message, "warn"))
        else:
            account = account_by_code(db, found.account)
            href = resource_url("ledger.account_rule", "record", id=found.rule_id)
            rows.append(
                ui.Row((ui.Cell(account.label), ui.Cell(found.rule), ui.Cell(_("decides"))), href)
            )
            rows += [
                ui.Row((ui.Cell(""), ui.Cell(other), ui.Cell(_("holds too, but gives way"))))
                for other in found.others
            ]
    choices = tuple(
        ui.FilterChoice(name, str(one.label), current=name == role)
        for name, one in sorted(roles.items())
    )
    return page(
        "report.html",
        page=ui.ReportPage(
            title=_("Try account rules out"),
            help=_("Choose a role and what is known of the document. Nothing is posted."),
            heads=heads(
                ("account", _("Account"), False),
                ("rule", _("Rule"), False),
                ("says", _("Why"), False),
            ),
            groups=(ui.ReportGroup(label="", rows=tuple(rows)),) if rows else (),
            url=url_for("ledger.account_rule_try"),
            params=(
                ui.FilterControl("role", _("Role"), "select", choices=choices, value=role),
                ui.FilterControl("item_group", _("Item group"), "text", value=asked["item_group"]),
                ui.FilterControl(
                    "party_group", _("Party group"), "text", value=asked["party_group"]
                ),
                ui.FilterControl("country", _("Country"), "text", value=asked["country"]),
                day_control("on", _("On"), on),
            ),
            notes=tuple(notes),
            empty=ui.EmptyState(
                _("Choose a role"),
                _("Its account and the rule that decides appear here."),
                icon="sitemap",
            ),
        ),
        crumbs=(
            ui.Crumb(_("Money")),
            ui.Crumb(_("Account rules"), resource_url("ledger.account_rule")),
            ui.Crumb(_("Try out")),
        ),
    )
