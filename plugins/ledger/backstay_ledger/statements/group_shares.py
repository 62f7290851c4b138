"""What part of each company of a group belongs to its owners, from a day to a day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import Invalid, company_of
from backstay.spi import gettext as _
from backstay_ledger.services.owned import load_owned
from backstay_ledger.statements.drafting import NotRead, read_accounts
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare
from backstay_ledger.statements.groups import members_of
from backstay_ledger.statements.tree import Accounts

ALL: Final = Fraction(1)
_PERCENT: Final = re.compile(r"(\d{1,3})(?:[.,](\d{1,8}))?\s*%?")


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included, with one share."""

    start: date
    end: date
    share: Fraction


@dataclass(frozen=True, slots=True)
class HeldOn:
    """Accounts of a company that hold something of another one."""

    company: str
    accounts: tuple[Accounts, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """A company as its group holds it.

    Arguments:
        spans: in their order and without a gap; at least one.
        investment: what stands against its equity; empty where nothing is to be set off.
        dividends: where those who hold it have its dividends as income.
    """

    spans: tuple[Span, ...]
    investment: tuple[HeldOn, ...] = ()
    dividends: tuple[HeldOn, ...] = ()

    @property
    def first(self) -> date:
        """Its first day in the group."""
        return self.spans[0].start

    @property
    def last(self) -> date:
        """Its last day in the group."""
        return self.spans[-1].end

    def held(self, day: date) -> bool:
        """Whether it is in the group at the end of a day; its last day ends without it."""
        return self.first <= day and (day < self.last or self.last == date.max)

    def left_within(self, start: date, end: date) -> bool:
        """Whether it leaves on one of some days."""
        return start <= self.last <= end and self.last != date.max

    def share_on(self, day: date) -> Fraction:
        """The share of a day; after the last one as on the last, before the first as on that."""
        return next((one.share for one in self.spans if day <= one.end), self.spans[-1].share)

    def within(self, start: date, end: date) -> tuple[Span, ...]:
        """The spans, cut to some days."""
        return tuple(
            Span(max(one.start, start), min(one.end, end), one.share)
            for one in self.spans
            if one.start <= end and one.end >= start
        )


WHOLE: Final = Holding((Span(date.min, date.max, ALL),))
"""Of a company without shares: all of it, always."""


def load_share(session: Session, share_id: int) -> GroupShare:
    """A share of the company by its id.

    Raises:
        NotFound: the company keeps no such share.
    """
    return load_owned(session, GroupShare, share_id, _("There is no such share."))


def shares_of(session: Session, group_id: int, member: str = "") -> list[GroupShare]:
    """The shares of a group, or those of one of its companies, by company and day."""
    found = select(GroupShare).where(
        GroupShare.company_id == company_of(session).id, GroupShare.group_id == group_id
    )
    if member:
        found = found.where(GroupShare.member == member)
    return list(session.scalars(found.order_by(GroupShare.member, GroupShare.valid_from)))


def holdings_of(session: Session, group: CompanyGroup) -> dict[str, Holding]:
    """By the codes of its companies, how a group holds them; those without shares are left out.

    Raises:
        Invalid: names the company whose accounts can't be read.
    """
    rows: dict[str, list[GroupShare]] = {}
    for one in shares_of(session, group.id):
        rows.setdefault(one.member, []).append(one)
    known = (company_of(session).code, *members_of(group.members))
    return {
        member: Holding(
            tuple(
                Span(one.valid_from, one.valid_to or date.max, Fraction(one.share)) for one in held
            ),
            _read(held[-1], held[-1].investment, known),
            _read(held[-1], held[-1].dividends, known),
        )
        for member, held in rows.items()
        if member in known
    }


def read_held_on(text: str, companies: Iterable[str]) -> tuple[HeldOn, ...]:
    """Read companies with their accounts, one a line.

    Raises:
        NotRead: names the line that can't be read.
    """
    known = set(companies)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        code, _space, accounts = line.strip().partition(" ")
        if not code:
            continue
        if not accounts.strip():
            raise NotRead(_("Line %(n)s: write company and accounts: ALPHA 1400.", n=number))
        if code not in known:
            raise NotRead(_("Line %(n)s: %(code)s is not in the group.", n=number, code=code[:20]))
        read = read_accounts(accounts)
        if any(one.account_class is not None for one in read):
            raise NotRead(_("Line %(n)s: name accounts by their codes.", n=number))
        found.append(HeldOn(code, read))
    return tuple(found)


def _read(share: GroupShare, text: str, companies: Iterable[str]) -> tuple[HeldOn, ...]:
    try:
        return read_held_on(text, companies)
    except NotRead as error:
        said = _("The share in %(member)s can't be read.", member=share.member)
        raise Invalid(f"{said} {error}") from error


def percent_of(share: Decimal) -> str:
    """A share in per cent, as it is typed."""
    return f"{(share * 100).normalize():f}"


def read_percent(text: str) -> Decimal | None:
    """The share that a percentage says; None if it is none above 0 and at most 100."""
    found = _PERCENT.fullmatch(text.strip())
    share = Decimal(f"{found[1]}.{found[2] or 0}") / 100 if found else Decimal(0)
    return share if 0 < share <= 1 else None
