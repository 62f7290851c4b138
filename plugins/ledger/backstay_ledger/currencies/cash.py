"""Rounding cash to the smallest coin, as a line of its own on an account of its own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import Invalid, company_of
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import multiple, plain
from backstay_ledger.currencies.settings import exchange_settings
from backstay_ledger.currencies.units import cash_unit_of
from backstay_ledger.determination.resolve import resolve

CASH: Final = "cash"
"""The role of the account that coins lie on."""


def paid_in_cash(session: Session, posting: Posting) -> Posting:
    """An entry whose lines on the account of the role ``cash`` are rounded.

    Raises:
        Invalid: no rule leads from the role to an account, or as :func:`with_rounded_cash`.
    """
    if cash_unit_of(session, company_of(session).currency) is None:
        return posting
    return with_rounded_cash(session, posting, resolve(session, CASH, on=posting.date).account)


def with_rounded_cash(session: Session, posting: Posting, account: str) -> Posting:
    """An entry whose lines in base currency on a cash account are multiples of the smallest coin.

    What they were rounded by becomes one line on the account for it, so that the entry balances as
    before: 42.06 becomes 42.10 and 0.04. From the middle it is rounded away from zero. Without a
    smallest coin of the base currency the entry stays as it is.

    Arguments:
        account: the code of the cash account.

    Raises:
        Invalid: the settings name no account for rounded cash, or an amount is less than half of
            the smallest coin; names the line.
    """
    coin = cash_unit_of(session, company_of(session).currency)
    if coin is None:
        return posting
    lines: list[PostingLine] = []
    off = Decimal(0)
    for place, line in enumerate(posting.lines):
        if line.account == account and line.currency is None:
            cash = multiple(line.amount, coin)
            off += line.amount - cash
            if not cash:
                raise Invalid(
                    _(
                        "%(amount)s is less than the smallest coin, %(coin)s: it can't be paid in"
                        " cash.",
                        amount=plain(abs(line.amount)),
                        coin=plain(coin),
                    ),
                    field=f"lines.{place}.amount",
                )
            lines.append(replace(line, amount=cash))
        else:
            lines.append(line)
    if not off:
        return posting
    rounding = exchange_settings(session).account("cash_rounding")
    lines.append(PostingLine(rounding, off, _("Rounding of cash")))
    return replace(posting, lines=tuple(lines))
