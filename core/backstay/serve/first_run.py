"""The first start: plugins on, an administrator, and a demo company with a user for each role.

There are no default passwords: each is made at random, shown at the start and kept in a note in the
data folder that only its owner can read, until they delete it. The administrator's works once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from backstay.access.models import Role, User
from backstay.access.user_commands import CreateUser
from backstay.access.users import create_user, one_time_password
from backstay.clock import today
from backstay.companies.models import Company
from backstay.companies.services import CreateCompany, create_company, ref_of, setup_choices
from backstay.db.context import operator_context
from backstay.kernel.discovery import discover
from backstay.kernel.lifecycle import transition
from backstay.kernel.load import in_order
from backstay.kernel.models import Installation, PluginRow
from backstay.kernel.state import INSTALLATION, load_in_force
from backstay.kernel.states import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.home import Home

ADMINISTRATOR: Final = "admin"
DEMO: Final = "DEMO"
_AUDIT: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Account:
    """A user that was made, with the password that is shown once."""

    login: str
    password: str
    role: str


def is_first_run(database: Database) -> bool:
    """Whether nobody can sign in yet."""
    with database.read(operator_context("system:start")) as session:
        return session.scalar(select(func.count()).select_from(User)) == 0


def first_run(home: Home, database: Database, *, demo: bool, say: Callable[[str], None]) -> None:
    """Set up plugins, the administrator and the demo company.

    The administrator's password is written down before the account exists, so a start that is
    cut short loses nothing. A plugin or demo that fails is told and left out; the rest runs.

    Arguments:
        say: prints a line for whoever started it.
    """
    context = operator_context("system:first-run", reason="first start")
    _enable_installed(database, context, say)
    accounts = [Account(ADMINISTRATOR, one_time_password(), "administrator")]
    _write_note(home, accounts)
    _administrator(database, context, accounts[0])
    if not demo:
        return
    try:
        _write_note(home, accounts + _demo(database, context))
    except Exception as error:  # noqa: BLE001 - a demo must not keep anybody from the product
        say(f"The demo company is incomplete: {error}")


def _enable_installed(database: Database, context: Context, say: Callable[[str], None]) -> None:
    with database.read(context) as session:
        known = set(session.scalars(select(PluginRow.name)))
    found = discover()
    for name in in_order(found, frozenset(found), {}):
        if name in known:
            continue
        try:
            transition(database, name, Step.ENABLE, context)
        except Exception as error:  # noqa: BLE001 - one plugin's failure is shown under Modules
            say(f"The module {name} stays off: {error}")


def _administrator(database: Database, context: Context, account: Account) -> None:
    with database.write(context, load_in_force(database)) as session:
        create_user(
            session,
            CreateUser(
                login=account.login,
                name="Administrator",
                password=account.password,
                roles=(account.role,),
                must_change_password=True,
            ),
        )


def _demo(database: Database, context: Context) -> list[Account]:
    suite = load_in_force(database)
    with database.write(context, suite) as session:
        setup = tuple((choice.name, choice.default) for choice in setup_choices(suite))
        company = create_company(
            session,
            CreateCompany(code=DEMO, name="Demo Trading Ltd", currency="EUR", setup=setup),
        )
        session.get_one(Installation, INSTALLATION).demo_company_id = company.id
        roles = session.scalars(
            select(Role).where(Role.global_only.is_(False)).order_by(Role.code)
        ).all()
        accounts = [Account(role.code, one_time_password(), role.code) for role in roles]
        for account, role in zip(accounts, roles, strict=True):
            create_user(
                session,
                CreateUser(
                    login=account.login,
                    name=f"Demo {role.name}",
                    password=account.password,
                    roles=(account.role,),
                    company_id=company.id,
                    valid_to=today() + _AUDIT if role.read_only else None,
                    must_change_password=False,
                ),
            )
        ref = ref_of(company)
    inside = context.in_company(ref)
    for part in suite.parts:
        for data in part.demo:
            with database.write(inside, suite) as session:
                data.fill(session, session.get_one(Company, ref.id))
    return accounts


def _write_note(home: Home, accounts: list[Account]) -> None:
    lines = [
        "Sign-in names and passwords of the first start of this Backstay.",
        "The administrator's works once. Delete this file when you have noted what you need.",
        "",
        *(f"{account.login:16} {account.password:24} {account.role}" for account in accounts),
        "",
    ]
    descriptor = os.open(home.first_sign_in, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
