"""Sample books for the demo company: a year of a small trading company, ending today.

Every name and figure is invented. The amounts follow from the month and its place, so the demo
looks the same on every machine and its reports have something to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import DemoData

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.spi import Company


def fill(session: Session, company: Company) -> None:
    """Keep a year's books up to today, and leave some work."""
    # Late: it is made once, and then never again.
    from backstay_ledger.demo.books import keep_books

    keep_books(session, company)


DEMO: Final = (DemoData("ledger", fill),)
