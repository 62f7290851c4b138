"""What part of each company of a group belongs to its owners, from a day to a day."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    DateField,
    Invalid,
    PickerField,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.permissions import STATEMENT_EDIT
from backstay_ledger.services.owned import load_owned
from backstay_ledger.services.posting import writable_company
from backstay_ledger.statements.drafting import NotRead, read_accounts
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare
from backstay_ledger.statements.groups import load_group, members_of
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
        """Whether it is in the group on a day."""
        return self.first <= day <= self.last

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFields:
    """What is typed of a share."""

    member: Annotated[
        str,
        TextField(
            label=lazy("Company"),
            help=lazy("Code of a company of the group besides the one that keeps it."),
            example="BETA",
            min_length=1,
            max_length=20,
        ),
    ]
    share: Annotated[
        str,
        TextField(
            label=lazy("Share in per cent"),
            help=lazy(
                "What belongs to the owners of the group; through other companies what comes of"
                " it, such as 48 for 60 % held by a company that they own to 80 %."
            ),
            example="80",
            min_length=1,
            max_length=14,
        ),
    ]
    valid_from: Annotated[
        date,
        DateField(
            label=lazy("Valid from"),
            help=lazy("Of the first share: the day from which the company is in the group."),
        ),
    ]
    valid_to: Annotated[
        date | None,
        DateField(
            label=lazy("Valid to"),
            help=lazy("Empty until it changes; of the last share: the last day in the group."),
        ),
    ] = None
    investment: Annotated[
        str,
        TextField(
            label=lazy("Investment"),
            help=lazy(
                "Who holds it on which accounts, a line each; it is set off against the equity."
                " Empty: no equity is set off."
            ),
            example="ALPHA 1400",
            max_length=400,
            multiline=True,
            wide=True,
        ),
    ] = ""
    dividends: Annotated[
        str,
        TextField(
            label=lazy("Dividends"),
            help=lazy("On which accounts its dividends are income of the group, a line each."),
            example="ALPHA 4700",
            max_length=400,
            multiline=True,
            wide=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddShare(ShareFields):
    """A share in a company from a day on."""

    group_id: Annotated[int, PickerField(label=lazy("Group"), resource="ledger.company_group")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditShare(ShareFields):
    """A changed share; group and company stay."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteShare:
    """A share that was typed by mistake; the books are not touched."""

    id: int


def add_share(session: Session, command: AddShare) -> GroupShare:
    """Say what part of a company belongs to the owners of its group from a day on.

    A share that has no last day yet ends the day before the new one begins.

    Raises:
        Invalid: names each field that is wrong: a company that is not in the group, a share that
            is not above 0 and at most 100, days of another share, a gap between shares, accounts
            that can't be read.
        NotFound: the company keeps no such group.
    """
    authorize(session, STATEMENT_EDIT)
    company = writable_company(session)
    group = load_group(session, command.group_id)
    rows = shares_of(session, group.id, command.member)
    open_before = next(
        (one for one in rows if one.valid_to is None and one.valid_from < command.valid_from), None
    )
    if open_before is not None:
        open_before.valid_to = command.valid_from - timedelta(days=1)
    _check(company.code, group, command, rows)
    session.flush()
    row = GroupShare(company_id=company.id, group_id=group.id, member=command.member)
    _set(row, command)
    session.add(row)
    session.flush()
    return row


