"""The command palette: every page and action that this person may use, found by words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flask import g
from werkzeug.routing import BuildError

from backstay.i18n import gettext as _
from backstay.navigation.menu import LABELS, open_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.access.grants import Access
    from backstay.db.context import CompanyRef
    from backstay.web.request import Runtime

_MOST = 40


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the palette."""

    group: str
    label: str
    href: str
    icon: str
    hint: str = ""
    method: str = "get"
    words: str = ""
    id: str = ""
    """Of a record; a text, as browsers round numbers of 64 bits."""

    def matches(self, wanted: list[str]) -> bool:
        """Whether each word begins one of this item's words."""
        words = f"{self.label} {self.hint} {self.words} {self.group}".casefold().split()
        return all(any(word.startswith(part) for word in words) for part in wanted)

    def as_json(self) -> dict[str, Any]:
        """What the browser gets."""
        values = asdict(self)
        del values["words"]
        return values


def search(runtime: Runtime, access: Access, company: CompanyRef | None, query: str) -> list[Item]:
    """The items whose words begin with the words that were typed, best first."""
    wanted = query.casefold().split()
    found = [item for item in _items(runtime, access, company) if item.matches(wanted)]
    whole = query.casefold().strip()
    if whole:
        found.sort(key=lambda item: not item.label.casefold().startswith(whole))
    # The browser groups in the order of first appearance: keep each group together.
    groups = list(dict.fromkeys(item.group for item in found))
    found.sort(key=lambda item: groups.index(item.group))
    return found[:_MOST]


def _items(runtime: Runtime, access: Access, company: CompanyRef | None) -> Iterator[Item]:
    pages = open_to(runtime.menu, access, company)
    for page, href in pages:
        yield Item(
            group=_("Do") if page.in_palette_only else _("Go to"),
            label=str(page.label),
            href=href,
            icon=page.icon,
            hint=str(LABELS[page.area]),
            words=str(page.keywords),
        )
    yield from _creations(runtime, access, company, {href for _page, href in pages})
    for other in access.companies:
        if company is None or other.id != company.id:
            yield Item(
                group=_("Companies"),
                label=_("Work in %(company)s", company=other.name),
                href=f"/c/{other.code}/",
                icon="building",
                hint=other.code,
            )
    yield from _own()


def _creations(
    runtime: Runtime, access: Access, company: CompanyRef | None, listed: set[str]
) -> Iterator[Item]:
    """“New ...” for each resource whose records the person may make."""
    from backstay.resources.urls import resource_url

    for resource in runtime.suite.resources.values():
        if resource.create is None:
            continue
        inside = company is not None and resource.create.permission.name in access.permissions(
            company
        )
        outside = resource.create.permission.name in access.everywhere
        if not (inside or outside):
            continue
        values = {"company": company.code} if company else {}
        try:
            href = resource_url(resource.name, "create", **values)
        except BuildError:
            continue
        in_company = href.startswith("/c/")
        href = href.partition("?")[0]
        if href not in listed and (inside if in_company else outside):
            yield Item(
                group=_("Do"),
                label=_("New %(thing)s", thing=resource.thing),
                href=href,
                icon="plus",
                words=f"{resource.label_many} create add",
            )


def _own() -> Iterator[Item]:
    group = _("Your account")
    for theme, label, icon in (
        ("light", _("Light mode"), "sun"),
        ("dark", _("Dark mode"), "moon"),
        ("auto", _("Theme as the system says"), "devices"),
    ):
        yield Item(
            group, label, f"/me/appearance?theme={theme}", icon, method="post", words="theme"
        )
    yield Item(group, _("Profile"), "/me/", "user-circle", words="language time zone name")
    yield Item(group, _("Change my password"), "/me/password", "key", words="password")
    yield Item(group, _("Where I am signed in"), "/me/sessions", "devices", words="sessions")
    yield Item(group, _("My API tokens"), "/me/tokens/", "key", words="program key access")
    yield Item(group, _("API reference"), "/api/v1/", "plug", words="program curl openapi rest")
    yield Item(group, _("Sign out"), "/sign-out", "logout", method="post", words="log out leave")


def company_named(access: Access, code: str | None) -> CompanyRef | None:
    """The company that the palette was opened in, if it is open to the person."""
    if code:
        return access.company(code)
    context = g.get("context")
    return context.company if context is not None else None
