"""A theme is chosen and tokens are applied: in force on the next page, without a restart."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import THEME_EDIT
from backstay.audit.models import AuditEvent
from backstay.db.context import operator_context
from backstay.errors import Conflict, Forbidden, Invalid, NotFound
from backstay.kernel.models import Installation
from backstay.kernel.setup import DEFAULT_THEME
from backstay.resources.fields import Upload
from backstay.testing.web import Browser, build, make_user
from backstay.themes import services

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

OPERATOR = operator_context("cli:test")
SPRING = b'name = "Spring"\n[light]\naccent = "#1b5e20"\n'
PALE = b'name = "Pale"\n[light]\nmuted = "#bbbbbb"\n'


@pytest.fixture
def installed(database: Database) -> Database:
    with database.write(OPERATOR) as session:
        session.add(Installation(id=1, generation=1, theme=DEFAULT_THEME))
    return database


@pytest.fixture
def app(suite: Suite, installed: Database) -> Flask:
    return build(suite, installed, secret_key="only-for-tests")


@pytest.fixture
def admin(app: Flask, installed: Database) -> Browser:
    make_user(installed, "admin", [THEME_EDIT])
    return Browser.for_user(app, installed, "admin")


def css(app: Flask) -> str:
    client = app.test_client()
    href = re.search(r'href="(/static/[^"]+theme.css)"', client.get("/sign-in").text)
    assert href is not None
    answer = client.get(href[1])
    assert answer.headers["Cache-Control"].endswith("immutable")
    return answer.text


def in_force(database: Database) -> tuple[str, int]:
    with database.read(OPERATOR) as session:
        row = session.scalars(select(Installation)).one()
        return row.theme, row.generation


def upload(database: Database, content: bytes) -> Any:
    with database.write(OPERATOR) as session:
        return services.upload_tokens(
            session, services.UploadTokens(file=Upload("tokens.toml", content))
        )


def test_an_administrator_chooses_a_theme_on_its_page(
    admin: Browser, installed: Database, suite: Suite
) -> None:
    page = admin.get("/admin/themes").text
    assert "Meadow" in page
    assert admin.post("/admin/themes/meadow/use").status_code == 303
    theme, generation = in_force(installed)
    assert (theme, generation) == ("meadow", 2)
    built = build(suite, installed, secret_key="x", theme=theme)
    assert "--font-title: charter" in css(built)
    with installed.read(OPERATOR) as session:
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.entity == "core_installation")
        ).all()
    changed = [
        (one.before["theme"], one.after["theme"])
        for one in events
        if one.before and "theme" in one.before
    ]
    assert changed == [("harbor", "meadow")]


def test_a_theme_that_there_is_not_or_that_is_in_force_is_refused(installed: Database) -> None:
    with installed.write(OPERATOR) as session:
        with pytest.raises(NotFound):
            services.choose_theme(session, services.ChooseTheme(name="neon"))
        with pytest.raises(Conflict):
            services.choose_theme(session, services.ChooseTheme(name="harbor"))


def test_tokens_are_looked_at_applied_and_reverted(
    admin: Browser, installed: Database, suite: Suite
) -> None:
    admin.get("/admin/theme-tokens/new")
    made = admin.post("/admin/theme-tokens/new", {"file": (io.BytesIO(SPRING), "spring.toml")})
    assert made.status_code == 303, made.text
    record = str(made.location)
    number = record.rpartition("/")[2]
    assert "Spring" in admin.get(record).text
    preview = admin.get(f"/admin/themes/tokens/{number}").text
    sheet = re.search(r'href="(/admin/themes/tokens/[^"]+[.]css)"', preview)
    assert sheet is not None
    assert "#1b5e20" in admin.get(sheet[1]).text
    assert "#1b5e20" not in css(build(suite, installed, secret_key="x"))
    admin.get(record)
    assert admin.post(f"{record}/do/apply").status_code == 303
    assert in_force(installed)[1] == 2
    assert "#1b5e20" in css(build(suite, installed, secret_key="x"))
    admin.get(record)
    assert admin.post(f"{record}/do/revert").status_code == 303
    assert in_force(installed)[1] == 3
    assert "#1b5e20" not in css(build(suite, installed, secret_key="x"))


def test_too_little_contrast_is_refused_with_each_pair_and_its_ratio(installed: Database) -> None:
    with pytest.raises(Invalid) as refused:
        upload(installed, PALE)
    said = str(refused.value)
    assert "muted on surface has a contrast of 1.9" in said
    assert "needs 4.5:1" in said


def test_one_set_of_tokens_is_in_force_at_a_time(installed: Database) -> None:
    first, second = upload(installed, SPRING), upload(installed, SPRING)
    for one in (first, second):
        with installed.write(OPERATOR) as session:
            services.apply_tokens(session, services.ApplyTokens(id=one.id))
    with installed.write(OPERATOR) as session:
        applied = services.applied_tokens(session)
        assert applied is not None
        assert applied.id == second.id
        with pytest.raises(Conflict, match="revert it first"):
            services.delete_tokens(session, services.DeleteTokens(id=second.id))
        services.delete_tokens(session, services.DeleteTokens(id=first.id))


def test_a_theme_under_which_the_tokens_could_not_be_read_is_refused(
    installed: Database,
) -> None:
    # Enough on Harbor's dark, and too little on Meadow's, which is a shade lighter.
    tokens = upload(installed, b'name = "Edge"\n[dark]\nline-field = "#656565"\n')
    with installed.write(OPERATOR) as session:
        services.apply_tokens(session, services.ApplyTokens(id=tokens.id))
        with pytest.raises(Conflict, match="revert the tokens first"):
            services.choose_theme(session, services.ChooseTheme(name="meadow"))


def test_tokens_that_can_t_be_used_any_more_are_left_out(installed: Database, suite: Suite) -> None:
    tokens = upload(installed, SPRING)
    with installed.write(OPERATOR) as session:
        row = services.apply_tokens(session, services.ApplyTokens(id=tokens.id))
        row.content = {"name": "Spring", "light": {"accent": "url(x)"}}
    assert "url(x)" not in css(build(suite, installed, secret_key="x"))


def test_without_the_permission_nothing_can_be_seen_or_changed(
    app: Flask, installed: Database
) -> None:
    make_user(installed, "otto", [])
    otto = Browser.for_user(app, installed, "otto")
    assert otto.get("/admin/themes").status_code == 403
    assert otto.get("/admin/theme-tokens").status_code == 403
    nobody = operator_context("cli:test")
    from dataclasses import replace

    with (
        installed.write(replace(nobody, permissions=frozenset())) as session,
        pytest.raises(Forbidden),
    ):
        services.choose_theme(session, services.ChooseTheme(name="meadow"))
