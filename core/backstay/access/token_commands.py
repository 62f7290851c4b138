"""``backstay token``: API tokens for scripts and administrators."""

from __future__ import annotations

import click

from backstay.access.tokens import (
    LONGEST_DAYS,
    CreateToken,
    RevokeToken,
    create_token,
    pepper_from,
    revoke_token,
    token_by_prefix,
    tokens_of,
)
from backstay.access.users import user_by_login
from backstay.cli_environment import command_environment, environment
from backstay.cli_output import echo_json, echo_rows, json_option
from backstay.i18n import gettext as _


@click.group()
def token() -> None:
    """Make, list and revoke API tokens."""


@token.command("create")
@click.argument("login")
@click.argument("name")
@click.option(
    "--days",
    default=90,
    show_default=True,
    metavar="N",
    help=f"How long it is valid, at most {LONGEST_DAYS}.",
)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="NAME",
    help="What it may do, repeatedly; without it everything that LOGIN may.",
)
@click.option(
    "--company",
    "companies",
    multiple=True,
    metavar="CODE",
    help="Where it may, repeatedly; without it in all companies of LOGIN.",
)
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="From where it may be used, repeatedly; without it from anywhere.",
)
@json_option
def create(
    login: str,
    name: str,
    *,
    days: int,
    permissions: tuple[str, ...],
    companies: tuple[str, ...],
    networks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a token called NAME that acts for the user LOGIN; it is printed once."""
    pepper = pepper_from(environment().home.secret_key())
    with command_environment(write=True) as session:
        made = create_token(
            session,
            CreateToken(
                name=name,
                days=days,
                permissions=permissions,
                companies=companies,
                networks=" ".join(networks),
                user_id=user_by_login(session, login).id,
            ),
            pepper=pepper,
        )
        shown = {
            "token": made.secret,
            "prefix": made.token.prefix,
            "expires_at": made.token.expires_at,
        }
    if as_json:
        echo_json(shown)
        return
    click.echo(made.secret)
    click.echo(
        _(
            "Keep it now: it is not shown again. It is called %(prefix)s and valid until %(day)s.",
            prefix=made.token.prefix,
            day=made.token.expires_at.date().isoformat(),
        ),
        err=True,
    )


@token.command("list")
@click.option("--user", "login", metavar="LOGIN", help="Only the tokens of this user.")
@json_option
def list_all(*, login: str | None, as_json: bool) -> None:
    """List tokens with their owners and last use; never the tokens themselves."""
    with command_environment() as session:
        user_id = user_by_login(session, login).id if login else None
        echo_rows(
            ("prefix", "name", "owner", "state", "expires_at", "last_used_at"),
            tokens_of(session, user_id),
            as_json=as_json,
        )


@token.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """Revoke the token that begins with PREFIX; it opens nothing within a second."""
    with command_environment(write=True) as session:
        found = revoke_token(session, RevokeToken(id=token_by_prefix(session, prefix).id))
    click.echo(_("Token %(prefix)s is revoked.", prefix=found.prefix))


COMMANDS = (token,)
