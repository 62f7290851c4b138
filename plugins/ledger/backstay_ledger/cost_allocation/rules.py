"""Setting up allocation rules: what is spread, over which values, in proportion to what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from backstay.spi import (
    Choice,
    ChoiceField,
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
from backstay_ledger.cost_allocation.models import AllocationRule, AllocationShare, Basis
from backstay_ledger.cost_allocation.named_accounts import accounts_said, as_shown
from backstay_ledger.dimensions.permissions import DIMENSION_EDIT
from backstay_ledger.dimensions.sets import BETWEEN_PAIRS
from backstay_ledger.dimensions.slices import WHOLE, Slice, slice_of
from backstay_ledger.dimensions.values import load_dimension
from backstay_ledger.models import Account
from backstay_ledger.models.dimensions import DimensionValue
from backstay_ledger.services.accounts import load_account
from backstay_ledger.services.owned import load_owned

BASES: Final = (
    Choice(Basis.SHARES.value, lazy("Fixed shares")),
    Choice(Basis.BALANCES.value, lazy("What accounts moved, by value")),
)
_PLACES: Final = Decimal("0.0001")
_MOST: Final = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAllocationRule:
    """A rule that spreads what accounts took in a period over values of a dimension."""

    name: Annotated[
        str,
        TextField(label=lazy("Name"), example="Rent by floor space", min_length=1, max_length=100),
    ]
    sources: Annotated[
        str,
        TextField(
            label=lazy("Accounts"),
            help=lazy("Codes, ranges, or nodes of a tree: 6000..6999, 7100, board/overheads."),
            example="6000",
            min_length=1,
            max_length=400,
        ),
    ]
    source_values: Annotated[
        str,
        TextField(
            label=lazy("Only lines with"),
            help=lazy("cost_centre=100, or cost_centre=- for those without; empty for all."),
            example="",
            max_length=200,
        ),
    ] = ""
    dimension_id: Annotated[
        int,
        PickerField(
            label=lazy("Spread over"),
            help=lazy("The dimension whose values get the parts."),
            resource="ledger.dimension",
        ),
    ]
    basis: Annotated[Basis, ChoiceField(label=lazy("In proportion to"), choices=BASES)]
    shares: Annotated[
        str,
        TextField(
            label=lazy("Shares"),
            help=lazy("Of fixed shares: each value with its share, 100=50, 200=30, 300=20."),
            example="",
            max_length=2000,
        ),
    ] = ""
    basis_accounts: Annotated[
        str,
        TextField(
            label=lazy("Accounts of the basis"),
            help=lazy("What they moved in the period, by value: wages, sales, square metres."),
            example="",
            max_length=400,
        ),
    ] = ""
    target_account_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Parts go to"),
            help=lazy("Left empty, to the account that they come from."),
            resource="ledger.account",
        ),
    ] = None
    relief_account_id: Annotated[
        int | None,
        PickerField(
            label=lazy("The whole is taken off"),
            help=lazy("Left empty, the account that it stands on."),
            resource="ledger.account",
        ),
    ] = None
    valid_from: Annotated[date, DateField(label=lazy("Valid from"))]
    valid_to: Annotated[
        date | None,
        DateField(label=lazy("Valid to"), help=lazy("It is run for periods that end until then.")),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditAllocationRule(AddAllocationRule):
    """A changed rule; entries that it made stay as they are, and say how they came about."""

    id: int
    version: int | None = None


def add_rule(session: Session, command: AddAllocationRule) -> AllocationRule:
    """Add an allocation rule.

    Raises:
        Invalid: names each field that is wrong: an account, node, value or share that there is
            not, a name that is taken, days that end before they begin.
    """
    authorize(session, DIMENSION_EDIT)
    shares = _checked(session, command, None)
    row = AllocationRule(company_id=company_of(session).id, dimension_id=command.dimension_id)
    _set(session, row, command)
    session.add(row)
    session.flush()
    _write_shares(session, row, shares)
    return row


def edit_rule(session: Session, command: EditAllocationRule) -> AllocationRule:
    """Change an allocation rule.

    Raises:
        Invalid: as :func:`add_rule`, or another dimension is named.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, DIMENSION_EDIT)
    row = load_rule(session, command.id)
    check_version(row, command.version)
    shares = _checked(session, command, row)
    _set(session, row, command)
    _replace_shares(session, row, shares)
    return row


def load_rule(session: Session, rule_id: int) -> AllocationRule:
    """A rule of the company by its id.

    Raises:
        NotFound: the company has no such rule.
    """
    return load_owned(session, AllocationRule, rule_id, _("There is no such allocation rule."))


def shares_of(session: Session, rule: AllocationRule) -> list[tuple[str, Decimal]]:
    """Codes of values with their weights, by code."""
    rows = session.execute(
        select(DimensionValue.code, AllocationShare.weight)
        .join(AllocationShare, AllocationShare.value_id == DimensionValue.id)
        .where(AllocationShare.rule_id == rule.id, AllocationShare.company_id == rule.company_id)
        .order_by(DimensionValue.code)
    )
    return [(code, weight) for code, weight in rows]


def written_shares(session: Session, rule: AllocationRule) -> str:
    """Shares as they are typed."""
    return ", ".join(f"{code}={weight.normalize():f}" for code, weight in shares_of(session, rule))


