"""``backstay user``, ``backstay role`` and ``backstay session``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backstay.access.assignments import grant_role, revoke_grant, role_by_code
from backstay.access.core_permissions import ROLE_VIEW
from backstay.access.queries import list_roles, list_sessions, list_users
from backstay.access.roles import permissions_by_plugin, plugin_title, risk_label
from backstay.access.user_commands import (
    CreateUser,
    DisableUser,
    EnableUser,
    GrantRole,
    ResetPassword,
    RevokeGrant,
    RevokeSession,
)
from backstay.access.users import (
    create_user,
    disable_user,
    enable_user,
    one_time_password,
    reset_password,
    revoke_session,
    user_by_login,
)
from backstay.cli_environment import command_environment
from backstay.cli_output import echo_rows, json_option, password_from_stdin, password_option
from backstay.companies.services import company_by_code
from backstay.db.context import authorize
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

_date = click.DateTime(["%Y-%m-%d"])
_company = click.option(
    "--company", metavar="CODE", help="The company that the role is for; without it all."
)
_until = click.option("--valid-to", type=_date, metavar="DATE", help="The role's last day.")


@click.group()
def user() -> None:
    """Create, list, disable and enable users; give and take roles."""


@user.command("create")
@click.argument("login")
@click.option("--role", "roles", multiple=True, metavar="CODE", help="May be given repeatedly.")
@_company
@_until
@click.option("--name", default="", help="Full name; by default the sign-in name.")
@click.option("--email", default="", help="Address for messages; may be left out.")
@click.option(
    "--must-change-password",
    is_flag=True,
    help="Ask for a new password at the first sign-in (always with a one-time password).",
)
@password_option
def create(
    login: str,
    *,
    roles: tuple[str, ...],
    company: str | None,
    valid_to: datetime | None,
    name: str,
    email: str,
    must_change_password: bool,
    password_stdin: bool,
) -> None:
    """Create the user LOGIN."""
    password = password_from_stdin() if password_stdin else one_time_password()
    with command_environment(write=True) as session:
        made = create_user(
            session,
            CreateUser(
                login=login,
                name=name or login,
                email=email,
                roles=roles,
                company_id=_company_id(session, company),
                valid_to=valid_to.date() if valid_to else None,
                password=password,
                must_change_password=must_change_password or not password_stdin,
            ),
        )
    click.echo(_("User %(login)s was created.", login=made.login))
    if not password_stdin:
        click.echo(_("One-time password: %(password)s", password=password))


@user.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List users with their roles."""
    with command_environment() as session:
        echo_rows(("login", "name", "state", "roles"), list_users(session), as_json=as_json)


@user.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Keep LOGIN from signing in, and end their sessions."""
    with command_environment(write=True) as session:
        disable_user(session, DisableUser(id=user_by_login(session, login).id))
    click.echo(_("%(login)s is disabled and signed out.", login=login))


@user.command("enable")
@click.argument("login")
def enable(login: str) -> None:
    """Let LOGIN sign in again."""
    with command_environment(write=True) as session:
        enable_user(session, EnableUser(id=user_by_login(session, login).id))
    click.echo(_("%(login)s is enabled.", login=login))


@user.command("reset-password")
@click.argument("login")
@password_option
def reset(login: str, *, password_stdin: bool) -> None:
    """Give LOGIN a new password, which must be changed at the next sign-in."""
    password = password_from_stdin() if password_stdin else one_time_password()
    with command_environment(write=True) as session:
        found = user_by_login(session, login)
        reset_password(session, ResetPassword(id=found.id, password=password))
    click.echo(_("%(login)s has a new password and is signed out.", login=login))
    if not password_stdin:
        click.echo(_("One-time password: %(password)s", password=password))


@user.command("grant")
@click.argument("login")
@click.argument("role")
@_company
@_until
def grant(login: str, role: str, *, company: str | None, valid_to: datetime | None) -> None:
    """Give LOGIN the role ROLE."""
    with command_environment(write=True) as session:
        grant_role(
            session,
            GrantRole(
                user_id=user_by_login(session, login).id,
                role=role,
                company_id=_company_id(session, company),
                valid_to=valid_to.date() if valid_to else None,
            ),
        )
    click.echo(_("%(login)s has the role %(role)s.", login=login, role=role))


@user.command("revoke")
@click.argument("login")
@click.argument("role")
@_company
def revoke(login: str, role: str, *, company: str | None) -> None:
    """Take the role ROLE from LOGIN."""
    with command_environment(write=True) as session:
        found = user_by_login(session, login)
        wanted = role_by_code(session, role)
        company_id = _company_id(session, company)
        grants = [
            one for one in found.grants if one.role_id == wanted.id and one.company_id == company_id
        ]
        if not grants:
            raise Invalid(
                _("%(login)s does not have the role %(role)s there.", login=login, role=role),
                field="role",
            )
        for one in grants:
            revoke_grant(session, RevokeGrant(id=one.id))
    click.echo(_("The role %(role)s was taken from %(login)s.", login=login, role=role))


@click.group()
def role() -> None:
    """List roles and what they permit."""


@role.command("list")
@json_option
def list_role(*, as_json: bool) -> None:
    """List roles."""
    with command_environment() as session:
        echo_rows(("code", "name", "description"), list_roles(session), as_json=as_json)


@role.command("show")
@click.argument("code")
def show(code: str) -> None:
    """Say in words what the role CODE permits."""
    with command_environment() as session:
        authorize(session, ROLE_VIEW)
        found = role_by_code(session, code)
        held = {row.permission for row in found.permissions}
        suite = suite_of(session)
        click.echo(f"{found.name}: {found.description}")
        for plugin, permissions in permissions_by_plugin(suite).items():
            mine = [one for one in permissions if one.name in held]
            if mine:
                click.echo(f"\n{plugin_title(suite, plugin)}")
            for one in mine:
                click.echo(f"  {one.label} [{risk_label(one.risk)}] ({one.name})")
        gone = sorted(held - suite.permissions.keys())
        if gone:
            click.echo("\n" + _("Of modules that are switched off: ") + ", ".join(gone))


@click.group("session")
def sign_ins() -> None:
    """List signed-in browsers and sign them out."""


@sign_ins.command("list")
@json_option
def list_sign_ins(*, as_json: bool) -> None:
    """List the browsers that are signed in now."""
    with command_environment() as session:
        echo_rows(
            ("id", "login", "device", "ip", "seen_at"), list_sessions(session), as_json=as_json
        )


@sign_ins.command("revoke")
@click.argument("session_id", type=int, metavar="ID")
def revoke_one(session_id: int) -> None:
    """Sign the browser with the session ID out."""
    with command_environment(write=True) as session:
        revoke_session(session, RevokeSession(id=session_id))
    click.echo(_("Signed out."))


def _company_id(session: Session, code: str | None) -> int | None:
    return company_by_code(session, code).id if code else None


COMMANDS = (user, role, sign_ins)
