"""From the rows of a journal file to entries, and from problems of entries back to rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from backstay.contracts.ledger import Posting, PostingLine, Source
from backstay.spi import Problem, StagedRow
from backstay.spi import gettext as _
from backstay_ledger.imports.cells import BadCell, read_amount, read_date
from backstay_ledger.imports.keys import LONGEST_NAME
from backstay_ledger.services.journals import DEFAULT_JOURNAL
from backstay_ledger.services.typed_lines import side_problem

HEADER: Final = ("date", "memo", "source", "reference", "journal")
"""Columns that say the same in every row of an entry."""
SIDES: Final = ("debit", "credit", "amount")
LONGEST_SOURCE: Final = 80
_COLUMNS: Final = {"text": "line_text"}
_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class FileEntry:
    """An entry of the file while its rows are read.

    Arguments:
        rows: the number of the row of each line.
        sides: the column of each line's amount.
    """

    name: str
    header: dict[str, str]
    first: int
    day: date | None = None
    lines: list[PostingLine] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)
    readable: bool = True

    def posting(self, key: str) -> Posting:
        """What is to be posted; of an entry whose rows could all be read."""
        if self.day is None:
            message = "an entry without a date can't be posted"
            raise ValueError(message)
        return Posting(
            key=key,
            journal=self.header["journal"] or DEFAULT_JOURNAL,
            date=self.day,
            lines=tuple(self.lines),
            memo=self.header["memo"],
            reference=self.header["reference"],
            source=Source("ledger", self.header["source"] or "import", self.name),
            row=self.first,
        )

    def placed(self, problem: Problem) -> Problem:
        """A problem of the posting with the row and column of the file that it comes from."""
        name = problem.field or ""
        if name.startswith("lines."):
            _lines, index, part = name.split(".", 2)
            line = int(index)
            column = self.sides[line] if part.startswith("amount") else _COLUMNS.get(part, part)
            return Problem(problem.message, column, self.rows[line])
        if name == "lines":
            return Problem(self._about(problem.message), "entry", self.first)
        if name == "key":
            return Problem(
                _(
                    "Entry %(entry)s was imported before with other content. Posted entries can't"
                    " be changed: undo that import or reverse the entry, or give it another name.",
                    entry=self.name,
                ),
                "entry",
                self.first,
            )
        return Problem(self._about(problem.message), name or None, self.first)

    def _about(self, message: str) -> str:
        return _("Entry %(entry)s: %(problem)s", entry=self.name, problem=message)


def read_rows(rows: Sequence[StagedRow]) -> tuple[list[FileEntry], list[Problem]]:
    """The entries of a file, in the order of their first rows, and what can't be read."""
    entries: dict[str, FileEntry] = {}
    problems: list[Problem] = []
    column = _amount_column(rows)
    for row in rows:
        values = {name: text.strip() for name, text in row.values.items()}
        name = values.get("entry", "")
        if not name or len(name) > LONGEST_NAME:
            problems.append(
                Problem(
                    _("The entry's name is longer than %(most)s characters.", most=LONGEST_NAME)
                    if name
                    else _("The name of the entry is missing."),
                    "entry",
                    row.number,
                )
            )
            continue
        header = {column: values.get(column, "") for column in HEADER}
        entry = entries.get(name)
        if entry is None:
            entry = entries[name] = FileEntry(name, header, row.number)
            found = _read_header(entry)
        else:
            found = _compare_header(entry, header, row.number)
        found += _read_line(entry, values, row.number, column)
        entry.readable = entry.readable and not found
        problems += found
    return list(entries.values()), problems


def _read_header(entry: FileEntry) -> list[Problem]:
    problems: list[Problem] = []
    try:
        entry.day = read_date(entry.header["date"])
    except BadCell as error:
        problems.append(Problem(str(error), "date", entry.first))
    if len(entry.header["source"]) > LONGEST_SOURCE:
        problems.append(
            Problem(
                _("It is too long: %(most)s characters at most.", most=LONGEST_SOURCE),
                "source",
                entry.first,
            )
        )
    return problems


def _compare_header(entry: FileEntry, header: dict[str, str], number: int) -> list[Problem]:
    return [
        Problem(
            _(
                "Entry %(entry)s has “%(this)s” here but “%(that)s” in row %(row)s; all rows of an"
                " entry must agree.",
                entry=entry.name,
                this=header[column],
                that=entry.header[column],
                row=entry.first,
            ),
            column,
            number,
        )
        for column in HEADER
        if header[column] != entry.header[column]
    ]


def _read_line(entry: FileEntry, values: dict[str, str], number: int, column: str) -> list[Problem]:
    problems: list[Problem] = []
    amounts: dict[str, Decimal | None] = {}
    for side in SIDES:
        try:
            amounts[side] = read_amount(values.get(side, ""))
        except BadCell as error:
            problems.append(Problem(str(error), side, number))
    sided = (amounts.get("debit") or _ZERO) - (amounts.get("credit") or _ZERO)
    signed = _ZERO if sided else amounts.get("amount") or _ZERO
    if not problems and (said := _amount_problem(column, **amounts)):
        problems.append(Problem(said, column, number))
    if not values.get("account"):
        problems.append(Problem(_("The account is missing."), "account", number))
    amount = signed or sided
    entry.lines.append(
        PostingLine(values.get("account", ""), amount, text=values.get("line_text", ""))
    )
    entry.rows.append(number)
    entry.sides.append("amount" if signed else "debit" if amount > 0 else "credit")
    return problems


def _amount_column(rows: Sequence[StagedRow]) -> str:
    """Where a missing amount is told; a column that the file lacks is empty in all rows."""
    used = {column for row in rows for column in SIDES if row.values.get(column, "").strip()}
    return "amount" if used == {"amount"} else "debit"


def _amount_problem(
    column: str,
    *,
    debit: Decimal | None,
    credit: Decimal | None,
    amount: Decimal | None,
) -> str | None:
    """What is wrong with the amounts of a row, or None."""
    if amount and not debit and not credit:
        return None
    # Some programs write both: then they have to say the same. One without a sign may go with a
    # credit, as many write it; one with a minus is a credit.
    sided = (debit or _ZERO) - (credit or _ZERO)
    if amount and (abs(amount) != abs(sided) or amount < 0 < sided):
        return _("The amount is not what stands in debit and credit. Leave one of them empty.")
    if column == "amount":
        return _("The amount is missing.")
    return side_problem(debit, credit)
