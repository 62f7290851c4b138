"""Separation of duties: who can both begin and approve, and rules that nobody can satisfy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for

from backstay.spi import company_of, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_approvals.pages.blueprint import blueprint
from backstay_approvals.permissions import REQUEST_VIEW
from backstay_approvals.services.duties import duties, hopeless_rules

if TYPE_CHECKING:
    from flask import Response


@blueprint.get("/duties", endpoint="duties")
@requires(REQUEST_VIEW)
def show_duties() -> Response:
    """People by what they can do, with a mark at those who can do both."""
    db = session()
    notes = [ui.Note(why, "warn", rule.name) for rule, why in hopeless_rules(db)]
    groups = tuple(
        ui.ReportGroup(
            tuple(
                ui.Row(
                    (
                        ui.Cell(duty.person.name),
                        ui.Cell(duty.person.login, "code"),
                        ui.Cell(_("Yes") if duty.begins else "", "bool"),
                        ui.Cell(_("Yes") if duty.approves else "", "bool"),
                        ui.Cell(_("both"), "state", tone="warn")
                        if duty.begins and duty.approves
                        else ui.Cell("", "state"),
                    )
                )
                for duty in one.people
            ),
            one.approvable.label,
        )
        for one in duties(db)
    )
    return page(
        "report.html",
        page=ui.ReportPage(
            title=_("Separation of duties"),
            subtitle=company_of(db).name,
            help=_(
                "Who can both begin and approve never approves their own; but two of them can"
                " approve each other's."
            ),
            heads=(
                ui.Head("name", _("Name")),
                ui.Head("login", _("Sign-in name")),
                ui.Head("begins", _("Begins")),
                ui.Head("approves", _("Approves")),
                ui.Head("both", _("Both")),
            ),
            groups=groups,
            url=url_for("approvals.duties"),
            notes=tuple(notes),
            exports=(ui.Button(_("Rules"), resource_url("approvals.rule"), "shield-check"),),
            empty=ui.EmptyState(
                _("Nothing can be approved"),
                _("No running module has anything that waits for approval."),
                icon="shield-check",
            ),
        ),
    )
