"""A program that calls the API with a token, in tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backstay.access.models import User
from backstay.access.tokens import CreateToken, create_token, pepper_from
from backstay.db.context import operator_context
from backstay.testing.web import SECRET

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


class ApiClient:
    """Sends JSON with a token, and no cookie.

    Arguments:
        root: put in front of paths that do not begin with ``/``, such as ``/api/v1/c/ALPHA/``.
    """

    def __init__(self, app: Flask, token: str, root: str = "/api/v1/") -> None:
        """Remember the token."""
        self.client = app.test_client(use_cookies=False)
        self.token = token
        self.root = root

    @classmethod
    def for_user(
        cls,
        app: Flask,
        database: Database,
        suite: Suite,
        login: str,
        root: str = "/api/v1/",
        **scope: Any,
    ) -> ApiClient:
        """A program with a new token of a user."""
        with database.write(operator_context("system:test"), suite) as session:
            user_id = session.scalars(select(User.id).where(User.login == login)).one()
            made = create_token(
                session,
                CreateToken(name="Test", user_id=user_id, **scope),
                pepper=pepper_from(SECRET),
            )
        return cls(app, made.secret, root)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """Send a request; ``body`` is sent as JSON, or as it is if it is bytes."""
        given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
            options.setdefault("content_type", "application/json")
        place = path if path.startswith("/") else self.root + path
        return self.client.open(place, method=method, headers=given, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Read."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> TestResponse:
        """Create, or act."""
        return self.send("POST", path, {} if body is None else body, **options)

    def patch(self, path: str, body: object, **options: Any) -> TestResponse:
        """Change."""
        return self.send("PATCH", path, body, **options)
