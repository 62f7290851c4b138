"""What every route answers to every role, compared with a file that people have read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from backstay.testing.attack.arena import Arena, Visitor
from backstay.testing.attack.findings import Finding
from backstay.testing.web import make_user

if TYPE_CHECKING:
    from backstay.testing.routes import Route

HEAD: Final = """\
# What each route answers to each role. Written by the attack “roles”; read every difference.
# 303 anonymous: sent to sign in. 403: lacks the permission. 404 and 422: let in (the id belongs to
# no record, the form is empty). 400: a malformed address. Roles of a company are held in ALPHA.
# Below /api/v1 programs ask with a token of the role, and anonymous ones without any: 401.
"""


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
        lines.append(f"{route.place} [{held}]\n")
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
