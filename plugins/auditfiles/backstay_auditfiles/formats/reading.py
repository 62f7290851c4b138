"""What a reader finds in an audit file: control totals, accounts, and what is wrong, by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from backstay.spi import Invalid, Problem
from backstay.spi import gettext as _

MOST_PROBLEMS: Final = 50
"""So many are kept; of the others it is known how many there are."""
LONGEST: Final = 64 * 1024
"""Bytes of a line or of a text; longer ones are none of an audit file."""
ZERO: Final = Decimal(0)


@dataclass(slots=True)
class AccountRead:
    """An account as the file has it; amounts in its currency.

    Arguments:
        opening, closing: balances, debit positive; ``closing`` None where the file says none.
        debit, credit: sums of its lines, both positive.
    """

    name: str = ""
    opening: Decimal = ZERO
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    closing: Decimal | None = None

    @property
    def balance(self) -> Decimal:
        """What it stands at after all lines, debit positive."""
        return self.opening + self.debit - self.credit


@dataclass(slots=True)
class FileRead:
    """What was read.

    Arguments:
        form: ``fec`` or ``saft``.
        variant: which one of that form, for people.
        start, end: the days of the file, or of its entries where it does not say.
        currency: ISO 4217 code; empty where the file does not say.
        problems: the first ones, each with its line (as ``row``) and its field.
        found: how many problems there are.
    """

    form: str
    variant: str = ""
    entries: int = 0
    lines: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    start: date | None = None
    end: date | None = None
    currency: str = ""
    accounts: dict[str, AccountRead] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    found: int = 0

    def complain(self, line: int, name: str, message: str) -> None:
        """Note what is wrong with a field of a line."""
        self.found += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(message, name or None, line))

    def account(self, code: str) -> AccountRead:
        """An account by its code, new if there was none."""
        found = self.accounts.get(code)
        if found is None:
            found = self.accounts[code] = AccountRead()
        return found

    def trial_balance(self) -> dict[str, Decimal]:
        """Balances by account after all lines, accounts at zero left out."""
        return {code: one.balance for code, one in self.accounts.items() if one.balance}

    def days(self, day: date) -> None:
        """Widen the days of the file to an entry's."""
        if self.start is None or day < self.start:
            self.start = day
        if self.end is None or day > self.end:
            self.end = day


class NotReadBack(Invalid):
    """An audit file is not what it has to be; its problems name line and field."""

    def __init__(self, problems: list[Problem], found: int) -> None:
        """Say how many things are wrong and which the first are."""
        kept = tuple(problems)
        if found > len(kept):
            more = Problem(_("… and %(n)s more.", n=found - len(kept)))
            kept = (*kept, more)
        super().__init__(
            _("The file does not read back, so it is not handed out: %(n)s problems.", n=found),
            problems=(Problem(_("The file does not read back:")), *kept),
        )