def slice_said(session: Session, text: str) -> Slice:
    """The lines that a rule takes its amounts from.

    Raises:
        Invalid: names what there is not.
    """
    pairs = [one.strip() for one in BETWEEN_PAIRS.split(text) if one.strip()]
    return slice_of(session, pairs) if pairs else WHOLE


def _checked(
    session: Session, command: AddAllocationRule, row: AllocationRule | None
) -> dict[int, Decimal]:
    """The shares by value id; all problems at once."""
    problems: list[Problem] = []
    company_id = company_of(session).id
    taken = select(AllocationRule.id).where(
        AllocationRule.company_id == company_id, AllocationRule.name == command.name
    )
    if session.scalar(taken) not in {None, row.id if row else None}:
        problems.append(Problem(_("There is one with this name already."), "name"))
    if command.valid_to is not None and command.valid_to < command.valid_from:
        problems.append(Problem(_("The days end before they begin."), "valid_to"))
    dimension = load_dimension(session, command.dimension_id)
    if row is not None and row.dimension_id != dimension.id:
        said = _("A rule keeps its dimension: add another rule.")
        problems.append(Problem(said, "dimension_id"))
    for read, field in (
        (lambda: accounts_said(session, command.sources, "sources"), "sources"),
        (lambda: slice_said(session, command.source_values), "source_values"),
        (
            lambda: accounts_said(session, command.basis_accounts, "basis_accounts"),
            "basis_accounts",
        ),
    ):
        try:
            read()
        except Invalid as error:
            problems += [Problem(one.message, field) for one in error.problems]
            if not error.problems:
                problems.append(Problem(str(error), field))
    problems += _account_problems(session, command)
    shares, wrong = _shares(session, command, dimension.id)
    problems += wrong
    if command.basis is Basis.BALANCES and not command.basis_accounts.strip():
        problems.append(Problem(_("Say which accounts tell the parts."), "basis_accounts"))
    if problems:
        raise Invalid(_("The rule can't be saved."), problems=tuple(problems))
    return shares


def _account_problems(session: Session, command: AddAllocationRule) -> list[Problem]:
    problems = []
    for field in ("target_account_id", "relief_account_id"):
        account_id: int | None = getattr(command, field)
        account: Account | None = load_account(session, account_id) if account_id else None
        if account is not None and account.open_item_managed:
            said = _("This account is managed by open items: choose one without them.")
            problems.append(Problem(said, field))
    return problems


def _shares(
    session: Session, command: AddAllocationRule, dimension_id: int
) -> tuple[dict[int, Decimal], list[Problem]]:
    if command.basis is not Basis.SHARES:
        unused = _("Shares go with fixed shares only: choose those, or leave this empty.")
        return {}, [Problem(unused, "shares")] if command.shares.strip() else []
    values = dict(
        session.execute(
            select(DimensionValue.code, DimensionValue.id).where(
                DimensionValue.company_id == company_of(session).id,
                DimensionValue.dimension_id == dimension_id,
            )
        ).all()
    )
    shares: dict[int, Decimal] = {}
    problems: list[Problem] = []
    for said in (one.strip() for one in re.split(r"[,;\n]", command.shares) if one.strip()):
        code, _mark, text = (one.strip() for one in said.partition("="))
        try:
            weight = Decimal(text)
        except InvalidOperation:
            weight = Decimal(0)
        if weight.is_finite() and weight > _MOST:
            message = _(
                "“%(said)s”: a share is at most %(most)s. Only their proportion counts.",
                said=said[:40],
                most=f"{_MOST:,}",
            )
        elif not weight.is_finite() or weight <= 0 or weight != weight.quantize(_PLACES):
            message = _("“%(said)s”: write value=share, such as 100=50.", said=said[:40])
        elif code not in values:
            message = _("There is no value “%(code)s” of this dimension.", code=code[:40])
        elif values[code] in shares:
            message = _("“%(code)s” has a share already.", code=code)
        else:
            shares[values[code]] = weight
            continue
        problems.append(Problem(message, "shares"))
    if not shares and not problems:
        problems.append(Problem(_("Say which values get a share."), "shares"))
    return shares, problems


def _set(session: Session, row: AllocationRule, command: AddAllocationRule) -> None:
    row.name, row.sources = command.name, as_shown(session, command.sources)
    row.source_values = command.source_values.strip()
    row.basis, row.basis_accounts = command.basis, as_shown(session, command.basis_accounts)
    row.target_account_id = command.target_account_id
    row.relief_account_id = command.relief_account_id
    row.valid_from, row.valid_to = command.valid_from, command.valid_to


def _replace_shares(session: Session, row: AllocationRule, shares: dict[int, Decimal]) -> None:
    held = {
        one.value_id: one
        for one in session.scalars(
            select(AllocationShare).where(
                AllocationShare.company_id == row.company_id, AllocationShare.rule_id == row.id
            )
        )
    }
    if shares != {value_id: one.weight for value_id, one in held.items()}:
        # The rule's own version rises, so that two editors of its shares notice each other.
        flag_modified(row, "sources")
    session.flush()
    for value_id, one in held.items():
        if value_id in shares:
            one.weight = shares[value_id]
        else:
            session.delete(one)
    added = {value_id: weight for value_id, weight in shares.items() if value_id not in held}
    _write_shares(session, row, added)


def _write_shares(session: Session, row: AllocationRule, shares: dict[int, Decimal]) -> None:
    session.add_all(
        AllocationShare(company_id=row.company_id, rule_id=row.id, value_id=value_id, weight=weight)
        for value_id, weight in shares.items()
    )
    session.flush()
