"""Attacks made from the route map: they need to know nothing of what a page is for."""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from backstay.testing.attack.arena import EVERYBODY, MEMBER, Arena, Visitor, changed
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.pages import read_page
from backstay.testing.web import make_user
from backstay.web.blueprint import PERMISSION, PUBLIC

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.testing.routes import Route

MALFORMED: Final = 400
SERVER_ERROR: Final = 500
ELSEWHERE: Final = (
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "/.//evil.example",
    "javascript:alert(1)",
)
REDIRECTING: Final = (
    "next",
    "url",
    "return",
    "return_to",
    "redirect",
    "redirect_to",
    "goto",
    "continue",
    "back",
    "to",
    "target",
)
GUESSED: Final = frozenset({"q", "sort", "after", "before", "page", "as_of", "version"})
"""Parameters that many pages read, whether they show them or not."""
STRANGE: Final = ("", "\x00", "' OR 1=1 --", "-1", "9" * 30, "\u202e\ud7ff", "%ff", "x" * 5000)


def _place(route: Route) -> str:
    return route.place


# --- who may open what -----------------------------------------------------------------------


def marks(arena: Arena) -> Iterator[Finding]:
    """Every route says who may open it, with a permission that is declared."""
    yield from unmarked(arena.app, arena)


def unmarked(app: Flask, arena: Arena) -> Iterator[Finding]:
    """The routes of an application that nobody decided about."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        is_public = getattr(view, PUBLIC, False)
        permission = getattr(view, PERMISSION, None)
        if not is_public and permission is None:
            yield Finding(rule.rule, "has neither @requires nor @public")
        elif permission is not None and arena.suite.permissions.get(permission.name) != permission:
            yield Finding(rule.rule, f"requires {permission.name}, which no plugin declares")


def strangers(arena: Arena) -> Iterator[Finding]:
    """Without a role, or without having signed in, only public and own pages open."""
    make_user(arena.database, "nobody")
    nobody = arena.browser("nobody")
    stranger = arena.stranger()
    for route in arena.every_route():
        if route.permission is None:
            continue
        stranger.get("/sign-in")
        answered = arena.send(stranger, route, arena.address(route))
        to_sign_in = (answered.location or "").startswith("/sign-in")
        if answered.status_code not in {401, 405} and not to_sign_in:
            yield Finding(route.place, f"answers {answered.status_code}", "anonymous")
        if route.permission.name == "core.signed_in":
            continue
        answered = arena.send(nobody, route, arena.address(route))
        if answered.status_code not in {401, 403, 404}:
            yield Finding(route.place, f"answers {answered.status_code}", "nobody")


def other_company(arena: Arena) -> Iterator[Finding]:
    """Who works in ALPHA does not learn that BETA exists, nor anything of it."""
    member = arena.browser(MEMBER)
    for route in arena.every_route():
        if not route.in_company:
            continue
        for code in ("BETA", "NOWHERE"):
            company = arena.beta if code == "BETA" else arena.alpha
            path = arena.address(route, company).replace(f"/{company.code}", f"/{code}", 1)
            answered = arena.send(member, route, path)
            if answered.status_code != 404:  # noqa: PLR2004
                yield Finding(route.place, f"{path} answers {answered.status_code}", MEMBER)
            elif arena.beta.name in answered.text:
                yield Finding(route.place, f"{path} names {arena.beta.name}", MEMBER)


# --- forms and reading -----------------------------------------------------------------------


def tokens(arena: Arena) -> Iterator[Finding]:
    """A form without the CSRF token, or with a forged one, changes nothing and is answered 400."""
    for role, browser in (("anonymous", arena.stranger()), (EVERYBODY, arena.browser())):
        for route in arena.routes():
            if route.method == "GET":
                continue
            before = arena.digest()
            for forged in ({}, {"csrf_token": "forged"}):
                path = arena.address(route)
                # The other token of a form, so that it is this one that is missed.
                form = {**forged, "_idem": secrets.token_urlsafe(18)}
                answered = browser.client.open(path, method=route.method, data=form)
                if answered.status_code != MALFORMED:
                    said = f"answers {answered.status_code} to a form without its token"
                    yield Finding(route.place, said, role)
            if tables := changed(before, arena.digest()):
                yield Finding(route.place, f"without the token it changed {tables}", role)


def reading(arena: Arena) -> Iterator[Finding]:
    """Opening a page, or asking for its head, changes no business table."""
    browser = arena.browser()
    for route in arena.every_route():
        if route.method != "GET":
            continue
        path = arena.address(route)
        before = arena.digest()
        for headers in ({}, {"HX-Request": "true"}):
            arena.send(browser, route, path, headers=headers)
        if route.is_api:
            browser.program.send("HEAD", path)
        else:
            browser.client.head(path)
        if tables := changed(before, arena.digest()):
            yield Finding(route.place, f"changed {tables}", EVERYBODY)


# --- parameters ------------------------------------------------------------------------------


def parameters(arena: Arena) -> Iterator[Finding]:
    """Parameters sent twice, as arrays or with values of a wrong type are no server error.

    A program is told so: what it sends twice or what nobody knows is answered 400.
    """
    browser = arena.browser()
    for route in arena.every_route():
        path = arena.address(route)
        shown = _names(arena, browser, route, path)
        for value in STRANGE:
            query = [(name, value) for name in sorted(shown | GUESSED)]
            yield from _pollute(arena, browser, route, path, query)[1]
        alone = sorted(shown | GUESSED)
        if route.method == "GET" and not route.is_api:
            # Most pages read none of what no page offers. So these come together, and one by one
            # only where something is refused: that could have hidden what comes after it.
            guessed = sorted(GUESSED - shown)
            refused = False
            for query in _twice_and_wrong(guessed):
                status, findings = _pollute(arena, browser, route, path, query)
                refused |= status >= MALFORMED
                yield from findings
            alone = alone if refused else sorted(shown)
        for name in alone:
            for query in _twice_and_wrong([name]):
                yield from _pollute(arena, browser, route, path, query)[1]


def _pollute(
    arena: Arena, browser: Visitor, route: Route, path: str, query: list[tuple[str, str]]
) -> tuple[int, list[Finding]]:
    """Send parameters; the status of the answer, and what is wrong with it."""
    short = urlencode(query)[:80]
    found = []
    if route.is_api:
        answered = arena.send(browser, route, f"{path}?{urlencode(query)}")
        known = len({name for name, _value in query}) == len(query)
        if not known and answered.status_code != MALFORMED:
            found.append(Finding(route.place, f"{short} is answered {answered.status_code}"))
    elif route.method == "GET":
        answered = browser.get(f"{path}?{urlencode(query)}")
    else:
        form: dict[str, Any] = defaultdict(list)
        for name, value in query:
            form[name].append(value)
        answered = arena.send(browser, route, path, data=dict(form))
    if answered.status_code >= SERVER_ERROR:
        found.append(Finding(route.place, f"{short} is answered {answered.status_code}"))
    return answered.status_code, found


def _names(arena: Arena, browser: Visitor, route: Route, path: str) -> set[str]:
    """The parameters that a route takes, as far as its page and its declaration say."""
    names: set[str] = set()
    resource = arena.resource_of(route)
    if resource is not None:
        names |= {one.name for one in resource.filters}
    if not route.is_api and "GET" in (route.template.methods or ()):
        answered = browser.get(path)
        if answered.mimetype == "text/html":
            names |= read_page(answered.text).inputs
    return names - {"csrf_token", "_idem"}


def _twice_and_wrong(names: list[str]) -> Iterator[list[tuple[str, str]]]:
    yield [
        pair
        for name in names
        for pair in ((name, "1"), (name, "2"), (f"{name}[]", "1"), (f"{name}[a]", "{}"))
    ]
    yield [(name, f"-{name}" if name == "sort" else "31.02.2020") for name in names]


def redirects(arena: Arena) -> Iterator[Finding]:
    """No parameter makes a route send a browser to another site."""
    browser = arena.browser()
    for route in arena.routes():
        if route.endpoint == "sign_in.sign_out":
            continue
        path = arena.address(route)
        names = {*REDIRECTING, *GUESSED, *_names(arena, browser, route, path)}
        for target in ELSEWHERE:
            query = dict.fromkeys(sorted(names), target)
            for values in (query, dict.fromkeys(REDIRECTING, target)):
                if route.method == "GET":
                    answered = browser.get(f"{path}?{urlencode(values)}")
                else:
                    answered = arena.send(browser, route, path, data=values)
                if leads_elsewhere(answered):
                    where = answered.location or answered.headers.get("HX-Redirect")
                    yield Finding(route.place, f"redirects to {where!r}", EVERYBODY)


def leads_elsewhere(response: TestResponse) -> bool:
    """Whether a response sends the browser to another site."""
    for name in ("Location", "HX-Redirect", "HX-Location", "Refresh"):
        target = response.headers.get(name)
        if target is not None and not re.fullmatch(r"/(?![/\\.])[^\\\x00-\x20]*|/", target):
            return True
    return False
