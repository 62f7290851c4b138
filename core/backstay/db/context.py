"""Who acts, for which company, and with what permissions: bound to every session.

A session without a context answers nothing. Services ask it with :func:`authorize`, so a check
can't be forgotten by a view, a job or a command.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from backstay.errors import ConfigurationError, Forbidden
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it.

    Arguments:
        label: sign-in name, ``cli:<os user>`` or ``system:<part>``; copied to the audit trail.
        user_id: the user row, or None for the command line and the system itself.
        on_behalf_of: the label of the person who delegated, if any.
    """

    label: str
    user_id: int | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class CompanyRef:
    """The company a request works in, as small as every page needs it."""

    id: int
    code: str
    name: str
    currency: str
    minor_units: int
    fiscal_year_start: int = 1
    time_zone: str = "UTC"
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a permission check, a record rule or an audit row needs to know.

    Arguments:
        permissions: names of the permissions in force here; None means all (command line, system).
        company: the company of this page or command, or None outside a company.
        company_ids: the companies whose rows may be seen; None means every company.
        time_zone: IANA name of the zone in which the person reads instants.
    """

    actor: Actor
    permissions: frozenset[str] | None = frozenset()
    company: CompanyRef | None = None
    company_ids: frozenset[int] | None = frozenset()
    session_id: int | None = None
    request_id: str = field(default_factory=lambda: secrets.token_hex(8))
    ip: str = ""
    reason: str = ""
    locale: str = "en"
    time_zone: str = "UTC"

    def may(self, permission: Permission) -> bool:
        """Whether the permission is in force here."""
        return self.permissions is None or permission.name in self.permissions

    def in_company(self, company: CompanyRef) -> Context:
        """The same actor, working in one company."""
        return replace(self, company=company, company_ids=frozenset({company.id}))

    def because(self, reason: str) -> Context:
        """The same context with the reason that the audit trail will keep."""
        return replace(self, reason=reason)


def operator_context(label: str, *, company: CompanyRef | None = None, reason: str = "") -> Context:
    """The context of whoever holds the machine: the command line, start-up and the runner.

    The operating system is the permission check here; every change is audited under the label.
    """
    return Context(
        Actor(label),
        permissions=None,
        company=company,
        company_ids=None if company is None else frozenset({company.id}),
        reason=reason,
    )


def context_of(session: Session) -> Context:
    """The context bound to a session.

    Raises:
        ConfigurationError: the session was not opened by backstay.db.Database.
    """
    context = session.info.get("context")
    if not isinstance(context, Context):
        message = "this session has no context: open it with Database.read or Database.write"
        raise ConfigurationError(message)
    return context


def authorize(session: Session, permission: Permission) -> Context:
    """Return the session's context, refusing when it lacks the permission.

    Raises:
        Forbidden: names the function that the person lacks.
    """
    context = context_of(session)
    if not context.may(permission):
        raise Forbidden(
            _("You may not do this: it needs the permission “%(name)s”.", name=permission.label)
        )
    return context


def company_of(session: Session) -> CompanyRef:
    """The company that the session works in.

    Raises:
        ConfigurationError: the page or command does not belong to a company.
    """
    company = context_of(session).company
    if company is None:
        message = "this function works in a company, but none is chosen"
        raise ConfigurationError(message)
    return company
