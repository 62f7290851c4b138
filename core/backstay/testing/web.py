"""The web application in tests: users with given permissions, and a browser that they sit at.

``Browser`` posts forms as a real one does: with the CSRF token and the idempotency token of the
page that it looked at.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.access.models import Grant, Role, RolePermission, User
from backstay.access.sessions import start_session
from backstay.clock import now, today
from backstay.db.context import operator_context
from backstay.web.app import build

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.access.permissions import Permission
    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

SECRET = "only-for-tests"  # noqa: S105
PASSWORD = "correct horse battery"  # noqa: S105
_SYSTEM = operator_context("system:test")


@pytest.fixture
def web_app(suite: Suite, database: Database) -> Flask:
    """The application over the test's own database."""
    return build(suite, database, secret_key=SECRET)


def make_user(
    database: Database,
    login: str,
    permissions: Iterable[Permission | str] = (),
    company: CompanyRef | None = None,
    **values: Any,
) -> int:
    """A user with one role of exactly these permissions, in one company or in all.

    The password is not set (that costs 50 ms): use ``Browser.for_user``, or give a hash.
    """
    with database.write(_SYSTEM) as session:
        user = User(
            login=login,
            name=values.pop("name", login.title()),
            password_hash=values.pop("password_hash", "unusable"),
            created_at=now(),
            **values,
        )
        session.add(user)
        session.flush()
        user_id = user.id
    names = sorted({p if isinstance(p, str) else p.name for p in permissions})
    if names:
        give(database, user_id, names, company)
    return user_id


def give(
    database: Database, user_id: int, permissions: Iterable[str], company: CompanyRef | None = None
) -> None:
    """Grant a role of its own with these permissions."""
    with database.write(_SYSTEM) as session:
        code = f"role-{secrets.token_hex(4)}"
        role = Role(code=code, name=code)
        session.add(role)
        session.flush()
        session.add_all(RolePermission(role_id=role.id, permission=name) for name in permissions)
        session.add(
            Grant(
                user_id=user_id,
                role_id=role.id,
                company_id=company.id if company else None,
                valid_from=today(),
                granted_by="test",
                granted_at=now(),
            )
        )


class Browser:
    """A browser with its cookies; remembers the tokens of the page it saw last."""

    def __init__(self, app: Flask) -> None:
        """Open a browser at which nobody is signed in."""
        self.app = app
        self.client = app.test_client()
        self.csrf = ""
        self.idem = ""

    @classmethod
    def for_user(cls, app: Flask, database: Database, login: str) -> Self:
        """A browser at which a user is signed in."""
        browser = cls(app)
        with database.write(_SYSTEM) as session:
            user_id = session.scalars(select(User.id).where(User.login == login)).one()
            _id, token = start_session(session, user_id, device="Test", ip="127.0.0.1")
        with browser.client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        browser.get("/me/password")
        return browser

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        response = self.client.get(path, **options)
        if response.mimetype == "text/html":
            self._look(response.text)
        return response

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, idem: str | None = None, **rest: Any
    ) -> TestResponse:
        """Send a form with the tokens of the last page; ``idem`` repeats an earlier form."""
        form = {
            "csrf_token": self.csrf,
            "_idem": secrets.token_urlsafe(18) if idem is None else idem,
            **(data or {}),
        }
        response = self.client.post(path, data=form, **rest)
        if response.mimetype == "text/html":
            self._look(response.text)
        return response

    def _look(self, html: str) -> None:
        for name, found in (
            ("csrf", re.search(r'name="csrf_token" value="([^"]+)"', html)),
            ("idem", re.search(r'name="_idem" value="([^"]+)"', html)),
        ):
            if found:
                setattr(self, name, found[1])
