"""The pages of users: list, record with roles and sessions, forms, actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for
from sqlalchemy import exists, func, select

from backstay.access.administrators import administers_more
from backstay.access.assignments import give_role
from backstay.access.core_permissions import (
    CONTACT,
    GRANT_EDIT,
    ROLE_VIEW,
    USER_CREATE,
    USER_DISABLE,
    USER_EDIT,
    USER_RESET_PASSWORD,
    USER_VIEW,
)
from backstay.access.models import Grant, Role, SignIn, User, UserState
from backstay.access.token_models import ServiceAccount
from backstay.access.user_commands import (
    CreateUser,
    DisableUser,
    EditUser,
    EnableUser,
    GiveRole,
    IssuePassword,
)
from backstay.access.user_pages import show_password
from backstay.access.users import (
    disable_user,
    edit_user,
    enable_user,
    invite_user,
    issue_password,
)
from backstay.audit.models import AuditEvent
from backstay.clock import today
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
    Panel,
    Related,
    Resource,
    Section,
)
from backstay.resources.formats import date_text
from backstay.resources.urls import resource_url
from backstay.web.page import Button, Cell, Head, Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

STATES = (
    Choice(UserState.ACTIVE.value, _("Active"), "ok"),
    Choice(UserState.DISABLED.value, _("Disabled"), "neutral"),
)

_ROLES = (
    select(func.aggregate_strings(Role.name, ", "))
    .where(
        # Said in full: what lies two levels out is not correlated by itself.
        exists().where(Grant.role_id == Role.id, Grant.user_id == User.id).correlate(Role, User)
    )
    .correlate(User)
    .scalar_subquery()
)
_SEEN = (
    select(func.max(SignIn.seen_at))
    .where(SignIn.user_id == User.id)
    .correlate(User)
    .scalar_subquery()
)


def _title(user: User) -> str:
    return user.name


def _picked(user: User) -> str:
    return f"{user.name} ({user.login})"


def _not_own(message: Any) -> Any:
    """Why an action is not offered on one's own account, or on that of a superior."""

    def refuses(session: Session, user: User) -> str | None:
        context = context_of(session)
        if context.actor.user_id == user.id:
            return str(message)
        if administers_more(session, user.id):
            return gettext("This user may administer more than you.")
        return None

    return refuses


def _own_roles(session: Session, user: User) -> str | None:
    if context_of(session).actor.user_id == user.id:
        return gettext("Nobody can give a role to themselves. Ask another administrator.")
    return None


def grants_panel(session: Session, user: User) -> dict[str, Any]:
    """The roles of a user, each with the way to take it back."""
    context = context_of(session)
    may_take = context.may(GRANT_EDIT) and context.actor.user_id != user.id
    rows = session.execute(
        select(Grant, Role, Company)
        .join(Role, Role.id == Grant.role_id)
        .outerjoin(Company, Company.id == Grant.company_id)
        .where(Grant.user_id == user.id)
        .order_by(Role.name, Grant.id)
    ).all()
    day = today()
    heads = (
        Head("role", _("Role")),
        Head("company", _("In")),
        Head("until", _("Until")),
        Head("by", _("Given by")),
        *((Head("take", _("Action")),) if may_take else ()),
    )
    locale = context.locale

    def cells(grant: Grant, role: Role, company: Company | None) -> tuple[Cell, ...]:
        until = date_text(grant.valid_to, locale) if grant.valid_to else gettext("open")
        if grant.valid_to is not None and grant.valid_to < day:
            until = gettext("ended %(day)s", day=until)
        elif grant.valid_from > day:
            until = gettext("from %(day)s", day=date_text(grant.valid_from, locale))
        href = resource_url("core.role", "record", id=role.id) if context.may(ROLE_VIEW) else None
        take = resource_url("core.grant", "action", action="revoke", id=grant.id)
        return (
            Cell(role.name, "link", href),
            Cell(company.name if company else gettext("All companies")),
            Cell(until, "date"),
            Cell(grant.granted_by, "muted"),
            *((Cell(gettext("Take away"), "link", take),) if may_take else ()),
        )

    links = (
        (
            Button(
                gettext("Why may or may not …?"),
                href=url_for("user_pages.explain", user_id=user.id),
                icon="help-circle",
                kind="ghost",
            ),
        )
        if context.may(ROLE_VIEW)
        else ()
    )
    return {
        "heads": heads,
        "rows": tuple(Row(cells(*row)) for row in rows),
        "empty": gettext("No roles yet: this user sees only their own pages."),
        "links": links,
    }


def _history(session: Session, user: User) -> list[tuple[str, str]]:
    """The user's roles belong to their history, also those that were taken away."""
    entity = Grant.__tablename__
    ids = session.scalars(
        select(AuditEvent.entity_id)
        .where(
            AuditEvent.entity == entity,
            AuditEvent.label.startswith(f"{user.login}: ", autoescape=True),
        )
        .distinct()
        .limit(100)
    )
    return [(entity, entity_id) for entity_id in ids]


