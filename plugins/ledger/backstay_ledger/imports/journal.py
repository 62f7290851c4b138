"""Importing a journal: the lines of each entry are posted together, all entries or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NoReturn

from sqlalchemy.orm import Session

from backstay.spi import (
    BackstayError,
    Conflict,
    ImportColumn,
    ImportKind,
    Invalid,
    Outcome,
    Problem,
    StagedRow,
    Validation,
    authorize,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.imports.journal_rows import FileEntry, read_rows
from backstay_ledger.imports.keys import UNDO, undoes_import, usable_keys
from backstay_ledger.imports.plaintext.rows import PLAIN_TEXT_ENTRIES
from backstay_ledger.imports.undoing import undo_entries
from backstay_ledger.permissions import ENTRY_IMPORT
from backstay_ledger.services.fiscal_years import (
    FarFromBooks,
    ensure_fiscal_years,
    missing_fiscal_years,
    year_code,
)
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import post_orders, writable_company
from backstay_ledger.services.validation import check_orders

_NAMED: Final = 10


def validate(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing the journal would do; nothing is written."""
    authorize(session, ENTRY_IMPORT)
    entries, problems = read_rows(rows)
    readable = [entry for entry in entries if entry.readable]
    try:
        coming = missing_fiscal_years(session, _days(readable))
    except FarFromBooks as error:
        problems += _far(readable, error)
        return Validation(_in_order(problems), 0, 0)
    orders = _orders(session, readable)
    try:
        checked = check_orders(session, orders, lock=False, coming_years=coming)
    except (Invalid, Conflict) as error:
        problems += _placed(readable, error)
        return Validation(_in_order(problems), 0, 0, _accounts_first(problems))
    if problems:
        return Validation(_in_order(problems), 0, 0)
    present = sum(one.existing is not None for one in checked)
    notes = _years(coming, will=True)
    held = [entry for entry, one in zip(readable, checked, strict=True) if one.waits]
    return Validation((), len(checked) - present, present, notes + _over_limit(held))


