"""Tax codes: made with their first rate and their parts, changed, given new rates, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    Invalid,
    Problem,
    account_roles,
    authorize,
    check_version,
    company_of,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Account, Entry
from backstay_ledger.permissions import TAX_EDIT
from backstay_ledger.services.owned import load_owned
from backstay_ledger.tax.boxes import CODE_HELP, CODE_PATTERN, load_box
from backstay_ledger.tax.commands import AddRate, CreateTaxCode, DeleteTaxCode, EditTaxCode
from backstay_ledger.tax.models import TaxCode, TaxDetail, TaxPart, TaxRate, TaxUse
from backstay_ledger.tax.rounding import HUNDRED

_LARGEST = Decimal(1000)


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part of a new code.

    Arguments:
        factor: share of the tax; negative for the other side of a reverse charge.
        account_id, role: where it goes; with neither onto the account of the taxed line.
        waiting_account_id: where it waits until the document is paid.
        box_id: where it counts in the return; None for nowhere.
    """

    factor: Decimal = Decimal(1)
    account_id: int | None = None
    role: str = ""
    waiting_account_id: int | None = None
    box_id: int | None = None


def create_tax_code(session: Session, command: CreateTaxCode) -> TaxCode:
    """Make a tax code with its first rate.

    Raises:
        Invalid: the code is taken, an account or a box is not the company's, the rate has more
            than four decimals, or what was chosen does not go together.
    """
    authorize(session, TAX_EDIT)
    problems = _code_problems(session, command)
    problems += rate_problems(command.rate)
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
    return add_tax_code(session, command, _parts(command))


def add_tax_code(session: Session, command: CreateTaxCode, parts: Sequence[NewPart]) -> TaxCode:
    """Make a tax code with parts of any kind; the caller has checked permission and fields.

    Where the command doesn't say, earlier taxes are in its base; not in that of a tax that is
    withheld, which is kept back from the price and not from the taxes on it.

    Raises:
        Invalid: an account or a box of a part is not the company's.
    """
    company = company_of(session)
    for part in parts:
        _check_part(session, part)
    code = TaxCode(
        company_id=company.id,
        code=command.code,
        name=command.name,
        use=command.use,
        included=command.included,
        feeds=command.feeds,
        fed=not _is_withheld(command) if command.fed is None else command.fed,
        cash_basis=any(part.waiting_account_id for part in parts),
        single_threshold=command.single_threshold,
        cumulative_threshold=command.cumulative_threshold,
        active=True,
    )
    session.add(code)
    session.flush()
    session.add(
        TaxRate(
            company_id=company.id,
            code_id=code.id,
            valid_from=command.valid_from,
            rate=percent(command.rate),
        )
    )
    session.add_all(
        TaxPart(
            company_id=company.id,
            code_id=code.id,
            position=position,
            factor=part.factor,
            account_id=part.account_id,
            role=part.role,
            waiting_account_id=part.waiting_account_id,
            box_id=part.box_id,
        )
        for position, part in enumerate(parts, 1)
    )
    session.flush()
    return code


