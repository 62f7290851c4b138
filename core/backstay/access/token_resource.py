"""The administrator's lists: API tokens of everybody, and service accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import case, exists, select
from sqlalchemy.orm import aliased

from backstay.access.assignments import give_role
from backstay.access.core_permissions import (
    GRANT_EDIT,
    SERVICE_ACCOUNT_EDIT,
    TOKEN_REVOKE,
    TOKEN_VIEW,
    USER_DISABLE,
)
from backstay.access.models import User, UserState
from backstay.access.service_accounts import (
    CreateServiceAccount,
    EditServiceAccount,
    create_service_account,
    edit_service_account,
    service_account_of,
)
from backstay.access.token_models import ApiToken, ApiTokenUse, ServiceAccount
from backstay.access.tokens import RevokeToken, revoke_token, tokens_of
from backstay.access.user_commands import DisableUser, EnableUser, GiveRole
from backstay.access.user_resource import STATES, grants_panel
from backstay.access.users import disable_user, enable_user
from backstay.db.context import context_of
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.resources.declare import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
)
from backstay.resources.formats import date_text
from backstay.resources.urls import resource_url
from backstay.web.page import Button, Cell, Head, Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_RESPONSIBLE: Final = aliased(User)
_USED: Final = (
    select(ApiTokenUse.at)
    .where(ApiTokenUse.token_id == ApiToken.id)
    .correlate(ApiToken)
    .scalar_subquery()
)


def _title(token: ApiToken) -> str:
    return f"{token.name} ({token.prefix}…)"


TOKENS = Resource(
    name="core.api_token",
    path="api-tokens",
    model=ApiToken,
    view=TOKEN_VIEW,
    label=_("API token"),
    label_many=_("API tokens"),
    icon="key",
    help=_("With a token a program acts for its owner. People make theirs under “My profile”."),
    columns=(
        Column("name", _("Name"), ApiToken.name, link=True),
        Column("prefix", _("Begins with"), ApiToken.prefix, Kind.CODE),
        Column("owner", _("Owner"), User.login),
        Column("expires_at", _("Valid until"), ApiToken.expires_at, Kind.INSTANT),
        Column("last_used_at", _("Last used"), _USED, Kind.INSTANT),
        Column("revoked_at", _("Revoked"), ApiToken.revoked_at, Kind.INSTANT),
        Column("permissions", _("Permissions"), ApiToken.permissions, in_list=False),
        Column("companies", _("Companies"), ApiToken.companies, in_list=False),
        Column("networks", _("Networks"), ApiToken.networks, in_list=False),
        Column("created_at", _("Made"), ApiToken.created_at, Kind.INSTANT, in_list=False),
        Column("created_by", _("Made by"), ApiToken.created_by, in_list=False),
    ),
    filters=(Filter("user", _("Owner"), ApiToken.user_id, kind="picker", picker="core.user"),),
    search=(ApiToken.name, ApiToken.prefix),
    search_label=_("Search by name or beginning"),
    joins=lambda statement: statement.join(User, User.id == ApiToken.user_id),
    title=_title,
    sections=(
        Section(_("Token"), ("name", "prefix", "owner", "created_at", "created_by")),
        Section(_("Reach"), ("companies", "permissions", "networks")),
        Section(_("Use"), ("expires_at", "last_used_at", "revoked_at")),
    ),
    actions=(
        Action(
            "revoke",
            Operation(
                revoke_token,
                RevokeToken,
                TOKEN_REVOKE,
                _("Revoke"),
                done=_("The token is revoked."),
            ),
            icon="ban",
            danger=True,
            confirm=_("The program that uses it is shut out at once."),
            refuses=lambda _session, token: (
                gettext("It was revoked already.") if token.revoked_at else None
            ),
        ),
    ),
    empty=Empty(_("No tokens yet"), _("Nobody has made an API token."), "key"),
)


def _joined(statement: Any) -> Any:
    return statement.join(ServiceAccount, ServiceAccount.user_id == User.id).join(
        _RESPONSIBLE, _RESPONSIBLE.id == ServiceAccount.responsible_id
    )


def _values(session: Session, user: User | None) -> dict[str, Any]:
    if user is None:
        return {"responsible_id": context_of(session).actor.user_id}
    account = service_account_of(session, user.id)
    return {
        "name": user.name,
        "responsible_id": account.responsible_id,
        "purpose": account.purpose,
    }


def _tokens(session: Session, user: User) -> dict[str, Any]:
    context = context_of(session)
    locale = context.locale
    links = (
        (
            Button(
                gettext("New token"),
                href=url_for("service_tokens.new_for_service", user_id=user.id),
                icon="plus",
            ),
        )
        if context.may(SERVICE_ACCOUNT_EDIT)
        else ()
    )
    return {
        "heads": (
            Head("name", _("Name")),
            Head("prefix", _("Begins with")),
            Head("state", _("State")),
            Head("until", _("Valid until")),
        ),
        "rows": tuple(
            Row(
                (
                    Cell(
                        row["name"],
                        "link",
                        resource_url("core.api_token", "record", id=int(row["id"])),
                    ),
                    Cell(row["prefix"], "code"),
                    Cell(row["state"]),
                    Cell(date_text(row["expires_at"].date(), locale), "date"),
                )
            )
            for row in tokens_of(session, user.id)
        ),
        "empty": gettext("No tokens yet."),
        "links": links,
    }


SERVICE_ACCOUNTS = Resource(
    name="core.service_account",
    path="service-accounts",
    model=User,
    view=TOKEN_VIEW,
    label=_("Service account"),
    label_many=_("Service accounts"),
    icon="plug",
    help=_("Programs that use the API in their own name. They never sign in with a browser."),
    columns=(
        Column("login", _("Account name"), User.login, sortable=True, link=True),
        Column("name", _("Name"), User.name),
        Column("responsible", _("Responsible"), _RESPONSIBLE.name),
        Column(
            "responsible_active",
            _("Responsible person is active"),
            case((_RESPONSIBLE.state == UserState.ACTIVE, 1), else_=0) == 1,
            Kind.BOOL,
        ),
        Column("state", _("State"), User.state, Kind.STATE, choices=STATES),
        Column("purpose", _("Purpose"), ServiceAccount.purpose, in_list=False),
        Column("created_at", _("Created"), User.created_at, Kind.INSTANT, in_list=False),
    ),
    filters=(Filter("state", _("State"), User.state, STATES),),
    search=(User.login, User.name),
    search_label=_("Search by name"),
    order=("login",),
    joins=_joined,
    criteria=lambda _session: (exists().where(ServiceAccount.user_id == User.id).correlate(User),),
    title=lambda user: str(user.name),
    sections=(
        Section(
            _("Account"), ("login", "name", "purpose", "responsible", "responsible_active", "state")
        ),
    ),
    state="state",
    create=Operation(
        create_service_account,
        CreateServiceAccount,
        SERVICE_ACCOUNT_EDIT,
        _("New service account"),
        initial=_values,
    ),
    update=Operation(
        edit_service_account, EditServiceAccount, SERVICE_ACCOUNT_EDIT, _("Edit"), initial=_values
    ),
    actions=(
        Action(
            "give_role",
            Operation(
                give_role, GiveRole, GRANT_EDIT, _("Give a role"), done=_("The role was given.")
            ),
            icon="key",
            states=(UserState.ACTIVE.value,),
            primary=True,
        ),
        Action(
            "disable",
            Operation(
                disable_user,
                DisableUser,
                USER_DISABLE,
                _("Disable"),
                help=_("Its tokens open nothing from now on."),
                done=_("The account is disabled."),
            ),
            icon="ban",
            states=(UserState.ACTIVE.value,),
            leads_to=UserState.DISABLED.value,
            past=_("disabled this"),
            danger=True,
        ),
        Action(
            "enable",
            Operation(
                enable_user,
                EnableUser,
                USER_DISABLE,
                _("Enable"),
                done=_("The account is enabled."),
            ),
            icon="check",
            states=(UserState.DISABLED.value,),
            leads_to=UserState.ACTIVE.value,
            past=_("enabled this"),
            primary=True,
        ),
    ),
    panels=(
        Panel(_("Roles"), "admin/table_panel.html", grants_panel, flush=True),
        Panel(_("Tokens"), "admin/table_panel.html", _tokens, flush=True),
    ),
    empty=Empty(
        _("No service accounts yet"),
        _("Make one for each program that works in its own name."),
        "plug",
    ),
)
