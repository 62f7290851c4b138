"""An installation with its roles and an administrator who acts through the web."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import PERMISSIONS
from backstay.access.models import User
from backstay.access.role_templates import install_role_templates
from backstay.access.user_commands import CreateUser
from backstay.access.users import create_user
from backstay.clock import now
from backstay.db.context import Actor, Context
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.state import INSTALLATION
from backstay.testing.web import Browser, web_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from flask import Flask
    from sqlalchemy.orm import Session

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]
PASSWORD = "correct horse battery staple"
ALL = frozenset(permission.name for permission in PERMISSIONS)


@dataclass(frozen=True)
class Office:
    """A database with roles, and who acts in it."""

    database: Database
    suite: Suite
    operator: Context
    admin_id: int

    def write(self, context: Context | None = None) -> AbstractContextManager[Session]:
        return self.database.write(context or self.operator, self.suite)

    def read(self, context: Context | None = None) -> AbstractContextManager[Session]:
        return self.database.read(context or self.operator, self.suite)

    def as_user(self, login: str, permissions: frozenset[str] = ALL) -> Context:
        """The context of a user outside any company."""
        with self.read() as session:
            user_id = session.scalars(select(User.id).where(User.login == login)).one()
        return Context(Actor(login, user_id), permissions=permissions, company_ids=None)

    def user(self, login: str, *roles: str, **values: object) -> int:
        """A user made by the command line."""
        with self.write() as session:
            command = CreateUser(
                login=login, name=login.title(), password=PASSWORD, roles=roles, **values
            )
            return create_user(session, command).id


@pytest.fixture
def office(database: Database, suite: Suite, operator: Context) -> Office:
    with database.write(operator, suite) as session:
        session.add(Installation(id=INSTALLATION, generation=1, theme="harbor"))
        session.add_all(
            PluginRow(
                name=name,
                state=PluginState.ENABLED,
                version=suite.found[name].version,
                changed_at=now(),
            )
            for name in suite.running
        )
        install_role_templates(session, suite)
        command = CreateUser(
            login="admin", name="Admin", password=PASSWORD, roles=("administrator",)
        )
        admin = create_user(session, command)
    return Office(database, suite, operator, admin.id)


@pytest.fixture
def browser(web_app: Flask, office: Office) -> Iterator[Browser]:
    """A browser at which the administrator is signed in."""
    with office.write() as session:
        session.get_one(User, office.admin_id).must_change_password = False
    return Browser.for_user(web_app, office.database, "admin")
