"""Spreading an account's balance over values by fixed shares; the parts are the whole, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine
from backstay.spi import Invalid, Problem, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST
from backstay_ledger.services.balances import balance
from backstay_ledger.services.currencies import amount_problem
from backstay_ledger.services.journals import DEFAULT_JOURNAL
from backstay_ledger.services.posting import post, preview
from backstay_ledger.services.splitting import split


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the whole a value gets.

    Arguments:
        value: the code of the value.
        weight: more than zero; 1, 1 and 2 are a quarter, a quarter and a half.
    """

    value: str
    weight: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadBalance:
    """The balance of an account at the end of a day, to be spread over values of a dimension.

    Arguments:
        account: the code of the account; the whole is taken off it without a value, and put on it
            again with the values.
        amount: what is spread, debit positive; None for the balance.
        key: idempotency key; empty for none.
    """

    account: str
    as_of: date
    dimension: str
    shares: tuple[Share, ...]
    amount: Decimal | None = None
    journal: str = DEFAULT_JOURNAL
    memo: str = ""
    key: str = ""


def preview_spread(session: Session, command: SpreadBalance) -> list[PostingLine]:
    """The lines of the entry that would spread a balance.

    Raises:
        Invalid: there is nothing to spread, or a share or value is wrong.
    """
    authorize(session, BOOKS_VIEW)
    return preview(session, _posting(session, command))


def spread_balance(session: Session, command: SpreadBalance) -> Posted:
    """Post the entry that spreads a balance.

    Raises:
        Invalid, Conflict: as for posting, or there is nothing to spread.
    """
    authorize(session, ENTRY_POST)
    return post(session, _posting(session, command))


def _posting(session: Session, command: SpreadBalance) -> Posting:
    problems = [
        Problem(_("A share is more than nothing."), f"shares.{place}.weight")
        for place, share in enumerate(command.shares)
        if share.weight <= 0
    ]
    if not command.shares:
        problems.append(Problem(_("Say which values get a share."), "shares"))
    amount = command.amount
    if amount is None:
        amount = balance(session, command.account, command.as_of)
    if not amount:
        message = _(
            "%(account)s stands at zero; there is nothing to spread.", account=command.account
        )
        problems.append(Problem(message, "amount"))
    company = company_of(session)
    if wrong := amount_problem(amount, company.currency, company.minor_units):
        problems.append(Problem(wrong, "amount"))
    if problems:
        raise Invalid(_("The balance can't be spread."), problems=tuple(problems))
    weights = [share.weight for share in command.shares]
    parts = split(amount, weights, company.minor_units)
    lines = [PostingLine(command.account, -amount)]
    lines += [
        PostingLine(command.account, part, dimensions=((command.dimension, share.value),))
        for share, part in zip(command.shares, parts, strict=True)
        if part
    ]
    return Posting(
        key=command.key,
        journal=command.journal,
        date=command.as_of,
        lines=tuple(lines),
        memo=command.memo or _("Spread over %(dimension)s", dimension=command.dimension),
    )