def commit(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Post the entries of the file that are not in the books yet.

    Raises:
        Invalid: lists every row that can't be imported; nothing is posted.
    """
    authorize(session, ENTRY_IMPORT)
    writable_company(session)
    entries, problems = read_rows(rows)
    if problems:
        _refuse(validate(session, rows).problems)
    try:
        years = ensure_fiscal_years(session, _days(entries))
        posted = post_orders(session, _orders(session, entries))
    except FarFromBooks as error:
        _refuse(_in_order(_far(entries, error)))
    except (Invalid, Conflict) as error:
        if all(problem.row is None for problem in error.problems):
            raise  # the database refused, or somebody was faster: no row is to blame
        _refuse(_in_order(_placed(entries, error)))
    held = [
        entry for entry, one in zip(entries, posted, strict=True) if one.waits and not one.existed
    ]
    return Outcome(
        new=sum(not one.existed for one in posted),
        present=sum(one.existed for one in posted),
        notes=_years([year.starts_on for year in years], will=False) + _over_limit(held),
        references=tuple(str(one.id) for one in posted if not one.existed),
    )


def undo(session: Session, references: Sequence[str]) -> str:
    """Reverse what an import posted, each entry on its own date; the file can then come again.

    What waits for approval, or was sent back, is deleted instead.

    Raises:
        Conflict: a period is closed.
    """
    authorize(session, ENTRY_IMPORT)
    return undo_entries(session, references, UNDO)


def _orders(session: Session, entries: Sequence[FileEntry]) -> list[Order]:
    keys = usable_keys(
        session, [entry.name for entry in entries], prefix="import:", freed_by=undoes_import
    )
    return [Order(entry.posting(keys[entry.name])) for entry in entries]


def _over_limit(entries: Sequence[FileEntry]) -> tuple[str, ...]:
    """Which entries wait for approval, as they are called in the file."""
    if not entries:
        return ()
    named = ", ".join(entry.name for entry in entries[:_NAMED])
    more = ", …" if len(entries) > _NAMED else ""
    return (
        ngettext(
            "%(n)s entry is over the limit and waits for approval: %(entries)s",
            "%(n)s entries are over the limit and wait for approval: %(entries)s",
            len(entries),
            entries=named + more,
        ),
    )


def _accounts_first(problems: Sequence[Problem]) -> tuple[str, ...]:
    """Where the accounts come from that the chart does not have."""
    if all(problem.field != "account" for problem in problems):
        return ()
    return (
        _(
            "Accounts that are missing are imported first, as a chart of accounts: from a file of"
            " their own, or from this one where it is a plain-text journal. Then check again."
        ),
    )


def _years(starts: Sequence[date], *, will: bool) -> tuple[str, ...]:
    """Which fiscal years are made: a run of years by its first and last."""
    runs: list[list[date]] = []
    for start in sorted(starts):
        if runs and start.year == runs[-1][-1].year + 1:
            runs[-1].append(start)
        else:
            runs.append([start])
    if not runs:
        return ()
    years = ", ".join(
        _("%(first)s to %(last)s", first=year_code(run[0]), last=year_code(run[-1]))
        if len(run) > 1
        else year_code(run[0])
        for run in runs
    )
    many = len(starts)
    if will:
        said = ngettext(
            "Fiscal year %(years)s will be created.",
            "%(n)s fiscal years will be created: %(years)s.",
            many,
            years=years,
        )
    else:
        said = ngettext(
            "Fiscal year %(years)s was created.",
            "%(n)s fiscal years were created: %(years)s.",
            many,
            years=years,
        )
    return (said,)


def _days(entries: Sequence[FileEntry]) -> list[date]:
    return [entry.day for entry in entries if entry.day is not None]


def _far(entries: Sequence[FileEntry], error: FarFromBooks) -> list[Problem]:
    return [
        entry.placed(problem)
        for entry in entries
        if entry.day == error.day
        for problem in error.problems
    ]


def _placed(entries: Sequence[FileEntry], error: BackstayError) -> list[Problem]:
    by_row = {entry.first: entry for entry in entries}
    return [
        by_row[problem.row].placed(problem) if problem.row in by_row else problem
        for problem in error.problems
    ]


def _in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.row or 0))


def _refuse(problems: tuple[Problem, ...]) -> NoReturn:
    raise Invalid(
        ngettext(
            "%(n)s problem: nothing was imported.",
            "%(n)s problems: nothing was imported.",
            len(problems),
        ),
        problems=problems,
    )


JOURNAL: Final = ImportKind(
    name="ledger.journal",
    label=lazy("Journal entries"),
    noun=lazy("entry"),
    noun_many=lazy("entries"),
    permission=ENTRY_IMPORT,
    columns=(
        ImportColumn(
            "entry",
            lazy("Entry"),
            help=lazy("What the entry is called in the file; its rows belong together."),
            example="JE00001",
            aliases=("entry id", "entry number", "voucher", "transaction", "buchungsnummer"),
        ),
        ImportColumn(
            "date",
            lazy("Date"),
            help=lazy("Year-month-day; other forms are asked about."),
            is_date=True,
            example="2026-01-31",
            aliases=("accounting date", "posting date", "datum", "buchungsdatum", "fecha"),
        ),
        ImportColumn(
            "memo",
            lazy("Memo"),
            required=False,
            example="Rent January",
            aliases=("description", "text", "narration", "buchungstext", "libellé"),
        ),
        ImportColumn(
            "source",
            lazy("Source"),
            required=False,
            help=lazy("Where the entry comes from; kept with it."),
            example="bank",
        ),
        ImportColumn(
            "reference",
            lazy("Reference"),
            required=False,
            help=lazy("The document's own number."),
            example="INV-113",
            aliases=("document", "document number", "ref", "belegnummer"),
        ),
        ImportColumn(
            "journal",
            lazy("Journal"),
            required=False,
            help=lazy("A journal's code; GEN where the column or the cell is missing."),
            example="BNK",
        ),
        ImportColumn(
            "account",
            lazy("Account"),
            help=lazy("A code of the chart."),
            example="6100",
            aliases=("account code", "account number", "account no", "konto", "compte", "cuenta"),
        ),
        ImportColumn(
            "debit",
            lazy("Debit"),
            help=lazy("With a decimal point or comma; empty or 0 for a credit."),
            example="1200.00",
            aliases=("dr", "soll", "débit", "debe"),
            is_number=True,
            unless="amount",
        ),
        ImportColumn(
            "credit",
            lazy("Credit"),
            example="1200.00",
            aliases=("cr", "haben", "crédit", "haber"),
            is_number=True,
            unless="amount",
        ),
        ImportColumn(
            "amount",
            lazy("Amount"),
            required=False,
            help=lazy("In place of debit and credit: a credit has a minus or stands in brackets."),
            example="-1200.00",
            aliases=("signed amount", "betrag", "montant", "importe"),
            is_number=True,
        ),
        ImportColumn(
            "line_text",
            lazy("Text of the line"),
            required=False,
            help=lazy("Where a line says something of its own; the memo stands for the others."),
            example="January",
            aliases=("line memo", "line description", "label"),
        ),
    ),
    validate=validate,
    commit=commit,
    undo=undo,
    sample=(
        "entry,date,memo,source,reference,account,debit,credit\n"
        "JE1,2026-01-31,Rent January,manual,R-1,6100,1200.00,0.00\n"
        "JE1,2026-01-31,Rent January,manual,R-1,1010,0.00,1200.00\n"
    ),
    icon="file-import",
    formats=(PLAIN_TEXT_ENTRIES,),
    group_by="entry",
    help=lazy(
        "Each entry takes as many rows as it has lines. Fiscal years that are missing are made."
        " Plain-text journals (hledger, ledger, beancount) are read too."
    ),
    opens="ledger.entry.list",
)