def _sessions(session: Session, user: User) -> int:
    return (
        session.scalar(
            select(func.count(SignIn.id)).where(
                SignIn.user_id == user.id, SignIn.revoked_at.is_(None)
            )
        )
        or 0
    )


USERS = Resource(
    name="core.user",
    path="users",
    model=User,
    view=USER_VIEW,
    label=_("User"),
    label_many=_("Users"),
    icon="users",
    help=_("Who can sign in, with which roles. A user who leaves is disabled, never deleted."),
    columns=(
        Column("login", _("Sign-in name"), User.login, sortable=True, link=True),
        Column("name", _("Name"), User.name),
        Column("roles", _("Roles"), _ROLES),
        Column("email", _("E-mail"), User.email, group=CONTACT),
        Column("state", _("State"), User.state, Kind.STATE, choices=STATES),
        Column("seen", _("Last seen"), _SEEN, Kind.INSTANT),
        Column("time_zone", _("Time zone"), User.time_zone, in_list=False),
        Column("locale", _("Language"), User.locale, in_list=False),
        Column(
            "must_change_password",
            _("Must change the password"),
            User.must_change_password,
            Kind.BOOL,
            in_list=False,
        ),
        Column("created_at", _("Created"), User.created_at, Kind.INSTANT, in_list=False),
    ),
    filters=(
        Filter("state", _("State"), User.state, STATES),
        Filter(
            "role",
            _("Role"),
            User.id,
            kind="picker",
            picker="core.role",
            condition=lambda value: exists().where(
                Grant.user_id == User.id, Grant.role_id == _number(value)
            ),
        ),
    ),
    search=(User.login, User.name),
    search_label=_("Search by name"),
    order=("login",),
    sections=(
        Section(_("Person"), ("login", "name", "email", "locale", "time_zone")),
        Section(_("Account"), ("state", "seen", "created_at", "must_change_password")),
    ),
    title=_title,
    picker_label=_picked,
    picker_criteria=lambda _session: (User.state == UserState.ACTIVE,),
    # Programs have a list of their own.
    criteria=lambda _session: (~exists().where(ServiceAccount.user_id == User.id).correlate(User),),
    state="state",
    create=Operation(
        invite_user,
        CreateUser,
        USER_CREATE,
        _("New user"),
        sections=(
            Section(_("Person"), ("login", "name", "email", "time_zone")),
            Section(
                _("First role"),
                ("roles", "company_id", "valid_to"),
                _("What the person may do, and where. More can be given afterwards."),
            ),
        ),
        help=_("The user gets a one-time password, which you see on the next page."),
        respond=show_password,
        in_api=False,
    ),
    update=Operation(
        edit_user,
        EditUser,
        USER_EDIT,
        _("Edit"),
        sections=(
            Section(_("Person"), ("name", "email")),
            Section(_("Settings"), ("time_zone",)),
        ),
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
            refuses=_own_roles,
        ),
        Action(
            "reset_password",
            Operation(
                issue_password,
                IssuePassword,
                USER_RESET_PASSWORD,
                _("Reset password"),
                help=_("Makes a one-time password and signs the user out everywhere."),
                respond=show_password,
                in_api=False,
            ),
            icon="rotate",
            states=(UserState.ACTIVE.value,),
            refuses=_not_own(_("Change your own password on your own page.")),
        ),
        Action(
            "disable",
            Operation(
                disable_user,
                DisableUser,
                USER_DISABLE,
                _("Disable"),
                help=_(
                    "The user is signed out at once and can't sign in again. Service accounts that"
                    " they answer for stop until another person does."
                ),
                done=_("The user is disabled and signed out."),
            ),
            icon="ban",
            states=(UserState.ACTIVE.value,),
            leads_to=UserState.DISABLED.value,
            past=_("disabled this"),
            danger=True,
            refuses=_not_own(_("You can't disable your own account.")),
        ),
        Action(
            "enable",
            Operation(
                enable_user,
                EnableUser,
                USER_DISABLE,
                _("Enable"),
                done=_("The user can sign in again."),
            ),
            icon="check",
            states=(UserState.DISABLED.value,),
            leads_to=UserState.ACTIVE.value,
            past=_("enabled this"),
            primary=True,
            refuses=_not_own(_("You can't enable your own account.")),
        ),
    ),
    related=(
        Related(_("Signed-in browsers"), "core.session", "user", _sessions, "devices"),
        Related(_("What this user did"), "core.audit", "user", None, "history"),
    ),
    panels=(Panel(_("Roles"), "admin/table_panel.html", grants_panel, flush=True),),
    history=_history,
    empty=Empty(
        _("No users yet"),
        _("Everybody who works here gets an account of their own."),
        "users",
    ),
)


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else -1  # noqa: PLR2004
