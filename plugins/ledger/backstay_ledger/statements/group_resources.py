"""Groups of companies: list, record with the ways to their statements, and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import func, select

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, STATEMENT_EDIT
from backstay_ledger.resources.asked_on import asked_on
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare
from backstay_ledger.statements.group_shares import percent_of
from backstay_ledger.statements.groups import (
    CreateGroup,
    DeleteGroup,
    EditGroup,
    create_group,
    delete_group,
    edit_group,
)
from backstay_ledger.statements.share_edits import (
    AddShare,
    DeleteShare,
    EditShare,
    add_share,
    delete_share,
    edit_share,
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


def _count(session: Session, group: CompanyGroup) -> int:
    counted = select(func.count()).where(
        GroupShare.company_id == group.company_id, GroupShare.group_id == group.id
    )
    return int(session.scalar(counted) or 0)


def _as_it_is(_session: Session, share: GroupShare) -> dict[str, Any]:
    fields = ("member", "valid_from", "valid_to", "investment", "dividends")
    return {name: getattr(share, name) for name in fields} | {"share": percent_of(share.share)}


def _to_the_group(_session: Session, share: GroupShare) -> Response:
    return redirect_to(resource_url("ledger.company_group", "record", id=share.group_id))


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
    related=(Related(_("Shares"), "ledger.group_share", "group", _count, "chart-bar"),),
    empty=Empty(
        _("No groups yet"),
        _("Name the companies whose balance sheets are to be read as one."),
        "building",
    ),
    picker_label=lambda group: str(group.label),
)
_SHARE: Final = (
    *("member", "share", "valid_from", "valid_to"),
    *("investment", "dividends"),
)
SHARES: Final = Resource(
    name="ledger.group_share",
    path="group-shares",
    model=GroupShare,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Share in a company"),
    label_many=_("Shares in companies"),
    icon="chart-bar",
    help=_(
        "What part of a company belongs to the owners of its group, from a day to a day. A company"
        " without shares belongs to them wholly."
    ),
    columns=(
        Column("group_id", _("Group"), CompanyGroup.code, Kind.CODE),
        Column("member", _("Company"), GroupShare.member, Kind.CODE, link=True),
        Column("share", _("Share in per cent"), GroupShare.share, format=percent_of),
        Column("valid_from", _("Valid from"), GroupShare.valid_from, Kind.DATE),
        Column("valid_to", _("Valid to"), GroupShare.valid_to, Kind.DATE),
        Column("investment", _("Investment"), GroupShare.investment),
        Column("dividends", _("Dividends"), GroupShare.dividends, in_list=False),
    ),
    filters=(
        Filter(
            "group",
            _("Group"),
            GroupShare.group_id,
            kind="picker",
            picker="ledger.company_group",
        ),
    ),
    search=(GroupShare.member,),
    search_label=_("Search by company"),
    joins=lambda query: query.join(
        CompanyGroup,
        (CompanyGroup.id == GroupShare.group_id)
        & (CompanyGroup.company_id == GroupShare.company_id),
    ),
    title=lambda share: f"{share.member} {share.valid_from.isoformat()}",
    sections=(Section(_("Share"), ("group_id", *_SHARE)),),
    create=Operation(
        add_share,
        AddShare,
        STATEMENT_EDIT,
        _("New share"),
        sections=(Section(_("Share"), ("group_id", *_SHARE)),),
        initial=asked_on("group"),
        done=_("Share saved."),
        respond=_to_the_group,
    ),
    update=Operation(
        edit_share,
        EditShare,
        STATEMENT_EDIT,
        _("Edit share"),
        initial=_as_it_is,
        done=_("Share saved."),
        respond=_to_the_group,
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_share,
                DeleteShare,
                STATEMENT_EDIT,
                _("Delete share"),
                done=_("Share deleted."),
                respond=_to_the_groups,
            ),
            icon="trash",
            danger=True,
            confirm=_(
                "Delete this share? The one before it, where there is one, is valid on its days."
                " The books are not touched."
            ),
        ),
    ),
    empty=Empty(
        _("All companies are owned wholly"),
        _("Add the share in a company of which others own a part, or that joins later."),
        "chart-bar",
    ),
)
