"""Everything around a page: sidebar, breadcrumbs, companies, the user, the state of the system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backstay.i18n import Text


@dataclass(frozen=True, slots=True)
class NavItem:
    """One link in the sidebar; ``badge`` is a short count of what waits there."""

    label: Text
    icon: str
    href: str
    current: bool = False
    badge: str | None = None


@dataclass(frozen=True, slots=True)
class NavArea:
    """A work area of the sidebar (Money, People, ...); an empty label draws no heading."""

    label: Text
    icon: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the breadcrumb trail; the last one is the page itself and has no link."""

    label: Text
    href: str | None = None


@dataclass(frozen=True, slots=True)
class CompanyChoice:
    """A company that the user may enter."""

    code: str
    name: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything around the page: navigation, companies, the user and the state of the system.

    ``theme`` is ``light``, ``dark`` or ``auto`` (follow the system). ``banner`` is a read-only or
    maintenance notice for everybody. ``failed_plugins`` is filled for administrators only.
    """

    areas: tuple[NavArea, ...]
    crumbs: tuple[Crumb, ...] = ()
    companies: tuple[CompanyChoice, ...] = ()
    user_name: str = ""
    user_initials: str = ""
    theme: Literal["light", "dark", "auto"] = "auto"
    density: Literal["comfortable", "dense"] = "comfortable"
    safe_mode: bool = False
    banner: Text | None = None
    failed_plugins: tuple[str, ...] = ()
    home_href: str = "/"
    profile_href: str = "/me/"
    sessions_href: str = "/me/sessions"
    api_href: str = "/api/v1/"
    sign_out_href: str = "/sign-out"
    appearance_href: str = "/me/appearance"
    palette_url: str = "/me/palette"
    letterhead: str = "Backstay"
    """What stands on top of paper: the company whose page it is."""
    printed: Text = ""
    """Who printed it, and when it was read."""

    @property
    def company(self) -> CompanyChoice | None:
        """The company of this page, if the page belongs to one."""
        return next((choice for choice in self.companies if choice.current), None)
