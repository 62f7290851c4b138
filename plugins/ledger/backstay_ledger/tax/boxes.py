"""Boxes of the tax return, and how a company rounds its taxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    DateField,
    Invalid,
    MoneyField,
    NotFound,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.permissions import TAX_EDIT
from backstay_ledger.services.owned import load_owned
from backstay_ledger.services.posting import guarded
from backstay_ledger.tax.filing.models import TaxFilingBox
from backstay_ledger.tax.models import BoxKind, TaxBox, TaxDetail, TaxPart, TaxRounding
from backstay_ledger.tax.rounding import RoundingPolicy, unit_of

CODE_PATTERN: Final = r"[0-9A-Za-z][0-9A-Za-z.\-]{0,19}"
CODE_HELP: Final = lazy("Letters, digits, points and hyphens, at most 20.")
BOX_KINDS: Final = (
    Choice("payable", lazy("Payable"), help=lazy("Its tax is owed to the authority")),
    Choice("deductible", lazy("Deductible"), help=lazy("Its tax lessens what is owed")),
    Choice("information", lazy("Information"), help=lazy("Shown, and in no total")),
)
POLICIES: Final = (
    Choice("line", lazy("By line"), help=lazy("Each tax of each line is rounded")),
    Choice("group", lazy("By tax"), help=lazy("The sum of each tax of an entry is rounded")),
    Choice("document", lazy("By document"), help=lazy("The sum of all taxes is rounded")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBox:
    """A new box of the return."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("As the authority's form calls it; unique."),
            example="81",
            min_length=1,
            max_length=20,
            pattern=CODE_PATTERN,
            pattern_help=CODE_HELP,
        ),
    ]
    name: Annotated[
        str,
        TextField(label=lazy("Name"), example="Sales at 20 %", min_length=1, max_length=100),
    ]
    kind: Annotated[
        BoxKind,
        ChoiceField(
            label=lazy("Kind"),
            help=lazy("What its tax means for the amount to be paid."),
            choices=BOX_KINDS,
        ),
    ] = BoxKind.PAYABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class EditBox(CreateBox):
    """A changed box; returns of the past are shown with its new name."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteBox:
    """A box that nothing counts in."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRounding:
    """How taxes are rounded from a day on."""

    valid_from: Annotated[
        date,
        DateField(
            label=lazy("From"), help=lazy("Entries dated on this day or later are rounded so.")
        ),
    ]
    policy: Annotated[
        RoundingPolicy,
        ChoiceField(
            label=lazy("Rounded"),
            help=lazy("As the tax law of the company's place wants it."),
            choices=POLICIES,
        ),
    ]
    unit: Annotated[
        Decimal,
        MoneyField(
            label=lazy("To"),
            help=lazy("The smallest amount of tax, such as 0.01 or 0.05 of the base currency."),
            example="0.01",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRounding(SetRounding):
    """A rounding policy that is put right; what was posted stays as it was rounded then."""

    id: int
    version: int | None = None


def create_box(session: Session, command: CreateBox) -> TaxBox:
    """Add a box to the return.

    Raises:
        Invalid: the code is taken or has a wrong form, or the name is missing.
    """
    authorize(session, TAX_EDIT)
    _check_box(session, command, None)
    box = TaxBox(
        company_id=company_of(session).id,
        code=command.code,
        name=command.name,
        kind=command.kind,
    )
    session.add(box)
    session.flush()
    return box


def edit_box(session: Session, command: EditBox) -> TaxBox:
    """Change a box.

    Raises:
        Invalid: the code is taken or has a wrong form, or filed returns know the box by the one it
            has; or the name is missing.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, TAX_EDIT)
    box = load_box(session, command.id)
    check_version(box, command.version)
    _check_box(session, command, box)
    box.code, box.name, box.kind = command.code, command.name, command.kind
    with guarded():
        session.flush()
    return box


def delete_box(session: Session, command: DeleteBox) -> None:
    """Delete a box that is not in use.

    Raises:
        Conflict: a tax code or an entry counts in it.
    """
    authorize(session, TAX_EDIT)
    box = load_box(session, command.id)
    if message := box_in_use(session, box):
        raise Conflict(message)
    session.delete(box)
    session.flush()


def box_in_use(session: Session, box: TaxBox) -> str | None:
    """Why a box can't be deleted, or None."""
    used = select(TaxBox.id).where(
        TaxBox.id == box.id,
        or_(
            select(TaxPart.id).where(TaxPart.box_id == TaxBox.id).exists(),
            select(TaxDetail.id).where(TaxDetail.box_id == TaxBox.id).exists(),
        ),
    )
    if session.scalar(used) is None:
        return None
    return _("Tax codes count in box %(box)s; it stays.", box=box.code)


def load_box(session: Session, box_id: int) -> TaxBox:
    """A box of the company.

    Raises:
        NotFound: the company has no such box.
    """
    return load_owned(session, TaxBox, box_id, _("There is no such box in this company."))


def set_rounding(session: Session, command: SetRounding) -> TaxRounding:
    """Say how taxes are rounded from a day on.

    Raises:
        Invalid: there is a policy from that day already, or the unit is no amount.
    """
    authorize(session, TAX_EDIT)
    _check_rounding(session, command, None)
    rounding = TaxRounding(
        company_id=company_of(session).id,
        valid_from=command.valid_from,
        policy=command.policy,
        unit=command.unit,
    )
    session.add(rounding)
    session.flush()
    return rounding


def change_rounding(session: Session, command: ChangeRounding) -> TaxRounding:
    """Put a rounding policy right.

    Raises:
        Invalid: as :func:`set_rounding`.
        NotFound: the company has no such policy.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, TAX_EDIT)
    found = session.scalars(
        select(TaxRounding).where(
            TaxRounding.id == command.id, TaxRounding.company_id == company_of(session).id
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such rounding policy in this company."))
    check_version(found, command.version)
    _check_rounding(session, command, found)
    found.valid_from, found.policy = command.valid_from, command.policy
    found.unit = command.unit
    session.flush()
    return found


def _is_filed(session: Session, box: TaxBox) -> bool:
    """Whether a filed return has lines in a box; its figures are kept under the box's code."""
    found = select(TaxFilingBox.filing_id).where(
        TaxFilingBox.company_id == box.company_id, TaxFilingBox.code == box.code, TaxFilingBox.n > 0
    )
    return session.scalar(found.limit(1)) is not None


def _check_rounding(session: Session, command: SetRounding, own: TaxRounding | None) -> None:
    smallest = unit_of(company_of(session).minor_units)
    problems: list[Problem] = []
    if not command.unit.is_finite() or command.unit <= 0 or command.unit % smallest:
        message = _(
            "Taxes are rounded to a multiple of %(unit)s, the smallest amount of the currency.",
            unit=f"{smallest:f}",
        )
        problems.append(Problem(message, "unit"))
    taken = select(TaxRounding.id).where(
        TaxRounding.company_id == company_of(session).id,
        TaxRounding.valid_from == command.valid_from,
    )
    if (other := session.scalar(taken)) is not None and (own is None or own.id != other):
        message = _("There is a policy from %(day)s already.", day=command.valid_from)
        problems.append(Problem(message, "valid_from"))
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))


def _check_box(session: Session, command: CreateBox, own: TaxBox | None) -> None:
    problems: list[Problem] = []
    if not re.fullmatch(CODE_PATTERN, command.code):
        problems.append(Problem(str(CODE_HELP), "code"))
    elif own is None or own.code != command.code:
        taken = select(TaxBox.id).where(
            TaxBox.company_id == company_of(session).id, TaxBox.code == command.code
        )
        if session.scalar(taken) is not None:
            message = _("There is a box “%(code)s” already.", code=command.code)
            problems.append(Problem(message, "code"))
        elif own is not None and _is_filed(session, own):
            message = _("Filed returns have this box; it keeps its code. Make a new box.")
            problems.append(Problem(message, "code"))
    if not command.name.strip():
        problems.append(Problem(_("Give it a name."), "name"))
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
