"""The pages of grants (who has which role where) and of signed-in browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, bindparam, case, func, literal

from backstay.access.administrators import administers_more
from backstay.access.assignments import revoke_grant
from backstay.access.core_permissions import (
    GRANT_EDIT,
    SESSION_REVOKE,
    SESSION_VIEW,
    USER_VIEW,
)
from backstay.access.models import Grant, Role, SignIn, User
from backstay.access.sessions import IDLE, LONGEST
from backstay.access.user_commands import RevokeGrant, RevokeSession
from backstay.access.user_pages import back_to_sessions, back_to_user
from backstay.access.users import revoke_session
from backstay.clock import now, today
from backstay.companies.models import Company
from backstay.db.context import context_of
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.resources.declare import (
    Action,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Resource,
    Section,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_TODAY = bindparam("today", callable_=today, type_=Date())
_STANDING = case(
    (Grant.valid_from > _TODAY, literal("later")),
    (Grant.valid_to < _TODAY, literal("over")),
    else_=literal("in force"),
)
_STANDINGS = (
    Choice("in force", _("In force"), "ok"),
    Choice("later", _("Begins later"), "info"),
    Choice("over", _("Ended"), "neutral"),
)


def _with_names(statement: Any) -> Any:
    return (
        statement.join(User, User.id == Grant.user_id)
        .join(Role, Role.id == Grant.role_id)
        .outerjoin(Company, Company.id == Grant.company_id)
    )


def _grant_title(grant: Grant) -> str:
    return grant.audit_label()


def _not_own(session: Session, grant: Grant) -> str | None:
    if context_of(session).actor.user_id == grant.user_id:
        return gettext("Nobody can take a role from themselves. Ask another administrator.")
    if administers_more(session, grant.user_id):
        return gettext("This user may administer more than you.")
    return None


GRANTS = Resource(
    name="core.grant",
    path="grants",
    model=Grant,
    view=USER_VIEW,
    label=_("Given role"),
    label_many=_("Given roles"),
    icon="key",
    help=_("Who has which role, where, and until when."),
    columns=(
        Column("user", _("User"), User.login, link=True),
        Column("role", _("Role"), Role.name),
        Column(
            "company",
            _("In"),
            func.coalesce(Company.name, literal("")),
            format=lambda name: name or gettext("All companies"),
        ),
        Column("valid_from", _("From"), Grant.valid_from, Kind.DATE),
        Column("valid_to", _("Until"), Grant.valid_to, Kind.DATE),
        Column("standing", _("Standing"), _STANDING, Kind.STATE, choices=_STANDINGS),
        Column("granted_by", _("Given by"), Grant.granted_by),
        Column("granted_at", _("Given"), Grant.granted_at, Kind.INSTANT, in_list=False),
    ),
    filters=(
        Filter("user", _("User"), Grant.user_id, kind="picker", picker="core.user"),
        Filter("role", _("Role"), Grant.role_id, kind="picker", picker="core.role"),
        Filter("company", _("Company"), Grant.company_id, kind="picker", picker="core.company"),
    ),
    search=(User.login, User.name, Role.name),
    search_label=_("Search by user or role"),
    joins=_with_names,
    sections=(
        Section(_("Role"), ("user", "role", "company", "standing")),
        Section(_("Validity"), ("valid_from", "valid_to", "granted_by", "granted_at")),
    ),
    title=_grant_title,
    actions=(
        Action(
            "revoke",
            Operation(
                revoke_grant,
                RevokeGrant,
                GRANT_EDIT,
                _("Take away"),
                help=_("It ends at once: the user's next request is answered without it."),
                respond=back_to_user,
            ),
            icon="ban",
            danger=True,
            refuses=_not_own,
        ),
    ),
    empty=Empty(_("Nobody has a role yet"), _("Roles are given on a user's page."), "key"),
)


def _signed_in_now(_session: Session) -> Sequence[ColumnElement[bool]]:
    at = now()
    return (
        SignIn.revoked_at.is_(None),
        SignIn.seen_at > at - IDLE,
        SignIn.created_at > at - LONGEST,
    )


def _with_user(statement: Any) -> Any:
    return statement.join(User, User.id == SignIn.user_id)


def _session_title(row: SignIn) -> str:
    return f"{row.user.login}, {row.device}" if row.device else row.user.login


SESSIONS = Resource(
    name="core.session",
    path="sessions",
    model=SignIn,
    view=SESSION_VIEW,
    label=_("Signed-in browser"),
    label_many=_("Signed-in browsers"),
    icon="devices",
    help=_("Who is signed in now, and from where. Past sign-ins are in the audit trail."),
    columns=(
        Column("user", _("User"), User.login, link=True),
        Column("device", _("Browser"), SignIn.device),
        Column("ip", _("Network address"), SignIn.ip, Kind.CODE),
        Column("created_at", _("Signed in"), SignIn.created_at, Kind.INSTANT),
        Column("seen_at", _("Last seen"), SignIn.seen_at, Kind.INSTANT),
        Column("company_code", _("Last company"), SignIn.company_code, in_list=False),
    ),
    filters=(Filter("user", _("User"), SignIn.user_id, kind="picker", picker="core.user"),),
    search=(User.login, User.name),
    search_label=_("Search by user"),
    joins=_with_user,
    criteria=_signed_in_now,
    sections=(
        Section(_("Browser"), ("user", "device", "ip")),
        Section(_("Use"), ("created_at", "seen_at", "company_code")),
    ),
    title=_session_title,
    actions=(
        Action(
            "revoke",
            Operation(
                revoke_session,
                RevokeSession,
                SESSION_REVOKE,
                _("Sign out"),
                respond=back_to_sessions,
            ),
            icon="logout",
            danger=True,
            confirm=_("This browser is signed out at once; what was not saved in it is lost."),
        ),
    ),
    empty=Empty(_("Nobody is signed in"), _("Browsers appear here after a sign-in."), "devices"),
)
