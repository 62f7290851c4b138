"""What the administration puts on its start page: where things stand, and what comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for
from sqlalchemy import func, select

from backstay.access.core_permissions import COMPANY_CREATE, PLUGIN_MANAGE, USER_CREATE
from backstay.access.models import Grant, SignIn, User, UserState
from backstay.access.sessions import IDLE, LONGEST
from backstay.clock import now
from backstay.companies.models import Company, CompanyState
from backstay.db.context import context_of
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.suite import suite_of
from backstay.resources.urls import resource_url
from backstay.web.page import ChecklistItem, Figure, HomePart, Note

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite


def users(session: Session) -> HomePart:
    """How many can sign in; the first colleague."""
    rows = session.execute(select(User.state, func.count()).group_by(User.state))
    states = {state: count for state, count in rows}  # noqa: C416 - rows are no pairs to dict()
    active, disabled = states.get(UserState.ACTIVE, 0), states.get(UserState.DISABLED, 0)
    may = context_of(session).may(USER_CREATE)
    return HomePart(
        figures=(
            Figure(
                _("Users"),
                str(active),
                _("%(count)s disabled", count=disabled) if disabled else _("all may sign in"),
                resource_url("core.user"),
                icon="users",
            ),
        ),
        checklist=(
            ChecklistItem(
                _("Users for your colleagues"),
                _("Each with a role in your company, until a given day if need be."),
                resource_url("core.user", "create") if may else None,
                done=_somebody_has_work(session),
            ),
        ),
    )


def _demo_company(session: Session) -> int:
    return session.scalar(select(Installation.demo_company_id)) or 0


def _somebody_has_work(session: Session) -> bool:
    """Whether anybody holds a role in a company that is not the demo."""
    found = select(Grant.id).where(
        Grant.company_id.is_not(None), Grant.company_id != _demo_company(session)
    )
    return session.scalar(found.limit(1)) is not None


def companies(session: Session) -> HomePart:
    """How many companies keep their books here; the first of one's own."""
    active = select(func.count()).where(Company.state == CompanyState.ACTIVE)
    demo = _demo_company(session)
    own = session.scalar(select(Company.id).where(Company.id != demo).limit(1)) is not None
    may = context_of(session).may(COMPANY_CREATE)
    return HomePart(
        figures=(
            Figure(
                _("Companies"),
                str(session.scalar(active) or 0),
                _("one is for trying things out") if demo else _("each with books of its own"),
                resource_url("core.company"),
                icon="building",
            ),
        ),
        checklist=(
            ChecklistItem(
                _("Your company"),
                _("Its name, currency and fiscal year, and what the modules start it with."),
                resource_url("core.company", "create") if may else None,
                done=own,
            ),
        ),
    )


def modules(session: Session) -> HomePart:
    """Which modules run, and which should but do not."""
    suite = suite_of(session)
    running, failed = len(suite.running), _failed(session, suite)
    may = context_of(session).may(PLUGIN_MANAGE)
    return HomePart(
        figures=(
            Figure(
                _("Modules"),
                str(running),
                ngettext("%(n)s does not run", "%(n)s do not run", len(failed))
                if failed
                else _("all that are switched on run"),
                url_for("modules.overview"),
                tone="bad" if failed else "ok",
                icon="plug",
            ),
        ),
        checklist=(
            ChecklistItem(
                _("The modules that you need"),
                _("Each brings its own pages; switching one off keeps its data."),
                url_for("modules.overview") if may else None,
                done=running > 0,
            ),
        ),
        notes=tuple(
            Note(why, "bad", _("“%(name)s” does not run:", name=title)) for title, why in failed
        ),
    )


def _failed(session: Session, suite: Suite) -> list[tuple[str, str]]:
    """Title and reason of each module that should run: not loaded, or not brought up to date."""
    rows = session.execute(
        select(PluginRow.name, PluginRow.message).where(PluginRow.state == PluginState.FAILED)
    )
    found = {**{name: message for name, message in rows}, **suite.failed}  # noqa: C416 - typed rows
    titles = {name: package.title for name, package in suite.found.items()}
    return sorted((titles.get(name, name), why) for name, why in found.items())


def signed_in_browsers(session: Session) -> HomePart:
    """How many browsers are signed in now."""
    at = now()
    count = session.scalar(
        select(func.count())
        .select_from(SignIn)
        .where(
            SignIn.revoked_at.is_(None),
            SignIn.seen_at > at - IDLE,
            SignIn.created_at > at - LONGEST,
        )
    )
    return HomePart(
        figures=(
            Figure(
                _("Signed-in browsers"),
                str(count or 0),
                _("in use within the last eight hours"),
                resource_url("core.session"),
                icon="devices",
            ),
        )
    )
