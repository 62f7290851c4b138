"""What a command works in: the data folder, the database, the plugins, and who it acts as."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import click

from backstay.errors import NotFound
from backstay.home import Home, safe_mode_wanted
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

# SQLAlchemy takes longer to import than many a command takes: what needs it comes when it is used.


@dataclass
class Environment:
    """One run of the command line.

    Arguments:
        acting_as: the sign-in name given with ``--as``; empty means the operating system's user.
        reason: kept in the audit trail with every change.
    """

    home_path: str | None = None
    acting_as: str = ""
    reason: str = ""
    _closed: bool = field(default=False, repr=False)

    @cached_property
    def home(self) -> Home:
        """The data folder."""
        return Home.from_environment(self.home_path)

    @cached_property
    def database(self) -> Database:
        """The database of the data folder; jobs that a command asks for are rung for."""
        from backstay.db.database import Database

        database = Database(self.home.database_url, files=self.home.files)
        if self.home.redis:
            from backstay.jobs.rq.bell import ring_after_commits

            ring_after_commits(database, self.home.redis)
        return database

    @cached_property
    def suite(self) -> Suite:
        """The plugins in force."""
        from backstay.kernel.state import load_in_force

        return load_in_force(self.database, safe_mode=safe_mode_wanted())

    def context(self, company: str | None = None) -> Context:
        """Who acts: the operating system's user with all permissions, or ``--as USER``.

        Raises:
            NotFound: there is no such company or user.
        """
        from backstay.db.context import operator_context

        ref = self.company(company) if company else None
        if not self.acting_as:
            label = f"cli:{getpass.getuser()}"
            return operator_context(label, company=ref, reason=self.reason)
        from backstay.access.grants import context_for_login, read_only_names

        reading = read_only_names(self.suite.permissions.values()) if ref and ref.archived else None
        context = context_for_login(self.database, self.acting_as, ref, reading=reading)
        return replace(context, reason=self.reason)

    def company(self, code: str) -> CompanyRef:
        """A company by its code.

        Raises:
            NotFound: names the code and the ones that exist.
        """
        from sqlalchemy import select

        from backstay.companies.models import Company, CompanyState
        from backstay.db.context import CompanyRef, operator_context

        with self.database.read(operator_context("cli:lookup"), None) as session:
            row = session.scalars(select(Company).where(Company.code == code)).one_or_none()
            if row is None:
                known = ", ".join(session.scalars(select(Company.code).order_by(Company.code)))
                raise NotFound(
                    _(
                        "There is no company “%(code)s”. Companies: %(known)s.",
                        code=code,
                        known=known or _("none"),
                    ),
                    field="company",
                )
        return CompanyRef(
            id=row.id,
            code=row.code,
            name=row.name,
            currency=row.currency,
            minor_units=row.minor_units,
            fiscal_year_start=row.fiscal_year_start,
            time_zone=row.time_zone,
            archived=row.state is CompanyState.ARCHIVED,
        )

    def close(self) -> None:
        """Give back what was opened."""
        if "database" in self.__dict__:
            self.database.dispose()


def environment() -> Environment:
    """The environment of the command that runs now."""
    found = click.get_current_context().find_object(Environment)
    if found is None:
        message = "commands run inside “backstay”"
        raise RuntimeError(message)
    return found


@contextmanager
def command_environment(*, company: str | None = None, write: bool = False) -> Iterator[Session]:
    """A session for a command: one transaction, with the plugins and the actor.

    Arguments:
        company: the code of the company that the command works in.
        write: commit at the end; otherwise the session can't write.

    Raises:
        NotFound: there is no such company or user.
    """
    here = environment()
    opened = here.database.write if write else here.database.read
    with opened(here.context(company), here.suite) as session:
        yield session
