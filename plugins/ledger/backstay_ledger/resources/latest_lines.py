"""The panel of an account's record page: its latest lines and the way to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import select

from backstay.spi import gettext as _
from backstay.spi import resource_url
from backstay.spi import view as ui
from backstay_ledger.models import Entry, Line
from backstay_ledger.resources.figures import Figures, heads

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Account

_LATEST: Final = 10


def latest_lines(session: Session, account: Account) -> dict[str, Any]:
    """Headings, rows and links for ``ledger/latest_lines.html``."""
    figures = Figures(session)
    found = session.execute(
        select(Entry.id, Entry.number_text, Line.date, Line.text, Entry.memo, Line.amount)
        .join(Entry, Entry.id == Line.entry_id)
        .where(Line.account_id == account.id, Line.date.is_not(None))
        .order_by(Line.date.desc(), Line.entry_id.desc(), Line.line_no.desc())
        .limit(_LATEST)
    )
    rows = tuple(
        ui.Row(
            (
                ui.Cell(figures.day(day) if day else "", "date"),
                ui.Cell(number or "", "code"),
                ui.Cell(text or memo),
                *figures.sides(amount),
            ),
            href=resource_url("ledger.entry", "record", id=entry_id),
        )
        for entry_id, number, day, text, memo, amount in found
    )
    return {
        "heads": heads(
            ("date", _("Date"), False),
            ("number", _("Entry"), False),
            ("text", _("Text"), False),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        "rows": rows,
        "card": ui.Button(
            _("Open the account card"),
            url_for("ledger.account_card", id=account.id),
            "list-details",
            shortcut="c",
        ),
    }
