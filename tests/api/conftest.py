"""An administrator, and programs that call the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backstay.access.core_permissions import PERMISSIONS
from backstay.testing.api import ApiClient
from backstay.testing.web import Browser, make_user, web_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]


@pytest.fixture
def admin(web_app: Flask, database: Database) -> Browser:
    """May administer everything; sits at a browser."""
    make_user(database, "root", PERMISSIONS)
    return Browser.for_user(web_app, database, "root")


@pytest.fixture
def connect(
    web_app: Flask, database: Database, suite: Suite, admin: Browser
) -> Callable[..., ApiClient]:
    """A program with a token of a user who exists, by default the administrator."""

    def to(login: str = "root", **scope: Any) -> ApiClient:
        return ApiClient.for_user(web_app, database, suite, login, **scope)

    return to
