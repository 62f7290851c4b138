"""The frame of a page made from declarations: sidebar, breadcrumbs, company switcher."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from flask import g, request, url_for
from werkzeug.routing import BuildError

from backstay.clock import now
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.navigation.declare import Area, Page
from backstay.resources.formats import instant_text
from backstay.web.page import CompanyChoice, Crumb, NavArea, NavItem, Shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from backstay.access.grants import Access, Person
    from backstay.access.sessions import SignedIn
    from backstay.db.context import CompanyRef
    from backstay.i18n import Text
    from backstay.kernel.suite import Suite
    from backstay.web.request import Runtime

_log = logging.getLogger(__name__)
LABELS: Final[dict[Area, Text]] = {
    Area.HOME: "",
    Area.PEOPLE: lazy("People"),
    Area.MONEY: lazy("Money"),
    Area.SUPPLY: lazy("Supply"),
    Area.SERVICE: lazy("Service desk"),
    Area.COMPLIANCE: lazy("Compliance"),
    Area.INSIGHT: lazy("Insight"),
    Area.ADMINISTRATION: lazy("Administration"),
}
_ICONS: Final = {
    Area.HOME: "home",
    Area.PEOPLE: "users",
    Area.MONEY: "coins",
    Area.SUPPLY: "box",
    Area.SERVICE: "headset",
    Area.COMPLIANCE: "shield-check",
    Area.INSIGHT: "chart-bar",
    Area.ADMINISTRATION: "settings",
}
_OVERSIGHT: Final = frozenset({Area.COMPLIANCE, Area.ADMINISTRATION})
ADMINISTRATORS: Final = "core.plugin.manage"
"""Who is told of failed plugins and safe mode's cause."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A declared page whose route exists; ``{}`` in its path stands for the company's code."""

    page: Page
    path: str
    in_company: bool
    any_of: frozenset[str] | None = None

    def is_open(self, permissions: frozenset[str]) -> bool:
        """Whether these permissions are enough for the page to be shown."""
        if self.page.permission.name not in permissions:
            return False
        return self.any_of is None or not self.any_of.isdisjoint(permissions)


@dataclass(frozen=True, slots=True)
class Menu:
    """All pages of a generation in the order of the sidebar."""

    entries: tuple[Entry, ...]


def menu_of(app: Flask, suite: Suite) -> Menu:
    """Match the declared pages with the routes that were registered."""
    paths = {
        rule.endpoint: rule.rule.replace("<company>", "{}")
        for rule in app.url_map.iter_rules()
        if rule.arguments <= {"company"} and "GET" in (rule.methods or ())
    }
    order = list(Area)
    entries: list[Entry] = []
    for part in suite.parts:
        for page in part.pages:
            path = paths.get(page.endpoint)
            if path is None:
                _log.warning("page %s of %s has no route", page.endpoint, part.plugin)
                continue
            any_of = frozenset(one.name for one in page.any_of(suite)) if page.any_of else None
            entries.append(Entry(page, path, "{}" in path, any_of))
    entries.sort(key=lambda entry: (order.index(entry.page.area), entry.page.order))
    return Menu(tuple(entries))


def open_to(menu: Menu, access: Access, company: CompanyRef | None) -> list[tuple[Page, str]]:
    """The pages that a person may open, with their addresses.

    Arguments:
        company: for the pages that lie in a company; None leaves these out.
    """
    outside = access.permissions(None)
    inside = access.permissions(company) if company else frozenset()
    found: list[tuple[Page, str]] = []
    for entry in menu.entries:
        if not entry.is_open(inside if entry.in_company else outside):
            continue
        if entry.in_company and company is None:
            continue
        found.append((entry.page, entry.path.format(company.code if company else "")))
    return found


def company_in_focus(menu: Menu, signed_in: SignedIn) -> CompanyRef | None:
    """The company of the URL; on other pages the one last worked in, or the first.

    None there for those who have no work in a company, such as an administrator of users.
    """
    context = g.get("context")
    if context is not None and context.company is not None:
        return cast("CompanyRef", context.company)
    access = signed_in.access
    last = access.company(signed_in.company_code) if signed_in.company_code else None
    found = last or next((c for c in access.companies if not c.archived), None)
    return found if found is None or works_in(menu, access, found) else None


def works_in(menu: Menu, access: Access, company: CompanyRef) -> bool:
    """Whether a person has more to do in a company than to oversee it."""
    held = access.permissions(company)
    return any(
        entry.in_company and entry.page.area not in _OVERSIGHT and entry.is_open(held)
        for entry in menu.entries
    ) or not any(not entry.in_company and entry.is_open(held) for entry in menu.entries)


def shell_of(runtime: Runtime, *, title: str = "", crumbs: Sequence[Crumb] | None = None) -> Shell:
    """The frame for the page of this request."""
    signed_in: SignedIn = g.signed_in
    access = signed_in.access
    company = company_in_focus(runtime.menu, signed_in)
    pages = open_to(runtime.menu, access, company)
    current = _current(pages)
    suite = runtime.suite
    may_manage = ADMINISTRATORS in access.everywhere
    return Shell(
        areas=_areas([(p, href) for p, href in pages if not p.in_palette_only], current, company),
        crumbs=tuple(crumbs) if crumbs is not None else _crumbs(current, title),
        companies=_companies(access, company),
        user_name=access.person.name,
        user_initials="",
        theme=_theme(access.person.theme),
        density="dense" if access.person.density in {"dense", "compact"} else "comfortable",
        safe_mode=suite.safe_mode,
        failed_plugins=_titles(suite) if may_manage and not suite.safe_mode else (),
        home_href="/",
        profile_href="/me/",
        sessions_href="/me/sessions",
        sign_out_href="/sign-out",
        appearance_href="/me/appearance",
        palette_url=f"/me/palette?company={company.code}" if company else "/me/palette",
        letterhead=_letterhead(),
        printed=_printed(access.person),
    )


def _letterhead() -> str:
    """The company that the page belongs to, not the one that is in focus elsewhere."""
    context = g.get("context")
    return context.company.name if context is not None and context.company else "Backstay"


def _printed(person: Person) -> str:
    at = now().replace(second=0, microsecond=0)
    return f"{person.name} · {instant_text(at, person.time_zone, person.locale)}"


def _theme(stored: str) -> Literal["light", "dark", "auto"]:
    if stored == "light":
        return "light"
    return "dark" if stored == "dark" else "auto"


def _current(pages: Sequence[tuple[Page, str]]) -> tuple[Page, str] | None:
    """The page of this request: the one with the longest address that this one begins with."""
    path = request.path
    matching = [
        (page, href)
        for page, href in pages
        if path == href or path.startswith(href.rstrip("/") + "/")
    ]
    return max(matching, key=lambda found: len(found[1]), default=None)


def _titles(suite: Suite) -> tuple[str, ...]:
    """What people call the modules that do not run."""
    found = suite.found
    return tuple(sorted(found[name].title if name in found else name for name in suite.failed))


def _areas(
    pages: Sequence[tuple[Page, str]],
    current: tuple[Page, str] | None,
    company: CompanyRef | None,
) -> tuple[NavArea, ...]:
    by_area: dict[Area, list[NavItem]] = {}
    start = f"/c/{company.code}/" if company else "/"
    by_area[Area.HOME] = [NavItem(_("Home"), "home", start, current=request.path == start)]
    for page, href in pages:
        here = current is not None and current[1] == href
        by_area.setdefault(page.area, []).append(NavItem(page.label, page.icon, href, current=here))
    return tuple(
        NavArea(LABELS[area], _ICONS[area], tuple(by_area[area]))
        for area in Area
        if area in by_area
    )


def _crumbs(current: tuple[Page, str] | None, title: str) -> tuple[Crumb, ...]:
    if current is None:
        return (Crumb(title),) if title else ()
    page, href = current
    area = (Crumb(LABELS[page.area]),) if LABELS[page.area] else ()
    if request.path.rstrip("/") == href.rstrip("/"):
        return (*area, Crumb(page.label))
    return (*area, Crumb(page.label, href), *((Crumb(title),) if title else ()))


def _companies(access: Access, company: CompanyRef | None) -> tuple[CompanyChoice, ...]:
    return tuple(
        CompanyChoice(
            code=choice.code,
            name=choice.name,
            href=_same_page_in(choice, access),
            current=company is not None and choice.id == company.id,
        )
        for choice in access.companies
    )


def _same_page_in(company: CompanyRef, access: Access) -> str:
    """This page in another company, if it is a list or report that may be opened there."""
    rule = request.url_rule
    start = f"/c/{company.code}/"
    if rule is None or rule.arguments != {"company"} or request.method != "GET":
        return start
    permission = g.get("required_permission")
    if permission is not None and permission.name not in access.permissions(company):
        return start
    try:
        return url_for(rule.endpoint, company=company.code)
    except BuildError:
        return start
