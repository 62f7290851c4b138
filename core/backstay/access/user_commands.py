"""What can be asked of a user account: the commands, which are also the schema of their forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import select

from backstay.access.core_permissions import CONTACT
from backstay.access.models import Role
from backstay.i18n import lazy as _
from backstay.resources.declare import Choice
from backstay.resources.fields import (
    ChoiceField,
    ChoicesField,
    DateField,
    PickerField,
    TextField,
)
from backstay.time_zones import time_zone_choices

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LOGIN_PATTERN = r"[a-z0-9][a-z0-9._@+\-]{1,79}"


def role_choices(session: Session) -> tuple[Choice, ...]:
    """All roles by name, with what they are for."""
    rows = session.execute(select(Role.code, Role.name, Role.description).order_by(Role.name))
    return tuple(Choice(code, name, help=description) for code, name, description in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser:
    """A person who is to sign in, with the roles to begin with.

    Arguments:
        roles: codes of roles.
        company_id: the company that the roles are for; None means all.
        password: the first password; the browser and the command line make or ask for one.
    """

    login: Annotated[
        str,
        TextField(
            label=_("Sign-in name"),
            help=_("What the person types to sign in; it can't be changed later."),
            example="j.doe",
            max_length=80,
            pattern=LOGIN_PATTERN,
            pattern_help=_(
                "2 to 80 small letters, digits, dots, hyphens, underscores, + and @,"
                " beginning with a letter or digit."
            ),
        ),
    ]
    name: Annotated[str, TextField(label=_("Full name"), help=_("As colleagues know them."))]
    email: Annotated[
        str,
        TextField(label=_("E-mail"), max_length=254, group=CONTACT, autocomplete="off"),
    ] = ""
    time_zone: Annotated[str, ChoiceField(label=_("Time zone"), choices=time_zone_choices)] = "UTC"
    roles: Annotated[
        tuple[str, ...],
        ChoicesField(
            label=_("Roles"),
            help=_("What the person may do. More can be given later, for other companies."),
            choices=role_choices,
        ),
    ] = ()
    company_id: Annotated[
        int | None,
        PickerField(
            label=_("In company"),
            help=_("Leave empty for all companies and for administration."),
            resource="core.company",
        ),
    ] = None
    valid_to: Annotated[
        date | None,
        DateField(
            label=_("Until"),
            help=_("The last day of these roles. A role that only reads needs one."),
        ),
    ] = None
    password: str = ""
    must_change_password: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EditUser:
    """Name and settings of a user."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label=_("Full name"))]
    email: Annotated[str | None, TextField(label=_("E-mail"), max_length=254, group=CONTACT)] = None
    """None leaves the address as it is (for those who may not see it)."""
    time_zone: Annotated[str, ChoiceField(label=_("Time zone"), choices=time_zone_choices)] = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableUser:
    """A user who is no longer to sign in."""

    id: int
    reason: Annotated[
        str,
        TextField(
            label=_("Reason"), help=_("Kept in the audit trail."), example=_("Left the company")
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableUser:
    """A disabled user who is to sign in again."""

    id: int
    reason: Annotated[str, TextField(label=_("Reason"), help=_("Kept in the audit trail."))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePassword:
    """A one-time password for somebody who forgot theirs."""

    id: int
    reason: Annotated[str, TextField(label=_("Reason"), help=_("Kept in the audit trail."))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveRole:
    """A role for a user, as the user's own page asks for it; ``id`` is the user's."""

    id: int
    role: Annotated[str, ChoiceField(label=_("Role"), choices=role_choices)]
    company_id: Annotated[
        int | None,
        PickerField(
            label=_("In company"),
            help=_("Leave empty for all companies and for administration."),
            resource="core.company",
        ),
    ] = None
    valid_from: Annotated[date | None, DateField(label=_("From"), help=_("Empty means today."))] = (
        None
    )
    valid_to: Annotated[
        date | None,
        DateField(label=_("Until"), help=_("The last day. A role that only reads needs one.")),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPassword:
    """A new password for somebody who forgot theirs."""

    id: int
    password: str
    must_change_password: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRole:
    """A role for a user, in one company or in all, from a day to a day."""

    user_id: int
    role: str
    company_id: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeGrant:
    """A grant that is to end now."""

    id: int
    reason: Annotated[str, TextField(label=_("Reason"), help=_("Kept in the audit trail."))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeSession:
    """A signed-in browser that is to be signed out."""

    id: int
