"""Which of many entries can be posted or reversed, asked of the database for all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backstay.spi import company_of, today
from backstay.spi import gettext as _
from backstay_ledger.models import Line, Period, PeriodKind, PeriodState
from backstay_ledger.services.bulk_rows import among, pieces
from backstay_ledger.services.reversal import reversal_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session


def not_to_be_posted(session: Session, drafts: Sequence[Any]) -> Mapping[int, str]:
    """Drafts that do not balance or lie outside the open periods; posting checks the rest."""
    reasons: dict[int, str] = {}
    sums: dict[int, tuple[int, Any]] = {}
    for ids in pieces(sorted(draft.id for draft in drafts)):
        rows = session.execute(
            select(Line.entry_id, func.count(), func.sum(Line.amount))
            .where(Line.company_id == company_of(session).id, among(session, Line.entry_id, ids))
            .group_by(Line.entry_id)
        )
        sums.update((row[0], (row[1], row[2])) for row in rows)
    periods = session.execute(
        select(Period.starts_on, Period.ends_on, Period.state).where(
            Period.kind == PeriodKind.MONTH
        )
    ).all()
    for draft in drafts:
        lines, gap = sums.get(draft.id, (0, 0))
        period = next((one for one in periods if one[0] <= draft.date <= one[1]), None)
        if lines < 2:  # noqa: PLR2004 - double entry
            reasons[draft.id] = _("It has fewer than two lines.")
        elif gap:
            reasons[draft.id] = _("Debit and credit are not equal.")
        elif period is None:
            reasons[draft.id] = _("Its date lies in no fiscal year.")
        elif period[2] not in {PeriodState.OPEN, PeriodState.SOFT_CLOSED}:
            reasons[draft.id] = _("Its period is closed: date it later, or reopen it.")
    return reasons


def not_to_be_reversed(session: Session, entries: Sequence[Any]) -> Mapping[int, str]:
    """Entries that were reversed before."""
    return {
        entry_id: _("It was reversed by %(number)s already.", number=number)
        for entry_id, number in reversal_numbers(session, [one.id for one in entries]).items()
    }


def reversal_of_many(session: Session, entries: Sequence[Any]) -> dict[str, Any]:
    """Today, or the latest of the entries' dates when that is later: no reversal precedes one."""
    day = today(company_of(session).time_zone)
    return {"on": max([day, *(entry.date for entry in entries)]), "reason": ""}
