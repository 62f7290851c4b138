"""From what a posting names to what is posted: accounts for roles, net amounts, lines of tax.

The lines that were given keep their places, so that a problem names the line that people see; the
lines of tax that are missing come after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import Invalid, Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.currencies.at_rate import settled, with_base_amounts
from backstay_ledger.currencies.cash import paid_in_cash
from backstay_ledger.determination.resolve import (
    AccountNotDetermined,
    RoleRules,
    determined,
    rules_of,
)
from backstay_ledger.services.currencies import LARGEST, minor_units_of, written
from backstay_ledger.services.orders import Order, order_of
from backstay_ledger.tax.computation import ComputedLine, Tax, TaxedLine, compute
from backstay_ledger.tax.limits import (
    WithheldLine,
    in_its_currency,
    party_problem,
    withheld_lines,
)
from backstay_ledger.tax.lookup import AND, CodeOnDay, PartOnDay, Rounding, TaxTables
from backstay_ledger.tax.rounding import RoundingPolicy, apportion, unit_of
from backstay_ledger.tax.rows import TaxRow

_Key = tuple[str, str, str | None]
"""A line of tax: its code, its account, its currency."""


@dataclass(slots=True)
class _Share:
    """A part of a tax of a taxed line, on its way into a line of tax."""

    position: int
    code: CodeOnDay
    part: PartOnDay
    net: Decimal
    base: Decimal
    computed: Decimal
    amount: Decimal
    foreign: Decimal | None


@dataclass(slots=True)
class _Lines:
    """The lines of one entry while taxes are added to them."""

    lines: list[PostingLine]
    shares: dict[_Key, list[_Share]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def orders_of(session: Session, postings: Sequence[Posting]) -> list[Order]:
    """Postings with everything that they leave to rules: accounts of roles, and taxes.

    Raises:
        Invalid: a role leads to no account or to two, a tax code or a currency is unknown or has no
            rate, or the tax that was given is not that of its lines; names the line.
    """
    plain = not any(line.tax_code or line.role for posting in postings for line in posting.lines)
    if plain and not any(one.paid_in_cash or one.at_rate for one in postings):
        return [order_of(posting) for posting in postings]
    taxes = TaxTables.of(session, postings)
    return [_completed(session, posting, taxes) for posting in postings]


def completed(session: Session, posting: Posting) -> Order:
    """One posting (see :func:`orders_of`)."""
    return _completed(session, posting, TaxTables.of(session, [posting]))


def _completed(session: Session, posting: Posting, taxes: TaxTables) -> Order:
    order = order_of(with_base_amounts(session, posting) if posting.at_rate else posting)
    if any(line.role for line in posting.lines):
        lines, roles = determined(session, order.posting)
        order = replace(order, posting=replace(order.posting, lines=lines), roles=roles)
    if any(line.tax_code for line in posting.lines):
        order = _taxed(session, order, taxes)
        if posting.at_rate:
            order = replace(order, posting=settled(session, posting, order.posting))
    if posting.paid_in_cash:
        order = replace(order, posting=paid_in_cash(session, order.posting))
    return order


def _taxed(session: Session, order: Order, taxes: TaxTables) -> Order:
    posting = order.posting
    names = {code for line in posting.lines for code in line.tax_code.split(AND) if line.tax_code}
    codes = taxes.codes_on(names, posting.date)
    work = _Lines(list(posting.lines))
    taxed = _taxed_lines(work, codes, posting)
    if not work.problems and (message := party_problem(posting, codes)):
        place = next(at for at, (_position, found) in enumerate(taxed) if _limits(found))
        work.problems.append(Problem(message, f"lines.{taxed[place][0]}.tax_code"))
    if not work.problems:
        rounding = taxes.rounding_on(posting.date)
        _add_shares(session, work, taxed, codes, rounding, posting)
    if not work.problems:
        rows = _tax_lines(session, work, rounding.policy)
    if work.problems:
        problems = tuple(replace(one, row=posting.row) for one in work.problems)
        raise Invalid(problems[0].message, problems=problems)
    return replace(order, posting=replace(posting, lines=tuple(work.lines)), taxes=rows)


def _limits(codes: Sequence[CodeOnDay]) -> bool:
    return any(code.thresholds is not None for code in codes)


def _taxed_lines(
    work: _Lines, codes: Mapping[str, CodeOnDay], posting: Posting
) -> list[tuple[int, tuple[CodeOnDay, ...]]]:
    """The lines that are taxed, by their positions, with their codes."""
    taxed: list[tuple[int, tuple[CodeOnDay, ...]]] = []
    for position, line in enumerate(work.lines):
        if not line.tax_code:
            continue
        place = f"lines.{position}.tax_code"
        names = line.tax_code.split(AND)
        for name in names:
            if message := _code_problem(name, codes.get(name), posting):
                work.problems.append(Problem(message, place))
        if len(names) != len(set(names)) or (line.tax_line and len(names) > 1):
            work.problems.append(Problem(_("A line names each tax once."), place))
        if not line.amount.is_finite() or abs(line.amount) >= LARGEST:
            message = _("%(amount)s is too large to be an amount.", amount=line.amount)
            work.problems.append(Problem(message, f"lines.{position}.amount"))
        if not line.tax_line and all(name in codes for name in names):
            taxed.append((position, tuple(codes[name] for name in names)))
    return taxed


def _code_problem(name: str, code: CodeOnDay | None, posting: Posting) -> str | None:
    if code is None:
        return _("There is no tax code “%(code)s”.", code=name[:40])
    if not code.active:
        return _("Tax code %(code)s is inactive.", code=name)
    if code.rate_id is None:
        return _("Tax code %(code)s has no rate on %(day)s.", code=name, day=posting.date)
    return None


def _add_shares(
    session: Session,
    work: _Lines,
    taxed: Sequence[tuple[int, tuple[CodeOnDay, ...]]],
    codes: Mapping[str, CodeOnDay],
    rounding: Rounding,
    posting: Posting,
) -> None:
    """Compute all taxes, make the lines net, and sort the parts by the line they go to."""
    lines = work.lines
    unit = rounding.unit
    computed = compute(
        [_input(lines[position], found, lines[position].amount) for position, found in taxed],
        rounding.policy,
        unit,
        min(unit, unit_of(company_of(session).minor_units)),
    )
    chosen = rules_of(
        session, [part.role for code in codes.values() for part in code.parts], posting
    )
    foreign = _in_currencies(work, taxed, rounding.policy)
    withheld = _withheld(session, posting, taxed, computed, unit)
    for (position, _found), line, abroad in zip(taxed, computed, foreign, strict=True):
        old = lines[position]
        lines[position] = replace(
            old,
            amount=line.net,
            amount_currency=old.amount_currency if abroad is None else abroad.net,
            tax_included=False,
        )
        for place, share in enumerate(line.shares):
            code = codes[share.tax.key]
            limited = withheld.get((position, code.code))
            base, amounts = (
                (share.base, share.parts) if limited is None else (limited.base, limited.parts)
            )
            for number, (part, amount) in enumerate(zip(code.parts, amounts, strict=True)):
                account = _account(chosen, work, old, code, part, position)
                in_currency = None if abroad is None else abroad.shares[place].parts[number]
                if abroad is not None and limited is not None:
                    in_currency = in_its_currency(amount, line.net, abroad.net)
                work.shares.setdefault((code.code, account, old.currency), []).append(
                    _Share(position, code, part, line.net, base, amount, amount, in_currency)
                )


def _withheld(
    session: Session,
    posting: Posting,
    taxed: Sequence[tuple[int, tuple[CodeOnDay, ...]]],
    computed: Sequence[ComputedLine],
    unit: Decimal,
) -> dict[tuple[int, str], WithheldLine]:
    """What is withheld above limits, by the line's position and the code."""
    lines: dict[str, list[tuple[int, CodeOnDay, ComputedLine]]] = {}
    for (position, codes), line in zip(taxed, computed, strict=True):
        for code in codes:
            if code.thresholds is not None:
                lines.setdefault(code.code, []).append((position, code, line))
    result: dict[tuple[int, str], WithheldLine] = {}
    for name, found in lines.items():
        tax = next(share.tax for share in found[0][2].shares if share.tax.key == name)
        nets = [line.net for _position, _code, line in found]
        parts = withheld_lines(session, posting, found[0][1], tax, nets, unit)
        for (position, _code, _line), part in zip(found, parts, strict=True):
            result[position, name] = part
    return result


