"""Two small charts of accounts of our own, so that a company can begin without any file.

Accounts 3900 take the other side of opening balances that do not come all at once.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Final

from backstay.spi import Choice, lazy
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount

STARTER_CHARTS: Final = (
    Choice(
        "small",
        lazy("Small business"),
        help=lazy("32 accounts: enough for a sole trader or a young company."),
    ),
    Choice(
        "trading",
        lazy("Services and trading"),
        help=lazy("83 accounts: stock, foreign currency, payroll, fixed assets and loans."),
    ),
)
CASH_CODES: Final = frozenset({"1000", "1010", "1020", "1080"})
"""Accounts of the starter charts that are cash, for the cash flow statement."""


def read_starter_chart(name: str) -> list[CreateAccount]:
    """The accounts of a starter chart."""
    text = files("backstay_ledger").joinpath(f"charts/{name}.csv").read_text(encoding="utf-8")
    return [
        CreateAccount(code=row["code"], name=row["name"], account_class=AccountClass(row["type"]))
        for row in csv.DictReader(text.splitlines())
    ]
