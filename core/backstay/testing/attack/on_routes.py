"""Attacks made from the route map: they need to know nothing of what a page is for."""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from backstay.testing.attack.arena import EVERYBODY, MEMBER, Arena, Visitor, changed, plugin_of
from backstay.testing.attack.findings import Finding
from backstay.testing.attack.pages import read_page
from backstay.testing.routes import routes
from backstay.testing.web import make_user
from backstay.web.blueprint import PERMISSION, PUBLIC

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.testing.routes import Route

MALFORMED: Final = 400
SERVER_ERROR: Final = 500
POLICY: Final = (
    "default-src 'none'",
    "script-src 'nonce-",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
)
FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CACHE: Final = frozenset({"no-store", "no-cache", "public, max-age=31536000, immutable"})
SHOWN: Final = frozenset(
    {
        "text/html",
        "text/css",
        "text/javascript",
        "text/plain",
        "application/json",
        "application/problem+json",
        "image/svg+xml",
        "image/png",
        "font/woff2",
    }
)
"""Types that a browser shows; everything else must be sent as a file to keep."""
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
STRANGE: Final = ("", "\x00", "' OR 1=1 --", "-1", "9" * 30, "\u202e\ud7ff", "%ff", "x" * 5000)
HEAD: Final = """\
# What each route answers to each role. Written by the attack “roles”; read every difference.
# 303 anonymous: sent to sign in. 403: lacks the permission. 404 and 422: let in (the id belongs to
# no record, the form is empty). 400: a malformed address. Roles of a company are held in ALPHA.
# Below /api/v1 programs ask with a token of the role, and anonymous ones without any: 401.
"""


def _place(route: Route) -> str:
    return f"{route.method} {route.rule}"


# --- who may open what -----------------------------------------------------------------------


def roles(arena: Arena) -> Iterator[Finding]:
    """Every route, every role: compared with the reviewed file."""
    path = arena.ground.golden
    if path is None:
        return
    written = role_matrix(arena)
    if arena.ground.write_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
        return
    if not path.exists():
        yield Finding(path.name, "there is no reviewed file; BACKSTAY_WRITE_GOLDEN=1 writes it")
        return
    yield from _differences(path.read_text(encoding="utf-8"), written)


def _differences(reviewed: str, now: str) -> Iterator[Finding]:
    was, answers = _by_route(reviewed), _by_route(now)
    for place in [*answers, *(place for place in was if place not in answers)]:
        if place not in answers:
            yield Finding(place, "the reviewed file has this route, but it is gone")
        elif place not in was:
            yield Finding(place, f"a new route, not reviewed: {_told(answers[place])}")
        else:
            for role in sorted({*was[place], *answers[place]}):
                before, after = was[place].get(role, "-"), answers[place].get(role, "-")
                if before != after:
                    yield Finding(place, f"answers {after}; {before} was reviewed", role)


def _told(answers: dict[str, str]) -> str:
    return ", ".join(f"{role} {status}" for role, status in answers.items())


