"""Running an allocation rule for a period: one entry, whose parts are exactly the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import (
    Conflict,
    Invalid,
    Money,
    NotFound,
    PickerField,
    authorize,
    company_of,
    context_of,
    lazy,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.cost_allocation.drafts import RUN
from backstay_ledger.cost_allocation.models import AllocationRule, AllocationRun, Basis
from backstay_ledger.cost_allocation.named_accounts import accounts_said, may_name
from backstay_ledger.cost_allocation.rules import load_rule, shares_of, slice_said
from backstay_ledger.dimensions.sets import Pairs, pairs_of
from backstay_ledger.models import (
    Account,
    AccountBalance,
    Entry,
    EntryState,
    Line,
    Period,
    PeriodKind,
)
from backstay_ledger.models.dimensions import (
    Dimension,
    DimensionBalance,
    DimensionSetValue,
    DimensionValue,
)
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST
from backstay_ledger.services.journals import general_journal
from backstay_ledger.services.owned import load_owned
from backstay_ledger.services.posting import post, preview, writable_company
from backstay_ledger.services.splitting import split

_Weights = list[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAllocationRule:
    """A rule that is run for a period."""

    id: int
    period_id: Annotated[int, PickerField(label=lazy("Period"), resource="ledger.period")]


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the entry.

    Arguments:
        amount: base currency, debit positive.
    """

    account: str
    amount: Decimal
    pairs: Pairs
    text: str


def run_rule(session: Session, command: RunAllocationRule) -> AllocationRun:
    """Post the entry of a rule for a period, dated its last day; once, until that is reversed.

    Every amount is split by largest remainder, so the parts of each account are its whole.

    Raises:
        NotFound: the company has no such rule or period.
        Invalid: there is nothing to allocate, or the basis is nothing or of both signs.
        Conflict: the rule is not valid then, or the period is closed.
    """
    authorize(session, ENTRY_POST)
    company = writable_company(session)
    rule = session.scalars(
        select(AllocationRule)
        .where(AllocationRule.id == command.id, AllocationRule.company_id == company.id)
        .with_for_update()
    ).one_or_none()
    if rule is None:
        raise NotFound(_("There is no such allocation rule."))
    period = _period(session, rule, command.period_id)
    done = _runs(session, period.id).get(rule.id, [])
    if done and not done[-1].reversed:
        return done[-1].run
    attempt = len(done) + 1
    key = f"{RUN}{rule.id}:{period.id}:{attempt}"
    posted = post(session, _posting(session, rule, period, key))
    run = AllocationRun(
        company_id=company.id,
        rule_id=rule.id,
        period_id=period.id,
        attempt=attempt,
        entry_id=posted.id,
        run_by=context_of(session).actor.label,
        run_at=now(),
    )
    session.add(run)
    session.flush()
    return run


def preview_rule(session: Session, command: RunAllocationRule) -> list[Part]:
    """The lines of the entry that a run would post, by the code that posts it.

    Raises:
        NotFound, Invalid, Conflict: as :func:`run_rule`.
    """
    authorize(session, BOOKS_VIEW)
    rule = load_rule(session, command.id)
    period = _period(session, rule, command.period_id)
    lines = preview(session, _posting(session, rule, period, ""))
    return [Part(one.account, one.amount, one.dimensions, one.text) for one in lines]


def not_run(session: Session, period: Period) -> Iterator[AllocationRule]:
    """Rules valid at the end of a month whose accounts moved in it and that were not run for it.

    It takes as many statements for many rules as for one, so of what lines carry nothing is asked.
    """
    runs = _runs(session, period.id)
    rules = session.scalars(
        select(AllocationRule)
        .where(
            AllocationRule.company_id == company_of(session).id,
            AllocationRule.valid_from <= period.ends_on,
            (AllocationRule.valid_to.is_(None)) | (AllocationRule.valid_to >= period.ends_on),
        )
        .order_by(AllocationRule.name)
    )
    due = [rule for rule in rules if not runs.get(rule.id) or runs[rule.id][-1].reversed]
    moved = _codes_moved(session, period) if due else ()
    for rule in due:
        if may_name(rule.sources, moved):
            yield rule


def _codes_moved(session: Session, period: Period) -> Sequence[str]:
    """Codes of the accounts that a period changed."""
    net: Any = func.sum(AccountBalance.debit - AccountBalance.credit, type_=Money())
    return session.scalars(
        select(Account.code)
        .join(AccountBalance, AccountBalance.account_id == Account.id)
        .where(
            AccountBalance.company_id == company_of(session).id,
            AccountBalance.period_id == period.id,
        )
        .group_by(Account.code)
        .having(net != 0)
    ).all()


@dataclass(frozen=True, slots=True)
class _Done:
    run: AllocationRun
    reversed: bool


@dataclass(frozen=True, slots=True)
class _Amount:
    """What an account took in the period, of one combination of values."""

    account: str
    pairs: Pairs
    amount: Decimal


def _period(session: Session, rule: AllocationRule, period_id: int) -> Period:
    period = load_owned(session, Period, period_id, _("There is no such period."))
    if period.kind is not PeriodKind.MONTH:
        raise Conflict(_("%(period)s is no month: choose one.", period=period.label))
    if period.ends_on < rule.valid_from or (
        rule.valid_to is not None and period.ends_on > rule.valid_to
    ):
        raise Conflict(
            _(
                "“%(rule)s” is not valid in %(period)s: change its days, or choose another period.",
                rule=rule.name,
                period=period.label,
            )
        )
    return period


