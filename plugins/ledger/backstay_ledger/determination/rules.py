"""Account rules: made, changed, deleted, and tried out before anything is posted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    ChoiceField,
    DateField,
    Invalid,
    PickerField,
    Problem,
    TextField,
    account_roles,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.determination.models import AccountRule
from backstay_ledger.permissions import TAX_EDIT
from backstay_ledger.services.accounts import load_account
from backstay_ledger.services.owned import load_owned
from backstay_ledger.tax.commands import role_choices


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRule:
    """From a day on, this role leads to this account where all conditions are met."""

    role: Annotated[
        str,
        ChoiceField(
            label=lazy("Role"),
            help=lazy("What the account is for; modules declare the roles they post under."),
            choices=role_choices,
        ),
    ]
    account_id: Annotated[
        int,
        PickerField(
            label=lazy("Account"), help=lazy("What the role leads to."), resource="ledger.account"
        ),
    ]
    valid_from: Annotated[
        date,
        DateField(label=lazy("From"), help=lazy("Entries dated on this day or later.")),
    ]
    item_group: Annotated[
        str,
        TextField(label=lazy("Item group"), help=lazy("Empty for every item."), max_length=60),
    ] = ""
    party_group: Annotated[
        str,
        TextField(
            label=lazy("Party group"),
            help=lazy("Of the customer or vendor; empty for everybody."),
            max_length=60,
        ),
    ] = ""
    country: Annotated[
        str,
        TextField(
            label=lazy("Country"),
            help=lazy("ISO 3166, two capital letters; empty for every country."),
            max_length=2,
            pattern="[A-Z]{2}",
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRule(CreateRule):
    """A changed rule; lines that were posted stay on their accounts."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRule:
    """A rule that is not to decide anything any more."""

    id: int


def create_rule(session: Session, command: CreateRule) -> AccountRule:
    """Add a rule.

    Raises:
        Invalid: the role is unknown, or there is a rule for the same conditions from that day.
        NotFound: the company has no such account.
    """
    authorize(session, TAX_EDIT)
    _check(session, command, None)
    rule = AccountRule(
        company_id=company_of(session).id,
        role=command.role,
        item_group=command.item_group,
        party_group=command.party_group,
        country=command.country,
        valid_from=command.valid_from,
        account_id=command.account_id,
    )
    session.add(rule)
    session.flush()
    return rule


def edit_rule(session: Session, command: EditRule) -> AccountRule:
    """Change a rule; what it decided before stays.

    Raises:
        Invalid, NotFound: as :func:`create_rule`.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, TAX_EDIT)
    rule = load_rule(session, command.id)
    check_version(rule, command.version)
    _check(session, command, rule)
    rule.role, rule.account_id = command.role, command.account_id
    rule.item_group, rule.party_group = command.item_group, command.party_group
    rule.country, rule.valid_from = command.country, command.valid_from
    session.flush()
    return rule


def delete_rule(session: Session, command: DeleteRule) -> None:
    """Delete a rule; lines that it decided keep their reason in words."""
    authorize(session, TAX_EDIT)
    session.delete(load_rule(session, command.id))
    session.flush()


def load_rule(session: Session, rule_id: int) -> AccountRule:
    """A rule of the company.

    Raises:
        NotFound: the company has no such rule.
    """
    missing = _("There is no such account rule in this company.")
    return load_owned(session, AccountRule, rule_id, missing)


def _check(session: Session, command: CreateRule, own: AccountRule | None) -> None:
    problems: list[Problem] = []
    if command.role not in account_roles(session):
        message = _("No module declares the account role “%(role)s”.", role=command.role)
        problems.append(Problem(message, "role"))
    if command.country and not re.fullmatch("[A-Z]{2}", command.country):
        problems.append(Problem(_("Write the country as two capital letters."), "country"))
    load_account(session, command.account_id)
    same = session.scalar(
        select(AccountRule.id).where(
            AccountRule.company_id == company_of(session).id,
            AccountRule.role == command.role,
            AccountRule.item_group == command.item_group,
            AccountRule.party_group == command.party_group,
            AccountRule.country == command.country,
            AccountRule.valid_from == command.valid_from,
        )
    )
    if same is not None and (own is None or own.id != same):
        message = _("There is a rule for these conditions from %(day)s.", day=command.valid_from)
        problems.append(Problem(message, "valid_from"))
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