def _by_route(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    place = ""
    for line in text.splitlines():
        if line.startswith("    "):
            status, *names = line.split()
            found[place].update(dict.fromkeys(names, status))
        elif line and not line.startswith("#"):
            place = line
            found[place] = {}
    return found


def role_matrix(arena: Arena) -> str:
    """The answers of every route of the plugin to every role, as the reviewed file has them."""
    people = _one_of_each_role(arena)
    lines = [HEAD]
    for route in (*arena.routes(), *arena.api_routes()):
        held = route.permission.name if route.permission else "public"
        lines.append(f"{route.method} {route.rule} [{held}]\n")
        by_status: dict[int, list[str]] = defaultdict(list)
        for role, browser in people.items():
            by_status[_answer(arena, role, browser, route)].append(role)
        lines += [
            f"    {status} {' '.join(names)}\n" for status, names in sorted(by_status.items())
        ]
    return "".join(lines)


def _one_of_each_role(arena: Arena) -> dict[str, Visitor | None]:
    permissions: dict[str, set[str]] = defaultdict(set)
    everywhere: set[str] = set()
    for part in arena.suite.parts:
        for template in part.role_templates:
            permissions[template.code] |= {one.name for one in template.permissions}
            if template.global_only:
                everywhere.add(template.code)
    found: dict[str, Visitor | None] = {"anonymous": None}
    for code in sorted(permissions):
        login = code.replace("_", "-")
        company = None if code in everywhere else arena.alpha
        make_user(arena.database, login, permissions[code], company)
        found[code] = arena.browser(login)
    return found


def _answer(arena: Arena, role: str, browser: Visitor | None, route: Route) -> int:
    if browser is None:
        browser = arena.stranger()
        browser.get("/sign-in")
    elif route.endpoint == "sign_in.sign_out":
        browser = arena.browser(role.replace("_", "-"))
    return arena.send(browser, route, route.path()).status_code


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
            yield Finding(_place(route), f"answers {answered.status_code}", "anonymous")
        if route.permission.name == "core.signed_in":
            continue
        answered = arena.send(nobody, route, arena.address(route))
        if answered.status_code not in {401, 403, 404}:
            yield Finding(_place(route), f"answers {answered.status_code}", "nobody")


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
                yield Finding(_place(route), f"{path} answers {answered.status_code}", MEMBER)
            elif arena.beta.name in answered.text:
                yield Finding(_place(route), f"{path} names {arena.beta.name}", MEMBER)


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
                    yield Finding(_place(route), said, role)
            if tables := changed(before, arena.digest()):
                yield Finding(_place(route), f"without the token it changed {tables}", role)


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
            yield Finding(_place(route), f"changed {tables}", EVERYBODY)


# --- headers ---------------------------------------------------------------------------------


def headers(arena: Arena) -> Iterator[Finding]:
    """Every response carries the security headers, errors as well; cookies carry their flags."""
    for role, browser in (("anonymous", arena.stranger()), (EVERYBODY, arena.browser())):
        for route in arena.every_route():
            path = arena.address(route)
            answers = [browser.client.open(path, method=route.method)]
            if route.is_api:
                answers += [
                    # A change is about no record, so that it does not revoke the very token.
                    arena.send(browser, route, path if route.method == "GET" else route.path()),
                    browser.program.send("OPTIONS", path),
                ]
            elif route.method == "GET":
                answers += [
                    browser.client.get(route.path()),
                    browser.client.get(path, headers={"HX-Request": "true"}),
                    browser.client.delete(path),
                    browser.client.options(path),
                ]
            for answered in answers:
                yield from (Finding(_place(route), said, role) for said in unsafe_headers(answered))


def unsafe_headers(response: TestResponse) -> Iterator[str]:
    """What is wrong with a response's headers."""
    sent = response.headers
    policy = sent.get("Content-Security-Policy", "")
    if missing := [part for part in POLICY if part not in policy]:
        yield f"its Content-Security-Policy lacks {', '.join(missing)}"
    if "unsafe" in policy:
        yield "its Content-Security-Policy allows what is unsafe"
    for name, value in FIXED.items():
        if sent.get(name) != value:
            yield f"{name} is {sent.get(name)!r} instead of {value!r}"
    if "Permissions-Policy" not in sent:
        yield "it has no Permissions-Policy"
    if sent.get("Cache-Control") not in CACHE:
        yield f"Cache-Control is {sent.get('Cache-Control')!r}: nothing may keep a page"
    if response.status_code >= SERVER_ERROR:
        yield f"answers {response.status_code}"
    yield from _unsafe_type(response)
    yield from _unsafe_cookies(response)


def _unsafe_cookies(response: TestResponse) -> Iterator[str]:
    for cookie in response.headers.getlist("Set-Cookie"):
        name = cookie.partition("=")[0]
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        if lacks := {"secure", "httponly", "samesite=lax", "path=/"} - flags:
            yield f"the cookie {name} lacks {', '.join(sorted(lacks))}"
        if not name.startswith("__Host-"):
            yield f"the cookie {name} is not named __Host-…"


def _unsafe_type(response: TestResponse) -> Iterator[str]:
    kind, _, rest = response.headers.get("Content-Type", "").partition(";")
    disposition = response.headers.get("Content-Disposition", "")
    if kind not in SHOWN and not disposition.startswith("attachment") and response.data:
        yield f"sends {kind or 'no type'} to be shown instead of kept as a file"
    if kind.startswith("text/") and "charset=utf-8" not in rest.replace(" ", "").lower():
        yield f"sends {kind} without its charset"


# --- parameters ------------------------------------------------------------------------------


def parameters(arena: Arena) -> Iterator[Finding]:
    """Parameters sent twice, as arrays or with values of a wrong type are no server error.

    A program is told so: what it sends twice or what nobody knows is answered 400.
    """
    browser = arena.browser()
    for route in arena.every_route():
        path = arena.address(route)
        names = _names(arena, browser, route, path)
        for query in _polluted(names):
            if route.is_api:
                answered = arena.send(browser, route, f"{path}?{urlencode(query)}")
                known = len({name for name, _value in query}) == len(query)
                if not known and answered.status_code != MALFORMED:
                    short = urlencode(query)[:80]
                    yield Finding(_place(route), f"{short} is answered {answered.status_code}")
            elif route.method == "GET":
                answered = browser.get(f"{path}?{urlencode(query)}")
            else:
                form: dict[str, Any] = defaultdict(list)
                for name, value in query:
                    form[name].append(value)
                answered = arena.send(browser, route, path, data=dict(form))
            if answered.status_code >= SERVER_ERROR:
                short = urlencode(query)[:80]
                yield Finding(_place(route), f"{short} is answered {answered.status_code}")


def _names(arena: Arena, browser: Visitor, route: Route, path: str) -> list[str]:
    """The parameters that a route takes, as far as its page and its declaration say."""
    names: set[str] = {"q", "sort", "after", "before", "page", "as_of", "version"}
    resource = arena.resource_of(route)
    if resource is not None:
        names |= {one.name for one in resource.filters}
    if not route.is_api and "GET" in (route.template.methods or ()):
        answered = browser.get(path)
        if answered.mimetype == "text/html":
            names |= read_page(answered.text).inputs
    return sorted(names - {"csrf_token", "_idem"})


def _polluted(names: list[str]) -> Iterator[list[tuple[str, str]]]:
    for value in STRANGE:
        yield [(name, value) for name in names]
    for name in names:
        yield [(name, "1"), (name, "2"), (f"{name}[]", "1"), (f"{name}[a]", "{}")]
        yield [(name, f"-{name}" if name == "sort" else "31.02.2020")]


def redirects(arena: Arena) -> Iterator[Finding]:
    """No parameter makes a route send a browser to another site."""
    browser = arena.browser()
    for route in arena.routes():
        if route.endpoint == "sign_in.sign_out":
            continue
        path = arena.address(route)
        names = {*REDIRECTING, *_names(arena, browser, route, path)}
        for target in ELSEWHERE:
            query = dict.fromkeys(sorted(names), target)
            for values in (query, dict.fromkeys(REDIRECTING, target)):
                if route.method == "GET":
                    answered = browser.get(f"{path}?{urlencode(values)}")
                else:
                    answered = arena.send(browser, route, path, data=values)
                if leads_elsewhere(answered):
                    where = answered.location or answered.headers.get("HX-Redirect")
                    yield Finding(_place(route), f"redirects to {where!r}", EVERYBODY)


def leads_elsewhere(response: TestResponse) -> bool:
    """Whether a response sends the browser to another site."""
    for name in ("Location", "HX-Redirect", "HX-Location", "Refresh"):
        target = response.headers.get(name)
        if target is not None and not re.fullmatch(r"/(?![/\\.])[^\\\x00-\x20]*|/", target):
            return True
    return False


__all__ = [
    "headers",
    "leads_elsewhere",
    "marks",
    "other_company",
    "parameters",
    "plugin_of",
    "reading",
    "redirects",
    "role_matrix",
    "roles",
    "routes",
    "strangers",
    "tokens",
    "unsafe_headers",
]
