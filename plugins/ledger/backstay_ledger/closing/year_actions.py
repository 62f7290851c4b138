"""Closing and reopening a fiscal year as actions of its record, for pages and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from backstay.spi import Action, ApiShape, Operation
from backstay.spi import lazy as _
from backstay_ledger.closing.models import YearClosing
from backstay_ledger.closing.services.year_preview import PreviewClosing, preview_closing
from backstay_ledger.closing.services.years import (
    CloseYear,
    ReopenYear,
    close_year,
    not_to_be_closed,
    not_to_be_reopened,
    proposed_account,
    reopen_year,
)
from backstay_ledger.permissions import BOOKS_VIEW, YEAR_CLOSE, YEAR_REOPEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay_ledger.models import FiscalYear


def _proposed(session: Session, _year: FiscalYear) -> dict[str, Any]:
    return {"account": proposed_account(session), "reason": ""}


def _no_reason(_session: Session, _year: FiscalYear) -> dict[str, Any]:
    return {"reason": ""}


def closings_of(session: Session, year: FiscalYear) -> Sequence[tuple[str, str]]:
    """The closings of a year, in force or cancelled, for its timeline."""
    found = session.scalars(select(YearClosing.id).where(YearClosing.fiscal_year_id == year.id))
    return [(YearClosing.__tablename__, str(key)) for key in found]


YEAR_ACTIONS: Final = (
    Action(
        "close",
        Operation(
            close_year,
            CloseYear,
            YEAR_CLOSE,
            _("Close fiscal year"),
            initial=_proposed,
            help=_(
                "Carries income and expenses to retained earnings. Nothing dated in the year is"
                " posted afterwards. “Year-end closing” shows what will be posted."
            ),
            done=_("Fiscal year closed."),
        ),
        icon="lock",
        past=_("closed this"),
        primary=True,
        refuses=not_to_be_closed,
    ),
    Action(
        "reopen",
        Operation(
            reopen_year,
            ReopenYear,
            YEAR_REOPEN,
            _("Reopen fiscal year"),
            initial=_no_reason,
            help=_(
                "Reverses the closing entry, so that all balances are as before it. The months"
                " stay closed until they are reopened."
            ),
            done=_("Closing cancelled."),
        ),
        icon="rotate",
        past=_("reopened this"),
        refuses=not_to_be_reopened,
    ),
)

YEAR_API: Final = ApiShape(
    on_list=(
        Action(
            "preview_closing",
            Operation(
                preview_closing,
                PreviewClosing,
                BOOKS_VIEW,
                _("Preview the closing of a fiscal year"),
                help=_(
                    "Says what closing the year would post, and each reason why it can't be closed"
                    " now; nothing is changed."
                ),
            ),
            only_answers=True,
        ),
    )
)