def _runs(session: Session, period_id: int) -> dict[int, list[_Done]]:
    """The runs for a period by rule, the oldest first, with whether their entry was reversed."""
    mirror = aliased(Entry)
    rows = session.execute(
        select(AllocationRun, mirror.id)
        .outerjoin(
            mirror,
            (mirror.reverses_id == AllocationRun.entry_id) & (mirror.state == EntryState.POSTED),
        )
        .where(
            AllocationRun.company_id == company_of(session).id,
            AllocationRun.period_id == period_id,
        )
        .order_by(AllocationRun.attempt)
    )
    found: dict[int, list[_Done]] = {}
    for run, mirror_id in rows:
        found.setdefault(run.rule_id, []).append(_Done(run, mirror_id is not None))
    return found


def _amounts(session: Session, rule: AllocationRule, period: Period) -> list[_Amount]:
    """What the accounts of a rule moved in the period, by account and set of values."""
    company_id = company_of(session).id
    accounts = dict(accounts_said(session, rule.sources, "sources"))
    within = slice_said(session, rule.source_values).within(session)
    query = (
        select(Line.account_id, Line.dimset_id, func.sum(Line.amount, type_=Money()))
        .join(Entry, Entry.id == Line.entry_id)
        .where(
            Line.company_id == company_id,
            Line.account_id.in_(sorted(accounts)),
            Line.date.between(period.starts_on, period.ends_on),
            Entry.period_id == period.id,
        )
        .group_by(Line.account_id, Line.dimset_id)
    )
    if within is not None:
        query = query.where(within.holds(Line.dimset_id))
    rows: Sequence[Any] = session.execute(query).all()
    said = pairs_of(session, {row[1] for row in rows if row[1] is not None}, company_id)
    found = [
        _Amount(accounts[key], said[set_id].pairs if set_id is not None else (), amount)
        for key, set_id, amount in rows
        if amount
    ]
    return sorted(found, key=lambda one: (one.account, one.pairs))


def _weights(session: Session, rule: AllocationRule, period: Period) -> _Weights:
    """Codes of values with what their parts are in proportion to.

    Raises:
        Invalid: the basis is nothing, or of both signs.
    """
    if rule.basis is Basis.SHARES:
        return shares_of(session, rule)
    weights = sorted(_moved_by_value(session, rule, period))
    if not weights:
        raise Invalid(
            _(
                "%(accounts)s moved nothing with a value in %(period)s: there is no basis.",
                accounts=rule.basis_accounts,
                period=period.label,
            ),
            field="period_id",
        )
    if len({amount > 0 for _code, amount in weights}) > 1:
        raise Invalid(
            _(
                "%(accounts)s moved debits for some values and credits for others in %(period)s:"
                " parts can't be in proportion to both.",
                accounts=rule.basis_accounts,
                period=period.label,
            ),
            field="period_id",
        )
    return [(code, abs(amount)) for code, amount in weights]


def _moved_by_value(session: Session, rule: AllocationRule, period: Period) -> _Weights:
    """What the accounts of the basis moved in the period itself, as what is spread, by value."""
    accounts = [key for key, _code in accounts_said(session, rule.basis_accounts, "basis_accounts")]
    net: Any = func.sum(DimensionBalance.debit - DimensionBalance.credit, type_=Money())
    rows = session.execute(
        select(DimensionValue.code, net)
        .join(DimensionSetValue, DimensionSetValue.value_id == DimensionValue.id)
        .join(DimensionBalance, DimensionBalance.dimset_id == DimensionSetValue.dimset_id)
        .where(
            DimensionSetValue.company_id == rule.company_id,
            DimensionSetValue.dimension_id == rule.dimension_id,
            DimensionBalance.company_id == rule.company_id,
            DimensionBalance.period_id == period.id,
            DimensionBalance.account_id.in_(accounts),
        )
        .group_by(DimensionValue.code)
    )
    return [(code, amount) for code, amount in rows if amount]


def _posting(session: Session, rule: AllocationRule, period: Period, key: str) -> Posting:
    company = company_of(session)
    amounts = _amounts(session, rule, period)
    if not amounts:
        raise Invalid(
            _(
                "%(accounts)s moved nothing in %(period)s: there is nothing to allocate.",
                accounts=rule.sources,
                period=period.label,
            ),
            field="period_id",
        )
    weights = _weights(session, rule, period)
    dimension: str = session.scalars(
        select(Dimension.code).where(Dimension.id == rule.dimension_id)
    ).one()
    codes = dict(
        session.execute(
            select(Account.id, Account.code).where(
                Account.company_id == company.id,
                Account.id.in_([rule.target_account_id or 0, rule.relief_account_id or 0]),
            )
        ).all()
    )
    target, relief = codes.get(rule.target_account_id or 0), codes.get(rule.relief_account_id or 0)
    total = sum((weight for _code, weight in weights), Decimal(0))
    lines: list[PostingLine] = []
    for one in amounts:
        lines.append(PostingLine(relief or one.account, -one.amount, dimensions=one.pairs))
        kept = tuple(pair for pair in one.pairs if pair[0] != dimension)
        parts = split(one.amount, [weight for _code, weight in weights], company.minor_units)
        for (code, weight), part in zip(weights, parts, strict=True):
            if part:
                why = _(
                    "%(amount)s of %(account)s, %(weight)s / %(total)s",
                    amount=f"{one.amount:.{company.minor_units}f}",
                    account=one.account,
                    weight=f"{weight.normalize():f}",
                    total=f"{total.normalize():f}",
                )
                pairs = (*kept, (dimension, code))
                lines.append(PostingLine(target or one.account, part, why, dimensions=pairs))
    return Posting(
        key=key,
        journal=general_journal(session),
        date=period.ends_on,
        lines=tuple(lines),
        memo=_("%(rule)s, %(period)s", rule=rule.name, period=period.label),
    )
