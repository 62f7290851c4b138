"""Rounded cash in the entry editor: the lines as they are paid with coins, nothing saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.contracts.ledger import Posting
from backstay.spi import Invalid
from backstay.spi import gettext as _
from backstay_ledger.currencies.cash import paid_in_cash
from backstay_ledger.services.typed_lines import signed_lines
from backstay_ledger.tax.editing import typed_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.spi import CompanyRef
    from backstay_ledger.pages.line_grid import TypedLine
    from backstay_ledger.services.drafts import SaveDraft


def lines_with_cash(
    session: Session, command: SaveDraft, company: CompanyRef, locale: str
) -> tuple[TypedLine, ...]:
    """The lines of the editor with cash rounded to the smallest coin, and a line for the rest.

    Raises:
        Invalid: there is no account for cash or for what it is rounded by; names where to set it.
    """
    lines, problems = signed_lines(session, command.lines)
    if problems:
        raise Invalid(_("The cash can't be rounded."), problems=tuple(problems))
    posting = Posting(key="", journal=command.journal, date=command.date, lines=lines)
    return typed_rows(session, paid_in_cash(session, posting).lines, company, locale)
