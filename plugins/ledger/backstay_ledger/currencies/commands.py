"""``backstay ledger import-rates`` and ``revalue``: rates from a file, and what they change."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from backstay.spi import (
    Invalid,
    NotFound,
    command_environment,
    company_of,
    import_file,
    import_summary,
    plain_money,
    reading_options,
)
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import plain
from backstay_ledger.currencies.revaluation import (
    Revaluation,
    Revalue,
    preview_revaluation,
    revalue,
    said_of_revaluation,
)
from backstay_ledger.services.journals import DEFAULT_JOURNAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from backstay.spi import Outcome, ReadingOptions, Validation

LARGEST: Final = 60 * 1024 * 1024
"""Bytes of an unpacked file; the ECB's history since 1999 has less than 2 MB."""


@click.command("import-rates")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--company", required=True, help="The company's code.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Leave out rates of days before (2024-01-01).",
)
@click.option("--dry-run", is_flag=True, help="Only check the file, change nothing.")
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_rates(
    file: str,
    company: str,
    since: datetime | None,
    *,
    dry_run: bool,
    reading: ReadingOptions,
    as_json: bool,
) -> None:
    """Import exchange rates from FILE: a table, or the history of the European Central Bank.

    A table has the columns date, base, quote and rate: one unit of base costs so much in quote.
    The ECB's history is taken as it is published, eurofxref-hist.csv or the zip with it in. Rates
    that are there already are left alone; importing a file twice changes nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = _unpacked(Path(file), Path(folder))
        if since is not None:
            path = _since(path, Path(folder), since.date())
        done = import_file("ledger.rates", path, company=company, dry_run=dry_run, reading=reading)
    _say(done, as_json=as_json)


def _unpacked(path: Path, folder: Path) -> Path:
    """The file itself, or the one CSV file of a zip.

    Raises:
        Invalid: the zip holds none or several, or it is larger than rates can be.
    """
    if not path.is_file() or not zipfile.is_zipfile(path) or path.suffix.lower() != ".zip":
        return path  # what is missing is said where files are read
    with zipfile.ZipFile(path) as packed:
        names = [one for one in packed.infolist() if one.filename.lower().endswith(".csv")]
        if len(names) != 1:
            raise Invalid(
                _("%(file)s holds %(n)s CSV files instead of one.", file=path.name, n=len(names)),
                field="file",
            )
        with packed.open(names[0]) as content:
            data = content.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Invalid(_("%(file)s is too large once unpacked.", file=path.name), field="file")
    unpacked = folder / f"{path.stem}.csv"
    unpacked.write_bytes(data)
    return unpacked


def _since(path: Path, folder: Path, first: date) -> Path:
    """The same file without the rows of days before; what is no date is kept, to be told of."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise NotFound(
            _("The file %(path)s can't be read: %(why)s.", path=path, why=error.strerror),
            field="file",
        ) from error
    lines = text.splitlines()
    place = next(
        (
            number
            for number, cell in enumerate(next(csv.reader(lines[:1]), []))
            if cell.strip().casefold() == "date"
        ),
        0,
    )
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerows(_after(csv.reader(lines), place, first))
    shorter = folder / f"since-{path.name}"
    shorter.write_text(kept.getvalue(), "utf-8")
    return shorter


def _after(rows: Iterator[list[str]], place: int, first: date) -> Iterator[list[str]]:
    for cells in rows:
        try:
            if len(cells) > place and date.fromisoformat(cells[place].strip()) < first:
                continue
        except ValueError:
            pass
        yield cells


@click.command("revalue")
@click.option("--company", required=True, help="The company's code.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day (2026-03-31)."
)
@click.option("--journal", default=DEFAULT_JOURNAL, show_default=True, help="The journal's code.")
@click.option("--dry-run", is_flag=True, help="Only show what would be posted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def revalue_accounts(
    company: str, as_of: datetime, journal: str, *, dry_run: bool, as_json: bool
) -> None:
    """Bring assets and debts in foreign currencies to the rate of a day, and post the difference.

    What is unrealised is taken back by a reversal dated the next day. Running it twice for a day
    posts nothing twice.
    """
    day = as_of.date()
    with command_environment(company=company, write=not dry_run) as session:
        if dry_run:
            done = Revaluation(preview_revaluation(session, day))
        else:
            done = revalue(session, Revalue(as_of=day, journal=journal))
        units = company_of(session).minor_units
    made = {
        name: posted
        for name, posted in (
            ("unrealised", done.unrealised),
            ("reversal", done.reversal),
            ("realised", done.realised),
        )
        if posted is not None
    }
    numbers = {name: posted.number for name, posted in made.items() if posted.number}
    waiting = [name for name, posted in made.items() if posted.waits]
    if as_json:
        rows = [
            {
                "account": one.position.account,
                "currency": one.position.currency,
                "foreign": plain(one.position.foreign),
                "before": plain_money(one.position.base, units),
                "after": plain_money(one.after, units),
                "difference": plain_money(one.difference, units),
                "realised": one.realised,
                "reason": one.reason,
            }
            for one in done.adjustments
        ]
        click.echo(
            json.dumps({"entries": numbers, "waiting": waiting, "adjustments": rows}, indent=2)
        )
        return
    for one in done.adjustments:
        click.echo(f"{one.position.account}: {one.reason}")
    if not done.adjustments:
        click.echo(_("Every foreign amount is at its rate; there is nothing to post."))
    elif numbers or waiting:
        click.echo(said_of_revaluation(done))


def _say(done: Outcome | Validation, *, as_json: bool) -> None:
    if not as_json:
        click.echo(import_summary(done))
        return
    notes = [str(note) for note in done.notes]
    click.echo(json.dumps({"new": done.new, "present": done.present, "notes": notes}, indent=2))


CURRENCY_COMMANDS: Final = (import_rates, revalue_accounts)