def edit_tax_code(session: Session, command: EditTaxCode) -> TaxCode:
    """Change how a code is called and computed from now on; what was posted stays.

    Raises:
        Invalid: the name is missing, or a code with a limit would be in amounts or on other taxes.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, TAX_EDIT)
    code = load_tax_code(session, command.id)
    check_version(code, command.version)
    problems: list[Problem] = []
    if not command.name.strip():
        problems.append(Problem(_("Give it a name."), "name"))
    if _has_limit(code):
        problems += _by_itself_problems(command)
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
    code.name = command.name
    code.included = command.included
    code.feeds = command.feeds
    code.fed = command.fed
    code.active = command.active
    session.flush()
    return code


def add_rate(session: Session, command: AddRate) -> TaxCode:
    """Give a code another rate from a day on.

    Raises:
        Invalid: it has a rate from that day, the rate has more than four decimals or is not one
            of a code with a limit, or entries dated that day or later were posted at the rate
            before.
    """
    authorize(session, TAX_EDIT)
    code = load_tax_code(session, command.id)
    problems = rate_problems(command.rate)
    if not problems and _has_limit(code) and not _is_negative(command.rate):
        message = _("This tax is withheld above a limit: its rate is negative, such as -10.")
        problems.append(Problem(message, "rate"))
    same = select(TaxRate.id).where(
        TaxRate.code_id == code.id, TaxRate.valid_from == command.valid_from
    )
    last = session.scalar(
        select(func.max(Entry.date))
        .join(TaxDetail, TaxDetail.entry_id == Entry.id)
        .where(TaxDetail.code_id == code.id)
    )
    if session.scalar(same) is not None:
        message = _("It has a rate from %(day)s already.", day=command.valid_from)
        problems.append(Problem(message, "valid_from"))
    elif last is not None and last >= command.valid_from:
        message = _(
            "An entry of %(day)s was computed at the rate before. Reverse it, or begin later.",
            day=last,
        )
        problems.append(Problem(message, "valid_from"))
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
    session.add(
        TaxRate(
            company_id=code.company_id,
            code_id=code.id,
            valid_from=command.valid_from,
            rate=percent(command.rate),
        )
    )
    session.flush()
    return code


def delete_tax_code(session: Session, command: DeleteTaxCode) -> None:
    """Delete a code that no entry has.

    Raises:
        Conflict: entries have it; it can only be made inactive.
    """
    authorize(session, TAX_EDIT)
    code = load_tax_code(session, command.id)
    if message := code_in_use(session, code):
        raise Conflict(message)
    for model in (TaxRate, TaxPart):
        for row in session.scalars(select(model).where(model.code_id == code.id)):
            session.delete(row)
    session.flush()
    session.delete(code)
    session.flush()


def code_in_use(session: Session, code: TaxCode) -> str | None:
    """Why a code can't be deleted, or None."""
    used = select(TaxDetail.id).where(TaxDetail.code_id == code.id).limit(1)
    if session.scalar(used) is None:
        return None
    return _("Entries have tax %(code)s. Make it inactive instead.", code=code.code)


def load_tax_code(session: Session, code_id: int) -> TaxCode:
    """A tax code of the company.

    Raises:
        NotFound: the company has no such code.
    """
    return load_owned(session, TaxCode, code_id, _("There is no such tax code in this company."))


def percent(text: str) -> Decimal | None:
    """A percentage as people write it, with a point or a comma; None if it is none."""
    if not re.fullmatch(r"-?[0-9]{1,4}([.,][0-9]{1,4})?", text.strip()):
        return None
    return Decimal(text.strip().replace(",", "."))


def rate_problems(text: str) -> list[Problem]:
    """What is wrong with a rate in percent."""
    rate = percent(text)
    if rate is None or abs(rate) > _LARGEST:
        message = _("A rate is a percentage with at most four decimals, up to 1000.")
        return [Problem(message, "rate")]
    return []


def _parts(command: CreateTaxCode) -> list[NewPart]:
    """The parts of a code as its form describes them."""
    own = NewPart(
        account_id=command.account_id,
        role=command.role,
        waiting_account_id=command.waiting_account_id,
        box_id=command.box_id,
    )
    if command.other_account_id is not None:
        other = NewPart(Decimal(-1), command.other_account_id, box_id=command.other_box_id or None)
        return [own, other]
    deductible = percent(command.deductible)
    if deductible is None or deductible == HUNDRED:
        return [own]
    share = deductible / 100
    rest = NewPart(1 - share)
    return [replace(own, factor=share), rest] if share else [rest]


