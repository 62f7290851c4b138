"""Which companies make a group, and which of their accounts stand against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Invalid,
    NotFound,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.permissions import STATEMENT_EDIT
from backstay_ledger.services.posting import writable_company
from backstay_ledger.statements.drafting import CODE, NotRead, read_accounts
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare
from backstay_ledger.statements.tree import Accounts

MOST_COMPANIES: Final = 40
_RULE: Final = re.compile(r"(\S+)\s+(.+?)\s*=\s*(\S+)\s+(.+)")


@dataclass(frozen=True, slots=True)
class Elimination:
    """Accounts of one company whose balances stand against those of another.

    Arguments:
        text: the rule as it was typed, which names it.
    """

    text: str
    first: str
    first_accounts: tuple[Accounts, ...]
    second: str
    second_accounts: tuple[Accounts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGroup:
    """A new group of companies."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            example="group",
            min_length=1,
            max_length=20,
            pattern=CODE,
            pattern_help=lazy("1 to 20 letters, digits, points and _."),
        ),
    ]
    name: Annotated[
        str, TextField(label=lazy("Name"), example="Alpha group", min_length=1, max_length=100)
    ]
    members: Annotated[
        str,
        TextField(
            label=lazy("Companies"),
            help=lazy("Codes of the companies besides this one, with semicolons between."),
            example="BETA; GAMMA",
            min_length=1,
            max_length=1000,
            wide=True,
        ),
    ]
    eliminations: Annotated[
        str,
        TextField(
            label=lazy("Eliminations"),
            help=lazy(
                "A line for each pair of accounts that stand against each other: company,"
                " accounts, =, company, accounts."
            ),
            example="ALPHA 1500 = BETA 2500",
            max_length=4000,
            multiline=True,
            wide=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditGroup(CreateGroup):
    """A changed group."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroup:
    """A group that is not needed any more; the companies are not touched."""

    id: int


def create_group(session: Session, command: CreateGroup) -> CompanyGroup:
    """Make a group.

    Raises:
        Invalid: the code is taken, no company is named, or a rule can't be read.
    """
    authorize(session, STATEMENT_EDIT)
    company = writable_company(session)
    _check(session, command, "")
    group = CompanyGroup(company_id=company.id, **_values(command))
    session.add(group)
    session.flush()
    return group


def edit_group(session: Session, command: EditGroup) -> CompanyGroup:
    """Change a group.

    Raises:
        Invalid: the code is taken, no company is named, or a rule can't be read.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    group = load_group(session, command.id)
    check_version(group, command.version)
    _check(session, command, group.code)
    _keep_shares(session, group, command)
    for name, value in _values(command).items():
        setattr(group, name, value)
    session.flush()
    return group


def delete_group(session: Session, command: DeleteGroup) -> None:
    """Delete a group, with the shares in its companies.

    Raises:
        NotFound: the company keeps no such group.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    group = load_group(session, command.id)
    for share in session.scalars(_shares(group)):
        session.delete(share)
    session.flush()
    session.delete(group)
    session.flush()


def load_group(session: Session, group_id: int) -> CompanyGroup:
    """A group by its id.

    Raises:
        NotFound: the company keeps no such group.
    """
    return _one(session, CompanyGroup.id == group_id, str(group_id))


def group_by_code(session: Session, code: str) -> CompanyGroup:
    """A group by its code.

    Raises:
        NotFound: names the code.
    """
    return _one(session, CompanyGroup.code == code, code)


def members_of(text: str) -> tuple[str, ...]:
    """The codes of companies in a list with semicolons (or commas) between, each once."""
    return tuple(dict.fromkeys(one.strip() for one in re.split(r"[;,\s]+", text) if one.strip()))


def read_eliminations(text: str, companies: Iterable[str]) -> tuple[Elimination, ...]:
    """Read rules, one a line.

    Raises:
        NotRead: names the line that can't be read.
    """
    known = set(companies)
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found = _RULE.fullmatch(line.strip())
        if found is None:
            raise NotRead(_("Line %(n)s is no rule: write ALPHA 1500 = BETA 2500.", n=number))
        first, second = found[1], found[3]
        if missing := [one for one in (first, second) if one not in known]:
            raise NotRead(
                _("Line %(n)s: %(code)s is not in the group.", n=number, code=missing[0][:20])
            )
        if first == second:
            raise NotRead(_("Line %(n)s names the same company twice.", n=number))
        rules.append(
            Elimination(
                line.strip(), first, read_accounts(found[2]), second, read_accounts(found[4])
            )
        )
    return tuple(rules)


def _one(session: Session, condition: object, name: str) -> CompanyGroup:
    found = session.scalars(
        select(CompanyGroup).where(
            CompanyGroup.company_id == company_of(session).id,
            condition,  # type: ignore[arg-type]
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("This company keeps no group “%(name)s”.", name=name))
    return found


def _shares(group: CompanyGroup) -> Select[GroupShare]:
    return select(GroupShare).where(
        GroupShare.company_id == group.company_id, GroupShare.group_id == group.id
    )


def _keep_shares(session: Session, group: CompanyGroup, command: EditGroup) -> None:
    """Refuse to take out a company while shares in it, or those that it holds, are on record."""
    members = members_of(command.members)
    shares = list(session.scalars(_shares(group)))
    if gone := sorted({one.member for one in shares}.difference(members)):
        raise Invalid(
            _("%(code)s has shares in this group: delete those first.", code=gone[0]),
            field="members",
        )
    known = {company_of(session).code, *members}
    for share in shares:
        for line in f"{share.investment}\n{share.dividends}".splitlines():
            if line.strip() and line.split()[0] not in known:
                raise Invalid(
                    _(
                        "The share in %(member)s is held by a company that is not in the group any"
                        " more: “%(line)s”. Change that share first.",
                        member=share.member,
                        line=line.strip(),
                    ),
                    field="members",
                )


def _values(command: CreateGroup) -> dict[str, str]:
    return {
        "code": command.code,
        "name": command.name.strip(),
        "members": command.members.strip(),
        "eliminations": command.eliminations.strip(),
    }


def _check(session: Session, command: CreateGroup, own: str) -> None:
    problems = []
    company = company_of(session)
    taken = select(CompanyGroup.id).where(
        CompanyGroup.company_id == company.id, CompanyGroup.code == command.code
    )
    if command.code != own and session.scalar(taken) is not None:
        problems.append(
            Problem(_("There is a group “%(code)s” already.", code=command.code), "code")
        )
    members = members_of(command.members)
    if not members or company.code in members:
        problems.append(
            Problem(_("Name the companies besides %(code)s.", code=company.code), "members")
        )
    if len(members) > MOST_COMPANIES:
        problems.append(
            Problem(_("A group has %(n)s companies at most.", n=MOST_COMPANIES), "members")
        )
    try:
        read_eliminations(command.eliminations, (company.code, *members))
    except NotRead as error:
        problems.append(Problem(str(error), "eliminations"))
    if problems:
        raise Invalid(_("The group can't be saved."), problems=tuple(problems))
