"""The lines of a template as a table, on the pages of templates and of recurring entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backstay.spi import context_of, money_formatter
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.currencies import minor_units_of
from backstay_ledger.services.template_lines import TemplateLine, template_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from sqlalchemy.orm import Session


def lines_table(session: Session, content: Mapping[str, Any]) -> dict[str, Any]:
    """Heads and rows; amounts in foreign currencies as such, as rates differ from day to day."""
    figures = Figures(session)
    lines = template_lines(content)
    more = [
        (name, label)
        for name, label in (
            ("party", _("Party")),
            ("tax", _("Tax")),
            ("dimensions", _("Dimensions")),
        )
        if any(getattr(line, name) for line in lines)
    ]
    return {
        "heads": heads(
            ("account", _("Account"), False),
            ("text", _("Text"), False),
            *((name, label, False) for name, label in more),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        "rows": tuple(
            ui.Row(
                (
                    ui.Cell(line.label),
                    ui.Cell(line.text),
                    *(ui.Cell(getattr(line, name)) for name, _label in more),
                    _side(session, figures, line, line.debit),
                    _side(session, figures, line, line.credit),
                )
            )
            for line in lines
        ),
    }


def _side(
    session: Session, figures: Figures, line: TemplateLine, amount: Decimal | None
) -> ui.Cell:
    if not (amount and line.currency and line.foreign):
        return figures.cell(amount)
    write = money_formatter(context_of(session).locale, minor_units_of(line.currency) or 0)
    return ui.Cell(f"{write(line.foreign)} {line.currency}", "money")