def _input(line: PostingLine, codes: tuple[CodeOnDay, ...], amount: Decimal) -> TaxedLine:
    return TaxedLine(
        amount,
        tuple(
            Tax(
                code.code,
                code.rate,
                included=_is_included(line, code),
                feeds=code.feeds,
                fed=code.fed,
                factors=tuple(part.factor for part in code.parts),
            )
            for code in codes
        ),
    )


def _is_included(line: PostingLine, code: CodeOnDay) -> bool:
    """Whether the line's amount contains the tax; never one that is withheld above a limit."""
    if code.thresholds is not None:
        return False
    return code.included if line.tax_included is None else line.tax_included


def _in_currencies(
    work: _Lines,
    taxed: Sequence[tuple[int, tuple[CodeOnDay, ...]]],
    policy: RoundingPolicy,
) -> list[ComputedLine | None]:
    """The same computation in the foreign currencies of the lines, each at its own unit."""
    result: list[ComputedLine | None] = [None] * len(taxed)
    currencies = {work.lines[position].currency for position, _codes in taxed} - {None}
    for currency in sorted(str(one) for one in currencies):
        units = minor_units_of(currency)
        places = [
            place
            for place, (position, _codes) in enumerate(taxed)
            if work.lines[position].currency == currency
            and work.lines[position].amount_currency is not None
        ]
        if units is None:
            continue  # said by the checks of posting
        found = compute(
            [
                _input(
                    work.lines[taxed[place][0]],
                    taxed[place][1],
                    work.lines[taxed[place][0]].amount_currency or Decimal(0),
                )
                for place in places
            ],
            policy,
            unit_of(units),
        )
        for place, line in zip(places, found, strict=True):
            result[place] = line
    return result


