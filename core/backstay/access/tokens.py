"""API tokens: made, shown once, listed, taken back.

A token is ``bst_<8 letters>_<43 characters>``. The first two parts are its name for people; what is
stored of the whole is an HMAC whose key (the pepper) lies outside the database, so that a copy of
the database opens nothing and can't be used to guess. ASVS 5.0 6.5 and 13.3.1.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from sqlalchemy import select

from backstay.access.administrators import refuse_superior
from backstay.access.core_permissions import SERVICE_ACCOUNT_EDIT, TOKEN_REVOKE, TOKEN_VIEW
from backstay.access.grants import access_of
from backstay.access.models import User, UserState
from backstay.access.permissions import SIGNED_IN
from backstay.access.roles import plugin_title
from backstay.access.token_models import ApiToken, ApiTokenUse, ServiceAccount
from backstay.clock import now
from backstay.db.context import authorize, context_of
from backstay.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.kernel.suite import suite_of
from backstay.resources.declare import Choice
from backstay.resources.fields import ChoiceField, ChoicesField, TextField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from backstay.access.grants import Access

LONGEST_DAYS: Final = 366
"""A token that nobody renews within a year is one that nobody remembers."""
MOST_ACTIVE: Final = 50
MOST_NETWORKS: Final = 20
SHAPE: Final = re.compile(r"(bst_[a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def _lives() -> tuple[Choice, ...]:
    return (
        Choice("30", lazy("30 days")),
        Choice("90", lazy("90 days")),
        Choice("180", lazy("half a year")),
        Choice("365", lazy("a year")),
    )


def permission_choices(session: Session) -> tuple[Choice, ...]:
    """What the acting user may do anywhere, by the permissions' names."""
    access = _own_access(session)
    suite = suite_of(session)
    declared = suite.permissions
    return tuple(
        Choice(name, declared[name].label, group=plugin_title(suite, name.partition(".")[0]))
        for name in sorted(_anywhere(access) & declared.keys() - {SIGNED_IN.name})
    )


