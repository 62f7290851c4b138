"""Opening balances: what stood on the accounts on the first day of a fiscal year."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from backstay.contracts.ledger import Posted, Posting
from backstay.spi import Conflict, Invalid, NotFound, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Entry, EntryKind, EntryState, FiscalYear
from backstay_ledger.opening_wizard.entering import PostBalances, opening_journal, post_balances
from backstay_ledger.opening_wizard.opening import opening_of
from backstay_ledger.permissions import OPENING_POST
from backstay_ledger.services.currencies import written
from backstay_ledger.services.lookups import ask_existing
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import post_orders
from backstay_ledger.services.typed_lines import DraftLine, signed_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOpeningBalances:
    """Balances of accounts, dated the first day of a fiscal year.

    Arguments:
        lines: one for each account with a balance; debits and credits must be equal.
    """

    fiscal_year_id: int
    lines: tuple[DraftLine, ...]
    reference: str = ""
    key: str = ""


def post_opening_balances(session: Session, command: PostOpeningBalances) -> Posted:
    """Post opening balances to the journal for them, or to the opening that was begun.

    Raises:
        Invalid: debits and credits differ (names the difference), or a line is wrong.
        Conflict: the year has opening balances already; they have to be reversed first.
    """
    authorize(session, OPENING_POST)
    if opening_of(session) is not None:
        return post_balances(
            session,
            PostBalances(lines=command.lines, reference=command.reference, key=command.key),
        )
    company = company_of(session)
    year = session.scalars(
        select(FiscalYear).where(
            FiscalYear.id == command.fiscal_year_id, FiscalYear.company_id == company.id
        )
    ).one_or_none()
    if year is None:
        raise NotFound(_("There is no such fiscal year in this company."), field="fiscal_year_id")
    lines, problems = signed_lines(session, command.lines)
    if problems:
        raise Invalid(_("The opening balances can't be posted."), problems=tuple(problems))
    difference = sum((line.amount for line in lines), Decimal(0))
    if difference:
        raise Invalid(
            _(
                "The opening balances are out by %(difference)s: debits and credits must be equal.",
                difference=written(abs(difference), company.currency, company.minor_units),
            ),
            field="lines",
        )
    again = command.key and ask_existing(session, company.id, [command.key])()
    if not again and (present := openings_of(session, [year]).get(year.id)):
        raise Conflict(present)
    posting = Posting(
        key=command.key,
        journal=opening_journal(session),
        date=year.starts_on,
        lines=lines,
        memo=_("Opening balances %(year)s", year=year.code),
        reference=command.reference,
    )
    return post_orders(session, [Order(posting, kind=EntryKind.OPENING)])[0]


def openings_of(session: Session, years: Iterable[FiscalYear]) -> dict[int, str]:
    """What keeps others from being posted where a year has opening balances, by the year's id.

    One that waits for approval has no number and no fiscal year yet, and a reversal that waits has
    taken nothing out.
    """
    reversal = aliased(Entry)
    found = session.execute(
        select(
            Entry.date,
            Entry.number_text,
            Entry.state == EntryState.POSTED,
            reversal.id.is_not(None),
        )
        .outerjoin(reversal, reversal.reverses_id == Entry.id)
        .where(
            Entry.company_id == company_of(session).id,
            Entry.kind == EntryKind.OPENING,
            or_(reversal.id.is_(None), reversal.state != EntryState.POSTED),
        )
    ).all()
    return {
        year.id: _still_there(year.code, number, posted=posted, being_reversed=being_reversed)
        for year in years
        for day, number, posted, being_reversed in found
        if year.starts_on <= day <= year.ends_on
    }


def _still_there(year: str, number: str | None, *, posted: bool, being_reversed: bool) -> str:
    if not posted:
        return _(
            "Opening balances of %(year)s are in an entry that is not posted yet: have it approved,"
            " or delete it to post others.",
            year=year,
        )
    if being_reversed:
        return _(
            "Opening balances of %(year)s were posted as %(number)s, whose reversal is not posted"
            " yet: have it approved first.",
            year=year,
            number=number,
        )
    return _(
        "Opening balances of %(year)s were posted as %(number)s; reverse them first.",
        year=year,
        number=number,
    )
