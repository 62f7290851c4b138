"""Service accounts: users that are programs. They have roles and tokens, and no password.

A person answers for each. It is a user like any other in grants, audit trail and record rules, so
nothing has to know of it but signing in, which refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from sqlalchemy import select

from backstay.access.administrators import refuse_superior
from backstay.access.core_permissions import SERVICE_ACCOUNT_EDIT
from backstay.access.models import User, UserState
from backstay.access.token_models import ServiceAccount
from backstay.access.user_commands import LOGIN_PATTERN
from backstay.access.users import get_user
from backstay.clock import now
from backstay.db.context import authorize
from backstay.db.versions import check_version
from backstay.errors import Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.resources.fields import PickerField, TextField

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NO_PASSWORD: Final = "none"  # noqa: S105 - no hash, so that no password fits


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateServiceAccount:
    """A program that is to use the API."""

    login: Annotated[
        str,
        TextField(
            label=lazy("Account name"),
            help=lazy("What the audit trail calls it; it can't be changed later."),
            example="web-shop",
            max_length=80,
            pattern=LOGIN_PATTERN,
            pattern_help=lazy(
                "2 to 80 small letters, digits, dots, hyphens, underscores, + and @,"
                " beginning with a letter or digit."
            ),
        ),
    ]
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1)]
    responsible_id: Annotated[
        int,
        PickerField(
            label=lazy("Responsible person"),
            help=lazy("Who answers for what the program does."),
            resource="core.user",
        ),
    ]
    purpose: Annotated[str, TextField(label=lazy("Purpose"), max_length=500)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditServiceAccount:
    """Name, purpose and responsible person of a service account."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1)]
    responsible_id: Annotated[
        int, PickerField(label=lazy("Responsible person"), resource="core.user")
    ]
    purpose: Annotated[str, TextField(label=lazy("Purpose"), max_length=500)] = ""


def create_service_account(session: Session, command: CreateServiceAccount) -> User:
    """Make an account for a program; roles and tokens are given to it afterwards.

    Raises:
        Invalid: the name is taken or has a wrong form, or nobody answers for it.
    """
    authorize(session, SERVICE_ACCOUNT_EDIT)
    login = command.login.strip().lower()
    if not re.fullmatch(LOGIN_PATTERN, login):
        raise Invalid(_("“%(login)s” can't be an account name.", login=login), field="login")
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise Invalid(_("The name “%(login)s” is taken.", login=login), field="login")
    _check_responsible(session, command.responsible_id)
    user = User(login=login, name=command.name.strip(), password_hash=NO_PASSWORD, created_at=now())
    session.add(user)
    session.flush()
    session.add(
        ServiceAccount(
            user_id=user.id, responsible_id=command.responsible_id, purpose=command.purpose
        )
    )
    session.flush()
    return user


def edit_service_account(session: Session, command: EditServiceAccount) -> User:
    """Change a service account.

    Raises:
        Stale: somebody else saved in the meantime.
        Invalid: nobody would answer for it.
    """
    authorize(session, SERVICE_ACCOUNT_EDIT)
    user = get_user(session, command.id)
    check_version(user, command.version)
    refuse_superior(session, user.id)
    account = service_account_of(session, user.id)
    if command.responsible_id != account.responsible_id:
        _check_responsible(session, command.responsible_id)
    user.name = command.name.strip()
    account.responsible_id = command.responsible_id
    account.purpose = command.purpose
    session.flush()
    return user


def service_account_of(session: Session, user_id: int) -> ServiceAccount:
    """What is known of a service account.

    Raises:
        NotFound: the user is a person, or there is none.
    """
    account = session.get(ServiceAccount, user_id)
    if account is None:
        raise NotFound(_("There is no such service account."))
    return account


def is_service_account(session: Session, user_id: int) -> bool:
    """Whether a user is a program."""
    return session.get(ServiceAccount, user_id) is not None


def _check_responsible(session: Session, user_id: int) -> None:
    user = session.get(User, user_id)
    if user is None or user.state is not UserState.ACTIVE or is_service_account(session, user_id):
        raise Invalid(_("Choose an active person."), field="responsible_id")