def _account(
    chosen: RoleRules,
    work: _Lines,
    line: PostingLine,
    code: CodeOnDay,
    part: PartOnDay,
    position: int,
) -> str:
    """The account of a part: its own, that of its role, or that of the line."""
    if code.cash_basis and part.waiting:
        return part.waiting
    if not part.role:
        return part.account or line.account
    try:
        return chosen.account(part.role, line.context).account
    except AccountNotDetermined as error:
        work.problems.append(Problem(error.message, f"lines.{position}.tax_code"))
        return ""


def _tax_lines(session: Session, work: _Lines, policy: RoundingPolicy) -> tuple[TaxRow, ...]:
    """Put the shares into lines of tax, those that were given or new ones."""
    given: dict[_Key, int] = {}
    for position, line in enumerate(work.lines):
        if not line.tax_line or not line.tax_code:
            continue
        key = (line.tax_code, line.account, line.currency)
        if key in given or key not in work.shares:
            message = (
                _("The tax %(code)s is here twice on this account.", code=line.tax_code)
                if key in given
                else _(
                    "No line of this entry has tax %(code)s that would go onto this account.",
                    code=line.tax_code,
                )
            )
            work.problems.append(Problem(message, f"lines.{position}.tax_code"))
        given[key] = position
    rows: list[tuple[int, TaxRow]] = []
    for key, shares in work.shares.items():
        number = _given_line(session, work, key, shares, given[key]) if key in given else None
        if key not in given:
            number = _new_line(work, key, shares)
        rows += [(share.position, _row(share, number, policy)) for share in shares]
    return tuple(row for _position, row in sorted(rows, key=lambda one: one[0]))


def _given_line(
    session: Session, work: _Lines, key: _Key, shares: Sequence[_Share], position: int
) -> int:
    """Take the tax as the document has it, which may be rounded in another way than ours."""
    company = company_of(session)
    unit = unit_of(company.minor_units)
    line = work.lines[position]
    computed = sum((share.computed for share in shares), Decimal(0))
    if abs(line.amount - computed) > unit * len(shares) or line.amount % unit:
        work.problems.append(
            Problem(
                _(
                    "Tax %(code)s of the lines is %(computed)s, not %(given)s. Compute it again.",
                    code=key[0],
                    computed=written(abs(computed), company.currency, company.minor_units),
                    given=written(abs(line.amount), company.currency, 4).rstrip("0"),
                ),
                f"lines.{position}.amount",
            )
        )
        return position + 1
    exact = [Fraction(share.computed) for share in shares]
    for share, amount in zip(shares, apportion(line.amount, exact, unit), strict=True):
        share.amount = amount
    return position + 1


def _new_line(work: _Lines, key: _Key, shares: Sequence[_Share]) -> int | None:
    code, account, currency = key
    amount = sum((share.amount for share in shares), Decimal(0))
    if amount == 0:
        return None
    foreign = [share.foreign for share in shares if share.foreign is not None]
    work.lines.append(
        PostingLine(
            account,
            amount,
            currency=currency,
            amount_currency=sum(foreign, Decimal(0)) if foreign else None,
            tax_code=code,
            tax_line=True,
        )
    )
    return len(work.lines)


def _row(share: _Share, line_no: int | None, policy: RoundingPolicy) -> TaxRow:
    code, part = share.code, share.part
    side = code.use.side
    sign = -1 if (part.factor < 0) != (code.rate < 0) else 1
    return TaxRow(
        base_line_no=share.position + 1,
        line_no=line_no,
        code_id=code.id,
        rate_id=code.rate_id or 0,
        part_id=part.id,
        box_id=part.box_id,
        rate=code.rate,
        policy=policy,
        net=share.net,
        base=share.base,
        amount=share.amount,
        computed=share.computed,
        base_sign=side,
        tax_sign=side * sign,
        waiting=code.cash_basis and bool(part.waiting),
        code=code.code,
    )
