"""What the closing of a fiscal year would post, and what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import select

from backstay.spi import NotFound, PickerField, authorize, company_of, lazy
from backstay.spi import gettext as _
from backstay_ledger.closing.services.carrying import closing_lines
from backstay_ledger.closing.services.years import (
    blockers_of_closing,
    closing_of,
    proposed_account,
    retained_earnings,
)
from backstay_ledger.dimensions.sets import written_pairs
from backstay_ledger.models import FiscalYear
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.tax.rounding import unit_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import PostingLine


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewClosing:
    """A fiscal year whose closing somebody wants to look at first."""

    year: Annotated[int, PickerField(label=lazy("Fiscal year"), resource="ledger.fiscal_year")]
    account: Annotated[
        int | None,
        PickerField(
            label=lazy("Retained earnings"),
            help=lazy("Left out: that of the last closing, or the one that its name says."),
            resource="ledger.account",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """A line of the closing entry, in base currency.

    Arguments:
        account: its code.
        dimensions: the values that it carries, as they are typed: ``cost_centre=100``.
    """

    account: str
    debit: Decimal | None
    credit: Decimal | None
    dimensions: str


@dataclass(frozen=True, slots=True)
class ClosingPreview:
    """What closing a fiscal year would do; nothing is written.

    Arguments:
        fiscal_year: its code.
        date: the day of the closing entry.
        account: the code of retained earnings; None while nobody has named it.
        result: of the year with what was not carried before, base currency, a profit positive.
        lines: of the closing entry; none where there is nothing to carry.
        blocked_by: why it can't be closed now; empty where it can.
    """

    fiscal_year: str
    date: date
    account: str | None
    result: Decimal
    lines: tuple[ClosingLine, ...]
    blocked_by: tuple[str, ...]


def preview_closing(session: Session, command: PreviewClosing) -> ClosingPreview:
    """What closing a fiscal year would post, and each reason why it can't be closed now.

    Raises:
        NotFound: the company has no such fiscal year or account.
        Invalid: the account is not one of equity.
    """
    authorize(session, BOOKS_VIEW)
    company = company_of(session)
    year = session.scalars(
        select(FiscalYear).where(FiscalYear.id == command.year, FiscalYear.company_id == company.id)
    ).one_or_none()
    if year is None:
        raise NotFound(_("There is no such fiscal year in this company."), field="year")
    blocked = [*blockers_of_closing(session, year)]
    chosen = command.account or proposed_account(session)
    if chosen is None:
        blocked.append(_("Name the account of retained earnings."))
    account = None if chosen is None else retained_earnings(session, chosen)
    lines: tuple[PostingLine, ...] = ()
    if account is not None and closing_of(session, year.id) is None:
        lines = closing_lines(session, year, account)
    unit = unit_of(company.minor_units)
    carried = [one.amount for one in lines if account is not None and one.account == account.code]
    return ClosingPreview(
        fiscal_year=year.code,
        date=year.ends_on,
        account=None if account is None else account.code,
        result=-sum(carried, Decimal(0)).quantize(unit),
        lines=tuple(_line(one, unit) for one in lines),
        blocked_by=tuple(blocked),
    )


def _line(line: PostingLine, unit: Decimal) -> ClosingLine:
    amount = line.amount.quantize(unit)
    return ClosingLine(
        line.account,
        amount if amount > 0 else None,
        -amount if amount < 0 else None,
        written_pairs(line.dimensions),
    )
