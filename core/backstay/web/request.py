"""What a view may ask of the request it answers: the session, who acts, and the loaded plugins.

Pages of a company lie under ``/c/<company>/``. The company is taken out of the URL's arguments
before the view is called (ask ``context().company``) and put back by ``url_for`` on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from flask import current_app, flash, g

from backstay.audit.capture import Event, record_event

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.access.sessions import SignedIn
    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.home import Home
    from backstay.kernel.suite import Suite
    from backstay.navigation.menu import Menu
    from backstay.web.static_files import Assets
    from backstay.web.transaction import Unit

EXTENSION: Final = "backstay"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation may choose about its web server.

    Arguments:
        proxies: how many reverse proxies in front set X-Forwarded-*; 0 believes none of them.
        hosts: names that the server answers to; empty means any.
        hsts: seconds for Strict-Transport-Security on https.
    """

    proxies: int = 0
    hosts: tuple[str, ...] = ()
    hsts: int = 31_536_000


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one built application works with."""

    suite: Suite
    database: Database
    settings: Settings
    assets: Assets
    menu: Menu
    home: Home | None = None
    reading: frozenset[str] = field(default_factory=frozenset)
    """Names of the permissions that only read: what is left in an archived company."""


def runtime() -> Runtime:
    """The parts of the application that answers this request."""
    return cast("Runtime", current_app.extensions[EXTENSION])


def suite() -> Suite:
    """The plugins of the generation that answers this request."""
    return runtime().suite


def database() -> Database:
    """The database, for the few views that need a transaction of their own."""
    return runtime().database


def home() -> Home | None:
    """The data folder, where the application knows one."""
    return runtime().home


def context() -> Context:
    """Who acts, in which company, with which permissions."""
    return cast("Context", g.context)


def session() -> Session:
    """The session of this request: it reads on GET; on POST it is committed when the view is done.

    A view never commits. An answer with a status of 400 or more rolls everything back.
    """
    return cast("Unit", g.unit).session()


def signed_in() -> SignedIn | None:
    """The signed-in session with its person and grants, or None."""
    return cast("SignedIn | None", g.get("signed_in"))


def flash_done(message: str) -> None:
    """Say on the next page what was done."""
    flash(str(message), "ok")


def flash_problem(message: str) -> None:
    """Say on the next page what could not be done."""
    flash(str(message), "bad")


def audit_now(event: Event) -> None:
    """Record an event in a transaction of its own: an export or a refusal while only reading."""
    with database().write(context(), suite()) as writing:
        record_event(writing, event)


__all__ = [
    "EXTENSION",
    "Runtime",
    "Settings",
    "audit_now",
    "context",
    "database",
    "flash_done",
    "flash_problem",
    "home",
    "runtime",
    "session",
    "signed_in",
    "suite",
]