def _code_problems(session: Session, command: CreateTaxCode) -> list[Problem]:
    problems: list[Problem] = []
    taken = select(TaxCode.id).where(
        TaxCode.company_id == company_of(session).id, TaxCode.code == command.code
    )
    if not re.fullmatch(CODE_PATTERN, command.code):
        problems.append(Problem(str(CODE_HELP), "code"))
    elif session.scalar(taken) is not None:
        message = _("There is a tax code “%(code)s” already.", code=command.code)
        problems.append(Problem(message, "code"))
    if not command.name.strip():
        problems.append(Problem(_("Give it a name."), "name"))
    deductible = percent(command.deductible)
    if command.deductible and (
        deductible is None or not 0 <= deductible <= HUNDRED or deductible % Decimal("0.01")
    ):
        message = _("Give a percentage from 0 to 100 with at most two decimals.")
        problems.append(Problem(message, "deductible"))
    elif deductible not in {None, HUNDRED} and command.other_account_id is not None:
        message = _("A reverse charge is deducted whole here; leave one of the two empty.")
        problems.append(Problem(message, "deductible"))
    if command.account_id is None and not command.role and deductible != 0:
        message = _("Choose the account that the tax goes to, or its role.")
        problems.append(Problem(message, "account_id"))
    elif command.account_id is not None and command.role:
        message = _("Choose an account or a role, not both.")
        problems.append(Problem(message, "role"))
    if command.other_account_id is not None and command.other_account_id == command.account_id:
        message = _("The two sides of a reverse charge are on different accounts.")
        problems.append(Problem(message, "other_account_id"))
    problems += _threshold_problems(command)
    if command.other_account_id is not None and command.waiting_account_id is not None:
        message = _("A reverse charge is due at once: leave this empty.")
        problems.append(Problem(message, "waiting_account_id"))
    return problems


def _threshold_problems(command: CreateTaxCode) -> Iterable[Problem]:
    """Limits are for a tax that is kept back from bills, by itself and whole."""
    if _has_limit(command):
        yield from _by_itself_problems(command)
    for field in ("single_threshold", "cumulative_threshold"):
        limit: Decimal | None = getattr(command, field)
        if limit is None:
            continue
        if limit <= 0:
            yield Problem(_("A limit is above zero."), field)
        elif (
            command.use is not TaxUse.PURCHASE
            or not _is_negative(command.rate)
            or command.deductible
            or command.other_account_id is not None
            or command.waiting_account_id is not None
        ):
            message = _(
                "A limit is for a tax with a negative rate on purchases that is not deducted in"
                " part, reversed or due when paid."
            )
            yield Problem(message, field)


def _has_limit(code: CreateTaxCode | TaxCode) -> bool:
    return code.single_threshold is not None or code.cumulative_threshold is not None


def _is_withheld(command: CreateTaxCode) -> bool:
    return _has_limit(command) or _is_negative(command.rate)


def _is_negative(text: str) -> bool:
    rate = percent(text)
    return rate is not None and rate < 0


def _by_itself_problems(command: CreateTaxCode | EditTaxCode) -> Iterable[Problem]:
    """What is withheld above a limit is computed on net amounts, and nothing on it."""
    for field, is_set in (
        ("included", command.included),
        ("feeds", command.feeds),
        ("fed", command.fed),
    ):
        if is_set:
            message = _("A tax with a limit is computed on net amounts, by itself: leave this off.")
            yield Problem(message, field)


def _check_part(session: Session, part: NewPart) -> None:
    for field, account_id in (
        ("account_id", part.account_id),
        ("waiting_account_id", part.waiting_account_id),
    ):
        known = select(Account.id).where(
            Account.id == account_id, Account.company_id == company_of(session).id
        )
        if account_id is not None and session.scalar(known) is None:
            message = _("There is no such account in the chart.")
            raise Invalid(message, problems=(Problem(message, field),))
    if part.role and part.role not in account_roles(session):
        message = _("No module declares the account role “%(role)s”.", role=part.role)
        raise Invalid(message, problems=(Problem(message, "role"),))
    if part.box_id is not None:
        load_box(session, part.box_id)