def company_choices(session: Session) -> tuple[Choice, ...]:
    """The companies that are open to the acting user."""
    return tuple(Choice(one.code, one.name) for one in _own_access(session).companies)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken:
    """A new token of the acting user, or of the user ``user_id``.

    Arguments:
        days: how long it is valid, at most 366.
        permissions: names; none means everything that the owner may, now and later.
        companies: codes; none means all that are open to the owner, and the administration.
        networks: CIDR, separated by spaces, commas or lines; empty means any.
    """

    name: Annotated[
        str,
        TextField(
            label=lazy("Name"),
            help=lazy("What uses it, and where: you will want to know when you take it back."),
            example="Nightly import",
            min_length=1,
            max_length=120,
        ),
    ]
    days: Annotated[int, ChoiceField(label=lazy("Valid for"), choices=_lives())] = 90
    companies: Annotated[
        tuple[str, ...],
        ChoicesField(
            label=lazy("Companies"),
            help=lazy("Tick none for all companies that are open to you, and administration."),
            choices=company_choices,
        ),
    ] = ()
    permissions: Annotated[
        tuple[str, ...],
        ChoicesField(
            label=lazy("May"),
            help=lazy("Tick none for everything that you may. It never may more than you."),
            choices=permission_choices,
        ),
    ] = ()
    networks: Annotated[
        str,
        TextField(
            label=lazy("From these networks only"),
            help=lazy("Addresses or networks in CIDR notation, one a line; empty means any."),
            example="192.0.2.0/24",
            max_length=1000,
            multiline=True,
        ),
    ] = ""
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateServiceToken:
    """A new token of a service account; its roles say what it may."""

    name: Annotated[
        str, TextField(label=lazy("Name"), example="Web shop", min_length=1, max_length=120)
    ]
    days: Annotated[int, ChoiceField(label=lazy("Valid for"), choices=_lives())] = 90
    networks: Annotated[
        str,
        TextField(
            label=lazy("From these networks only"),
            help=lazy("Addresses or networks in CIDR notation, one a line; empty means any."),
            example="192.0.2.0/24",
            max_length=1000,
            multiline=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """A token that is to open nothing from now on."""

    id: int


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token with its only appearance in clear."""

    token: ApiToken
    secret: str


def pepper_from(secret_key: str) -> bytes:
    """The key of the tokens' hashes, derived from the installation's secret file."""
    return hmac.new(secret_key.encode(), b"backstay api tokens", hashlib.sha256).digest()


def secret_hash(pepper: bytes, token: str) -> str:
    """What is stored of a token."""
    return hmac.new(pepper, token.encode(), hashlib.sha256).hexdigest()


def create_token(session: Session, command: CreateToken, *, pepper: bytes) -> NewToken:
    """Make a token; it is returned in clear once and kept as a hash only.

    Raises:
        Forbidden: it is for another person, or for a service account without the permission.
        Invalid: a permission or company that the owner does not have, a network or a number of
            days that can't be.
        Conflict: the owner is disabled, nobody who is active answers for the service account, or
            there are fifty tokens already.
    """
    context = authorize(session, SIGNED_IN)
    owner = _owner(session, command.user_id or context.actor.user_id)
    access = access_of(session, owner.id)
    if owner.state is not UserState.ACTIVE or access is None:
        raise Conflict(_("%(login)s is disabled.", login=owner.login))
    _check_responsible(session, owner)
    problems = [*_scope_problems(session, command, access)]
    networks = _networks(command.networks, problems)
    if not command.name.strip():
        problems.append(Problem(_("Give the token a name."), "name"))
    if not 1 <= command.days <= LONGEST_DAYS:
        problems.append(
            Problem(_("A token lives for 1 to %(most)s days.", most=LONGEST_DAYS), "days")
        )
    if problems:
        raise Invalid(_("The token can't be made."), problems=tuple(problems))
    at = now()
    active = session.scalars(
        select(ApiToken.id).where(
            ApiToken.user_id == owner.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > at
        )
    ).all()
    if len(active) >= MOST_ACTIVE:
        raise Conflict(_("There are %(most)s tokens already: revoke some.", most=MOST_ACTIVE))
    prefix = "bst_" + "".join(secrets.choice(_ALPHABET) for _letter in range(8))
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        user_id=owner.id,
        name=command.name.strip(),
        prefix=prefix,
        secret_hash=secret_hash(pepper, secret),
        permissions=" ".join(sorted(set(command.permissions))),
        companies=" ".join(sorted(set(command.companies))),
        networks=" ".join(networks),
        created_at=at,
        created_by=context.actor.label,
        expires_at=at + timedelta(days=command.days),
    )
    session.add(token)
    session.flush()
    return NewToken(token, secret)


def create_service_token(
    session: Session, user_id: int, command: CreateServiceToken, *, pepper: bytes
) -> NewToken:
    """Make a token of a service account; otherwise as :func:`create_token`."""
    wanted = CreateToken(
        name=command.name, days=command.days, networks=command.networks, user_id=user_id
    )
    return create_token(session, wanted, pepper=pepper)


def revoke_token(session: Session, command: RevokeToken) -> ApiToken:
    """Take a token back: one's own, or with the permission anybody's.

    Raises:
        NotFound: there is none, or it is somebody else's.
        Conflict: it was revoked already.
    """
    context = context_of(session)
    token = session.get(ApiToken, command.id)
    if token is None or (token.user_id != context.actor.user_id and not context.may(TOKEN_REVOKE)):
        raise NotFound(_("There is no such token."))
    if token.revoked_at is not None:
        raise Conflict(_("The token %(prefix)s was revoked already.", prefix=token.prefix))
    token.revoked_at = now()
    token.revoked_by = context.actor.label
    session.flush()
    return token


def token_by_prefix(session: Session, prefix: str) -> ApiToken:
    """The token that people call by its first part (or by the whole of it).

    Raises:
        NotFound: there is none.
    """
    found = SHAPE.fullmatch(prefix)
    wanted = found[1] if found else prefix
    token = session.scalar(select(ApiToken).where(ApiToken.prefix == wanted))
    if token is None:
        raise NotFound(_("There is no token “%(prefix)s”.", prefix=wanted[:20]), field="prefix")
    return token


def tokens_of(session: Session, user_id: int | None) -> list[dict[str, Any]]:
    """Tokens with owner, scope and last use, the latest first; of one user or of all.

    Raises:
        Forbidden: they are not one's own, and the permission to see them is missing.
    """
    if user_id is None or user_id != context_of(session).actor.user_id:
        authorize(session, TOKEN_VIEW)
    query = (
        select(ApiToken, User.login, ApiTokenUse.at, ApiTokenUse.ip)
        .join(User, User.id == ApiToken.user_id)
        .outerjoin(ApiTokenUse, ApiTokenUse.token_id == ApiToken.id)
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    return [
        {
            "id": str(token.id),
            "prefix": token.prefix,
            "name": token.name,
            "owner": login,
            "state": state_of(token),
            "permissions": token.permissions.split(),
            "companies": token.companies.split(),
            "networks": token.networks.split(),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "last_used_at": used_at,
            "last_used_from": ip or "",
        }
        for token, login, used_at, ip in session.execute(query)
    ]


def state_of(token: ApiToken) -> str:
    """``active``, ``expired`` or ``revoked``."""
    if token.revoked_at is not None:
        return "revoked"
    return "active" if token.expires_at > now() else "expired"


def _owner(session: Session, user_id: int | None) -> User:
    context = context_of(session)
    owner = session.get(User, user_id) if user_id is not None else None
    if owner is None:
        raise NotFound(_("There is no such user."), field="user_id")
    if context.permissions is None or owner.id == context.actor.user_id:
        return owner
    if session.get(ServiceAccount, owner.id) is None:
        raise Forbidden(_("Everybody makes their own tokens; this is another person's account."))
    authorize(session, SERVICE_ACCOUNT_EDIT)
    refuse_superior(session, owner.id)
    return owner


def _check_responsible(session: Session, owner: User) -> None:
    account = session.get(ServiceAccount, owner.id)
    if account is None:
        return
    responsible = session.get(User, account.responsible_id)
    if responsible is None or responsible.state is not UserState.ACTIVE:
        raise Conflict(
            _(
                "The person who answers for %(login)s is disabled, so a token of it would not work."
                " Name another one first.",
                login=owner.login,
            )
        )


def _own_access(session: Session) -> Access:
    user_id = context_of(session).actor.user_id
    access = access_of(session, user_id) if user_id is not None else None
    if access is None:
        raise NotFound(_("There is no such user."))
    return access


def _anywhere(access: Access) -> frozenset[str]:
    return access.everywhere.union(*access.by_company.values())


def _scope_problems(session: Session, command: CreateToken, access: Access) -> Iterable[Problem]:
    held = _anywhere(access)
    for name in command.permissions:
        if name not in held:
            yield Problem(
                _("%(login)s does not have “%(name)s”.", login=access.person.login, name=name),
                "permissions",
            )
    del session
    for code in command.companies:
        if access.company(code) is None:
            yield Problem(
                _(
                    "Company %(code)s is not open to %(login)s.",
                    code=code,
                    login=access.person.login,
                ),
                "companies",
            )


def _networks(typed: str, problems: list[Problem]) -> list[str]:
    found: list[str] = []
    for text in re.split(r"[\s,;]+", typed.strip()):
        if not text:
            continue
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError:
            problems.append(
                Problem(
                    _("“%(text)s” is no network: write 192.0.2.0/24 or 2001:db8::/32.", text=text),
                    "networks",
                )
            )
    if len(found) > MOST_NETWORKS:
        problems.append(Problem(_("At most %(most)s networks.", most=MOST_NETWORKS), "networks"))
    return sorted(set(found))
