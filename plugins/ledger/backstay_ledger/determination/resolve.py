"""Which account a role means: the most specific rule that is in force, and never a guess.

A rule with more conditions wins over one with fewer. Of rules with the same conditions the latest
is in force. Two rules with equally many, but different, conditions are a tie, which only the
company can decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import AccountContext, Posting, PostingLine
from backstay.spi import Invalid, Problem, account_roles, company_of
from backstay.spi import gettext as _
from backstay_ledger.determination.models import AccountRule, LineRole
from backstay_ledger.models import Account
from backstay_ledger.services.bulk_rows import insert_rows, table_of

CONDITIONS: Final = ("item_group", "party_group", "country")
ANY_CONTEXT: Final = AccountContext()
_TABLE: Final = table_of(LineRole)
_COLUMNS: Final = (
    "entry_id",
    "line_no",
    "company_id",
    "role",
    *CONDITIONS,
    "rule_id",
    "rule",
)


class AccountNotDetermined(Invalid):
    """No rule leads from a role to an account, or more than one does."""


@dataclass(frozen=True, slots=True)
class Determined:
    """An account with the reason for it.

    Arguments:
        account: its code.
        rule: the rule that won, in words.
        others: rules that hold too and are less specific, or were replaced by a later one.
    """

    account: str
    rule_id: int
    rule: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleRow:
    """Why a line of an entry is on its account."""

    line_no: int
    role: str
    context: AccountContext
    rule_id: int
    rule: str


def resolve(
    session: Session, role: str, context: AccountContext | None = None, on: date | None = None
) -> Determined:
    """The account that a role means.

    Arguments:
        on: the accounting date; None for rules of any day, the latest of them.

    Raises:
        AccountNotDetermined: names the role and its conditions, and the rules of a tie.
    """
    return _choose(role, context or ANY_CONTEXT, _rules(session, {role}, on).get(role, ()), session)


@dataclass(frozen=True, slots=True)
class RoleRules:
    """The rules of some roles on a day, read in one statement."""

    session: Session
    rules: Mapping[str, Sequence[tuple[AccountRule, str]]]

    def account(self, role: str, context: AccountContext | None = None) -> Determined:
        """The account that one of the roles means (see :func:`resolve`)."""
        return _choose(role, context or ANY_CONTEXT, self.rules.get(role, ()), self.session)


def rules_of(session: Session, roles: Iterable[str], posting: Posting) -> RoleRules:
    """The rules of roles on the day of a posting; without roles nothing is read."""
    wanted = set(roles) - {""}
    return RoleRules(session, _rules(session, wanted, posting.date) if wanted else {})


def determined(
    session: Session, posting: Posting
) -> tuple[tuple[PostingLine, ...], tuple[RoleRow, ...]]:
    """The lines of a posting with accounts for the roles, and why.

    Raises:
        Invalid: a line has both or an unknown role, or a role leads to no account; names the line.
    """
    wanted = {line.role for line in posting.lines if line.role}
    rules = _rules(session, wanted, posting.date)
    lines: list[PostingLine] = []
    roles: list[RoleRow] = []
    problems: list[Problem] = []
    for position, line in enumerate(posting.lines):
        if not line.role:
            lines.append(line)
            continue
        if line.account:
            message = _("A line has an account or a role, not both.")
            problems.append(Problem(message, f"lines.{position}.account", posting.row))
            continue
        try:
            found = _choose(
                line.role, line.context or ANY_CONTEXT, rules.get(line.role, ()), session
            )
        except AccountNotDetermined as error:
            problems.append(Problem(error.message, f"lines.{position}.account", posting.row))
            continue
        lines.append(replace(line, account=found.account))
        roles.append(
            RoleRow(position + 1, line.role, line.context or ANY_CONTEXT, found.rule_id, found.rule)
        )
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
    return tuple(lines), tuple(roles)


def insert_roles(
    session: Session, company_id: int, entries: Sequence[tuple[int, Sequence[RoleRow]]]
) -> None:
    """Write why the lines of drafts are on their accounts; the lines are there."""
    rows = [
        (
            entry_id,
            row.line_no,
            company_id,
            row.role,
            *(getattr(row.context, name) for name in CONDITIONS),
            row.rule_id,
            row.rule,
        )
        for entry_id, found in entries
        for row in found
    ]
    if rows:
        insert_rows(session, _TABLE, _COLUMNS, rows)


_Rule = tuple[AccountRule, str]
"""A rule with the code of its account."""


def _rules(session: Session, roles: set[str], on: date | None) -> Mapping[str, Sequence[_Rule]]:
    wanted = (
        select(AccountRule, Account.code)
        .join(Account, Account.id == AccountRule.account_id)
        .where(AccountRule.company_id == company_of(session).id, AccountRule.role.in_(roles))
        .order_by(AccountRule.valid_from.desc(), AccountRule.id)
    )
    if on is not None:
        wanted = wanted.where(AccountRule.valid_from <= on)
    found: dict[str, list[_Rule]] = {}
    for rule, code in session.execute(wanted):
        found.setdefault(rule.role, []).append((rule, code))
    return found


def _choose(
    role: str,
    context: AccountContext,
    rules: Sequence[_Rule],
    session: Session,
) -> Determined:
    if role not in account_roles(session):
        raise AccountNotDetermined(_("No module declares the account role “%(role)s”.", role=role))
    holding = [one for one in rules if _holds(one[0], context)]
    in_force: dict[tuple[str, ...], _Rule] = {}
    for one in holding:  # the latest first
        in_force.setdefault(_conditions(one[0]), one)
    best = max((_specific(one[0]) for one in in_force.values()), default=-1)
    first = [one for one in in_force.values() if _specific(one[0]) == best]
    if not first:
        raise AccountNotDetermined(
            _(
                "No rule leads from “%(role)s” to an account (%(context)s). Add one under “Account"
                " rules”.",
                role=role,
                context=_words(*(getattr(context, name) for name in CONDITIONS)),
            )
        )
    if len(first) > 1:
        raise AccountNotDetermined(
            _(
                "Two rules lead from “%(role)s” to an account and are equally specific: %(rules)s."
                " Add one with the conditions of both.",
                role=role,
                rules="; ".join(rule_in_words(rule, code) for rule, code in first),
            )
        )
    rule, code = first[0]
    return Determined(
        code,
        rule.id,
        rule_in_words(rule, code),
        tuple(rule_in_words(*one) for one in holding if one[0].id != rule.id),
    )


def rule_in_words(rule: AccountRule, account: str) -> str:
    """A rule as people read it, at most 250 characters."""
    text = _(
        "%(role)s, %(conditions)s, from %(day)s: %(account)s",
        role=rule.role,
        conditions=_words(*_conditions(rule)),
        day=rule.valid_from.isoformat(),
        account=account,
    )
    return text[:250]


def _words(item_group: str, party_group: str, country: str) -> str:
    parts = [
        _("item group %(value)s", value=item_group) if item_group else "",
        _("party group %(value)s", value=party_group) if party_group else "",
        _("country %(value)s", value=country) if country else "",
    ]
    return ", ".join(part for part in parts if part) or _("everything")


def _conditions(rule: AccountRule) -> tuple[str, ...]:
    return tuple(getattr(rule, name) for name in CONDITIONS)


def _specific(rule: AccountRule) -> int:
    return sum(bool(condition) for condition in _conditions(rule))


def _holds(rule: AccountRule, context: AccountContext) -> bool:
    return all(getattr(rule, name) in {"", getattr(context, name)} for name in CONDITIONS)
