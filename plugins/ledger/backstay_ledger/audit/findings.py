"""What a run of the checks found, as rows that lead to the entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.spi import company_of, ngettext, resource_url
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.audit.runs import findings_of
from backstay_ledger.models import Entry
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.checks import ALL_CHECKS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.audit.models import CheckRun


def finding_rows(session: Session, run: CheckRun) -> tuple[tuple[ui.Head, ...], tuple[ui.Row, ...]]:
    """A row for each check that found something, then one for each example."""
    figures = Figures(session)
    found = findings_of(session, run.id)
    examples = {name for one in found for name in one.examples.split("\n")}
    entries = _entries(session, examples)
    rows: list[ui.Row] = []
    for one in found:
        records = ngettext("%(n)s record", "%(n)s records", one.count)
        cells = (
            ui.Cell(one.message, "prose"),
            ui.Cell(one.check, "code"),
            ui.Cell(records, "state", tone="bad"),
        )
        rows.append(ui.Row(cells, strong=True))
        for name in filter(None, one.examples.split("\n")):
            href = entries.get(name) or entries.get(name.split(" ")[0])
            rows.append(ui.Row((ui.Cell(name), ui.Cell(""), ui.Cell("")), href=href, depth=1))
        listed = one.examples.count("\n") + 1
        if one.count > listed:
            text = _("and %(n)s more", n=figures.count(one.count - listed))
            rows.append(ui.Row((ui.Cell(text), ui.Cell(""), ui.Cell("")), depth=1))
    return _heads(), tuple(rows)


def silent_rows(session: Session, run: CheckRun) -> tuple[ui.Row, ...]:
    """A row for each check that found nothing."""
    broken = {one.check for one in findings_of(session, run.id)}
    return tuple(
        ui.Row(
            (
                ui.Cell(str(message), "prose"),
                ui.Cell(name, "code"),
                ui.Cell(_("none"), "state", tone="ok"),
            )
        )
        for name, message in ALL_CHECKS
        if name not in broken
    )


def _heads() -> tuple[ui.Head, ...]:
    return heads(
        ("looks_for", _("What it looks for"), False),
        ("check", _("Check"), False),
        ("found", _("Found"), False),
    )


def _entries(session: Session, examples: set[str]) -> dict[str, str]:
    """Addresses of the entries that examples name, by their numbers."""
    numbers = {name.split(" ")[0] for name in examples if name}
    if not numbers:
        return {}
    found = session.execute(
        select(Entry.number_text, Entry.id).where(
            Entry.company_id == company_of(session).id, Entry.number_text.in_(sorted(numbers))
        )
    )
    return {
        number: resource_url("ledger.entry", "record", id=entry_id)
        for number, entry_id in found
        if number
    }
