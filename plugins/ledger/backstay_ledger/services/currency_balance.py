"""What the lines of an entry add up to in each foreign currency, and what may be left over.

An ordinary entry leaves nothing over in any currency. An exchange gives one currency for another:
something is left over, and its value in base currency is on the same side. Opening balances bring
foreign amounts in against the base currency, so they may leave anything over. The database keeps
the same rules (guards.posting).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from backstay.spi import gettext as _
from backstay_ledger.models import EntryKind
from backstay_ledger.services.content import LineRow
from backstay_ledger.services.currencies import written


def currency_problems(lines: Sequence[LineRow], kind: EntryKind) -> list[str]:
    """What is wrong with the sums of the foreign currencies, in words; nothing for most entries.

    Arguments:
        kind: of the entry; reversals are not asked about, as they mirror what was checked.
    """
    if kind is EntryKind.OPENING or all(line.currency is None for line in lines):
        return []
    left: dict[str, tuple[Decimal, Decimal, int]] = {}
    for line in lines:
        if line.currency is not None and line.amount_currency is not None:
            foreign, base, _units = left.get(line.currency, (Decimal(0), Decimal(0), 0))
            left[line.currency] = (
                foreign + line.amount_currency,
                base + line.amount,
                line.minor_units_currency or 0,
            )
    problems: list[str] = []
    for currency, (foreign, base, units) in sorted(left.items()):
        if not foreign or (kind is EntryKind.EXCHANGE and foreign * base > 0):
            continue
        amount = written(abs(foreign), currency, units)
        problems.append(
            _(
                "The exchange leaves %(amount)s over without a value: the lines in %(currency)s"
                " have to come to an amount in the base currency on the same side.",
                amount=amount,
                currency=currency,
            )
            if kind is EntryKind.EXCHANGE
            else _("The entry is out by %(difference)s in the foreign currency.", difference=amount)
        )
    return problems


def amount_missing(currency: str) -> str:
    """What is said of a line without an amount in its currency, outside an exchange."""
    return _(
        "The amount in %(currency)s is missing. Only an exchange of currencies has lines that"
        " change nothing but the value of a foreign amount.",
        currency=currency,
    )
