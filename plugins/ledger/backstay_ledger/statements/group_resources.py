"""Groups of companies: list, record with the ways to their statements, and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from backstay.spi import (
    Action,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, STATEMENT_EDIT
from backstay_ledger.statements.group_models import CompanyGroup
from backstay_ledger.statements.groups import (
    CreateGroup,
    DeleteGroup,
    EditGroup,
    create_group,
    delete_group,
    edit_group,
)

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session


def _statements(_session: Session, group: CompanyGroup) -> dict[str, Any]:
    return {
        "ways": (
            ui.Button(
                translate("Balance sheet of the group"),
                url_for("ledger.group_balance_sheet", id=group.id),
                "building-bank",
            ),
            ui.Button(
                translate("Profit and loss of the group"),
                url_for("ledger.group_profit_loss", id=group.id),
                "chart-bar",
            ),
        )
    }


def _to_the_groups(_session: Session, _nothing: None) -> Response:
    return redirect_to(resource_url("ledger.company_group"))


GROUPS: Final = Resource(
    name="ledger.company_group",
    path="company-groups",
    model=CompanyGroup,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Group of companies"),
    label_many=_("Groups of companies"),
    icon="building",
    help=_("Companies whose statements are read as one, in the currency of this company."),
    columns=(
        Column("code", _("Code"), CompanyGroup.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), CompanyGroup.name, link=True),
        Column("members", _("Companies"), CompanyGroup.members),
        Column("eliminations", _("Eliminations"), CompanyGroup.eliminations, in_list=False),
    ),
    search=(CompanyGroup.code, CompanyGroup.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda group: str(group.label),
    sections=(Section(_("Group"), ("code", "name", "members", "eliminations")),),
    panels=(Panel(_("Statements"), "ledger/group_statements.html", _statements, flush=True),),
    create=Operation(
        create_group, CreateGroup, STATEMENT_EDIT, _("New group"), done=_("Group created.")
    ),
    update=Operation(
        edit_group, EditGroup, STATEMENT_EDIT, _("Edit group"), done=_("Group saved.")
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_group,
                DeleteGroup,
                STATEMENT_EDIT,
                _("Delete group"),
                done=_("Group deleted."),
                respond=_to_the_groups,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this group? Its companies are not touched."),
        ),
    ),
    empty=Empty(
        _("No groups yet"),
        _("Name the companies whose balance sheets are to be read as one."),
        "building",
    ),
)
