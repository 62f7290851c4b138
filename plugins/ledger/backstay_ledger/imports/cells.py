"""Reading the cells of a file: dates and amounts in one unambiguous form each."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from backstay.spi import gettext as _

_AMOUNT: Final = re.compile(r"[+-]?\d{1,15}(\.\d{0,10})?|[+-]?\.\d{1,10}", re.ASCII)
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class BadCell(ValueError):
    """A cell can't be read; the text says why."""


def read_date(text: str) -> date:
    """A date such as 2026-03-31.

    Raises:
        BadCell: it is missing, in another form, or no day of the calendar.
    """
    if not text:
        raise BadCell(_("The date is missing."))
    if _ISO_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadCell(
        _(
            "“%(text)s” is not a date. Write dates as year-month-day with the digits 0 to 9, such"
            " as 2026-03-31.",
            text=text,
        )
    )


def read_amount(text: str) -> Decimal | None:
    """An amount such as 1234.50; None where the cell is empty.

    Raises:
        BadCell: it is no such number.
    """
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        raise BadCell(
            _(
                "“%(text)s” is not an amount. Write it with the digits 0 to 9, a decimal point and"
                " no thousands separators, such as 1234.50.",
                text=text,
            )
        )
    return Decimal(text)
