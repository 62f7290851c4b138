"""What the ledger itself looks into before a period is closed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from backstay.contracts.closing import Blocker, CloseTask
from backstay.spi import company_of, ngettext, today
from backstay.spi import lazy as _
from backstay_ledger.closing.plan_models import Recurring
from backstay_ledger.closing.services.plans import due
from backstay_ledger.closing.services.recurring import not_to_be_made
from backstay_ledger.cost_allocation.running import not_run
from backstay_ledger.currencies.lookup import RateMissing
from backstay_ledger.models import (
    IS_DRAFT,
    IS_WAITING,
    Account,
    Entry,
    EntryKind,
    EntryState,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.open_items.models import OpenItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.contracts.closing import ClosingPeriod

_MOST: Final = 10
_LATE: Final = timedelta(days=7)
"""Entries of a period that are posted later than this after its end are suspects of cut-off."""


def drafts(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Drafts dated in the period."""
    return _unposted(session, period, IS_DRAFT)


def waiting(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Entries dated in the period that a second person has not approved yet."""
    return _unposted(session, period, IS_WAITING)


def _unposted(
    session: Session, period: ClosingPeriod, state: ColumnElement[bool]
) -> Sequence[Blocker]:
    found = session.execute(
        select(Entry.id, Entry.date, Entry.memo)
        .where(state, Entry.date.between(period.starts_on, period.ends_on))
        .order_by(Entry.date, Entry.id)
        .limit(_MOST)
    )
    return [Blocker(f"{day} {memo}".strip(), "ledger.entry", key) for key, day, memo in found]


def missing_recurring(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Recurring entries whose day has come in the period and that were not made, and why not."""
    found = [
        (one, one.recurring_id)
        for one in due(session, period.ends_on, period.starts_on)
        if one.recurring_id is not None
    ]
    reasons: dict[int, str | None] = {}
    until = today(company_of(session).time_zone)
    blockers: list[Blocker] = []
    for one, key in found:
        if key not in reasons and one.day <= until:
            recurring = session.get_one(Recurring, key)
            reasons[key] = not_to_be_made(session, recurring, one.day)
        why = reasons.get(key)
        text = f"{one.day} {one.label}"
        said = f"{text}: {why}" if why else text
        blockers.append(Blocker(said, "ledger.recurring", key, f"{key} {one.day}"))
    return blockers


def releases(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Releases and automatic reversals of the period that were not posted."""
    return [
        Blocker(
            f"{one.day} {one.label}",
            "" if one.deferral_id is None else "ledger.deferral",
            one.deferral_id or 0,
            f"{one.planned_id}",
        )
        for one in due(session, period.ends_on, period.starts_on)
        if one.recurring_id is None
    ]


def cut_off(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Entries dated in the period that were posted more than a week after its end."""
    zone = ZoneInfo(company_of(session).time_zone)
    ended = datetime.combine(period.ends_on + timedelta(days=1), time(), zone).astimezone(UTC)
    found = session.execute(
        select(Entry.id, Entry.number_text, Entry.memo)
        .where(
            Entry.period_id == period.id,
            Entry.state == EntryState.POSTED,
            Entry.kind == EntryKind.NORMAL,
            Entry.posted_at > ended + _LATE,
            Entry.source_plugin.is_(None),
        )
        .order_by(Entry.id)
        .limit(_MOST)
    )
    return [Blocker(f"{number} {memo}".strip(), "ledger.entry", key) for key, number, memo in found]


def not_allocated(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Parties with open debits and open credits on an account, which could settle each other."""
    found = session.execute(
        select(Account.id, Account.code, OpenItem.party)
        .join(Account, Account.id == OpenItem.account_id)
        .where(OpenItem.residual != 0, OpenItem.date <= period.ends_on)
        .group_by(Account.id, Account.code, OpenItem.party, OpenItem.currency)
        .having(func.min(OpenItem.residual) < 0, func.max(OpenItem.residual) > 0)
        .order_by(Account.code, OpenItem.party)
        .limit(_MOST)
    )
    return [Blocker(f"{code} {party}".strip(), "ledger.account", key) for key, code, party in found]


def earlier_periods(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Months before this one that are still open."""
    found = session.execute(
        select(Period.id, Period.starts_on)
        .where(
            Period.kind == PeriodKind.MONTH,
            Period.ends_on < period.starts_on,
            Period.state.in_([PeriodState.OPEN, PeriodState.SOFT_CLOSED]),
        )
        .order_by(Period.starts_on)
    ).all()
    if not found:
        return []
    return [
        Blocker(
            ngettext(
                "%(n)s month before it is open, from %(first)s on",
                "%(n)s months before it are open, from %(first)s on",
                len(found),
                first=f"{found[0].starts_on:%Y-%m}",
            ),
            "ledger.period",
            found[0].id,
        )
    ]


def allocation_rules(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Allocation rules whose accounts moved in the period and that were not run for it."""
    month = session.get(Period, period.id)
    if month is None or month.kind is not PeriodKind.MONTH:
        return []
    found = islice(not_run(session, month), _MOST)
    return [Blocker(rule.name, "ledger.allocation_rule", rule.id) for rule in found]


def not_revalued(session: Session, period: ClosingPeriod) -> Sequence[Blocker]:
    """Assets and debts in foreign currencies that are not at the rate of the period's last day."""
    # Late: most companies have none, and the module is large.
    from backstay_ledger.currencies.revaluation import preview_revaluation

    try:
        found = preview_revaluation(session, period.ends_on)
    except RateMissing as error:
        return [Blocker(problem.message) for problem in error.problems[:_MOST]]
    return [
        Blocker(
            f"{one.position.account} {one.position.name}: {one.reason}",
            "ledger.account",
            one.position.account_id,
        )
        for one in found[:_MOST]
    ]


CLOSE_TASKS: Final = (
    CloseTask("ledger.drafts", _("Drafts posted or deleted"), drafts, can_be_waived=False),
    CloseTask("ledger.waiting", _("Entries approved or taken back"), waiting, can_be_waived=False),
    CloseTask("ledger.recurring", _("Recurring entries made"), missing_recurring),
    CloseTask("ledger.releases", _("Releases and reversals posted"), releases),
    CloseTask("ledger.allocations", _("Allocation rules run"), allocation_rules, blocks=False),
    CloseTask("ledger.revaluation", _("Currencies revalued"), not_revalued, blocks=False),
    CloseTask("ledger.open_items", _("Open items allocated"), not_allocated, blocks=False),
    CloseTask("ledger.earlier", _("Earlier months closed"), earlier_periods, blocks=False),
    CloseTask("ledger.cut_off", _("Entries posted long after the month"), cut_off, blocks=False),
)
"""In the order in which the cockpit shows them."""
