"""Setting up dimensions, their values as trees, and the accounts that require one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    BoolField,
    Conflict,
    DateField,
    Invalid,
    NotFound,
    PickerField,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.dimensions.codes import DIMENSION_CODE, VALUE_CODE
from backstay_ledger.dimensions.kept import refuse_by_hand
from backstay_ledger.dimensions.permissions import DIMENSION_EDIT
from backstay_ledger.models.dimensions import (
    Dimension,
    DimensionSetValue,
    DimensionValue,
    RequiredDimension,
)
from backstay_ledger.services.accounts import load_account
from backstay_ledger.services.owned import load_owned


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDimension:
    """A kind of thing that lines are about."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("As it is typed on lines: cost_centre=100."),
            example="cost_centre",
            min_length=1,
            max_length=40,
            pattern=DIMENSION_CODE,
            pattern_help=lazy("Small letters, digits and _, beginning with a letter."),
        ),
    ]
    name: Annotated[
        str, TextField(label=lazy("Name"), example="Cost centre", min_length=1, max_length=100)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDimension:
    """A dimension with another name, or put out of use."""

    id: int
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    active: Annotated[
        bool,
        BoolField(
            label=lazy("Active"),
            help=lazy("An inactive dimension keeps its history but takes no new lines."),
        ),
    ] = True
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddValue:
    """A value of a dimension."""

    dimension_id: Annotated[int, PickerField(label=lazy("Dimension"), resource="ledger.dimension")]
    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            example="100",
            min_length=1,
            max_length=40,
            pattern=VALUE_CODE,
            pattern_help=lazy("Without =, comma and semicolon."),
        ),
    ]
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    parent_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Below"),
            help=lazy("Reports by that value contain this one."),
            resource="ledger.dimension_value",
        ),
    ] = None
    valid_from: Annotated[date | None, DateField(label=lazy("Valid from"))] = None
    valid_to: Annotated[
        date | None,
        DateField(label=lazy("Valid to"), help=lazy("The last day of entries that carry it.")),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditValue:
    """A changed value; its code stays, because lines were typed with it."""

    id: int
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    parent_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Below"),
            help=lazy("Reports by that value contain this one."),
            resource="ledger.dimension_value",
        ),
    ] = None
    valid_from: Annotated[date | None, DateField(label=lazy("Valid from"))] = None
    valid_to: Annotated[
        date | None,
        DateField(label=lazy("Valid to"), help=lazy("The last day of entries that carry it.")),
    ] = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequireDimension:
    """From now on each line on an account carries a value of a dimension."""

    account_id: Annotated[int, PickerField(label=lazy("Account"), resource="ledger.account")]
    dimension_id: Annotated[int, PickerField(label=lazy("Dimension"), resource="ledger.dimension")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequiring:
    """A dimension that an account does not require any more."""

    id: int


def add_dimension(session: Session, command: AddDimension) -> Dimension:
    """Add a dimension.

    Raises:
        Invalid: its code is taken.
    """
    authorize(session, DIMENSION_EDIT)
    company = company_of(session)
    taken = select(Dimension.id).where(
        Dimension.company_id == company.id, Dimension.code == command.code
    )
    if session.scalar(taken) is not None:
        raise Invalid(
            _("There is a dimension “%(code)s” already.", code=command.code), field="code"
        )
    row = Dimension(company_id=company.id, code=command.code, name=command.name, active=True)
    session.add(row)
    session.flush()
    return row


def edit_dimension(session: Session, command: EditDimension) -> Dimension:
    """Rename a dimension or put it out of use.

    Raises:
        Stale: somebody else saved in the meantime.
    """
    authorize(session, DIMENSION_EDIT)
    row = load_dimension(session, command.id)
    check_version(row, command.version)
    row.name, row.active = command.name, command.active
    session.flush()
    return row


def add_value(session: Session, command: AddValue) -> DimensionValue:
    """Add a value to a dimension.

    Raises:
        Invalid: its code is taken, it lies below a value of another dimension, or its days end
            before they begin.
        Conflict: a plugin keeps the values of the dimension.
    """
    authorize(session, DIMENSION_EDIT)
    company = company_of(session)
    dimension = load_dimension(session, command.dimension_id)
    refuse_by_hand(session, dimension)
    problems = _value_problems(session, command, dimension.id, None)
    taken = select(DimensionValue.id).where(
        DimensionValue.company_id == company.id,
        DimensionValue.dimension_id == dimension.id,
        DimensionValue.code == command.code,
    )
    if session.scalar(taken) is not None:
        message = _(
            "%(dimension)s has a value “%(code)s” already.",
            dimension=dimension.name,
            code=command.code,
        )
        problems.append(Problem(message, "code"))
    if problems:
        raise Invalid(_("The value can't be saved."), problems=tuple(problems))
    row = DimensionValue(
        company_id=company.id,
        dimension_id=dimension.id,
        code=command.code,
        name=command.name,
        parent_id=command.parent_id,
        valid_from=command.valid_from,
        valid_to=command.valid_to,
    )
    session.add(row)
    session.flush()
    return row


def edit_value(session: Session, command: EditValue) -> DimensionValue:
    """Change a value, or move it in the tree.

    Raises:
        Invalid, Conflict: as :func:`add_value`; or it would stand below itself (names the value).
        Stale: somebody else saved in the meantime.
    """
    authorize(session, DIMENSION_EDIT)
    row = load_value(session, command.id)
    check_version(row, command.version)
    if row.source_key is not None:
        refuse_by_hand(session, load_dimension(session, row.dimension_id))
    problems = _value_problems(session, command, row.dimension_id, row)
    if problems:
        raise Invalid(_("The value can't be saved."), problems=tuple(problems))
    row.name, row.parent_id = command.name, command.parent_id
    row.valid_from, row.valid_to = command.valid_from, command.valid_to
    session.flush()
    return row


def require_dimension(session: Session, command: RequireDimension) -> RequiredDimension:
    """Have an account require a dimension; what was posted before stays as it is.

    Raises:
        Conflict: it requires it already.
    """
    authorize(session, DIMENSION_EDIT)
    account = load_account(session, command.account_id)
    dimension = load_dimension(session, command.dimension_id)
    held = select(RequiredDimension.id).where(
        RequiredDimension.account_id == account.id,
        RequiredDimension.dimension_id == dimension.id,
    )
    if session.scalar(held) is not None:
        raise Conflict(
            _(
                "%(account)s requires %(dimension)s already.",
                account=account.label,
                dimension=dimension.name,
            )
        )
    row = RequiredDimension(
        company_id=company_of(session).id, account_id=account.id, dimension_id=dimension.id
    )
    session.add(row)
    session.flush()
    return row


def stop_requiring(session: Session, command: StopRequiring) -> None:
    """Let lines on an account go without a dimension again."""
    authorize(session, DIMENSION_EDIT)
    row = session.scalars(
        select(RequiredDimension).where(
            RequiredDimension.id == command.id,
            RequiredDimension.company_id == company_of(session).id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such requirement in this company."))
    session.delete(row)
    session.flush()


def load_dimension(session: Session, dimension_id: int) -> Dimension:
    """A dimension of the company by its id.

    Raises:
        NotFound: the company has no such dimension.
    """
    return load_owned(session, Dimension, dimension_id, _("There is no such dimension."))


def load_value(session: Session, value_id: int) -> DimensionValue:
    """A value of the company by its id.

    Raises:
        NotFound: the company has no such value.
    """
    return load_owned(session, DimensionValue, value_id, _("There is no such value."))


def is_used(session: Session, value: DimensionValue) -> bool:
    """Whether lines carry a value."""
    used = select(DimensionSetValue.dimset_id).where(DimensionSetValue.value_id == value.id)
    return session.scalar(used.limit(1)) is not None


def _value_problems(
    session: Session, command: AddValue | EditValue, dimension_id: int, row: DimensionValue | None
) -> list[Problem]:
    problems: list[Problem] = []
    first, last = command.valid_from, command.valid_to
    if first is not None and last is not None and last < first:
        problems.append(Problem(_("The days end before they begin."), "valid_to"))
    if command.parent_id is None:
        return problems
    parent: DimensionValue | None = load_value(session, command.parent_id)
    if parent is not None and parent.dimension_id != dimension_id:
        message = _("“%(value)s” is of another dimension.", value=parent.label)
        return [*problems, Problem(message, "parent_id")]
    # The order of moves in a dimension: two at once could make a circle that neither sees.
    session.scalar(
        select(Dimension.id)
        .where(Dimension.id == dimension_id)
        .with_for_update(key_share=True)  # postings with new combinations refer to it meanwhile
    )
    while row is not None and parent is not None:
        if parent.id == row.id:
            message = _("“%(value)s” would stand below itself.", value=row.label)
            return [*problems, Problem(message, "parent_id")]
        parent = session.get(DimensionValue, parent.parent_id) if parent.parent_id else None
    return problems
