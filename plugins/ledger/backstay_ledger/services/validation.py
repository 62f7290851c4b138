"""Checking what is asked to be posted, all of it, before anything is written.

The database checks balance, period and company once more; here people learn what is wrong with
every line at once, in words and with its place.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import CompanyRef, Conflict, Invalid, Problem, company_of, ngettext, together
from backstay.spi import gettext as _
from backstay_ledger.approval.over_limit import second_person
from backstay_ledger.closing.services.late import Late, no_draft, way_in
from backstay_ledger.currencies.units import keep_units, stored_units
from backstay_ledger.dimensions.sets import line_sets, sealed_sets
from backstay_ledger.models import EntryKind, PeriodKind, PeriodState
from backstay_ledger.open_items.lines import is_exchange, item_problems
from backstay_ledger.services.content import LineRow, payload_hash
from backstay_ledger.services.currencies import amount_problem, minor_units_of, written
from backstay_ledger.services.currency_balance import amount_missing, currency_problems
from backstay_ledger.services.fiscal_years import MONTHS, add_months
from backstay_ledger.services.lookups import (
    Existing,
    JournalRef,
    PeriodRef,
    ask_existing,
    ask_periods,
    ask_references,
    other_content,
)
from backstay_ledger.services.orders import Checked, Order
from backstay_ledger.tax.rows import sealed

LENGTHS: Final = {"memo": 500, "reference": 100, "key": 120}
LINE_TEXT: Final = 500


def check_orders(
    session: Session,
    orders: Sequence[Order],
    *,
    lock: bool,
    drafts: bool = False,
    coming_years: Sequence[date] = (),
) -> list[Checked]:
    """Check all orders.

    Arguments:
        lock: keep the periods from being closed until the transaction ends.
        drafts: they are to be kept as drafts, which need not balance.
        coming_years: first days of fiscal years that will be made before anything is posted.

    Raises:
        Invalid: lists every problem of every order; ``lines.0.account`` is the first line.
        Conflict: the only problems are closed periods or keys used for other content.
    """
    check = _Check(session, orders, lock=lock, drafts=drafts)
    check.coming_years = tuple(coming_years)
    checked = [one for order in orders if (one := check.order(order)) is not None]
    if check.problems:
        problems = tuple(check.problems)
        message = (
            problems[0].message
            if len(problems) == 1
            else ngettext(
                "%(n)s problem: nothing was posted.",
                "%(n)s problems: nothing was posted.",
                len(problems),
            )
        )
        error = Conflict if check.conflicts == len(problems) else Invalid
        raise error(message, problems=problems)
    if lock and check.first_used:
        keep_units(session, check.first_used)
    return checked


class _Check:
    """One run over a list of orders: looks up what they refer to once, collects the problems."""

    def __init__(
        self, session: Session, orders: Sequence[Order], *, lock: bool, drafts: bool
    ) -> None:
        self.session = session
        self.orders = orders
        self.company: CompanyRef = company_of(session)
        self.drafts = drafts
        self.coming_years: tuple[date, ...] = ()
        self.problems: list[Problem] = []
        self.conflicts = 0
        self.row: int | None = None
        self.seen: dict[str, str] = {}
        self._look_up(lock=lock)
        foreign = {
            line.currency for order in orders for line in order.posting.lines if line.currency
        }
        self.units = stored_units(session, foreign) if foreign else {}
        self.first_used: dict[str, int] = {}
        self.sets = line_sets(session, orders, self.accounts.values(), write=lock, drafts=drafts)
        self.day: date | None = None
        self.requires = True

    def _look_up(self, *, lock: bool) -> None:
        """What the orders refer to, with one question to the database."""
        session, company_id, orders = self.session, self.company.id, self.orders
        kinds = {order.period_kind for order in orders} - {PeriodKind.MONTH}
        session.flush()
        with together(session.connection()):
            periods = ask_periods(
                session, company_id, [order.posting.date for order in orders], lock=lock
            )
            special = {
                kind: ask_periods(
                    session,
                    company_id,
                    [order.posting.date for order in orders if order.period_kind is kind],
                    lock=lock,
                    kind=kind,
                )
                for kind in kinds
            }
            references = ask_references(
                session,
                company_id,
                {line.account for order in orders for line in order.posting.lines},
            )
            keys = {order.posting.key for order in orders if order.posting.key}
            existing = ask_existing(session, company_id, keys)
        self.periods = periods()
        self.starts = [period.starts_on for period in self.periods]
        self.special: dict[tuple[PeriodKind, date], PeriodRef] = {
            (kind, period.ends_on): period for kind in special for period in special[kind]()
        }
        found = references()
        self.journals, self.accounts, self.limits = found.journals, found.accounts, found.limits
        self.existing = existing()

    def order(self, order: Order) -> Checked | None:
        """Check one order; None if it has problems."""
        posting = order.posting
        self.row = posting.row
        again = order.kind in {EntryKind.REVERSAL, EntryKind.CLOSING}
        self.requires = not again
        self.day = None if again or order.carried else posting.date  # what was valid once stays
        before = len(self.problems)
        journal = self.journals.get(posting.journal)
        if journal is None:
            self._add(_("There is no journal “%(code)s”.", code=posting.journal), "journal")
        lines = [
            row
            for index, line in enumerate(posting.lines)
            if (row := self._line(index, line, order)) is not None
        ]
        self._texts(posting)
        if is_exchange(posting.source) and not order.by_allocation:
            message = _("It was posted by an allocation: undo the allocation instead.")
            self._add(message, conflict=True)
        if journal is None or len(lines) < len(posting.lines) or len(self.problems) > before:
            return None
        digest = self._digest(order, journal, lines)
        existing = self._existing(posting, digest)
        if existing is not None:
            period = self._period(order)
            return Checked(order, journal, period, tuple(lines), digest, existing)
        if order.kind not in {EntryKind.REVERSAL, EntryKind.CLOSING}:
            self._active(journal, posting)
        if not self.drafts:
            self._balance(lines, order.kind)
        period, late = self._open_period(order, journal)
        waits = second_person(self, order, journal.id, lines) if self.limits else False
        if len(self.problems) > before:
            return None
        return Checked(order, journal, period, tuple(lines), digest, late=late, waits=waits)

    def _add(self, message: str, field: str | None = None, *, conflict: bool = False) -> None:
        self.problems.append(Problem(message, field, self.row))
        self.conflicts += conflict

    def _line(self, index: int, line: PostingLine, order: Order) -> LineRow | None:
        place = f"lines.{index}"
        before = len(self.problems)
        account = self.accounts.get(line.account)
        if account is None:
            self._add(
                _("There is no account “%(code)s” in the chart.", code=line.account)
                if line.account
                else _("Choose an account."),
                f"{place}.account",
            )
        company = self.company
        if problem := amount_problem(line.amount, company.currency, company.minor_units):
            self._add(problem, f"{place}.amount")
        elif line.amount == 0:
            self._add(_("The amount is missing."), f"{place}.amount")
        if len(line.text) > LINE_TEXT or "\0" in line.text:
            self._add(
                _("The text is too long: %(most)s characters at most.", most=LINE_TEXT),
                f"{place}.text",
            )
        units = self._foreign(line, place, order.kind)
        if account is not None and (account.open_items or line.party or line.due_date is not None):
            for item in item_problems(account, line, order.posting, order.kind, draft=self.drafts):
                self._add(item.message, f"{place}.{item.field}")
        held, wrong = (
            self.sets.on(line, account, self.day, requires=self.requires)
            if self.sets
            else (None, ())
        )
        for one in wrong:
            self._add(one, f"{place}.dimensions")
        if account is None or len(self.problems) > before:
            return None
        return LineRow(
            account.id,
            line.account,
            line.amount,
            line.text,
            line.currency,
            line.amount_currency,
            units,
            line.party,
            line.due_date,
            account.open_items,
            *((held.id, held.digest, held.pairs) if held else ()),
        )

    def _foreign(self, line: PostingLine, place: str, kind: EntryKind) -> int | None:
        """Check the amount in a foreign currency; returns the currency's decimals."""
        if line.currency is None and line.amount_currency is None:
            return None
        field = f"{place}.amount_currency"
        if line.currency is None or line.amount_currency is None:
            self._add(_("Give the foreign currency and the amount in it, or neither."), field)
            return None
        units = self.units.get(line.currency)
        if units is None and (units := minor_units_of(line.currency)) is not None:
            self.first_used[line.currency] = units
        if units is None or line.currency == self.company.currency:
            self._add(
                _("“%(currency)s” is not a foreign currency (ISO 4217).", currency=line.currency),
                f"{place}.currency",
            )
            return None
        if problem := amount_problem(line.amount_currency, line.currency, units):
            self._add(problem, field)
        elif not line.amount_currency:
            if kind is EntryKind.NORMAL:
                self._add(amount_missing(line.currency), field)
        elif line.amount.is_finite() and line.amount_currency * line.amount <= 0:
            self._add(_("Both amounts of a line are debits or both are credits."), field)
        return units

    def _texts(self, posting: Posting) -> None:
        for field, most in LENGTHS.items():
            text: str = getattr(posting, field)
            if len(text) > most or "\0" in text:
                self._add(_("It is too long: %(most)s characters at most.", most=most), field)

    @staticmethod
    def _digest(order: Order, journal: JournalRef, lines: Sequence[LineRow]) -> str:
        posting = order.posting
        source = posting.source
        digest = payload_hash(
            journal_id=journal.id,
            day=posting.date,
            kind=order.kind,
            memo=posting.memo,
            reference=posting.reference,
            source=(source.plugin, source.type, source.id) if source else (None, None, None),
            reverses_id=order.reverses_id,
            lines=lines,
        )
        digest = sealed_sets(digest, [line.dimset_digest for line in lines])
        return sealed(digest, order.taxes)

    def _existing(self, posting: Posting, digest: str) -> Existing | None:
        if not posting.key:
            return None
        if posting.key in self.seen:
            self._add(_("The key “%(key)s” is used twice in this batch.", key=posting.key), "key")
        self.seen[posting.key] = digest
        existing = self.existing.get(posting.key)
        if existing is not None and existing.payload_hash != digest:
            self._add(other_content(posting.key, existing), "key", conflict=True)
        return existing

    def _active(self, journal: JournalRef, posting: Posting) -> None:
        if not journal.active:
            self._add(
                _("Journal %(code)s is inactive and takes no new entries.", code=journal.code),
                "journal",
            )
        for index, line in enumerate(posting.lines):
            if not self.accounts[line.account].active:
                self._add(
                    _("Account %(code)s is inactive and takes no new entries.", code=line.account),
                    f"lines.{index}.account",
                )

    def _balance(self, lines: Sequence[LineRow], kind: EntryKind) -> None:
        if len(lines) < 2:  # noqa: PLR2004
            self._add(_("An entry needs at least two lines."), "lines")
            return
        company = self.company
        debit = sum((line.amount for line in lines if line.amount > 0), Decimal(0))
        credit = -sum((line.amount for line in lines if line.amount < 0), Decimal(0))
        if debit != credit:
            self._add(
                _(
                    "The entry is out by %(difference)s: debit %(debit)s, credit %(credit)s.",
                    difference=written(abs(debit - credit), company.currency, company.minor_units),
                    debit=written(debit, company.currency, company.minor_units),
                    credit=written(credit, company.currency, company.minor_units),
                ),
                "lines",
            )
        if kind is not EntryKind.REVERSAL:  # the mirror image of what was checked before
            for problem in currency_problems(lines, kind):
                self._add(problem, "lines")

    def _period(self, order: Order) -> PeriodRef | None:
        day = order.posting.date
        if order.period_kind is not PeriodKind.MONTH:
            return self.special.get((order.period_kind, day))
        index = bisect_right(self.starts, day) - 1
        if index < 0 or self.periods[index].ends_on < day:
            return None
        return self.periods[index]

    def _open_period(
        self, order: Order, journal: JournalRef
    ) -> tuple[PeriodRef | None, Late | None]:
        """The period of an order, and by what right it is posted there if that is not open."""
        day = order.posting.date
        period = self._period(order)
        if period is None:
            if order.posting.adjustment:
                self._add(
                    _(
                        "No fiscal year with an adjustment period ends on %(day)s. Take the last"
                        " day of one, or add the period to its fiscal year first.",
                        day=day,
                    ),
                    "date",
                )
            elif not self.drafts and not any(
                start <= day < add_months(start, MONTHS) for start in self.coming_years
            ):
                self._add(
                    _("There is no fiscal year for %(day)s; create it first.", day=day), "date"
                )
            return None, None
        if period.state is PeriodState.OPEN and (not period.locked or order.in_closing):
            return period, None
        if self.drafts and period.state in {PeriodState.OPEN, PeriodState.SOFT_CLOSED}:
            return period, None
        late, problem = (
            (None, no_draft(period))
            if self.drafts
            else way_in(self.session, journal.id, order.posting, period, taxed=bool(order.taxes))
        )
        if problem:
            self._add(problem, "date", conflict=True)
        return period, late
