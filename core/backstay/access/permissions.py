"""What can be permitted. Core and plugins declare permissions as constants of these types.

A permission is referred to by its constant, so a misspelt one is an error at import, not a page
that is open to everybody.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backstay.i18n import Text


class Risk(enum.Enum):
    """How much harm a misuse can do; shown when a role is composed."""

    READ = "read"
    WRITE = "write"
    SENSITIVE = "sensitive"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Permission:
    """One function that a role may hold.

    Arguments:
        name: ``<plugin>.<thing>.<verb>``, for instance ``ledger.entry.post``.
        label: what the holder may do, in words that complete “May ...”.
        risk: how much harm a misuse can do.
        explanation: one sentence for the administrator who composes a role.
    """

    name: str
    label: Text
    risk: Risk = Risk.WRITE
    explanation: Text = ""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that only some may read or change, for instance contact data.

    Without ``read`` the fields are masked everywhere: list, form, export, search and audit view.
    """

    name: str
    label: Text
    read: Permission
    write: Permission


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """A proposal for a role; made once when the plugin is first enabled, then the admin's own.

    Templates of several plugins with the same code become one role (the auditor reads them all).

    Arguments:
        code: what the command line calls it, for instance ``accountant``.
        read_only: its grants may hold no more than reading and need an end date.
        global_only: it may be granted only for all companies (administration).
    """

    code: str
    name: Text
    description: Text
    permissions: tuple[Permission, ...]
    read_only: bool = False
    global_only: bool = False


SIGNED_IN = Permission("core.signed_in", "use their own pages", Risk.READ)
"""Held by every active user: own profile, own sessions, the home page."""
