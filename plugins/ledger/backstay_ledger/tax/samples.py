"""A sample entry whose tax waits for the payment, for the tests that attack every plugin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import company_of, today
from backstay.testing.attack import Sample
from backstay_ledger.models import Entry
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.posting import post
from backstay_ledger.tax.codes import create_tax_code
from backstay_ledger.tax.commands import CreateTaxCode
from backstay_ledger.tax.models import TaxUse

if TYPE_CHECKING:
    from backstay.testing.attack import Making


def taxed_when_paid(making: Making) -> Entry:
    """A posted sale of 100 with tax of 20 that is due when it is paid."""
    session = making.session
    day = today(company_of(session).time_zone)
    ensure_fiscal_years(session, [day])
    target, waiting, customer, income = (making.record("ledger.account") for _each in range(4))
    code = create_tax_code(
        session,
        CreateTaxCode(
            code=f"WAIT{making.number}",
            name=f"Sample {making.number}",
            use=TaxUse.SALE,
            rate="20",
            valid_from=date(2001, 1, 1),
            account_id=target.id,
            waiting_account_id=waiting.id,
        ),
    )
    lines: tuple[Any, ...] = (
        PostingLine(customer.code, Decimal(120)),
        PostingLine(income.code, Decimal(-100), tax_code=code.code),
    )
    journal = making.record("ledger.journal").code
    posted = post(session, Posting(key="", journal=journal, date=day, lines=lines))
    return session.get_one(Entry, posted.id)


TAX_SAMPLES: Final = (
    Sample(resource="ledger.entry", make=taxed_when_paid, state="posted", action="release_tax"),
)
