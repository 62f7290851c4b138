"""The lines of an entry on its record page, and what the entry is tied to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import url_for
from sqlalchemy import and_, select

from backstay.spi import gettext as _
from backstay.spi import resource_url
from backstay.spi import view as ui
from backstay_ledger.approval.waiting_page import waiting_notes
from backstay_ledger.dimensions.sets import pairs_of, written_pairs
from backstay_ledger.models import Account, EntryState, Line, OpenItem
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.references import references_of
from backstay_ledger.services.reversal import reversals_of
from backstay_ledger.tax.why import reasons

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Entry
    from backstay_ledger.services.reversal import Reversals


@dataclass(frozen=True, slots=True)
class Tie:
    """Something that an entry points to: its reversal, its document, a reference."""

    label: str
    text: str
    icon: str
    href: str | None = None
    hint: str = ""


def entry_lines(session: Session, entry: Entry) -> dict[str, Any]:
    """Table and ties for ``ledger/entry_lines.html``."""
    figures = Figures(session)
    found = session.execute(
        select(
            Account.id,
            Account.code,
            Account.name,
            Line.text,
            Line.amount,
            Line.currency,
            Line.amount_currency,
            Line.dimset_id,
            OpenItem.party,
        )
        .join(Account, Account.id == Line.account_id)
        .outerjoin(
            OpenItem, and_(OpenItem.entry_id == Line.entry_id, OpenItem.line_no == Line.line_no)
        )
        .where(Line.entry_id == entry.id)
        .order_by(Line.line_no)
    ).all()
    debit = sum((row.amount for row in found if row.amount > 0), Decimal(0))
    credit = -sum((row.amount for row in found if row.amount < 0), Decimal(0))
    foreign = any(row.currency for row in found)
    parties = any(row.party for row in found)
    sets = pairs_of(session, (row.dimset_id for row in found if row.dimset_id), entry.company_id)
    said = {key: written_pairs(one.pairs) for key, one in sets.items()}
    rows = tuple(
        ui.Row(
            (
                ui.Cell(row.code, "code", url_for("ledger.account_card", id=row.id)),
                ui.Cell(row.name),
                ui.Cell(row.text),
                *((ui.Cell(row.party or ""),) if parties else ()),
                *((ui.Cell(said.get(row.dimset_id, "")),) if said else ()),
                *((_in_currency(row.currency, row.amount_currency),) if foreign else ()),
                *figures.sides(row.amount),
            )
        )
        for row in found
    )
    gap = debit - credit
    reversals = reversals_of(session, entry.id)
    return {
        "heads": heads(
            ("account", _("Account"), False),
            ("name", _("Name"), False),
            ("text", _("Text"), False),
            *((("party", _("Party"), False),) if parties else ()),
            *((("dimensions", _("Dimensions"), False),) if said else ()),
            *((("currency", _("In currency"), True),) if foreign else ()),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        "rows": rows,
        "totals": (
            ui.Cell(_("Total")),
            *(ui.Cell("") for _more in range(2 + parties + bool(said) + foreign)),
            figures.cell(debit),
            figures.cell(credit),
        ),
        "notes": _notes(session, entry, figures, gap, reversals),
        "ties": _ties(session, entry, reversals),
        **reasons(session, entry, figures),
    }


def _in_currency(currency: str | None, amount: Decimal | None) -> ui.Cell:
    if currency is None or amount is None:
        return ui.Cell("", "money")
    return ui.Cell(f"{currency} {amount.normalize():,f}", "money")


def _notes(
    session: Session, entry: Entry, figures: Figures, gap: Decimal, reversals: Reversals
) -> tuple[ui.Note, ...]:
    """Why a draft can't be posted as it stands; that a posted entry was taken back."""
    if reversals.reversed_by is not None:
        message = _(
            "Reversed by %(number)s: the two together change no balance.",
            number=reversals.reversed_by[1],
        )
        return (ui.Note(message, "info"),)
    if entry.state is EntryState.WAITING:
        return waiting_notes(session, entry)
    if entry.state is not EntryState.DRAFT or gap == 0:
        return ()
    side = _("credit") if gap > 0 else _("debit")
    message = _(
        "Not balanced yet: %(amount)s of %(side)s is missing.",
        amount=figures.text(abs(gap)),
        side=side,
    )
    return (ui.Note(message, "warn"),)


def _ties(session: Session, entry: Entry, reversals: Reversals) -> tuple[Tie, ...]:
    ties: list[Tie] = []
    for label, other in (
        (_("Reversed by"), reversals.reversed_by),
        (_("Reverses"), reversals.reverses),
    ):
        if other is not None:
            href = resource_url("ledger.entry", "record", id=other[0])
            ties.append(Tie(label, other[1], "arrow-back-up", href))
    if entry.source_plugin:
        source = " ".join(part for part in (entry.source_type, entry.source_id) if part)
        ties.append(Tie(_("Source"), source or entry.source_plugin, "link"))
    ties += [
        Tie(
            _("Reference"),
            one.reference,
            "paperclip",
            hint=_("%(note)s (%(who)s)", note=one.note, who=one.added_by).strip(),
        )
        for one in references_of(session, entry.id)
    ]
    return tuple(ties)
