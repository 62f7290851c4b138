"""Taxes in the entry editor: the codes that can be typed, and the lines that they add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.contracts.ledger import Posting
from backstay.spi import Invalid, company_of, editable_decimal
from backstay.spi import gettext as _
from backstay_ledger.dimensions.sets import written_pairs
from backstay_ledger.pages.accounts_by_line import with_accounts
from backstay_ledger.pages.line_grid import TypedLine, split_amount
from backstay_ledger.services.currencies import minor_units_of
from backstay_ledger.services.typed_lines import signed_lines
from backstay_ledger.tax.entries import completed
from backstay_ledger.tax.models import TaxCode
from backstay_ledger.tax.typed import written_tax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import PostingLine
    from backstay.spi import CompanyRef
    from backstay_ledger.services.drafts import SaveDraft


def tax_codes(session: Session) -> tuple[tuple[str, str], ...]:
    """Code and name of each active tax code."""
    found = session.execute(
        select(TaxCode.code, TaxCode.name)
        .where(TaxCode.company_id == company_of(session).id, TaxCode.active)
        .order_by(TaxCode.code)
    )
    return tuple((row.code, row.name) for row in found)


def lines_with_tax(
    session: Session, command: SaveDraft, company: CompanyRef, locale: str
) -> tuple[TypedLine, ...]:
    """The lines of the editor with their taxes computed anew; nothing is saved.

    Raises:
        Invalid: a tax code is unknown or has no rate on the day; names the line.
    """
    typed = tuple(line for line in command.lines if not line.tax_line)
    lines, problems = signed_lines(session, typed)
    if problems:
        raise Invalid(_("The taxes can't be computed."), problems=tuple(problems))
    posting = Posting(key="", journal=command.journal, date=command.date, lines=lines)
    return typed_rows(session, completed(session, posting).posting.lines, company, locale)


def typed_rows(
    session: Session, lines: Sequence[PostingLine], company: CompanyRef, locale: str
) -> tuple[TypedLine, ...]:
    """Lines as rows of the editor."""
    return with_accounts(
        session, (_shown(n, line, company, locale) for n, line in enumerate(lines))
    )


def _shown(n: int, line: PostingLine, company: CompanyRef, locale: str) -> TypedLine:
    debit, credit = split_amount(line.amount, company.minor_units, locale)
    units = minor_units_of(line.currency) or 0 if line.currency else 0
    return TypedLine(
        n,
        "",
        line.account,
        line.text,
        debit,
        credit,
        line.currency or "",
        editable_decimal(abs(line.amount_currency), locale, units)
        if line.amount_currency is not None
        else "",
        tax=written_tax(line.tax_code, tax_included=line.tax_included, tax_line=line.tax_line),
        party=line.party,
        due=line.due_date.isoformat() if line.due_date else "",
        dimensions=written_pairs(line.dimensions),
    )
