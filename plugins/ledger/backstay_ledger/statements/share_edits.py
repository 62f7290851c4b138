"""Changing what part of each company of a group belongs to its owners.

A company's shares follow each other without a gap: where one begins or goes, the one before it ends
or goes on, so that no company leaves its group by an edit of the days between.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Final

from sqlalchemy.orm import Session

from backstay.spi import (
    DateField,
    Invalid,
    PickerField,
    Problem,
    TextField,
    authorize,
    check_version,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.permissions import STATEMENT_EDIT
from backstay_ledger.services.posting import writable_company
from backstay_ledger.statements.drafting import NotRead, written_range
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare
from backstay_ledger.statements.group_shares import (
    HeldOn,
    load_share,
    read_held_on,
    read_percent,
    shares_of,
)
from backstay_ledger.statements.groups import load_group, members_of

_A_DAY: Final = timedelta(days=1)
_Days = tuple[date, date | None]
"""The first and the last day of a share."""


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
                " No other company's may stand on them. Empty in a further share: as in the one"
                " before; else no equity is set off."
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
            help=lazy(
                "On which accounts its dividends are income of the group, a line each, without"
                " those of other companies. Empty in a further share: as in the one before."
            ),
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

    A share that has no last day yet ends the day before the new one begins. Accounts that the new
    one leaves empty are those of the share before it.

    Raises:
        Invalid: names each field that is wrong: a company that is not in the group, a share that
            is not above 0 and at most 100, days of another share, a gap between shares, accounts
            that can't be read or that another share names.
        NotFound: the company keeps no such group.
    """
    authorize(session, STATEMENT_EDIT)
    company = writable_company(session)
    group = load_group(session, command.group_id)
    rows = shares_of(session, group.id)
    own = [one for one in rows if one.member == command.member]
    before = [one for one in own if one.valid_from < command.valid_from]
    if before:
        command = replace(
            command,
            investment=command.investment.strip() or before[-1].investment,
            dividends=command.dividends.strip() or before[-1].dividends,
        )
    ended = before[-1] if before and before[-1].valid_to is None else None
    last = command.valid_from - _A_DAY
    days = [(one.valid_from, last if one is ended else one.valid_to) for one in own]
    _check(company.code, group, command, days, rows)
    if ended is not None:
        ended.valid_to = last
        session.flush()
    row = GroupShare(company_id=company.id, group_id=group.id, member=command.member)
    _set(row, command)
    session.add(row)
    session.flush()
    return row


def edit_share(session: Session, command: EditShare) -> GroupShare:
    """Change a share; where it begins on another day, the one before it ends the day before.

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
    rows = shares_of(session, group.id)
    others = [one for one in rows if one.member == row.member and one is not row]
    before, last = _before(row, others), command.valid_from - _A_DAY
    if before is not None and last < before.valid_from:
        before = None  # it would have no day: said as the day that both have
    days = [(one.valid_from, last if one is before else one.valid_to) for one in others]
    _check(company.code, group, command, days, rows)
    earlier = command.valid_from < row.valid_from
    if before is not None and earlier:  # the one that gives days away comes first
        before.valid_to = last
        session.flush()
    _set(row, command)
    session.flush()
    if before is not None and not earlier:
        before.valid_to = last
        session.flush()
    return row


def delete_share(session: Session, command: DeleteShare) -> None:
    """Delete a share; the one before it is valid on its days, so the company stays in its group.

    Raises:
        NotFound: there is no such share.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    row = load_share(session, command.id)
    others = [one for one in shares_of(session, row.group_id, row.member) if one is not row]
    before, last = _before(row, others), row.valid_to
    session.delete(row)
    session.flush()
    if before is not None:
        before.valid_to = last
        session.flush()


def _before(row: GroupShare, others: Sequence[GroupShare]) -> GroupShare | None:
    """The share that ends the day before another one begins."""
    return next((one for one in others if one.valid_to == row.valid_from - _A_DAY), None)


def _set(row: GroupShare, command: ShareFields) -> None:
    share = read_percent(command.share)
    assert share is not None  # noqa: S101 - checked before
    row.share = share
    row.valid_from, row.valid_to = command.valid_from, command.valid_to
    row.investment, row.dividends = command.investment.strip(), command.dividends.strip()


def _check(
    owner: str,
    group: CompanyGroup,
    command: ShareFields,
    days: Sequence[_Days],
    rows: Sequence[GroupShare],
) -> None:
    """Refuse what is wrong with a share.

    Arguments:
        days: of the company's other shares, as they will be.
        rows: all shares of the group.
    """
    problems = []
    companies = (owner, *members_of(group.members))
    if command.member not in companies[1:]:
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
        problems += _days(command, days)
    taken = _taken([one for one in rows if one.member != command.member], companies)
    for field, text in (("investment", command.investment), ("dividends", command.dividends)):
        try:
            found = read_held_on(text, companies)
        except NotRead as error:
            problems.append(Problem(str(error), field))
            continue
        if any(one.company == command.member for one in found):
            problems.append(Problem(_("A company does not hold itself."), field))
        problems += _of_others(found, taken, field)
    if problems:
        raise Invalid(_("The share can't be saved."), problems=tuple(problems))


def _taken(rows: Sequence[GroupShare], companies: Sequence[str]) -> list[tuple[str, HeldOn]]:
    """What shares name, each with their company."""
    taken: list[tuple[str, HeldOn]] = []
    for one in rows:
        for text in (one.investment, one.dividends):
            with suppress(NotRead):  # that is said where the group is read
                taken += ((one.member, held_on) for held_on in read_held_on(text, companies))
    return taken


def _of_others(
    found: Sequence[HeldOn], taken: Sequence[tuple[str, HeldOn]], field: str
) -> list[Problem]:
    """What stands on an account is set off once: in full, and for one company."""
    for place, one in enumerate(found):
        for member, other in (*taken, *(("", earlier) for earlier in found[:place])):
            if other.company != one.company:
                continue
            for accounts in one.accounts:
                if not any(accounts.meets(theirs) for theirs in other.accounts):
                    continue
                named = f"{one.company} {written_range(accounts)}"
                if member:
                    said = _(
                        "%(accounts)s: the shares in %(member)s name these accounts already. What"
                        " is held of each company needs accounts of its own.",
                        accounts=named,
                        member=member,
                    )
                else:
                    said = _("%(accounts)s: an earlier line names these already.", accounts=named)
                return [Problem(said, field)]
    return []


def _days(command: ShareFields, others: Sequence[_Days]) -> list[Problem]:
    """Shares of a company follow each other: no day has two, and none between them has none."""
    days = [(start, end or date.max) for start, end in others]
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
