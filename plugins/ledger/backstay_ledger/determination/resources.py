"""Account rules as lists, records and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import url_for

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Resource,
    Section,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.determination.models import AccountRule
from backstay_ledger.determination.rules import (
    CreateRule,
    DeleteRule,
    EditRule,
    create_rule,
    delete_rule,
    edit_rule,
)
from backstay_ledger.models import Account
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, TAX_EDIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session


def _to_the_rules(_session: Session, _nothing: None) -> Response:
    return redirect_to(resource_url("ledger.account_rule"))


def _try_out(_session: Session) -> Sequence[ui.Button]:
    return (ui.Button(translate("Try out"), url_for("ledger.account_rule_try"), "player-play"),)


ACCOUNT_RULES: Final = Resource(
    name="ledger.account_rule",
    path="account-rules",
    model=AccountRule,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Account rule"),
    label_many=_("Account rules"),
    icon="sitemap",
    help=_(
        "Documents name what an account is for; these rules say which account that is. The rule"
        " with the most conditions wins."
    ),
    columns=(
        Column("role", _("Role"), AccountRule.role, Kind.CODE, link=True),
        Column("item_group", _("Item group"), AccountRule.item_group),
        Column("party_group", _("Party group"), AccountRule.party_group),
        Column("country", _("Country"), AccountRule.country),
        Column("valid_from", _("From"), AccountRule.valid_from, Kind.DATE),
        Column("account", _("Account"), Account.code, Kind.CODE),
        Column("account_name", _("Name"), Account.name),
    ),
    filters=(
        Filter(
            "account",
            _("Account"),
            AccountRule.account_id,
            kind="picker",
            picker="ledger.account",
        ),
    ),
    joins=lambda query: query.join(
        Account,
        (Account.id == AccountRule.account_id) & (Account.company_id == AccountRule.company_id),
    ),
    search=(AccountRule.role, AccountRule.item_group, AccountRule.party_group),
    search_label=_("Search role or group"),
    title=lambda rule: rule.audit_label(),
    sections=(
        Section(
            _("Account rule"),
            ("role", "account_id", "account", "account_name", "valid_from"),
        ),
        Section(_("Conditions"), ("item_group", "party_group", "country")),
    ),
    create=Operation(
        create_rule, CreateRule, TAX_EDIT, _("New account rule"), done=_("Rule created.")
    ),
    update=Operation(edit_rule, EditRule, TAX_EDIT, _("Edit rule"), done=_("Rule saved.")),
    actions=(
        Action(
            "delete",
            Operation(
                delete_rule,
                DeleteRule,
                TAX_EDIT,
                _("Delete rule"),
                done=_("Rule deleted."),
                respond=_to_the_rules,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this rule? Lines that were posted by it stay as they are."),
        ),
    ),
    empty=Empty(
        _("No account rules yet"),
        _(
            "Add a rule for each role that your documents post under, such as receivables and"
            " revenue; more of them where item groups, parties or countries have accounts of their"
            " own."
        ),
        "sitemap",
    ),
    buttons=_try_out,
)
