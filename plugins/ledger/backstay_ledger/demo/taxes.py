"""A few plain tax codes for the demo company; rates and boxes are nobody's law."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from backstay_ledger.demo.lines import (
    RATES,
    REDUCED_SALE,
    REVERSE_CHARGE,
    STANDARD_PURCHASE,
    STANDARD_SALE,
)
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.tax.boxes import CreateBox, create_box
from backstay_ledger.tax.codes import create_tax_code
from backstay_ledger.tax.commands import CreateTaxCode
from backstay_ledger.tax.models import BoxKind, TaxUse

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_BOXES: Final = (
    ("A1", "Sales at the standard rate", BoxKind.PAYABLE),
    ("A2", "Sales at the reduced rate", BoxKind.PAYABLE),
    ("B1", "Tax on purchases", BoxKind.DEDUCTIBLE),
    ("C1", "Purchases with reverse charge", BoxKind.PAYABLE),
)
_FROM: Final = date(2020, 1, 1)


def add_demo_taxes(session: Session, *, output: str, deducted: str) -> None:
    """Make codes for the standard and reduced rate, purchases, and a reverse charge.

    Arguments:
        output, deducted: codes of the accounts of tax on sales and of tax on purchases.
    """
    boxes = {
        code: create_box(session, CreateBox(code=code, name=name, kind=kind)).id
        for code, name, kind in _BOXES
    }
    sales, purchases = account_by_code(session, output).id, account_by_code(session, deducted).id
    for code, name, use, account, box in (
        (STANDARD_SALE, "Standard rate", TaxUse.SALE, sales, "A1"),
        (REDUCED_SALE, "Reduced rate", TaxUse.SALE, sales, "A2"),
        (STANDARD_PURCHASE, "Standard rate", TaxUse.PURCHASE, purchases, "B1"),
    ):
        create_tax_code(
            session,
            CreateTaxCode(
                code=code,
                name=name,
                use=use,
                rate=str(RATES[code]),
                valid_from=_FROM,
                account_id=account,
                box_id=boxes[box],
            ),
        )
    create_tax_code(
        session,
        CreateTaxCode(
            code=REVERSE_CHARGE,
            name="Reverse charge",
            use=TaxUse.PURCHASE,
            rate=str(RATES[REVERSE_CHARGE]),
            valid_from=_FROM,
            account_id=purchases,
            box_id=boxes["B1"],
            other_account_id=sales,
            other_box_id=boxes["C1"],
        ),
    )
