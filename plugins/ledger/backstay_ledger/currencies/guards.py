"""What both databases keep of rates, currencies and settings, against raw SQL too.

Amounts and pairs are held by CHECKs and unique keys. On SQLite a CHECK of lengths says nothing of
the type, and REPLACE would take a row's place, so that is refused here.
"""

from __future__ import annotations

from backstay.spi import declare
from backstay_ledger.guards.tables import keep
from backstay_ledger.models.currencies import CompanyCurrency, ExchangeRate, ExchangeSettings

keep(
    ExchangeRate.__table__,
    fixed=("id", "company_id"),
    what="a rate",
)
keep(
    CompanyCurrency.__table__,
    fixed=("id", "company_id", "code"),
    what="a currency",
)
keep(
    ExchangeSettings.__table__,
    fixed=("id", "company_id"),
    what="the exchange settings",
)
_WHOLE = "Rates have a day of the calendar and are whole numbers of ten-thousand-millionths."
declare(
    ExchangeRate.__table__,
    "whole",
    sqlite=tuple(
        f"CREATE TRIGGER ledger_fx_rate__whole_{event.lower()} BEFORE {event} ON ledger_fx_rate"
        " WHEN typeof(NEW.rate) <> 'integer' OR NEW.date IS NOT date(NEW.date)"
        f" BEGIN SELECT RAISE(ABORT, '{_WHOLE}'); END"
        for event in ("INSERT", "UPDATE")
    ),
    postgresql=(),
)