def edit_share(session: Session, command: EditShare) -> GroupShare:
    """Change a share.

    Raises:
        Invalid: as :func:`add_share`, or another company is named.
        NotFound: there is no such share.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, STATEMENT_EDIT)
    company = writable_company(session)
    row = load_share(session, command.id)
    check_version(row, command.version)
    group = load_group(session, row.group_id)
    if command.member != row.member:
        said = _("A share keeps its company: add another share.")
        raise Invalid(said, field="member")
    others = [one for one in shares_of(session, group.id, row.member) if one.id != row.id]
    _check(company.code, group, command, others)
    _set(row, command)
    session.flush()
    return row


def delete_share(session: Session, command: DeleteShare) -> None:
    """Delete a share.

    Raises:
        Invalid: those before and after it would have a gap between them.
        NotFound: there is no such share.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    row = load_share(session, command.id)
    others = [one for one in shares_of(session, row.group_id, row.member) if one.id != row.id]
    if any(one.valid_from > row.valid_from for one in others) and any(
        one.valid_from < row.valid_from for one in others
    ):
        raise Invalid(_("There are shares before and after it: change their days instead."))
    session.delete(row)
    session.flush()


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
    """By the codes of its companies, how a group holds them; those without shares are left out."""
    rows: dict[str, list[GroupShare]] = {}
    for one in shares_of(session, group.id):
        rows.setdefault(one.member, []).append(one)
    known = (company_of(session).code, *members_of(group.members))
    return {
        member: Holding(
            tuple(
                Span(one.valid_from, one.valid_to or date.max, Fraction(one.share)) for one in held
            ),
            read_held_on(held[-1].investment, known),
            read_held_on(held[-1].dividends, known),
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
        found.append(HeldOn(code, read_accounts(accounts)))
    return tuple(found)


def percent_of(share: Decimal) -> str:
    """A share in per cent, as it is typed."""
    return f"{(share * 100).normalize():f}"


def read_percent(text: str) -> Decimal | None:
    """The share that a percentage says; None if it is none above 0 and at most 100."""
    found = _PERCENT.fullmatch(text.strip())
    share = Decimal(f"{found[1]}.{found[2] or 0}") / 100 if found else Decimal(0)
    return share if 0 < share <= 1 else None


def _set(row: GroupShare, command: ShareFields) -> None:
    share = read_percent(command.share)
    assert share is not None  # noqa: S101 - checked before
    row.share = share
    row.valid_from, row.valid_to = command.valid_from, command.valid_to
    row.investment, row.dividends = command.investment.strip(), command.dividends.strip()


def _check(
    owner: str, group: CompanyGroup, command: ShareFields, others: Sequence[GroupShare]
) -> None:
    problems = []
    members = members_of(group.members)
    if command.member not in members:
        said = _(
            "%(code)s is not in the group, besides %(owner)s.", code=command.member, owner=owner
        )
        problems.append(Problem(said, "member"))
    if read_percent(command.share) is None:
        said = _("A share is above 0 and at most 100, with at most eight decimals.")
        problems.append(Problem(said, "share"))
    if command.valid_to is not None and command.valid_to < command.valid_from:
        problems.append(Problem(_("The days end before they begin."), "valid_to"))
    else:
        problems += _days(command, others)
    fields: Mapping[str, str] = {
        "investment": command.investment,
        "dividends": command.dividends,
    }
    for field, text in fields.items():
        try:
            found = read_held_on(text, (owner, *members))
        except NotRead as error:
            problems.append(Problem(str(error), field))
            continue
        if any(one.company == command.member for one in found):
            problems.append(Problem(_("A company does not hold itself."), field))
    if problems:
        raise Invalid(_("The share can't be saved."), problems=tuple(problems))


def _days(command: ShareFields, others: Sequence[GroupShare]) -> list[Problem]:
    """Shares of a company follow each other: no day has two, and none between them has none."""
    days = [(one.valid_from, one.valid_to or date.max) for one in others]
    own = (command.valid_from, command.valid_to or date.max)
    for start, end in days:
        if start <= own[1] and end >= own[0]:
            said = _("There is a share from %(start)s on already.", start=start.isoformat())
            return [Problem(said, "valid_from")]
    ordered = sorted([*days, own])
    for (_start, end), (following, _end) in itertools.pairwise(ordered):
        if following - end != timedelta(days=1):
            said = _(
                "No share is valid between %(end)s and %(start)s. A company that comes back is"
                " shown in a group of its own.",
                end=end.isoformat(),
                start=following.isoformat(),
            )
            return [Problem(said, "valid_from")]
    return []
